"""Variational autoencoders on binarised MNIST, and the plain autoencoder beside them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.measures.digits import measure_autoencoder, measure_vae
from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.optim import EMA, adam, and_then, linear_decay
from gentutor.recipes.tasks import Digits
from gentutor.running import checkpoint
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures
from gentutor.steps import autoencoder_step, iwae_step, vae_step
from gentutor.training import Run


@dataclass(frozen=True)
class AutoencoderRecipe:
    """The networks of a VAE on binarised MNIST as a plain autoencoder: no noise, no prior."""

    name: str
    source: str
    latent_dim: int
    hidden: tuple[int, ...]
    batch_size: int
    learning_rate: float  # halfway through the run it begins to fall, linearly, to zero
    ema_decay: float
    start_from: str  # a stored run whose weights this one starts from, or ""
    steps: Steps
    seed: int = 0
    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = Digits.columns

    def model(self) -> VAE:
        """The untrained networks."""
        return mlp_vae(bernoulli_log_prob, self.latent_dim, self.hidden)

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: the networks, their average, optimiser, falling rate, batches and step."""
        torch.manual_seed(self.seed)
        train = data.to_unit(data.mnist("train").images).to(device)
        vae = self.model()
        if self.start_from:
            vae, _ = checkpoint.load(self.start_from, lambda card: vae)
        else:
            start_at_pixel_means(vae, train)
        vae.to(device).train()
        ema = EMA(vae, self.ema_decay)
        optimizer = adam(vae, self.learning_rate, device)
        schedule = linear_decay(optimizer, self.steps.full)
        step = functools.partial(self.step_function(), vae=vae, optimizer=optimizer)
        order = torch.Generator().manual_seed(self.seed)
        return Run(
            model=ema.average,
            step=captured(and_then(step, functools.partial(ema.update, vae)), device, [schedule]),
            batches=data.batches(train, batch_size=self.batch_size, generator=order),
            parts={"vae": vae, "optimizer": optimizer, "ema": ema, "schedule": schedule},
        )

    def step_function(self) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step, before its networks are filled in."""
        return autoencoder_step

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n images, each the mean of p(x|z) for a z from the prior."""
        return Digits().sample(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_autoencoder``."""
        return measure_autoencoder(model, n, seed)


@dataclass(frozen=True, kw_only=True)
class VAERecipe(AutoencoderRecipe):
    """A fully connected VAE on binarised MNIST, trained on the ELBO or the importance-weighted bound."""

    samples: int  # of z per image; 1 is the ELBO

    def step_function(self) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step, before its networks are filled in."""
        return vae_step if self.samples == 1 else functools.partial(iwae_step, samples=self.samples)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_vae``."""
        return measure_vae(model, n, seed)


@torch.no_grad()
def start_at_pixel_means(vae: nn.Module, images: Tensor) -> None:
    """Let an untrained decoder answer with the mean of the images (N, C, H, W): its last bias is set.

    A linear layer has a bias for each pixel, a convolution one for each channel.

    Raises:
        ValueError: the images lie outside of [0, 1].
    """
    check.within(0, 1, images=images)
    *_, last = cast(nn.Module, vae.decoder).children()
    assert isinstance(last, nn.Linear | nn.ConvTranspose2d) and last.bias is not None
    means = images.mean(dim=0).flatten() if isinstance(last, nn.Linear) else images.mean(dim=(0, 2, 3))
    last.bias.copy_(means.clamp(0.001, 0.999).logit())


VAE_MNIST = VAERecipe(
    name="vae-mnist",
    source="Burda et al. 2016: the network with one stochastic layer",
    latent_dim=50,
    hidden=(200, 200),
    batch_size=128,
    samples=1,
    learning_rate=2e-3,
    ema_decay=0.999,
    start_from="",
    steps=Steps(ci=20, cpu=9000, gpu=20_000, full=400_000),
)
IWAE_MNIST = replace(
    VAE_MNIST,
    name="iwae-mnist",
    source="Burda et al. 2016, with the IWAE objective, started from the VAE as in their Table 2",
    samples=50,
    learning_rate=1e-3,
    start_from="vae-mnist",
    steps=Steps(ci=10, cpu=200, gpu=2000, full=30_000),
)
VAE_2D = replace(
    VAE_MNIST,
    name="vae-2d-mnist",
    source="Kingma & Welling 2014, figure 4: two latent variables, so that they can be drawn",
    latent_dim=2,
    steps=Steps(ci=20, cpu=2000, gpu=5000, full=40_000),
)
AUTOENCODER_2D = AutoencoderRecipe(
    name="autoencoder-2d-mnist",
    source="the networks of vae-2d-mnist without noise and prior",
    latent_dim=2,
    hidden=VAE_2D.hidden,
    batch_size=VAE_2D.batch_size,
    learning_rate=VAE_2D.learning_rate,
    ema_decay=VAE_2D.ema_decay,
    start_from="",
    steps=VAE_2D.steps,
)
