"""Exercises on probabilities from counts, and on the cross-entropy in bits."""

import math

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives.classical import bits_per_symbol, smoothed_probabilities

FUDGE = "Add no constant but the smoothing: counts and smoothing may be small, as expected counts are."


def _count_cases() -> list[Case]:
    def case(counts: Tensor, smoothing: float, hint: str) -> Case:
        return Case({"counts": counts, "smoothing": smoothing}, hint, gradients=False)

    counts = torch.tensor([[3.0, 0.0, 1.0], [2.0, 7.0, 4.0], [1.0, 1.0, 6.0], [5.0, 2.0, 2.0]])
    each = "Each row, along the last dimension, is a distribution of its own and sums to 1."
    return [
        case(counts, 0.5, "Add the smoothing to every count, then divide by what the counts sum to now."),
        case(counts[0], 0.5, "Counts may have one dimension, (V,)."),
        case(counts, 1.0, each),
        case(counts[1:3], 0.0, "With a smoothing of 0 it is the share of each count."),
        case(
            torch.zeros(2, 4), 0.1, "Where nothing was counted, smoothing leaves equal probabilities, 1 / V."
        ),
        case(torch.randint(0, 9, (2, 3, 5)).float(), 0.3, each),
        case(torch.tensor([[3, 0, 1], [2, 7, 4]]), 1.0, "Counts may be whole numbers, int64."),
        case(counts * 1e-9, 1e-9, FUDGE),
    ]


def _total(counts: Tensor) -> Tensor:
    return counts.sum(dim=-1, keepdim=True)


SMOOTHED_MISTAKES: list[Row] = [
    (lambda c, a: (c + a) / (_total(c) + a),
     "In the denominator the smoothing counts once for each of the V outcomes: the sum of the counts plus a "
     "· V. Yours do not sum to 1."),
    (lambda c, a: (c + a) / _total(c),
     "The denominator must grow, too: the sum of the counts plus a · V. Yours sum to more than 1."),
    (lambda c, a: c / (_total(c) + a * c.shape[-1]),
     "The smoothing is in the denominator alone: add it to every count, too."),
    (lambda c, a: c / _total(c), "The smoothing is ignored."),
    (lambda c, a: (c + 1) / (_total(c) + c.shape[-1]),
     "This is add-one smoothing whatever the smoothing is: add a, not 1."),
    (lambda c, a: (c + a) / (c + a).sum(),
     "You normalise over all counts together; each row, along the last dimension, sums to 1."),
    (lambda c, a: (c + a) / (c + a).sum(dim=0, keepdim=True),
     "You normalise along dimension 0; each row, along the last dimension, sums to 1."),
    (lambda c, a: (c + a) / (_total(c) + a * len(c)),
     "V is the number of outcomes, the length of the last dimension; yours is that of the first."),
    (lambda c, a: (c + a) / (_total(c) + a * 2),
     "V is the length of the last dimension, not always 2: counts.shape[-1]."),
    (lambda c, a: (c + a) / (_total(c) + a * c.numel()),
     "V is the number of outcomes, the length of the last dimension; yours counts all elements."),
    (lambda c, a: (c + a) / (_total(c) + a * (c > 0).sum(dim=-1, keepdim=True)),
     "V counts every outcome, also those never seen."),
    (lambda c, a: torch.where(c == 0, a, c) / torch.where(c == 0, a, c).sum(dim=-1, keepdim=True),
     "Only outcomes that were never seen get the smoothing; it is added to every count."),
    (lambda c, a: (1 - a) * c / _total(c) + a / c.shape[-1],
     "You mix the shares with equal probabilities, with the weight a. The smoothing is a number of extra "
     "counts, which matter less the more was counted."),
    (lambda c, a: c / _total(c) + a, "The smoothing is added after the division: add it to the counts."),
    (lambda c, a: smoothed_probabilities(c, a).log(), "These are logarithms; probabilities are asked for."),
    (lambda c, a: (c + a).softmax(dim=-1), "A softmax of the counts is another thing: divide by the sum."),
    (lambda c, a: c + a, "These are counts: divide by their sum."),
]  # fmt: skip

SMOOTHED = Exercise(
    SameFunction(
        smoothed_probabilities,
        _count_cases,
        SMOOTHED_MISTAKES,
        tolerance=1e-6,
        crashes={
            "must match the size": "Keep the summed dimension: .sum(dim=-1, keepdim=True).",
            **dict.fromkeys(
                ("out of range", "0-d tensor"),
                "Counts may have one dimension, (V,), or many: use the last, dim=-1 and counts.shape[-1].",
            ),
        },
    ),
    "every outcome keeps a chance, and each row sums to 1.",
)


def _bits_cases() -> list[Case]:
    def case(log_prob: Tensor, hint: str) -> Case:
        return Case({"log_prob": log_prob}, hint, gradients=False)

    return [
        case(
            torch.tensor([-0.7, -2.0, -0.1, -3.2, -1.5]), "Minus the mean of log2 p; log2 p = log p / log 2."
        ),
        case(torch.tensor([0.5, 0.25]).log(), "For 1/2 and 1/4 it is (1 + 2) / 2 = 1.5 bits."),
        case(torch.tensor([-0.3]), "One symbol must do."),
        case(-5 * torch.rand(1000), "Any number of symbols must do."),
        case(
            torch.tensor([-200.0, -1.0, -300.0]),
            "A probability may be 0 in float32: stay with its logarithm.",
        ),
    ]


BITS_MISTAKES: list[Row] = [
    (lambda v: -v.mean(),
     "This is in nats: log_prob holds natural logarithms, and a bit is log 2 = 0.693 nats. Divide by log 2."),
    (lambda v: v.mean() / math.log(2), "The sign is turned: minus the mean log-probability is positive."),
    (lambda v: v.mean(), "The sign is turned, and this is in nats: divide by -log 2."),
    (lambda v: -v.sum() / math.log(2),
     "You take the sum, the bits of the whole sequence; asked for are bits per symbol, the mean."),
    (lambda v: -v.sum(), "You take the sum, in nats: asked for is the mean, in bits."),
    (lambda v: -v.mean() * math.log(2),
     "You multiply by log 2; from nats to bits you divide by it (bits are smaller, so there are more)."),
    (lambda v: -v.mean() / 2, "You divide by 2; it is the natural logarithm of 2."),
    (lambda v: (-v.mean()).exp(), "This is the perplexity; its logarithm to base 2 is the number of bits."),
    (lambda v: -v.exp().mean().log2(),
     "You average the probabilities before the logarithm. The mean is taken of the logarithms."),
    (lambda v: -v.log2().mean(), "You take the logarithm once more: log_prob holds logarithms."),
    (lambda v: -v.mean() / math.log(10), "This is the logarithm to base 10."),
    (lambda v: -v / math.log(2), "The mean over the symbols is missing."),
    (lambda v: -v.median() / math.log(2), "This is the median; the cross-entropy is a mean."),
    (lambda v: -(v.exp() * v).sum() / math.log(2),
     "This is the entropy's form, Σ p log p. The symbols are drawn already, so each counts the same."),
    (lambda v: -v.exp().log2().mean(),
     "You go back to probabilities, which are 0 in float32 where log p is below -104: stay with logarithms."),
]  # fmt: skip

BITS = Exercise(
    SameFunction(
        bits_per_symbol,
        _bits_cases,
        BITS_MISTAKES,
        crashes={
            "python scalars": "math's functions take one number: take the mean first, as in log_prob.mean().",
            "must be tensor, not int": "torch.log takes a tensor; for a plain number take math.log(2).",
        },
    ),
    "the cross-entropy in bits: what an ideal code made from the model needs for a symbol.",
)
