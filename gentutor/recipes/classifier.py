"""Networks that judge: a classifier of digits, and embeddings of glyphs, one for each domain."""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.data import CHANNELS, domain_images
from gentutor.evaluation.measures.digits import measure_classifier
from gentutor.evaluation.measures.translation import measure_embedding
from gentutor.models.classifier import DigitClassifier, GlyphEmbedding
from gentutor.optim import EMA, adam, and_then, linear_decay
from gentutor.recipes.base import NothingToShow
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.steps import classifier_step, embedding_step
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


@dataclass(frozen=True)
class EmbeddingRecipe(NothingToShow):
    """Contrastive learning on the training glyphs of one domain and their deformed copies."""

    name: str
    source: str
    domain: str
    strength: float  # of the deformations
    batch_size: int
    learning_rate: float  # halfway through the run it begins to fall, linearly, to zero
    steps: Steps
    seed: int = 0

    def model(self) -> GlyphEmbedding:
        """An untrained embedding."""
        return GlyphEmbedding(CHANNELS[self.domain])

    def glyphs(self, split: str) -> Tensor:
        """The glyphs of this domain, (N, C, 32, 32) in [-1, 1]; "paired" are all of training."""
        return domain_images(self.domain, split)

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: the model, its optimiser, falling learning rate, batches and step."""
        torch.manual_seed(self.seed)
        model = self.model().to(device)
        optimizer = adam(model, self.learning_rate, device)
        schedule = linear_decay(optimizer, self.steps.full)
        step = functools.partial(
            embedding_step,
            embedding=model,
            optimizer=optimizer,
            view=functools.partial(data.deform, strength=self.strength),
        )

        return Run(
            model=model,
            step=captured(step, device, [schedule]),
            batches=data.batches(
                self.glyphs("paired").to(device),
                batch_size=self.batch_size,
                generator=torch.Generator().manual_seed(self.seed),
            ),
            parts={"model": model, "optimizer": optimizer, "schedule": schedule},
        )

    def measure(self, model: GlyphEmbedding, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_embedding``."""
        return measure_embedding(model, self.domain, self.strength, n, seed)


def _embedding(domain: str) -> EmbeddingRecipe:
    return EmbeddingRecipe(
        name=f"embedding-{domain}",
        source="a small network of the book's own; the loss of van den Oord et al. 2018",
        domain=domain,
        strength=1.0,
        batch_size=128,
        learning_rate=2e-3,
        steps=Steps(ci=2, cpu=50, gpu=400, full=400),
    )


EMBEDDINGS = tuple(_embedding(domain) for domain in ("printed", "brush", "openmoji-black", "noto"))
