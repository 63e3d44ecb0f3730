"""What every CycleGAN of the book has in common, whatever it translates."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.models.cyclegan import Discriminators, Generators, PatchDiscriminator, ResnetGenerator
from gentutor.optim import EMA, Step, adam, and_then, linear_decay
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures, translations
from gentutor.steps import cyclegan_step
from gentutor.training import Losses, Run


@dataclass(frozen=True)
class TranslationRecipe(ABC):
    """Two residual generators and two patch discriminators, with least-squares losses and history pools."""

    name: str
    source: str
    width: int  # feature maps of generators and discriminators at full size
    blocks: int
    noise: float  # standard deviation of the noise on what a generator takes, in training
    patch_layers: int  # halvings of a discriminator
    pool: int
    cycle_weight: float
    identity_weight: float
    adversarial_weight: float
    batch_size: int
    learning_rate: float  # halfway through the run it begins to fall, linearly, to zero
    betas: tuple[float, float]
    ema_decay: float
    steps: Steps
    cycles_first: int = 0  # steps before the generators' objective gets its adversarial part
    seed: int = 0
    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 10

    def model(self) -> Generators:
        """The untrained generators, which a checkpoint of this recipe holds."""
        a, b = self.channels()
        return Generators(self._generator(a, b), self._generator(b, a))

    @abstractmethod
    def channels(self) -> tuple[int, int]:
        """Of the images of A and of B."""

    @abstractmethod
    def images(self, split: str) -> tuple[Tensor, Tensor]:
        """Both domains, each (N, C, H, W) in [-1, 1]."""

    @abstractmethod
    def examples(self) -> tuple[Tensor, Tensor]:
        """Images to show over training, as many of each domain."""

    @abstractmethod
    def augment(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What the networks see of a batch: other versions of its images."""

    @abstractmethod
    def _batches(self, device: torch.device) -> data.Batches | data.UnpairedBatches:
        """Training images of both domains, in an order of their own."""

    def _generator(self, channels_in: int, channels_out: int) -> nn.Module:
        return ResnetGenerator(channels_in, channels_out, self.width, self.blocks, kernel=3, noise=self.noise)

    def discriminators(self) -> Discriminators:
        """The untrained discriminators of both domains, with empty pools."""
        D_A, D_B = (self._discriminator(channels) for channels in self.channels())
        return Discriminators(D_A, D_B, self.pool)

    def _discriminator(self, channels: int) -> nn.Module:
        return PatchDiscriminator(channels, self.width, self.patch_layers)

    def step_function(self) -> Callable[..., Losses]:
        """The optimisation step, with its weights, before its networks are filled in."""
        return self._weighted(cyclegan_step)

    def _weighted(self, step: Callable[..., Losses]) -> Callable[..., Losses]:
        return functools.partial(
            step,
            cycle_weight=self.cycle_weight,
            identity_weight=self.identity_weight,
            adversarial_weight=self.adversarial_weight,
        )

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: networks, their average, optimisers, falling rates, batches and step.

        Raises:
            ValueError: an identity loss between images of different numbers of channels.
        """
        a, b = self.channels()
        if self.identity_weight and a != b:
            raise ValueError(f"an identity loss needs images of one number of channels, got {a} and {b}")
        torch.manual_seed(self.seed)
        generators, discriminators = self.model().to(device), self.discriminators().to(device)
        ema = EMA(generators, self.ema_decay)
        g_optimizer, d_optimizer = (
            adam(part, self.learning_rate, device, self.betas) for part in (generators, discriminators)
        )
        schedules = [linear_decay(optimizer, self.steps.full) for optimizer in (g_optimizer, d_optimizer)]

        def step(adversarial_weight: float) -> Step:
            update = functools.partial(
                self.step_function(),
                generators=generators,
                discriminators=discriminators,
                g_optimizer=g_optimizer,
                d_optimizer=d_optimizer,
                adversarial_weight=adversarial_weight,
            )
            average = functools.partial(ema.update, generators)
            return captured(and_then(lambda batch: update(self.augment(batch)), average), device, schedules)

        before, after = step(0.0), step(self.adversarial_weight)

        def in_turn(batch: tuple[Tensor, ...]) -> Losses:
            done = schedules[0].last_epoch  # steps, also of an earlier part of the run
            return (before if done < self.cycles_first else after)(batch)

        return Run(
            model=ema.average,
            step=in_turn if self.cycles_first else after,
            batches=self._batches(device),
            parts={
                "generators": generators,
                "discriminators": discriminators,
                "ema": ema,
                "g_optimizer": g_optimizer,
                "d_optimizer": d_optimizer,
                "g_schedule": schedules[0],
                "d_schedule": schedules[1],
            },
            examples=self.examples(),
        )

    def sample(
        self, model: Generators, n: int, seed: int = 0, given: tuple[Tensor, Tensor] | None = None
    ) -> Pictures:
        """n images of each domain (whole rows of at most ten, as far as there are so many) above their
        translations; nothing is random in it. Given may be images of both domains instead of test images.
        """
        a, b = self.images("test") if given is None else given
        columns = min(self.columns, n, len(a), len(b))
        shown = columns * min(-(-n // columns), len(a) // columns, len(b) // columns)
        few = f" (there are not {n})" if shown < n else ""
        what = f"{shown} images of each domain{few}, above their translations,"
        return Pictures(translations(model, a[:shown], b[:shown], columns), what, columns)

    @abstractmethod
    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """How good the translations are, in numbers by name."""
