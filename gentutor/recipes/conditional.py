"""Conditional VAEs; conditional GANs and a VAE on MNIST's digits and their labels."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.measures.conditional import measure_conditional_gan, measure_cvae
from gentutor.models.conditional import (
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    ConditionalGenerator,
    EmbeddingDiscriminator,
    LabelEmbedding,
    OneHot,
    ProjectionDiscriminator,
    label_generator,
)
from gentutor.models.cvae import mlp_cvae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.optim import EMA, adam, and_then, linear_decay
from gentutor.recipes.gan import DCGANRecipe, GANDesign
from gentutor.recipes.tasks import LabelledDigits, Task
from gentutor.recipes.vae import start_at_pixel_means
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures
from gentutor.steps import acgan_step, conditional_gan_step, cvae_step
from gentutor.training import Run


@dataclass(frozen=True)
class ConditionalRecipe(ABC):
    """One network that is told a condition and lowers one loss, on data and their conditions."""

    name: str
    source: str
    hidden: tuple[int, ...]
    batch_size: int
    learning_rate: float  # halfway through the run it begins to fall, linearly, to zero
    ema_decay: float
    steps: Steps
    seed: int = 0

    @abstractmethod
    def model(self) -> nn.Module:
        """An untrained network, with a ``decoder``."""

    @abstractmethod
    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [0, 1], and their conditions."""

    @abstractmethod
    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: the model, its average, optimiser, falling learning rate, batches and step."""
        torch.manual_seed(self.seed)
        images, *conditions = (tensor.to(device) for tensor in self.tensors())
        model = self.model()
        start_at_pixel_means(model, images)
        model.to(device)
        ema = EMA(model, self.ema_decay)
        optimizer = adam(model, self.learning_rate, device)
        schedule = linear_decay(optimizer, self.steps.full)
        step = self.step(model, optimizer=optimizer)
        order = torch.Generator().manual_seed(self.seed)
        return Run(
            model=ema.average,
            step=captured(and_then(step, functools.partial(ema.update, model)), device, [schedule]),
            batches=data.batches(images, *conditions, batch_size=self.batch_size, generator=order),
            parts={"model": model, "ema": ema, "optimizer": optimizer, "schedule": schedule},
        )


@dataclass(frozen=True)
class CVAEDesign:
    """What a conditional VAE is composed of."""

    network: Callable[[int, tuple[int, ...]], nn.Module]  # of the size of z and the widths of hidden layers
    task: Task
    metrics: Callable[..., dict[str, float]]  # of a model, n and a seed


@dataclass(frozen=True, kw_only=True)
class CVAERecipe(ConditionalRecipe):
    """A fully connected VAE of binarised pictures that is told a condition, trained on the ELBO."""

    design: CVAEDesign
    latent_dim: int
    beta: float = 1.0  # weight of the KL term in the loss

    @property
    def takes(self) -> tuple[str, ...]:
        """What can be given to ``sample``."""
        return self.design.task.takes

    @property
    def columns(self) -> int:
        """Samples in a row of a picture."""
        return self.design.task.columns

    def model(self) -> nn.Module:
        """An untrained conditional VAE."""
        return self.design.network(self.latent_dim, self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [0, 1], and their conditions."""
        return self.design.task.tensors()

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return functools.partial(cvae_step, cvae=model, beta=self.beta, **parts)

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """See ``Task.sample``."""
        return self.design.task.sample(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """The design's ``metrics``."""
        return self.design.metrics(model, n, seed)


def one_hot_generator(latent_dim: int) -> ConditionalGenerator:
    """A generator that is told the label as ten numbers beside its noise."""
    return label_generator(OneHot(10), latent_dim)


def embedding_generator(latent_dim: int) -> ConditionalGenerator:
    """A generator that is told the label as 50 learned numbers beside its noise."""
    return label_generator(LabelEmbedding(10, 50), latent_dim)


def label_cvae(latent_dim: int, hidden: tuple[int, ...]) -> nn.Module:
    """A conditional VAE of digits that is told the label as 50 learned numbers."""
    return mlp_cvae(bernoulli_log_prob, LabelEmbedding(10, 50), latent_dim, hidden)


PROJECTION = GANDesign(
    one_hot_generator,
    ProjectionDiscriminator,
    LabelledDigits(),
    conditional_gan_step,
    measure_conditional_gan,
)
CGAN_MNIST = DCGANRecipe(
    name="cgan-mnist",
    source="Miyato & Koyama 2018, the projection, in a small DCGAN",
    design=PROJECTION,
    latent_dim=64,
    batch_size=64,
    g_learning_rate=1e-3,
    d_learning_rate=5e-4,
    betas=(0.5, 0.99),
    ema_decay=0.99,
    input_noise=0.0,
    steps=Steps(ci=20, cpu=800, gpu=6000, full=6000),
)
CGAN_CONCAT = replace(
    CGAN_MNIST,
    name="cgan-concat-mnist",
    source="Mirza & Osindero 2014: the label beside the input of both players",
    design=replace(PROJECTION, discriminator=ConcatDiscriminator),
)
CGAN_EMBEDDING = replace(
    CGAN_MNIST,
    name="cgan-embedding-mnist",
    source="Denton et al. 2015, section 3.2: the label as a learned map",
    design=replace(PROJECTION, generator=embedding_generator, discriminator=EmbeddingDiscriminator),
)
ACGAN_MNIST = replace(
    CGAN_MNIST,
    name="acgan-mnist",
    source="Odena et al. 2017: an auxiliary classifier",
    design=replace(PROJECTION, discriminator=AuxiliaryDiscriminator, step=acgan_step),
)
CVAE_MNIST = CVAERecipe(
    name="cvae-mnist",
    source="Kingma et al. 2014, model M2 with all labels known; Sohn et al. 2015",
    design=CVAEDesign(label_cvae, LabelledDigits(), measure_cvae),
    latent_dim=32,
    hidden=(400, 400),
    batch_size=128,
    learning_rate=2e-3,
    ema_decay=0.999,
    steps=Steps(ci=20, cpu=3000, gpu=20_000, full=60_000),
)
