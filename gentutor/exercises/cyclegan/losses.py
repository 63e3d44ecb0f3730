"""The exercises on the two mean absolute differences: cycle consistency and identity."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._batches import EARLY, SUM
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._outcome import outcome
from gentutor.exercises._verdict import Exercise, Judge, Wrong
from gentutor.objectives.translation import cycle_consistency_loss, identity_loss

EQUAL = "Two equal images are at distance 0: there is no constant, and no root or square near 0."
ROOT = (
    "The value is right, but where two numbers are equal its gradient is not: the root of a square has none "
    "there (NaN). Use .abs()."
)
OPPOSITE = "Errors of opposite sign cancel: take the absolute value of each difference, and then the mean."
ANY = "Images may have any shape and the batch any size: take the mean over all elements."
CRASHES = {
    "dimension out of range": ANY,
    "not implemented for 'bool'": "Compare by subtracting: (x - y).abs(); a comparison has no gradient.",
}


def _cases(first: str) -> Callable[[], list[Case]]:
    """Cases with a gradient for what the networks made, not for the data."""

    def case(made: Tensor, data: Tensor, hint: str) -> Case:
        return Case({first: made, "original": data}, hint, gradients=(first,))

    def cases() -> list[Case]:
        x = torch.tensor([[-0.5, -1.0, 0.3], [0.75, 0.4, -0.3]])
        y = torch.tensor([[0.5, -0.25, 1.5], [-0.75, 0.1, 0.9]])
        images, others = torch.rand(2, 3, 1, 4, 4) * 2 - 1
        return [
            case(x, y, "Compare your function with the equation."),
            Case({first: x.double(), "original": x.double()}, EQUAL, gradients=False),
            case(x[:1], y[:1], ANY),
            case(x[:, 0], y[:, 0], ANY),
            case(images, others, ANY),
            case(images.view(1, 3, 4, 4), others.view(1, 3, 4, 4), ANY),
            case(1e4 * x, y, "Large differences count in proportion: there is no square and no limit."),
        ]

    return cases


MISTAKES: list[Row] = [
    (lambda x, y: (x - y).abs().sum(), SUM),
    (lambda x, y: (x - y).abs().flatten(1).sum(dim=1).mean(),
     "You sum over the pixels and take the mean over the batch. With a mean over all elements the weight of "
     "10 means the same at every image size."),
    (lambda x, y: F.mse_loss(x, y),
     "This is the mean squared error. The loss is the mean absolute error (L1), which blurs less: for a "
     "pixel that is black or white it wants the likelier of the two, not a grey between them."),
    (lambda x, y: F.mse_loss(x, y).sqrt(),
     "This is the root of the mean squared error; the loss is a mean of absolute values."),
    (lambda x, y: (x - y).mean(), OPPOSITE),
    (lambda x, y: (y - x).mean(), OPPOSITE),
    (lambda x, y: (x - y).mean().abs(), OPPOSITE),
    (lambda x, y: -F.l1_loss(x, y), "The sign is turned: the loss is to be minimised, and at least 0."),
    (lambda x, y: F.l1_loss(x, y) / 2, "There is no factor 1/2."),
    (lambda x, y: 2 * F.l1_loss(x, y),
     "There is no factor 2: each domain has a loss of its own, and CycleGAN adds the two."),
    (lambda x, y: (x - y).abs(), EARLY),
    (lambda x, y: (x - y).abs().flatten(1).mean(dim=1),
     "One number is expected: the mean runs over the batch as well."),
    (lambda x, y: F.smooth_l1_loss(x, y), "This is the smooth L1 (Huber) loss, a square near 0."),
    (lambda x, y: (x - y).norm(),
     "This is the Euclidean length of the difference, ‖·‖₂; the loss is made of ‖·‖₁."),
    (lambda x, y: (x - y).abs().max(), "You take the largest difference; the loss is their mean."),
    (lambda x, y: (x + y).abs().mean(), "Pixels are added, not compared: subtract them."),
]  # fmt: skip


class _Distance(SameFunction):
    """Also asks for the gradient where two numbers are equal: any slope up to 1/n is right there."""

    def __call__(self, answer: Any) -> None:
        super().__call__(answer)
        x = torch.linspace(-1, 1, 6)
        first, second = self.cases()[0].arguments
        (slope,) = outcome(answer, {first: x, second: x}, self.read, (first,)).gradients.values()
        if slope is not None and not bool((slope.abs() <= 1 / len(x) + 1e-6).all()):
            raise Wrong(ROOT)


def _judge(reference: Callable[[Tensor, Tensor], Tensor], first: str) -> Judge:
    return _Distance(reference, _cases(first), MISTAKES, crashes=CRASHES)


CYCLE = Exercise(
    _judge(cycle_consistency_loss, "reconstructed"),
    "one number for images of any shape, and its gradient reaches the way there and back.",
)
IDENTITY = Exercise(
    _judge(identity_loss, "mapped"),
    "one number for images of any shape. Which images it is given decides what it means: G(b) and b.",
)
