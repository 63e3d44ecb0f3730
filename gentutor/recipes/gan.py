"""GANs, and those on MNIST."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.evaluation.measures.digits import measure_gan
from gentutor.models.gan import (
    DCGANDiscriminator,
    DCGANGenerator,
    Generator,
    MLPDiscriminator,
    MLPGenerator,
)
from gentutor.optim import EMA, adam, and_then
from gentutor.recipes.tasks import Digits, Task
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures
from gentutor.steps import gan_step
from gentutor.training import Losses, Run


@dataclass(frozen=True)
class GANDesign:
    """What a GAN is composed of."""

    generator: Callable[[int], Generator]  # of the size of its noise
    discriminator: Callable[..., nn.Module]  # of the ``noise`` on its input, if the recipe has some
    task: Task = Digits()
    step: Callable[..., Losses] = gan_step
    metrics: Callable[..., dict[str, float]] = measure_gan  # of a model, n and a seed


@dataclass(frozen=True)
class GANRecipe:
    """A GAN trained with Adam, and its averaged generator."""

    name: str
    source: str
    design: GANDesign
    latent_dim: int
    batch_size: int
    g_learning_rate: float
    d_learning_rate: float
    betas: tuple[float, float]
    ema_decay: float
    steps: Steps
    seed: int = 0

    @property
    def takes(self) -> tuple[str, ...]:
        """What can be given to ``sample``."""
        return self.design.task.takes

    @property
    def columns(self) -> int:
        """Samples in a row of a picture."""
        return self.design.task.columns

    def generator(self) -> Generator:
        """An untrained generator."""
        return self.design.generator(self.latent_dim)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return self.design.discriminator()

    def model(self) -> nn.Module:
        """The network that a checkpoint of this recipe holds: a generator."""
        return self.generator()

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
            self.design.step,
            generator=generator,
            discriminator=discriminator,
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
        )
        schedules = self.schedules(g_optimizer, d_optimizer)
        images, *told = (tensor.to(device) for tensor in self.design.task.tensors())
        order = torch.Generator().manual_seed(self.seed)
        return Run(
            model=ema.average,
            step=captured(and_then(step, functools.partial(ema.update, generator)), device, schedules),
            batches=data.batches(2 * images - 1, *told, batch_size=self.batch_size, generator=order),
            parts={
                "generator": generator,
                "discriminator": discriminator,
                "ema": ema,
                "g_optimizer": g_optimizer,
                "d_optimizer": d_optimizer,
                **{f"schedule_{i}": schedule for i, schedule in enumerate(schedules)},
            },
        )

    def schedules(self, *optimizers: Optimizer) -> list[LRScheduler]:
        """Of the learning rates; here they stay as they are."""
        return []

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """See ``Task.sample``."""
        return self.design.task.sample(model, n, seed, given)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """The design's ``metrics``."""
        return self.design.metrics(model, n, seed)


@dataclass(frozen=True, kw_only=True)
class DCGANRecipe(GANRecipe):
    """A GAN whose discriminator sees its input through noise."""

    input_noise: float  # standard deviation of the noise on the discriminator's input

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return self.design.discriminator(noise=self.input_noise)


MLP_GAN = GANRecipe(
    name="mlp-gan-mnist",
    source="Goodfellow et al. 2014 (fully connected, dropout in D); betas as in Radford et al. 2016",
    design=GANDesign(MLPGenerator, MLPDiscriminator),
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
    design=GANDesign(DCGANGenerator, DCGANDiscriminator),
    latent_dim=64,
    batch_size=64,
    g_learning_rate=1e-3,
    d_learning_rate=1e-3,
    betas=(0.5, 0.99),
    ema_decay=0.999,
    input_noise=0.2,
    steps=Steps(ci=20, cpu=750, gpu=12_000, full=12_000),
)
