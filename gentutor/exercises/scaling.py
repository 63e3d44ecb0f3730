"""The exercises of the appendix on data parallelism, by the name after "scaling."."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._values import number
from gentutor.exercises._verdict import Exercise


def whole_mean(means: Tensor, sizes: Tensor) -> Tensor:
    """The mean over all examples of N slices, from each slice's mean (N, P) and its size (N,): (P,)."""
    share = (sizes / sizes.sum()).to(means.dtype)
    return (share[:, None] * means).sum(dim=0)


def whole_variance(means: Tensor, variances: Tensor) -> Tensor:
    """The variance over N slices of equal size, from each slice's mean and variance, both (N, C): (C,)."""
    return variances.mean(dim=0) + means.var(dim=0, correction=0)


def _mean_cases() -> list[Case]:
    def case(means: Tensor, sizes: list[int], hint: str) -> Case:
        return Case({"means": means, "sizes": torch.tensor(sizes)}, hint, gradients=False)

    weighted = "Each mean counts as often as its slice has examples: divide the weighted sum by all examples."
    means = torch.tensor([[1.0, -2.0, 0.5], [3.0, 0.25, 7.0]])
    return [
        case(means, [3, 5], weighted),
        case(means, [4, 4], "Slices of equal size count the same."),
        case(torch.randn(3, 2), [1, 2, 5], "There may be more than two slices."),
        case(torch.randn(1, 4), [7], "One slice is the whole batch."),
        case(torch.randn(4, 2), [8, 8, 8, 1], weighted),
    ]


MEAN_MISTAKES: list[Row] = [
    (lambda m, n: m.mean(dim=0),
     "This is the mean of the means, right for equal slices only: weight each by its size."),
    (lambda m, n: (n[:, None] * m).sum(dim=0),
     "This is the sum over all examples: divide by their number, sizes.sum()."),
    (lambda m, n: (n[:, None] * m).mean(dim=0),
     "You divide by the number of slices; the number of examples is sizes.sum()."),
    (lambda m, n: m.sum(dim=0),
     "The sum of the means is too large: the weights sizes / sizes.sum() add up to 1."),
    (lambda m, n: ((1 / n)[:, None] * m).sum(dim=0) / (1 / n).sum(),
     "The weights are upside down: the larger slice counts more."),
    (lambda m, n: (n / n.sum())[:, None] * m,
     "The sum over the slices is missing: the result has shape (P,)."),
]  # fmt: skip

MEAN = Exercise(
    SameFunction(
        whole_mean,
        _mean_cases,
        MEAN_MISTAKES,
        crashes={
            "must match the size": "Give the sizes a second dimension: sizes[:, None].",
            "same dtype": "A product of matrices needs one data type: sizes.to(means).",
        },
    ),
    "with equal slices it is the plain mean of the means, which is all that an all-reduce does.",
)


def _variance_cases() -> list[Case]:
    def case(means: Tensor, variances: Tensor, hint: str) -> Case:
        return Case({"means": means, "variances": variances}, hint, gradients=False)

    both = "The variance of the whole has two parts: within the slices, and between their means."
    return [
        case(torch.tensor([[1.0, -2.0], [4.0, 0.5]]), torch.tensor([[0.5, 2.0], [1.5, 0.25]]), both),
        case(torch.zeros(2, 3), torch.rand(2, 3), "With equal means it is the mean of the variances."),
        case(torch.randn(4, 2), torch.zeros(4, 2), "With no variance within, it is that of the means."),
        case(torch.randn(3, 2), torch.rand(3, 2), "There may be more than two slices."),
    ]


VARIANCE_MISTAKES: list[Row] = [
    (lambda m, v: v.mean(dim=0),
     "This is the variance within the slices; that between their means is missing."),
    (lambda m, v: m.var(dim=0, correction=0),
     "This is the variance between the means; that within the slices is missing."),
    (lambda m, v: v.mean(dim=0) + m.var(dim=0),
     "The variance of the means divides by N, not by N - 1: var(dim=0, correction=0)."),
    (lambda m, v: v.sum(dim=0) + m.var(dim=0, correction=0),
     "Variances within are averaged, not summed: the slices are parts of one batch."),
    (lambda m, v: (v + m.square()).mean(dim=0),
     "This is the mean of the squares: subtract the square of the whole mean."),
    (lambda m, v: whole_variance(m, v).sqrt(), "This is the standard deviation."),
]  # fmt: skip

VARIANCE = Exercise(
    SameFunction(whole_variance, _variance_cases, VARIANCE_MISTAKES),
    "these two numbers per feature are what synchronised BatchNorm exchanges.",
)

BYTES = number(
    6.0,
    "one and a half times the gradients' 4 MB; never twice, however many processes there are.",
    (4.0, "These are the gradients' own bytes; each process sends 2 (N - 1) / N times as many."),
    (8.0, "2 (N - 1) / N is 1.5 for four processes, not 2: nobody sends to itself."),
    (3.0, "This is the first half of the way; the sums must travel back to all, too."),
    (1.5, "This is in millions of numbers; a float32 has 4 bytes."),
    (12.0, "A float32 has 4 bytes, not 8."),
    (6e6, "That is in bytes; a megabyte is a million of them."),
    (6e6 / 2**20, "A megabyte is a million bytes here, not 2²⁰."),
    (24.0, "This is what all four send together, or a hub would carry; one sends a quarter of it."),
)  # fmt: skip

EXERCISES: dict[str, Exercise] = {"whole_mean": MEAN, "whole_variance": VARIANCE, "bytes": BYTES}
