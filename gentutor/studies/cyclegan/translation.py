"""Translation between two sets of points whose true map is known: what each part of the objective decides."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.models.gan import MLP
from gentutor.objectives.translation import cycle_consistency_loss
from gentutor.steps import cyclegan_step
from gentutor.training import fit

CLUSTERS, TURN, WIDTH = 6, math.radians(15), 0.08  # of the ring; the true map turns it


class ResidualMap(nn.Module):
    """x + a small network of x whose last layer starts at zero: the identity, before training.

    Args:
        dims: coordinates of a point.
        hidden: widths of the hidden layers.
    """

    def __init__(self, dims: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.net = MLP(dims, dims, hidden)
        last = [layer for layer in self.net.modules() if isinstance(layer, nn.Linear)][-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, dims) -> (B, dims)."""
        return x + self.net(x)


@dataclass(frozen=True)
class Variant:
    """Which parts of the objective are on, and whether the generators start as the identity."""

    cycle_weight: float
    identity_weight: float
    residual: bool = False


VARIANTS = {
    "adversarial alone": Variant(0.0, 0.0),
    "with cycles": Variant(1.0, 0.0),
    "with cycles, residual start": Variant(1.0, 0.0, residual=True),
    "with cycles and identity": Variant(1.0, 1.0),
}


def uniform(count: int) -> Tensor:
    """Points of the interval [-1, 1], (count, 1)."""
    return 2 * torch.rand(count, 1) - 1


def ring(count: int, turn: float = 0.0) -> tuple[Tensor, Tensor]:
    """Points of six clusters on a circle, (count, 2), turned by an angle, and their clusters, (count,)."""
    cluster = torch.randint(CLUSTERS, (count,))
    angle = 2 * math.pi * cluster / CLUSTERS + turn
    return torch.stack([angle.cos(), angle.sin()], dim=1) + WIDTH * torch.randn(count, 2), cluster


def two_intervals(count: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of two independent draws from the same interval."""
    while True:
        yield uniform(count), uniform(count)


def two_rings(count: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of a ring and, drawn independently, the turned ring."""
    while True:
        yield ring(count)[0], ring(count, TURN)[0]


def train_maps(
    batches: Iterator[tuple[Tensor, ...]],
    variant: Variant,
    *,
    dims: int,
    hidden: tuple[int, ...],
    d_learning_rate: float,
    steps: int,
    seed: int,
) -> Generators:
    """Train maps of points in both directions, without a pool, and freeze them.

    Args:
        batches: endless, unpaired points (a, b), (B, dims) each.
        variant: what is trained.
        dims: coordinates of a point.
        hidden: widths of the generators' hidden layers.
        d_learning_rate: of the discriminators; that of the generators is 0.002.
        steps: updates of each network.
        seed: of networks and data.
    """
    torch.manual_seed(seed)
    networks = [
        ResidualMap(dims, hidden) if variant.residual else MLP(dims, dims, hidden) for _ in ("G", "F")
    ]
    generators = Generators(*networks)
    discriminators = Discriminators(MLP(dims, 1, (64, 64)), MLP(dims, 1, (64, 64)), pool_capacity=0)
    adam = functools.partial(torch.optim.Adam, betas=(0.5, 0.9), fused=True)
    step = functools.partial(
        cyclegan_step,
        generators=generators,
        discriminators=discriminators,
        g_optimizer=adam(generators.parameters(), lr=2e-3),
        d_optimizer=adam(discriminators.parameters(), lr=d_learning_rate),
        cycle_weight=variant.cycle_weight,
        identity_weight=variant.identity_weight,
    )
    fit(step, batches, steps=steps, every=steps, progress=False)
    return generators.requires_grad_(False)


def interval_row(variant: Variant, seed: int, steps: int = 800) -> dict[str, Any]:
    """A = B = the interval: how uniform G(a) is, the cycle loss, and the error under two true maps."""
    maps = train_maps(
        two_intervals(), variant, dims=1, hidden=(32, 32), d_learning_rate=4e-3, steps=steps, seed=seed
    )
    a = torch.linspace(-1, 1, 401)[:, None]
    b = maps.G(a)
    return {
        "distance": _rounded((b.flatten().sort().values - a.flatten()).abs().mean()),  # Wasserstein-1
        "cycle": _rounded(cycle_consistency_loss(maps.F(b), a)),
        "error": _rounded((b - a).abs().mean()),  # if the true partner of a is a
        "error_mirrored": _rounded((b + a).abs().mean()),  # if it is -a
        "curve": [round(float(v), 3) for v in b[::10]],  # G at 41 places from -1 to 1
        "there_and_back": [round(float(v), 3) for v in maps.F(b)[::10]],
    }


def ring_row(variant: Variant, seed: int, steps: int = 1000) -> dict[str, Any]:
    """The ring and the turned ring: where each cluster goes."""
    maps = train_maps(
        two_rings(), variant, dims=2, hidden=(64, 64), d_learning_rate=2e-3, steps=steps, seed=seed
    )
    a, cluster = ring(2000)
    b = maps.G(a)
    turned = 2 * math.pi * torch.arange(CLUSTERS) / CLUSTERS + TURN
    centres = torch.stack([turned.cos(), turned.sin()], dim=1)
    near, to = torch.cdist(b, centres).min(dim=1)
    truth = a @ torch.tensor([[math.cos(TURN), math.sin(TURN)], [-math.sin(TURN), math.cos(TURN)]])
    return {
        "in_cluster": _rounded((near < 3 * WIDTH).double().mean()),
        "cycle": _rounded(cycle_consistency_loss(maps.F(b), a)),
        "error": _rounded((b - truth).abs().mean()),
        "same_cluster": _rounded((to == cluster).double().mean()),
        "goes_to": [int(to[cluster == k].mode().values) for k in range(CLUSTERS)],
        "points": [[round(float(v), 2) for v in point] for point in b[:240]],
        "clusters": cluster[:240].tolist(),
    }


def translation_toys(seeds: tuple[int, ...] = (0, 1, 2, 3, 4)) -> dict[str, Any]:
    """Both toys with every variant, once for each seed."""
    toys = {"interval": interval_row, "ring": ring_row}
    rows = [
        {"toy": toy, "variant": name, "seed": seed, **train(variant, seed)}
        for toy, train in toys.items()
        for name, variant in VARIANTS.items()
        for seed in seeds
    ]
    return {"settings": {"seeds": seeds, "steps": {"interval": 800, "ring": 1000}}, "rows": rows}


def _rounded(value: Tensor) -> float:
    return round(float(value), 4)
