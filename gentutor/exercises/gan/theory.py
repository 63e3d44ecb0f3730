"""Exercises on what the game measures: the optimal discriminator, the Jensen-Shannon divergence."""

import math

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import adversarial

UNDERFLOW = (
    "Where a density is very small or large, exp() gives 0 or infinity. The inputs are logarithms already: "
    "stay with them, no exp() is needed."
)
EXACT_ZERO = (
    "Where a density is 0 its term is 0 (t log t goes to 0 with t), but 0 · log 0 is not a number on a "
    "computer: torch.xlogy(t, t) takes care of it."
)
UNIT = (
    "The divergence must not depend on the unit of x, which makes densities small or large: no constant and "
    "no clamp inside the logarithm."
)
CELLS = "The values stand for grid cells of size dx: an integral is the sum over all cells, times dx."


def _logits_cases() -> list[Case]:
    log_p = torch.tensor([-0.5, -1.2, -3.0, 0.4])
    log_q = torch.tensor([-1.1, -0.2, -2.0, 1.3])
    far = torch.tensor([-800.0, -3.0, 120.0, -1000.0]), torch.tensor([-2.0, -900.0, -120.0, -1010.0])
    hole = torch.tensor([-torch.inf, -1.0]), torch.tensor([-1.0, -torch.inf])
    shape = "Any shape must do: one logit for each pair of log-densities."

    def case(log_p: Tensor, log_q: Tensor, hint: str) -> Case:
        return Case({"log_p": log_p, "log_q": log_q}, hint, gradients=False)

    return [
        case(log_p, log_q, "Start from D* = p / (p + q) and solve log(D* / (1 - D*))."),
        case(log_q[:1], log_p[:1], shape),
        case(torch.randn(2, 1, 3), torch.randn(2, 1, 3), shape),
        case(*far, UNDERFLOW),
        case(*hole, "Where only one density is 0, the logit is infinite, and that is the right answer."),
    ]


MISTAKES: list[Row] = [
    (lambda log_p, log_q: log_q - log_p,
     "The sign is turned: a point that is more likely under the data p deserves a positive logit."),
    (lambda log_p, log_q: torch.sigmoid(log_p - log_q),
     "This is the probability D* itself; the logit is log(D* / (1 - D*))."),
    (lambda log_p, log_q: (log_p - log_q).exp(), "This is the ratio p/q. The logit is its logarithm."),
    (lambda log_p, log_q: log_p - torch.logaddexp(log_p, log_q),
     "This is log D*, the logarithm of a probability; the logit is log D* - log(1 - D*)."),
    (lambda log_p, log_q: log_p / log_q,
     "The logarithm of the ratio is a difference of logarithms, not their quotient."),
    (lambda log_p, log_q: log_p / (log_p + log_q), "You divide the log-densities as if they were densities."),
    (lambda log_p, log_q: log_p.log() - log_q.log(), "You take the logarithm once more."),
    (lambda log_p, log_q: log_p + log_q, "The ratio p/q becomes a difference of logarithms, not a sum."),
    (lambda log_p, log_q: log_p - torch.logaddexp(log_p, log_q) + math.log(2),
     "This is the logit of p against the mixture (p + q)/2, whose reference density is not q."),
    (lambda log_p, log_q: (log_p - log_q).mean(), "One logit per point is expected, not their mean."),
]  # fmt: skip

OPTIMAL_LOGITS = Exercise(
    SameFunction(adversarial.optimal_discriminator_logits, _logits_cases, MISTAKES),
    "the logits are log p - log q, also where a density is far too small for exp().",
)


def _gaussian(x: Tensor, mean: float, std: float, dx: float) -> Tensor:
    density = torch.exp(-((x - mean) ** 2) / (2 * std**2))
    return density / (density.sum() * dx)


def _jsd_cases() -> list[Case]:
    x = torch.linspace(-6, 6, 121)
    p, q = _gaussian(x, -0.5, 1.0, 0.1), _gaussian(x, 1.0, 0.7, 0.1)
    plane = torch.rand(2, 5, 4) + 0.1
    plane = plane / plane.sum(dim=(1, 2), keepdim=True) / 0.25

    half = torch.tensor([0.5, 0.5, 0.0, 0.0]), torch.tensor([0.0, 0.5, 0.5, 0.0])
    apart = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])

    def case(p: Tensor, q: Tensor, dx: float, hint: str) -> Case:
        return Case({"p": p, "q": q, "dx": dx}, hint, gradients=False)

    return [
        case(torch.tensor([0.5, 1.25, 0.75]), torch.tensor([1.1, 0.3, 1.1]), 0.4, CELLS),
        case(p, q, 0.1, "Compare your function with the equation, term by term."),
        case(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0.4, 0.3, 0.2, 0.1]), 1.0, CELLS),
        case(plane[0], plane[1], 0.25, "A grid may have any shape: sum over all its cells."),
        case(p, p.clone(), 0.1, "The divergence of equal densities is 0."),
        case(*half, 1.0, EXACT_ZERO),
        case(*apart, 1.0, EXACT_ZERO),
        case(p / 1e6, q / 1e6, 1e5, UNIT),
        case(p * 1e6, q * 1e6, 1e-7, UNIT),
    ]


def _kl(p: Tensor, q: Tensor, dx: float) -> Tensor:
    return (p * (p / q).log()).sum() * dx


def _jsd(p: Tensor, q: Tensor, dx: float) -> Tensor:
    return (_kl(p, (p + q) / 2, dx) + _kl(q, (p + q) / 2, dx)) / 2


GRID_MEAN = "You take a mean over the grid; an integral is the sum times dx."
JSD_MISTAKES: list[Row] = [
    (lambda p, q, dx: 2 * _jsd(p, q, dx), "You add the two divergences; the equation takes half of each."),
    (lambda p, q, dx: _jsd(p, q, dx) - math.log(2) * (p.sum() + q.sum()) * dx / 2,
     "The mixture is m = (p + q) / 2; without the 1/2 it is no density, and the result is off by log 2."),
    (_kl, "This is KL(p ‖ q). Both densities are to be compared with their mixture."),
    (lambda p, q, dx: _kl(q, p, dx), "This is KL(q ‖ p), and the other way round."),
    (lambda p, q, dx: (_kl(p, q, dx) + _kl(q, p, dx)) / 2,
     "This is the mean of KL(p ‖ q) and KL(q ‖ p); compare p and q with their mixture m instead."),
    (lambda p, q, dx: _kl(p, q, dx) + _kl(q, p, dx),
     "This is KL(p ‖ q) + KL(q ‖ p); compare p and q with their mixture m instead."),
    (lambda p, q, dx: _kl(p, (p + q) / 2, dx), "Only KL(p ‖ m) is there; the other half is KL(q ‖ m)."),
    (lambda p, q, dx: _kl(p, (p + q) / 2, dx) / 2, "Only half of KL(p ‖ m) is there."),
    (lambda p, q, dx: (_kl((p + q) / 2, p, dx) + _kl((p + q) / 2, q, dx)) / 2,
     "The arguments are turned: it is KL(p ‖ m), with the expectation under p, not KL(m ‖ p)."),
    (lambda p, q, dx: -_jsd(p, q, dx), "The sign is turned: a divergence is never negative."),
    (lambda p, q, dx: _jsd(p, q, dx) / math.log(2),
     "This is in bits; the book counts in nats, with the natural logarithm."),
    (lambda p, q, dx: _jsd(p, q, dx).sqrt(), "This is the distance, the square root of the divergence."),
    (lambda p, q, dx: _jsd(p, q, 1.0),
     "The factor dx is missing: an integral is the sum times the size of a cell."),
    (lambda p, q, dx: _jsd(p, q, 1.0) / p.numel(), GRID_MEAN),
    (lambda p, q, dx: _jsd(p, q, dx) / p.numel(), GRID_MEAN),
    (lambda p, q, dx: torch.trapezoid((p * (2 * p / (p + q)).log() + q * (2 * q / (p + q)).log()) / 2, dx=dx),
     "The trapezoidal rule counts the two ends half. " + CELLS),
]  # fmt: skip

JSD = Exercise(
    SameFunction(adversarial.jensen_shannon_divergence, _jsd_cases, JSD_MISTAKES, tolerance=1e-5),
    "the value is the reference's, in any unit, and log 2 for densities that do not overlap.",
)
