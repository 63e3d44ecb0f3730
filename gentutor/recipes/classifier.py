"""The classifier whose features serve the evaluation."""

import functools
from dataclasses import dataclass

import torch
from torch import nn

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.measures.digits import measure_classifier
from gentutor.models.classifier import DigitClassifier
from gentutor.optim import EMA, and_then
from gentutor.recipes.base import NothingToShow
from gentutor.settings import Steps
from gentutor.steps import classifier_step
from gentutor.training import Run


@dataclass(frozen=True)
class ClassifierRecipe(NothingToShow):
    """A classifier of MNIST digits, whose last hidden layer gives the features for evaluation."""

    name: str
    source: str
    batch_size: int
    learning_rate: float
    weight_decay: float
    ema_decay: float
    shift: int  # each training batch is moved by up to so many pixels
    steps: Steps
    seed: int = 0

    def model(self) -> nn.Module:
        """An untrained classifier."""
        return DigitClassifier()

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded."""
        torch.manual_seed(self.seed)
        classifier = DigitClassifier().to(device)
        ema = EMA(classifier, self.ema_decay)
        optimizer = torch.optim.AdamW(
            classifier.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        step = functools.partial(
            classifier_step, classifier=classifier, optimizer=optimizer, shift=self.shift
        )
        train = data.mnist("train")
        order = torch.Generator().manual_seed(self.seed)
        return Run(
            model=ema.average,
            step=and_then(step, functools.partial(ema.update, classifier)),
            batches=data.batches(
                data.to_unit(train.images).to(device),
                train.labels.to(device),
                batch_size=self.batch_size,
                generator=order,
            ),
            parts={"classifier": classifier, "ema": ema, "optimizer": optimizer},
        )

    def measure(self, model: nn.Module, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_classifier``."""
        return measure_classifier(model, n, seed)


DIGIT_CLASSIFIER = ClassifierRecipe(
    name="digit-classifier",
    source="a small network in the manner of LeNet-5 (LeCun et al. 1998)",
    batch_size=128,
    learning_rate=2e-3,
    weight_decay=1e-2,
    ema_decay=0.999,
    shift=2,
    steps=Steps(ci=20, cpu=1000, gpu=5000, full=5000),
)
