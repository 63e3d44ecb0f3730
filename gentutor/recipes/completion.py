"""Three ways to complete the lower half of a digit: a conditional VAE, a regression, a conditional GAN."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor import data
from gentutor.evaluation.completion import measure_completion_cvae, measure_completion_gan, measure_regression
from gentutor.models.completion import (
    HALF,
    CompletionDiscriminator,
    HalfRegression,
    completion_cvae,
    half_generator,
    halves,
)
from gentutor.models.conditional import ConditionalGenerator
from gentutor.models.sampling import Sampler, sample_images
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes.base import NothingToShow
from gentutor.recipes.conditional import CGAN_MNIST, CGANRecipe, ConditionalRecipe, CVAERecipe
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures
from gentutor.steps import regression_step


@functools.cache
def examples() -> Tensor:
    """The upper halves of the first test image of each digit, (10, 1, 14, 28) in [0, 1]: what grids show."""
    images, labels = data.mnist("test")
    first = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    return halves(data.to_unit(images[first]))[0]


def training_halves() -> tuple[Tensor, Tensor]:
    """The lower, hidden halves of the training digits, and the visible ones, (N, 1, 14, 28) in [0, 1]."""
    visible, hidden = halves(data.to_unit(data.mnist("train").images))
    return hidden, visible


@dataclass(frozen=True)
class CompletionRecipe(CVAERecipe):
    """A conditional VAE of the lower half of a digit, binarised, given the upper one."""

    takes: ClassVar[tuple[str, ...]] = ("picture",)

    def model(self) -> nn.Module:
        """An untrained conditional VAE."""
        return completion_cvae(bernoulli_log_prob, examples(), self.latent_dim, self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: hidden halves in [0, 1], and the visible ones."""
        return training_halves()

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n digits whose lower half is made for the upper one that is given, by default for the examples."""
        return completed(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_completion_cvae``."""
        return measure_completion_cvae(model, n, seed)


class RegressionRecipe(NothingToShow, ConditionalRecipe):
    """The same networks without a latent variable: one answer."""

    def model(self) -> nn.Module:
        """An untrained regression network."""
        return HalfRegression(self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: hidden halves in [0, 1], and the visible ones."""
        return training_halves()

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return functools.partial(regression_step, network=model, **parts)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_regression``."""
        return measure_regression(model, n, seed)


class CompletionGANRecipe(CGANRecipe):
    """A conditional GAN of the lower half given the upper one."""

    takes: ClassVar[tuple[str, ...]] = ("picture",)

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        return half_generator(examples(), self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return CompletionDiscriminator(self.input_noise)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: hidden halves in [-1, 1], visible ones in [0, 1]."""
        hidden, visible = training_halves()
        return 2 * hidden - 1, visible

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n digits whose lower half is made for the upper one that is given, by default for the examples."""
        return completed(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_completion_gan``."""
        return measure_completion_gan(model, n, seed)


def completed(model: Sampler, n: int, seed: int, given: Tensor | None) -> Pictures:
    """n whole digits in rows of ten, their lower halves made by the model.

    Raises:
        ValueError: what is given has not the shape (1, 14, 28) or (n, 1, 14, 28), or lies outside of [0, 1].
    """
    visible = given if given is None or given.dim() == 4 else given.expand(n, -1, -1, -1)
    if visible is not None:
        if visible.shape != (n, *HALF):
            raise ValueError(f"expected upper halves of shape {(n, *HALF)}, got {tuple(visible.shape)}")
        check.within(0, 1, check.ROUNDING, **{"upper halves": visible})
    images = sample_images(model, n, seed, condition=visible)
    (told,) = model.conditions(n, visible)
    return Pictures(torch.cat([told.to(images), images], dim=2), f"{n} images", columns=10)


CVAE_COMPLETION = CompletionRecipe(
    name="cvae-completion",
    source="Sohn et al. 2015, with the prior N(0, I)",
    latent_dim=32,
    hidden=(256, 256),
    batch_size=128,
    learning_rate=2e-3,
    ema_decay=0.999,
    steps=Steps(ci=20, cpu=2000, gpu=10_000, full=20_000),
)
REGRESSION_COMPLETION = RegressionRecipe(
    name="regression-completion",
    source="the decoder of cvae-completion without z",
    hidden=CVAE_COMPLETION.hidden,
    batch_size=CVAE_COMPLETION.batch_size,
    learning_rate=CVAE_COMPLETION.learning_rate,
    ema_decay=CVAE_COMPLETION.ema_decay,
    steps=CVAE_COMPLETION.steps,
)
CGAN_COMPLETION = CompletionGANRecipe(
    **{
        **vars(CGAN_MNIST),
        "name": "cgan-completion",
        "source": "Pathak et al. 2016, without their reconstruction loss; input noise as in dcgan-mnist",
        "latent_dim": 32,
        "d_learning_rate": 1e-3,
        "input_noise": 0.2,
        "steps": Steps(ci=20, cpu=600, gpu=6000, full=6000),
    }
)
