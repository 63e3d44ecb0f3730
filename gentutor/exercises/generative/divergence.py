"""The exercise on the Kullback-Leibler divergence."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives.divergences import kl_divergence

EXACT_ZERO = (
    "Where p is 0 its term is 0 (t log t goes to 0 with t), but 0 · log 0, like 0 / 0, is not a number on a "
    "computer: torch.xlogy(p, p) - torch.xlogy(p, q) takes care of it."
)
INFINITE = (
    "Where p has mass and q has none, the divergence is infinite, and that is the right answer: hide it with "
    "no mask and no small constant."
)
UNIT = (
    "The divergence must not depend on the unit of x, which makes densities small or large: no constant and "
    "no clamp inside the logarithm."
)
FUDGE = (
    "A small constant, or a clamp, inside the logarithm changes the result where a density is small, and "
    "hides an infinite one. torch.xlogy needs none."
)
CELLS = "The values stand for grid cells of size dx: an integral is the sum over all cells, times dx."


def _cases() -> list[Case]:
    x = torch.linspace(-6, 6, 121)
    p, q = (torch.exp(-(((x - mean) / std) ** 2) / 2) for mean, std in ((-0.5, 1.0), (1.0, 0.9)))
    p, q = p / p.sum() / 0.1, q / q.sum() / 0.1
    plane = torch.rand(2, 5, 4) + 0.1
    plane = plane / plane.sum(dim=(1, 2), keepdim=True) / 0.25
    empty = torch.tensor([0.5, 0.5, 0.0, 0.0]), torch.tensor([0.25, 0.5, 0.25, 0.0])
    outside = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])

    def case(p: Tensor, q: Tensor, dx: float, hint: str) -> Case:
        return Case({"p": p, "q": q, "dx": dx}, hint, gradients=False)

    return [
        case(torch.tensor([0.5, 1.25, 0.75]), torch.tensor([1.1, 0.3, 1.1]), 0.4, CELLS),
        case(p, q, 0.1, "Compare your function with the equation, term by term."),
        case(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0.4, 0.3, 0.2, 0.1]), 1.0, CELLS),
        case(plane[0], plane[1], 0.25, "A grid may have any shape: sum over all its cells."),
        case(p, p.clone(), 0.1, "The divergence of equal densities is 0."),
        case(*empty, 1.0, EXACT_ZERO),
        case(*outside, 1.0, INFINITE),
        case(p / 1e6, q / 1e6, 1e5, UNIT),
        case(p * 1e6, q * 1e6, 1e-7, UNIT),
        case(plane[1] / plane[1].sum(), plane[0] / plane[0].sum(), 1, CELLS),
    ]


def _kl(p: Tensor, q: Tensor, dx: float) -> Tensor:
    return (p * (p / q).log()).sum() * dx


def _fudged(c: float) -> Callable[[Tensor, Tensor, float], Tensor]:
    return lambda p, q, dx: (p * ((p + c) / (q + c)).log()).sum() * dx


GRID_MEAN = "You take a mean over the grid; an integral is the sum times dx."
SYMMETRIC = "This is symmetric in p and q; the KL divergence is not: take KL(p ‖ q) alone."
MISTAKES: list[Row] = [
    (lambda p, q, dx: _kl(q, p, dx),
     "This is KL(q ‖ p): the order matters, and the expectation is over the first argument, p."),
    (lambda p, q, dx: (q * (p / q).log()).sum() * dx,
     "The expectation runs over q: the weight in front of log(p/q) is p."),
    (lambda p, q, dx: -_kl(p, q, dx),
     "The sign is turned: it is log p - log q, and a KL divergence is never negative."),
    (lambda p, q, dx: _kl(p, q, dx) / math.log(2), "This is in bits; the book counts in nats."),
    (lambda p, q, dx: _kl(p, q, 1.0),
     "The factor dx is missing: an integral is the sum times the size of a cell."),
    (lambda p, q, dx: _kl(p, q, 1.0) / p.numel(), GRID_MEAN),
    (lambda p, q, dx: _kl(p, q, dx) / p.numel(), GRID_MEAN),
    (lambda p, q, dx: (p / q).log().sum() * dx,
     "The weight p is missing: the logarithm of the ratio is averaged over p."),
    (lambda p, q, dx: (p * p / q).sum() * dx,
     "The logarithm is missing: it is the expectation of log(p/q), not of p/q."),
    (lambda p, q, dx: -(p * q.log()).sum() * dx,
     "This is the cross-entropy of p and q; the entropy of p is to be subtracted from it."),
    (lambda p, q, dx: (p * p.log()).sum() * dx + 0 * q.sum(),
     "This is minus the entropy of p; q does not enter."),
    (lambda p, q, dx: (_kl(p, (p + q) / 2, dx) + _kl(q, (p + q) / 2, dx)) / 2,
     "This is the Jensen-Shannon divergence, which compares p and q with their mixture."),
    (lambda p, q, dx: _kl(p, q, dx) + _kl(q, p, dx), SYMMETRIC),
    (lambda p, q, dx: (_kl(p, q, dx) + _kl(q, p, dx)) / 2, SYMMETRIC),
    (lambda p, q, dx: (p * (p / q).log()).abs().sum() * dx,
     "You take the absolute value of each term. Single terms may be negative; only their sum is not."),
    (lambda p, q, dx: (p - q).abs().sum() * dx / 2, "This is the total variation distance."),
    (lambda p, q, dx: p * (p / q).log() * dx, "The result has no sum: one number is expected."),
    *((_fudged(c), FUDGE) for c in (1e-8, 1e-6, 1e-10, 1e-12)),
    (lambda p, q, dx: torch.trapezoid(p * (p / q).log(), dx=dx),
     "The trapezoidal rule counts the two ends half. " + CELLS),
]  # fmt: skip

KL = Exercise(
    SameFunction(
        kl_divergence,
        _cases,
        MISTAKES,
        tolerance=1e-5,
        crashes={
            **dict.fromkeys(("math domain error", "division by zero"), EXACT_ZERO),
            "python scalars": "math.log takes one number; p.log() takes the logarithm of each.",
            "boolean value of tensor": (
                "An if decides once for the whole tensor; torch.where(p > 0, a, b) decides for each cell."
            ),
        },
    ),
    "the value is the reference's, in any unit, and infinite where q rules out what p allows.",
)
