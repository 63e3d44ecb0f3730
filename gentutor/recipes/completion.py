"""Three ways to complete the lower half of a digit: a conditional VAE, a regression, a conditional GAN."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from gentutor.evaluation.measures.completion import (
    measure_completion_cvae,
    measure_completion_gan,
    measure_regression,
)
from gentutor.models.completion import (
    CompletionDiscriminator,
    HalfRegression,
    completion_cvae,
    half_generator,
)
from gentutor.models.conditional import ConditionalGenerator
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes.base import NothingToShow
from gentutor.recipes.conditional import CGAN_MNIST, ConditionalRecipe, CVAEDesign, CVAERecipe
from gentutor.recipes.gan import GANDesign
from gentutor.recipes.tasks import LowerHalves, upper_halves
from gentutor.settings import Steps
from gentutor.steps import conditional_gan_step, regression_step


class RegressionRecipe(NothingToShow, ConditionalRecipe):
    """The networks of the conditional VAE without a latent variable: one answer."""

    def model(self) -> nn.Module:
        """An untrained regression network."""
        return HalfRegression(self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: hidden halves in [0, 1], and the visible ones."""
        return LowerHalves().tensors()

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return functools.partial(regression_step, network=model, **parts)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_regression``."""
        return measure_regression(model, n, seed)


def half_cvae(latent_dim: int, hidden: tuple[int, ...]) -> nn.Module:
    """A conditional VAE of lower halves."""
    return completion_cvae(bernoulli_log_prob, upper_halves(), latent_dim, hidden)


def half_gan_generator(latent_dim: int) -> ConditionalGenerator:
    """A generator of lower halves."""
    return half_generator(upper_halves(), latent_dim)


CVAE_COMPLETION = CVAERecipe(
    name="cvae-completion",
    source="Sohn et al. 2015, with the prior N(0, I)",
    design=CVAEDesign(half_cvae, LowerHalves(), measure_completion_cvae),
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
CGAN_COMPLETION = replace(
    CGAN_MNIST,
    name="cgan-completion",
    source="Pathak et al. 2016, without their reconstruction loss; input noise as in dcgan-mnist",
    design=GANDesign(
        half_gan_generator,
        CompletionDiscriminator,
        LowerHalves(),
        conditional_gan_step,
        measure_completion_gan,
    ),
    latent_dim=32,
    d_learning_rate=1e-3,
    input_noise=0.2,
    steps=Steps(ci=20, cpu=600, gpu=6000, full=6000),
)
