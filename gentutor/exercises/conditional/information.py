"""The exercises on control: the information in a confusion matrix, and what it says."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._outcome import read_tensor
from gentutor.exercises._values import number
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import conditional

ZEROS = "Where a count is 0 its term is 0, but 0 · log 0 is not a number: torch.xlogy, or leave those out."
COUNTS = "Counts may have any sum, and may be 0 in whole rows: divide by the sum of all first."
FUDGE = (
    "This is only nearly right: is there a small constant, a clamp or a rounding? It hides classes that are "
    "rarer, and is not needed: leave out the cells that are 0 by p > 0, or take torch.xlogy."
)
SUM = "One number is expected: sum over all cells, rows and columns."
CRASHES = {
    "math domain error": ZEROS,
    "float division by zero": ZEROS,
    "size of tensor": "The product of the marginals is a table, too: rows (K, 1) times columns (M,).",
}


def _read(result: Any) -> Tensor:
    """A number of any precision: no gradient is asked for, so plain numbers and arrays will do."""
    return read_tensor(result).double()


def _cases() -> list[Case]:
    table = torch.tensor([[40.0, 8.0, 2.0], [5.0, 20.0, 5.0], [1.0, 4.0, 15.0]])
    zeros = torch.tensor([[30.0, 0.0], [0.0, 10.0]])
    rare = torch.tensor([1e7] + 60 * [1.0], dtype=torch.float64)

    def case(counts: Tensor, hint: str) -> Case:
        return Case({"counts": counts}, hint, gradients=False)

    return [
        case(table, "Compare with the equation: p(y, ŷ) log [p(y, ŷ) / (p(y) p(ŷ))], summed."),
        case(table / table.sum(), "A table of probabilities is a table of counts with the sum 1."),
        case(table[:2], "The table may have more columns than rows."),
        case(table.T.contiguous() * 7, COUNTS),
        case(zeros, ZEROS),
        case(torch.tensor([[5.0, 5.0], [0.0, 0.0]]), ZEROS),
        case(torch.ones(4, 4), "For independent variables it is 0."),
        case((rare / rare.sum()).diag(), FUDGE),
    ]


def _parts(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    p = counts / counts.sum()
    return p, p.sum(dim=1, keepdim=True), p.sum(dim=0, keepdim=True)


def _backwards(counts: Tensor) -> Tensor:
    p, rows, columns = _parts(counts)
    return (rows * columns * (p / (rows * columns)).log()).sum()


def _entropy(p: Tensor) -> Tensor:
    return -torch.xlogy(p, p).sum()


def _terms(counts: Tensor) -> Tensor:
    p, rows, columns = _parts(counts)
    return p * (p / (rows * columns)).log()


def _plain(counts: Tensor) -> Tensor:
    return _terms(counts).sum()


FUDGED: list[Callable[[Tensor, Tensor, float], Tensor]] = [  # of p, of the product of the marginals, of e
    lambda p, q, e: p * (p / (q + e)).log().nan_to_num(),
    lambda p, q, e: p * (p / (q + e) + e).log(),
    lambda p, q, e: p * ((p + e) / (q + e)).log(),
    lambda p, q, e: (p + e) * ((p + e) / (q + e)).log(),
    lambda p, q, e: p * (p.clamp(min=e) / q.clamp(min=e)).log(),
    lambda p, q, e: p * (p / q + e).log(),
]


def _fudged(e: float) -> list[Row]:
    def summed(form: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[[Tensor], Tensor]:
        def answer(counts: Tensor) -> Tensor:
            p, rows, columns = _parts(counts)
            return form(p, rows * columns, e).sum()

        return answer

    smoothed: list[Row] = [(lambda c: _plain(c + e), FUDGE)] if e > 1e-10 else []  # less makes no difference
    return [*((summed(form), FUDGE) for form in FUDGED), *smoothed]


CONDITIONAL = (
    "This is the conditional entropy, what stays unknown of one once the other is seen; the information is "
    "the entropy minus that."
)
ONE_MARGINAL = "You divide by one of the two marginals only."
MISTAKES: list[Row] = [
    (lambda c: _plain(c) / math.log(2), "In bits: with the natural logarithm it is in nats."),
    (lambda c: (c * (c / (c.sum(dim=1, keepdim=True) * c.sum(dim=0))).log()).sum(),
     "You use the counts as they are: divide by the sum of all, so that they are probabilities."),
    (lambda c: -_plain(c), "The sign is turned: information is never negative."),
    (lambda c: _entropy(_parts(c)[0]),
     "This is the entropy of the pair (y, ŷ): subtract it from the sum of the two entropies."),
    (lambda c: _entropy(_parts(c)[1]),
     "This is the entropy of the rows; subtract what stays unknown once ŷ is seen."),
    (lambda c: _entropy(_parts(c)[2]),
     "This is the entropy of the columns; subtract what is due to chance once y is known."),
    (lambda c: _entropy(_parts(c)[0]) - _entropy(_parts(c)[2]), CONDITIONAL),
    (lambda c: _entropy(_parts(c)[0]) - _entropy(_parts(c)[1]), CONDITIONAL),
    (lambda c: _plain(c) / c.numel(),
     "You take the mean over the cells; each is weighted by its own p(y, ŷ), and they are summed."),
    (lambda c: (_parts(c)[0] / (_parts(c)[1] * _parts(c)[2])).log().sum(),
     "The weight p(y, ŷ) in front of the logarithm is missing."),
    (_backwards, "Weighted by p(y) p(ŷ): this is the divergence the other way round. The expectation is over "
                 "the pairs that occur together."),
    (lambda c: (_parts(c)[0] * (_parts(c)[0] / _parts(c)[1]).log()).sum(), ONE_MARGINAL),
    (lambda c: (_parts(c)[0] * (_parts(c)[0] / _parts(c)[2]).log()).sum(), ONE_MARGINAL),
    (lambda c: c.diagonal().sum() / c.sum(),
     "This is the accuracy, the share on the diagonal; which errors are made counts as well."),
    (lambda c: _plain(c / c.sum(dim=1, keepdim=True)),
     "You normalise each row by itself: then every class counts the same, however frequent."),
    (lambda c: _plain(c) / torch.maximum(_entropy(_parts(c)[1]), _entropy(_parts(c)[2])),
     "You divide by the larger entropy: that is a normalised information, without unit."),
    (_plain, ZEROS),
    (_terms, SUM),
    *((lambda c, d=d: _terms(c).sum(dim=d), SUM) for d in (0, 1)),
    (lambda c: _plain(c)[None], "A tensor without dimensions is expected."),
    *[mistake for k in (3, 5, 6, 7, 8, 9, 10, 12) for mistake in _fudged(10.0**-k)],
]  # fmt: skip

MUTUAL_INFORMATION = Exercise(
    SameFunction(
        conditional.mutual_information, _cases, MISTAKES, read=_read, tolerance=1e-5, crashes=CRASHES
    ),
    "0 for a condition that is ignored, the entropy of the condition for one that always shows.",
)


def two_gaussians(a: float) -> float:
    """I(y; x) in nats for y = ±1, equally likely, and x | y ~ N(a y, 1), by quadrature.

    >>> round(two_gaussians(0.0), 6), round(two_gaussians(8.0), 4)  # nothing, and log 2
    (0.0, 0.6931)
    """
    x = torch.linspace(-a - 12, a + 12, 20_001, dtype=torch.float64)
    log_p = [-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (a, -a)]
    log_px = torch.logaddexp(*log_p) - math.log(2)
    return torch.trapezoid(log_p[0].exp() * (log_p[0] - log_px), x).item()


def separation(information: float) -> float:
    """The a > 0 at which ``two_gaussians`` gives so many nats, below log 2."""
    low, high = 0.0, 8.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if two_gaussians(middle) < information else (low, middle)
    return low


HALF_A_NAT = separation(0.5)
SEPARATION = number(
    HALF_A_NAT,
    "log 2 = 0.693 nats would be all there is to know about y; at this a it is 0.5.",
    (2 * HALF_A_NAT, "That is the distance between the two means; a is half of it."),
    (-HALF_A_NAT, "By symmetry -a gives the same information; take the positive one."),
    (0.0, "At a = 0 both classes have the same density: x tells nothing."),
    (separation(0.5 * math.log(2)), "There it is half a bit: is your logarithm to base 2?"),
    (0.5, "That is the information asked for; the answer is the a that gives it."),
    tolerance=0.01,
)  # fmt: skip
