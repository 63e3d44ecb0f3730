"""The exercise on expectations by Monte Carlo, and their error."""

from collections.abc import Callable

import torch
from torch import Tensor

from gentutor import evaluation
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._numbers import read_pair
from gentutor.exercises._verdict import Exercise


def _cases() -> list[Case]:
    def case(values: Tensor, hint: str) -> Case:
        return Case({"values": values}, hint, gradients=False)

    definition = "The standard error is the standard deviation of the values divided by the root of N."
    return [
        case(torch.tensor([2.0, -1.0, 0.5, 3.5, 0.0]), definition),
        case(torch.tensor([1.0, 3.0]), "Two values are enough: their mean is 2, and its standard error 1."),
        case(3 * torch.randn(1000) + 1, definition),
        case(torch.full((10,), 2.5), "Equal values have the standard error 0."),
        case(
            torch.randn(200) + 3000,
            "The mean is far larger than the spread: E f² - (E f)² loses all its digits in float32. Subtract "
            "the mean first, as .std() does.",
        ),
    ]


def _error(divide: Callable[[Tensor], Tensor]) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    return lambda values: (values.mean(), divide(values))


MISTAKES: list[Row] = [
    (_error(lambda v: v.std()),
     "This is the standard deviation of one value. The error of the mean of N values is smaller by the root "
     "of N."),
    (_error(lambda v: v.std() / len(v)),
     "You divide the standard deviation by N; it is divided by the root of N."),
    (_error(lambda v: v.var() / len(v) ** 0.5),
     "You divide the variance by the root of N: take its root, the standard deviation."),
    (_error(lambda v: v.var() / len(v)),
     "This is the variance of the mean; its standard error is the root of that."),
    (_error(lambda v: v.var()), "This is the variance of the values."),
    (_error(lambda v: v.std(unbiased=False) / len(v) ** 0.5),
     "The variance is estimated with a division by N, around a mean made from the same values: that is too "
     "small. Divide by N - 1, as .std() does unless told otherwise."),
    (_error(lambda v: v.std() / (len(v) - 1) ** 0.5),
     "You divide by the root of N - 1 twice over: .std() has the N - 1 already."),
    (_error(lambda v: 1.96 * v.std() / len(v) ** 0.5),
     "This is a 95 % interval's half-width; the standard error itself is asked for."),
    (_error(lambda v: 2 * v.std() / len(v) ** 0.5),
     "This is twice the standard error; the standard error itself is asked for."),
    (_error(lambda v: v.std() * len(v) ** 0.5),
     "You multiply by the root of N: more values make the mean more certain, so divide."),
    (lambda v: (v.std() / len(v) ** 0.5, v.mean()),
     "The results are the wrong way round: first the mean, then its error."),
    (lambda v: (v.sum(), v.std() / len(v) ** 0.5), "The first number is the sum; the estimate is the mean."),
    (lambda v: (v.median(), v.std() / len(v) ** 0.5),
     "The first number is the median; the estimate of an expectation is the mean."),
]  # fmt: skip

MONTE_CARLO = Exercise(
    SameFunction(
        evaluation.monte_carlo,
        _cases,
        MISTAKES,
        read=read_pair,
        tolerance=1e-4,
        crashes={"python scalars": "math.sqrt takes one number: take .std() or .var() of the values first."},
    ),
    "the mean, and how far it is to be trusted: the error falls as 1 / √N.",
)
