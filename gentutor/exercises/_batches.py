"""Cases and hints that the exercises on losses of one or two batches share."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case

BATCHES = "The two batches may differ in size, and may hold one example: take the mean of each by itself."
SHAPES = "The logits may have any shape: take the mean over all their elements."
SUM = "You take a sum where the expectation is a mean: the loss would grow with the size of the batch."
POOLED = (
    "You pool the two batches into one mean, so the larger batch weighs more. Each expectation is the mean "
    "over its own batch."
)
EARLY = "You take the mean too early: the loss is the mean of every example's own term."
CRASHES = {
    "must match the size": BATCHES,
    "same as input size": "Make the labels from the logits, as in torch.ones_like(logits): then they fit.",
}
LENGTH = (
    "You divide by the length of the first dimension only. Logits may have any shape: use .mean(), which "
    "divides by the number of all elements."
)
NAIVE = (
    "You take the logarithm of a sigmoid, or of an exponential, which rounds to 0, 1 or infinity at large "
    "logits. torch.nn.functional.logsigmoid is exact."
)
FUDGE = (
    "You add a small constant inside the logarithm. It keeps the value finite, but wrong, and takes the "
    "gradient away just where it is needed. torch.nn.functional.logsigmoid is exact without it."
)
BCE = (
    "You compute the cross-entropy of a sigmoid. Its value is cut at 100 and its gradient is 0 at large "
    "logits; binary_cross_entropy_with_logits, given the logits, is exact."
)


def two_batches(first: str, second: str, extreme: str) -> list[Case]:
    """Cases for a loss of two batches; the first tells mistakes apart, each other is about one thing."""

    def case(real: Tensor, fake: Tensor, hint: str) -> Case:
        return Case({first: real, second: fake}, hint)

    real, fake = torch.tensor([0.5, -1.5, 2.0]), torch.tensor([-0.3, 1.2, 0.1, -2.0, 0.7])
    edge = (
        torch.tensor([100.0, -100.0, 30.0, -12.0, 6.0]),
        torch.tensor([-100.0, 100.0, -40.0, 7.0, -9.0, 0.5]),
    )
    noise = torch.randn(2, 3, 1, 4)
    return [
        case(real, fake, "Compare your function with the equation, term by term."),
        case(fake, real, BATCHES),
        case(torch.tensor([0.8]), torch.tensor([-0.4]), BATCHES),
        case(torch.tensor([0.8]), torch.tensor([-0.4, 1.6]), BATCHES),
        case(real[:, None], fake[:, None], SHAPES),
        case(noise[:, :2], noise, SHAPES),
        case(2 * noise.flatten(), noise.flatten() - 1, BATCHES),
        case(*edge, extreme),
        case(-edge[0], -edge[1], extreme),
    ]


def one_batch(name: str, extreme: str) -> list[Case]:
    """The same for a loss of one batch."""
    return [
        Case({name: case.arguments[name]}, case.hint.replace(BATCHES, "The batch may have any size."))
        for case in two_batches("other", name, extreme)
    ]
