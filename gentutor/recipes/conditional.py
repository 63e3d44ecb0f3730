"""Conditional GANs and a conditional VAE on MNIST's digits and their labels."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.conditional import measure_conditional_gan, measure_cvae
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
from gentutor.models.sampling import Sampler, sample_images
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.optim import EMA, adam, and_then, linear_decay
from gentutor.recipes.gan import DCGANRecipe
from gentutor.recipes.vae import start_at_pixel_means
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures, Sample
from gentutor.steps import acgan_step, conditional_gan_step, cvae_step
from gentutor.training import Run


@dataclass(frozen=True)
class CGANRecipe(DCGANRecipe):
    """A conditional GAN on MNIST: the label is appended to the noise, and projected in the discriminator."""

    takes: ClassVar[tuple[str, ...]] = ("label",)
    columns: ClassVar[int] = 10

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        return label_generator(OneHot(10), latent_dim=self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return ProjectionDiscriminator(noise=self.input_noise)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [-1, 1], and their labels."""
        train = data.mnist("train")
        return data.to_signed(train.images), train.labels

    def step_function(self) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step, before its networks are filled in."""
        return conditional_gan_step

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n images of the digits that are given, by default of 0, 1, ..., 9, 0, ..."""
        return labelled_pictures(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_conditional_gan``."""
        return measure_conditional_gan(model, n, seed)


class ConcatGANRecipe(CGANRecipe):
    """The same with the label as one-hot maps beside the discriminator's image."""

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return ConcatDiscriminator(noise=self.input_noise)


class EmbeddingGANRecipe(CGANRecipe):
    """The same with learned codes of the label: 50 numbers for the generator, a map for the discriminator."""

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        return label_generator(LabelEmbedding(10, 50), latent_dim=self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return EmbeddingDiscriminator(noise=self.input_noise)


class ACGANRecipe(CGANRecipe):
    """The same with a discriminator that is not told the label but guesses it."""

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return AuxiliaryDiscriminator(noise=self.input_noise)

    def step_function(self) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step, before its networks are filled in."""
        return acgan_step


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
    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 10

    @abstractmethod
    def model(self) -> nn.Module:
        """An untrained network, with a ``decoder``."""

    @abstractmethod
    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [0, 1], and their conditions."""

    @abstractmethod
    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""

    @abstractmethod
    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Sample:
        """n images of what is given, by default of examples in turn."""

    @abstractmethod
    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """How good the model is, in numbers by name."""

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


@dataclass(frozen=True, kw_only=True)
class CVAERecipe(ConditionalRecipe):
    """A fully connected VAE on binarised MNIST that is told the label, trained on the ELBO."""

    latent_dim: int
    takes: ClassVar[tuple[str, ...]] = ("label",)

    def model(self) -> nn.Module:
        """An untrained conditional VAE."""
        return mlp_cvae(bernoulli_log_prob, LabelEmbedding(10, 50), self.latent_dim, self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [0, 1], and their labels."""
        train = data.mnist("train")
        return data.to_unit(train.images), train.labels

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return functools.partial(cvae_step, cvae=model, **parts)

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n images of the digits that are given, by default of 0, 1, ..., 9, 0, ..."""
        return labelled_pictures(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_cvae``."""
        return measure_cvae(model, n, seed)


def labelled_pictures(model: Sampler, n: int, seed: int, given: int | Tensor | None) -> Pictures:
    """n images of digits in rows of ten, all of the label given, or one of each label.

    Raises:
        ValueError: a label is not 0 to 9, or there are not n labels.
    """
    labels = torch.full((n,), given) if isinstance(given, int) else given
    if labels is not None:
        check.within(0, 9, slack=0, label=labels)
    images = sample_images(model, n, seed, condition=labels)
    return Pictures(images, f"{n} images", columns=10)


CGAN_MNIST = CGANRecipe(
    name="cgan-mnist",
    source="Miyato & Koyama 2018, the projection, in a small DCGAN",
    latent_dim=64,
    batch_size=64,
    g_learning_rate=1e-3,
    d_learning_rate=5e-4,
    betas=(0.5, 0.99),
    ema_decay=0.99,
    input_noise=0.0,
    steps=Steps(ci=20, cpu=800, gpu=6000, full=6000),
)


def _like_cgan(kind: type[CGANRecipe], name: str, source: str) -> CGANRecipe:
    """The recipe of another kind with the same numbers: one budget for all."""
    return kind(**{**vars(CGAN_MNIST), "name": name, "source": source})


CGAN_CONCAT = _like_cgan(
    ConcatGANRecipe, "cgan-concat-mnist", "Mirza & Osindero 2014: the label beside the input of both players"
)
CGAN_EMBEDDING = _like_cgan(
    EmbeddingGANRecipe, "cgan-embedding-mnist", "Denton et al. 2015, section 3.2: the label as a learned map"
)
ACGAN_MNIST = _like_cgan(ACGANRecipe, "acgan-mnist", "Odena et al. 2017: an auxiliary classifier")
CVAE_MNIST = CVAERecipe(
    name="cvae-mnist",
    source="Kingma et al. 2014, model M2 with all labels known; Sohn et al. 2015",
    latent_dim=32,
    hidden=(400, 400),
    batch_size=128,
    learning_rate=2e-3,
    ema_decay=0.999,
    steps=Steps(ci=20, cpu=3000, gpu=20_000, full=60_000),
)
