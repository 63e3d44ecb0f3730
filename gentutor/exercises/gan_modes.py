"""The exercise on counting modes: variety and quality of samples, counted apart."""

import torch
from torch import Tensor

from gentutor import evaluation
from gentutor.exercises._compare import Case, Mistake, same_function
from gentutor.exercises._numbers import read_pair
from gentutor.exercises._verdict import Exercise


def _grid(modes_per_side: int, gap: float) -> Tensor:
    line = torch.arange(modes_per_side) * gap
    return torch.cartesian_prod(line, line)


def _mode_cases() -> list[Case]:
    grid = _grid(5, 2.0)
    clean = grid[:9].repeat(6, 1) + 0.05 * torch.randn(54, 2)
    between = torch.rand(67, 2) * 8
    skewed = torch.tensor([[0.25, 0.25], [0.0, 0.1], [2.22, 0.22]])  # within 3 std along each axis alone
    two = torch.tensor([[0.0, 0.0], [0.2, 0.0]])
    near_first = torch.tensor([[0.02, 0.0], [-0.05, 0.1], [0.05, 0.05]])

    def case(samples: Tensor, means: Tensor, std: float, hint: str) -> Case:
        return Case({"samples": samples, "means": means, "std": std}, hint, gradients=False)

    definition = (
        "A sample is good within 3 std of its nearest mode; a mode is covered if it is nearest to a good one."
    )
    return [
        case(torch.cat([clean, between]), grid, 0.1, definition),
        case(clean[:40], grid[:7], 0.05, definition),
        case(skewed, grid, 0.1, "Distances are Euclidean, sqrt(dx² + dy²)."),
        case(near_first, two, 0.1, "Each sample counts for its nearest mode only, also where modes overlap."),
        case(torch.full((4, 2), 50.0), grid, 0.1, "Without any good sample it is 0 modes and a share of 0."),
        case(grid[3:4], grid, 0.1, "One sample is enough."),
        case(3 * clean, 3 * grid, 2.0, definition),
    ]


def _distance(samples: Tensor, means: Tensor) -> Tensor:
    return torch.cdist(samples, means)


def _count(distance: Tensor, radius: float) -> tuple[int, float]:
    nearest, mode = distance.min(dim=1)
    good = nearest <= radius
    return len(set(mode[good].tolist())), good.double().mean().item()


def _all_nearest(samples: Tensor, means: Tensor) -> int:
    return len(set(_distance(samples, means).argmin(dim=1).tolist()))


def _any_mode(s: Tensor, m: Tensor, std: float) -> tuple[int, float]:
    close = _distance(s, m) <= 3 * std
    return int(close.any(dim=0).sum()), close.any(dim=1).double().mean().item()


THRESHOLD = "Bad samples count, too: a mode is covered only if a sample within 3 std has it as its nearest."

COUNT_MODES = Exercise(
    judge=same_function(
        evaluation.mode_count,
        _mode_cases,
        [
            Mistake(THRESHOLD, lambda s, m, std: (_all_nearest(s, m), _count(_distance(s, m), 3 * std)[1])),
            Mistake(THRESHOLD + " And so does the share.", lambda s, m, std: (_all_nearest(s, m), 1.0)),
            Mistake(
                "The share is of samples, good ones by all; yours is the share of modes covered.",
                lambda s, m, std: (
                    _count(_distance(s, m), 3 * std)[0],
                    _count(_distance(s, m), 3 * std)[0] / len(m),
                ),
            ),
            Mistake(
                "The radius is three standard deviations, not three variances.",
                lambda s, m, std: _count(_distance(s, m), 3 * std**2),
            ),
            Mistake(
                "The radius is three standard deviations, not one.",
                lambda s, m, std: _count(_distance(s, m), std),
            ),
            Mistake(
                "You compare squared distances with 3 std: take the root, or square the radius.",
                lambda s, m, std: _count(_distance(s, m).square(), 3 * std),
            ),
            Mistake(
                "The share is a fraction between 0 and 1, not in percent.",
                lambda s, m, std: (
                    _count(_distance(s, m), 3 * std)[0],
                    100 * _count(_distance(s, m), 3 * std)[1],
                ),
            ),
            Mistake(
                "The share is a fraction; yours is the number of good samples.",
                lambda s, m, std: (
                    _count(_distance(s, m), 3 * std)[0],
                    len(s) * _count(_distance(s, m), 3 * std)[1],
                ),
            ),
            Mistake(
                "The results are the wrong way round: first the modes, then the share.",
                lambda s, m, std: _count(_distance(s, m), 3 * std)[::-1],
            ),
            Mistake(
                "Distances are Euclidean; yours takes the larger of the two coordinates' distances.",
                lambda s, m, std: _count(torch.cdist(s, m, p=torch.inf), 3 * std),
            ),
            Mistake(
                "Distances are Euclidean; yours adds the two coordinates' distances.",
                lambda s, m, std: _count(torch.cdist(s, m, p=1), 3 * std),
            ),
            Mistake("A sample near two modes covers only the nearer one.", _any_mode),
        ],
        read=read_pair,
        tolerance=1e-6,
    ),
    solution=evaluation.mode_count,
    praise="quality and variety are counted apart, as on the grid of modes in the text.",
    hints=(
        "torch.cdist(samples, means) holds all distances, (N, K).",
        ".min(dim=1) gives each sample's distance to its nearest mode, and which mode that is.",
        "good = distance <= 3 * std; the share is its mean, the modes are the unique ones among mode[good].",
    ),
)

EXERCISES = {"count_modes": COUNT_MODES}
