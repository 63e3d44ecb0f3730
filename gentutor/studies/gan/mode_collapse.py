"""How many of 25 modes a GAN covers: losses and cures, compared over seeds, and what chance would give."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from gentutor.data import toy
from gentutor.evaluation import mode_count, mode_hits
from gentutor.models.gan import MLP, GaussianNoise, Generator
from gentutor.objectives import adversarial as objective
from gentutor.steps import gan_step, wgan_gp_step
from gentutor.training import fit

SAMPLES = 2500  # in each count: 100 for each mode, if all have the same


@dataclass(frozen=True)
class ToyGAN:
    """A GAN for points in the plane: two small networks, their losses and optimisers."""

    discriminator_loss: Callable[[Tensor, Tensor], Tensor] = objective.discriminator_loss
    generator_loss: Callable[[Tensor], Tensor] = objective.generator_loss
    optimizer: Callable[..., Optimizer] = functools.partial(Adam, betas=(0.5, 0.999), fused=True)
    g_learning_rate: float = 1e-3
    d_learning_rate: float = 1e-3
    latent_dim: int = 2
    hidden: tuple[int, ...] = (128, 128)
    batch_size: int = 128
    wasserstein: bool = False  # five critic steps per generator step, with a gradient penalty
    r1_weight: float = 0.0
    noise: float = 0.0  # standard deviation of noise on the discriminator's input
    minibatch_std: bool = False
    d_weight_decay: float = 0.0  # of Adam: an L2 penalty on the discriminator's weights
    l1_weight: float = 0.0  # of an L1 penalty on them

    def networks(self) -> tuple[Generator, nn.Module]:
        """An untrained generator and discriminator."""
        generator = MLP(self.latent_dim, 2, self.hidden)
        discriminator = MLP(2, 1, self.hidden, minibatch_std=self.minibatch_std)
        return generator, nn.Sequential(GaussianNoise(self.noise), discriminator)

    def step(self, generator: Generator, discriminator: nn.Module) -> Callable[..., dict[str, Tensor]]:
        """The optimisation step of these two networks, with fresh optimisers."""
        g_optimizer = self.optimizer(generator.parameters(), lr=self.g_learning_rate)
        d_optimizer = self.optimizer(
            discriminator.parameters(), lr=self.d_learning_rate, weight_decay=self.d_weight_decay
        )
        if self.l1_weight:
            for weight in discriminator.parameters():  # the gradient of l1_weight * |weight|
                weight.register_hook(lambda g, w=weight: g + self.l1_weight * w.detach().sign())
        if self.wasserstein:
            return functools.partial(
                wgan_gp_step,
                generator=generator,
                critic=discriminator,
                g_optimizer=g_optimizer,
                c_optimizer=d_optimizer,
            )
        return functools.partial(
            gan_step,
            generator=generator,
            discriminator=discriminator,
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
            discriminator_loss=self.discriminator_loss,
            generator_loss=self.generator_loss,
            r1_weight=self.r1_weight,
        )

    def real(self, density: toy.GaussianMixture) -> Iterator[tuple[Tensor]]:
        """Endless batches of fresh data; a critic gets one part for each of its five steps."""
        while True:
            yield (density.sample(self.batch_size * (5 if self.wasserstein else 1)),)


@dataclass
class ToyRun:
    """One trained toy: how many modes it covers, and how that and the losses went."""

    variant: str
    seed: int
    modes: int = 0  # with at least a quarter of their fair share of the samples
    hits: list[int] = field(default_factory=list)  # good samples of each mode
    good: float = 0.0  # the share of samples within three standard deviations of a mode
    steps: list[int] = field(default_factory=list)
    modes_over_time: list[int] = field(default_factory=list)
    good_over_time: list[float] = field(default_factory=list)
    losses: dict[str, list[float]] = field(default_factory=dict)
    samples: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0


def train_toy(gan: ToyGAN, density: toy.GaussianMixture, *, steps: int, seed: int, name: str = "") -> ToyRun:
    """Train a toy GAN and count its modes at 20 moments, each time on ``SAMPLES`` points.

    Args:
        gan: what to train.
        density: the data, a mixture of equal Gaussians.
        steps: generator updates, a multiple of 20.
        seed: of networks, data and noise.
        name: what to call it in the result.
    """
    torch.manual_seed(seed)
    generator, discriminator = gan.networks()
    result = ToyRun(name, seed)
    std = float(density.std[0])

    @torch.no_grad()
    def report(step: int, losses: dict[str, float]) -> None:
        points = generator(torch.randn(SAMPLES, gan.latent_dim))
        result.modes, result.good = mode_count(points, density.means, std)
        result.hits = mode_hits(points, density.means, std).tolist()
        result.steps.append(step)
        result.modes_over_time.append(result.modes)
        result.good_over_time.append(round(result.good, 4))
        result.samples = [[round(float(v), 3) for v in point] for point in points[:500]]

    history = fit(
        gan.step(generator, discriminator),
        gan.real(density),
        steps=steps,
        every=steps // 20,
        report=report,
        progress=False,
    )
    result.losses = {key: [round(v, 5) for v in values] for key, values in history.values.items()}
    result.seconds = round(history.seconds, 1)
    return result


BASE = ToyGAN()
VARIANTS: dict[str, ToyGAN] = {
    "non-saturating": BASE,
    "minimax": replace(BASE, generator_loss=objective.saturating_generator_loss),
    "least squares": replace(
        BASE,
        discriminator_loss=objective.least_squares_discriminator_loss,
        generator_loss=objective.least_squares_generator_loss,
    ),
    "hinge": replace(
        BASE,
        discriminator_loss=objective.hinge_discriminator_loss,
        generator_loss=objective.critic_generator_loss,
    ),
    "Wasserstein, gradient penalty": replace(BASE, wasserstein=True),
    "slower discriminator (rate / 10)": replace(BASE, d_learning_rate=1e-4),
    "slower generator (rate / 4)": replace(BASE, g_learning_rate=2.5e-4),
    "label smoothing, real 0.9": replace(
        BASE, discriminator_loss=functools.partial(objective.smoothed_discriminator_loss, real_target=0.9)
    ),
    "noise 0.1 on D's input": replace(BASE, noise=0.1),
    "minibatch standard deviation": replace(BASE, minibatch_std=True),
    "R1 penalty, γ = 0.1": replace(BASE, r1_weight=0.1),
    "L2 penalty on D, 1e-3": replace(BASE, d_weight_decay=1e-3),
    "L1 penalty on D, 1e-4": replace(BASE, l1_weight=1e-4),
    "plain SGD, rate 0.05": replace(BASE, optimizer=SGD, g_learning_rate=0.05, d_learning_rate=0.05),
}


# What the counts are without any GAN: their two ends.
REFERENCES: dict[str, Callable[[int, Tensor], Tensor]] = {
    "scatter by chance": lambda n, edge: edge * (2 * torch.rand(n, 2) - 1),  # on the square around the grid
    "fresh data": lambda n, edge: toy.grid().sample(n),
}


def reference(name: str, density: toy.GaussianMixture, seed: int) -> ToyRun:
    """The same counts for points that no network made.

    Args:
        name: of ``REFERENCES``.
        density: the modes to count, of the grid.
        seed: of the points.
    """
    torch.manual_seed(seed)
    edge = density.means.max() + 1
    points, std = REFERENCES[name](SAMPLES, edge), float(density.std[0])
    modes, good = mode_count(points, density.means, std)
    return ToyRun(name, seed, modes, mode_hits(points, density.means, std).tolist(), good)


def mode_collapse(
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4), fresh_seeds: tuple[int, ...] = (5,), steps: int = 6000
) -> dict[str, Any]:
    """Every variant on the grid of 25 modes, once for each seed, and the two ends of the scale.

    What the first seeds seem to show is to be checked on the fresh ones.
    """
    density = toy.grid()
    both = seeds + fresh_seeds
    runs = [reference(name, density, seed) for name in REFERENCES for seed in both]
    runs += [
        train_toy(gan, density, steps=steps, seed=seed, name=name)
        for seed in both
        for name, gan in VARIANTS.items()
    ]
    rows = [asdict(run) for run in runs]
    for row in rows:
        if row["seed"] != seeds[0]:  # pictures and curves of the first seed are enough
            row["samples"], row["losses"] = [], {}
    settings = {"seeds": seeds, "fresh_seeds": fresh_seeds, "steps": steps, "samples": SAMPLES}
    return {"settings": settings, "rows": rows}
