"""GANs on MNIST."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.digits import measure_gan
from gentutor.models.gan import (
    DCGANDiscriminator,
    DCGANGenerator,
    Generator,
    MLPDiscriminator,
    MLPGenerator,
)
from gentutor.models.sampling import sample_images
from gentutor.optim import EMA, adam, and_then
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures
from gentutor.steps import gan_step
from gentutor.training import Run


@dataclass(frozen=True)
class GANRecipe:
    """A fully connected GAN on MNIST, trained with the non-saturating loss and Adam."""

    name: str
    source: str
    latent_dim: int
    batch_size: int
    g_learning_rate: float
    d_learning_rate: float
    betas: tuple[float, float]
    ema_decay: float
    steps: Steps
    seed: int = 0
    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 8

    def generator(self) -> Generator:
        """An untrained generator."""
        return MLPGenerator(self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return MLPDiscriminator()

    def model(self) -> nn.Module:
        """The network that a checkpoint of this recipe holds: a generator."""
        return self.generator()

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [-1, 1]."""
        return (data.to_signed(data.mnist("train").images),)

    def step_function(self) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step, before its networks are filled in."""
        return gan_step

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: networks, optimisers, averaged generator, batches and step."""
        torch.manual_seed(self.seed)
        on_cpu = device.type == "cpu"  # there convolutions of this size are fastest with channels last
        layout = torch.channels_last if on_cpu else torch.contiguous_format
        generator = self.generator().to(device).to(memory_format=layout)
        discriminator = self.discriminator().to(device).to(memory_format=layout)
        ema = EMA(generator, self.ema_decay)
        g_optimizer = adam(generator, self.g_learning_rate, device, self.betas)
        d_optimizer = adam(discriminator, self.d_learning_rate, device, self.betas)
        step = functools.partial(
            self.step_function(),
            generator=generator,
            discriminator=discriminator,
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
        )
        train = (tensor.to(device) for tensor in self.tensors())
        order = torch.Generator().manual_seed(self.seed)
        return Run(
            model=ema.average,
            step=captured(and_then(step, functools.partial(ema.update, generator)), device),
            batches=data.batches(*train, batch_size=self.batch_size, generator=order),
            parts={
                "generator": generator,
                "discriminator": discriminator,
                "ema": ema,
                "g_optimizer": g_optimizer,
                "d_optimizer": d_optimizer,
            },
        )

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n images of noise."""
        return Pictures(sample_images(model, n, seed), f"{n} images", self.columns)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_gan``."""
        return measure_gan(model, n, seed)


@dataclass(frozen=True, kw_only=True)
class DCGANRecipe(GANRecipe):
    """The same with convolutional networks."""

    input_noise: float  # standard deviation of the noise on the discriminator's input

    def generator(self) -> Generator:
        """An untrained generator."""
        return DCGANGenerator(self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return DCGANDiscriminator(noise=self.input_noise)


MLP_GAN = GANRecipe(
    name="mlp-gan-mnist",
    source="Goodfellow et al. 2014 (fully connected, dropout in D); betas as in Radford et al. 2016",
    latent_dim=100,
    batch_size=256,
    g_learning_rate=4e-4,
    d_learning_rate=4e-4,
    betas=(0.5, 0.999),
    ema_decay=0.999,
    steps=Steps(ci=20, cpu=600, gpu=6000, full=6000),
)
DCGAN = DCGANRecipe(
    name="dcgan-mnist",
    source="Radford et al. 2016, at 28x28; input noise as in Arjovsky & Bottou 2017",
    latent_dim=64,
    batch_size=64,
    g_learning_rate=1e-3,
    d_learning_rate=1e-3,
    betas=(0.5, 0.99),
    ema_decay=0.999,
    input_noise=0.2,
    steps=Steps(ci=20, cpu=750, gpu=12_000, full=12_000),
)
