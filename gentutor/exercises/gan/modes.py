"""The exercise on counting modes: variety and quality of samples, counted apart."""

from collections.abc import Callable

import torch
from torch import Tensor

from gentutor import evaluation
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._numbers import read_pair
from gentutor.exercises._verdict import Exercise


def _grid(modes_per_side: int, gap: float) -> Tensor:
    line = torch.arange(modes_per_side) * gap
    return torch.cartesian_prod(line, line)


def _mode_cases() -> list[Case]:
    grid = _grid(5, 2.0)
    clean = grid[:8].repeat(20, 1) + 0.05 * torch.randn(160, 2)  # far more hits than a quarter of N / K
    few = grid[[8] * 6] + 0.05 * torch.randn(6, 2)  # more than a quarter, less than the whole
    stray = grid[[20, 20, 20, 21, 21, 22, 23]] + torch.tensor([0.05, -0.1])  # less than a quarter each
    missed = grid[[24] * 5] + torch.tensor([0.4, 0.0])
    between = grid[torch.arange(162) % 25] + 1 + 0.1 * torch.randn(162, 2)
    skewed = torch.tensor([[0.25, 0.25], [0.0, 0.1], [2.22, 0.22]])  # within 3 std along each axis alone
    two = torch.tensor([[0.0, 0.0], [0.2, 0.0]])
    near_first = torch.tensor([[0.02, 0.0], [-0.05, 0.1], [0.05, 0.05]])
    quarter = torch.cat([grid[[0, 0, 0, 1, 1]], torch.full((19, 2), 50.0)])  # 2 hits of 24 / (4 * 3)

    def case(samples: Tensor, means: Tensor, std: float, hint: str) -> Case:
        return Case({"samples": samples, "means": means, "std": std}, hint, gradients=False)

    definition = (
        "A sample within 3 std of its nearest mode is good, and a hit of that mode; "
        "a mode is covered if it has at least N / (4 K) hits."
    )
    return [
        case(torch.cat([clean, few, stray, missed, between]), grid, 0.1, definition),
        case(clean[:40], grid[:7], 0.05, definition),
        case(skewed, grid, 0.1, "Distances are Euclidean, sqrt(dx² + dy²)."),
        case(near_first, two, 0.1, "Each sample counts for its nearest mode only, also where modes overlap."),
        case(quarter, grid[:3], 0.1, "At least a quarter: a mode with exactly N / (4 K) hits is covered."),
        case(torch.full((4, 2), 50.0), grid, 0.1, "Without any good sample it is 0 modes and a share of 0."),
        case(grid[3:4], grid, 0.1, "One sample of one is more than a quarter of a fair share."),
        case(3 * clean, 3 * grid, 2.0, definition),
    ]


def _distance(samples: Tensor, means: Tensor) -> Tensor:
    return torch.cdist(samples, means)


def _hits(distance: Tensor, radius: float) -> Tensor:
    nearest, mode = distance.min(dim=1)
    return mode[nearest <= radius].bincount(minlength=distance.shape[1])


def _fair(distance: Tensor) -> float:
    """N / K: the hits of each mode if all samples were good and evenly shared."""
    return len(distance) / distance.shape[1]


def _count(distance: Tensor, radius: float) -> tuple[int, float]:
    hits = _hits(distance, radius)
    return int((hits >= _fair(distance) / 4).sum()), hits.sum().item() / len(distance)


def _any_mode(s: Tensor, m: Tensor, std: float) -> tuple[int, float]:
    close = _distance(s, m) <= 3 * std
    return int((close.sum(dim=0) >= _fair(close) / 4).sum()), close.any(dim=1).double().mean().item()


def _modes_by(covered: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., tuple[int, float]]:
    """A wrong count of modes, from the hits and all distances; the share of good samples is right."""

    def count(s: Tensor, m: Tensor, std: float) -> tuple[int, float]:
        distance = _distance(s, m)
        modes = covered(_hits(distance, 3 * std), distance)
        return int(modes.sum()), _count(distance, 3 * std)[1]

    return count


def _right(s: Tensor, m: Tensor, std: float) -> tuple[int, float]:
    return _count(_distance(s, m), 3 * std)


def _nearest(distance: Tensor) -> Tensor:
    return distance.argmin(dim=1).bincount(minlength=distance.shape[1])


BAD = "Bad samples count, too: a hit of a mode is a sample within 3 std that has it as its nearest."

MISTAKES: list[Row] = [
    (_modes_by(lambda hits, distance: hits > 0),
     "One stray hit covers a mode in your count: it takes at least N / (4 K) hits."),
    (_modes_by(lambda hits, distance: hits >= len(distance) // (4 * distance.shape[1])),
     "A quarter of N / K is not rounded down: 3 hits are less than 3.4."),
    (_modes_by(lambda hits, distance: hits > _fair(distance) / 4),
     "At least a quarter: a mode with exactly N / (4 K) hits is covered."),
    (_modes_by(lambda hits, distance: 4 * len(hits) * hits >= hits.sum().clamp(min=1)),
     "The fair share is N / K of all samples; yours is of the good ones alone."),
    (_modes_by(lambda hits, distance: hits >= _fair(distance)),
     "A quarter of the fair share is enough; you ask for the whole of it, N / K hits."),
    (_modes_by(lambda hits, distance: _nearest(distance) >= _fair(distance) / 4), BAD),
    (_modes_by(lambda hits, distance: _nearest(distance) > 0), BAD),
    (lambda s, m, std: (int((_nearest(_distance(s, m)) >= len(s) / (4 * len(m))).sum()), 1.0),
     BAD + " And so does the share."),
    (lambda s, m, std: (_right(s, m, std)[0], _right(s, m, std)[0] / len(m)),
     "The share is of samples, good ones by all; yours is the share of modes covered."),
    (lambda s, m, std: _count(_distance(s, m), 3 * std**2),
     "The radius is three standard deviations, not three variances."),
    (lambda s, m, std: _count(_distance(s, m), std), "The radius is three standard deviations, not one."),
    (lambda s, m, std: _count(_distance(s, m).square(), 3 * std),
     "You compare squared distances with 3 std: take the root, or square the radius."),
    (lambda s, m, std: (_right(s, m, std)[0], 100 * _right(s, m, std)[1]),
     "The share is a fraction between 0 and 1, not in percent."),
    (lambda s, m, std: (_right(s, m, std)[0], len(s) * _right(s, m, std)[1]),
     "The share is a fraction; yours is the number of good samples."),
    (lambda s, m, std: _right(s, m, std)[::-1],
     "The results are the wrong way round: first the modes, then the share."),
    (lambda s, m, std: _count(torch.cdist(s, m, p=torch.inf), 3 * std),
     "Distances are Euclidean; yours takes the larger of the two coordinates' distances."),
    (lambda s, m, std: _count(torch.cdist(s, m, p=1), 3 * std),
     "Distances are Euclidean; yours adds the two coordinates' distances."),
    (_any_mode, "A sample near two modes is a hit of the nearer one only."),
]  # fmt: skip

COUNT_MODES = Exercise(
    SameFunction(evaluation.mode_count, _mode_cases, MISTAKES, read=read_pair, tolerance=1e-6),
    "quality and variety are counted apart, and stray hits cover no mode.",
)
