"""The exercise on naive Bayes for binary pixels, some of which may not have been seen."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives.classical import naive_bayes_log_joint

MANY = (
    "With 784 pixels a product of probabilities is 0 in float32, for every class: take the logarithm of "
    "each, and add."
)
NAN = (
    "A pixel that is nan was not seen: leave its term out of the sum, for every class. (nan times 0 is nan "
    "again: use torch.where, nan_to_num or a mask.)"
)
SMALL = (
    "You add a small constant inside the logarithm. The probabilities are never 0 here, so it only makes "
    "small ones wrong."
)
CRASHES = {
    "same dtype": "Both sides of a product need one data type: make it with .to(pixel).",
    "bool tensor": "~mask is the other mask, and mask.to(pixel) makes numbers of it.",
    "boolean value of tensor": (
        "An if decides once for the whole tensor; torch.where(x == 1, a, b) decides for each pixel."
    ),
    "cannot be multiplied": "With x (N, D) and pixel (K, D), x @ pixel.log().T is (N, K).",
    "must match the size": "Give x a dimension for the classes: x[:, None], (N, 1, D), fits pixel, (K, D).",
    "to be within the support": NAN,
    "python scalars": "math.log takes one number; prior.log() takes the logarithm of each.",
}
Answer = Callable[[Tensor, Tensor, Tensor], Tensor]


def some_nan(x: Tensor, share: float = 0.4) -> Tensor:
    """A copy in which some elements are nan."""
    return x.masked_fill(torch.rand(x.shape) < share, torch.nan)


def _cases() -> list[Case]:
    def case(x: Tensor, prior: Tensor, pixel: Tensor, hint: str) -> Case:
        return Case({"x": x, "prior": prior, "pixel": pixel}, hint, gradients=False)

    x = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
    prior, pixel = torch.tensor([0.3, 0.7]), torch.tensor([[0.9, 0.2, 0.6, 0.3], [0.4, 0.7, 0.1, 0.8]])
    ten, tens = torch.full((10,), 0.1), torch.rand(10, 784) * 0.9 + 0.05
    images = (torch.rand(6, 784) < 0.2).float()
    rare = torch.tensor([[2e-7, 0.5], [0.5, 1e-5]])
    unseen = torch.full((2, 4), torch.nan)
    return [
        case(x, prior, pixel, "Compare your function with the equation, term by term."),
        case(x[:1], prior, pixel, "One image must do."),
        case(
            torch.rand(3, 3).round(),
            torch.tensor([0.2, 0.3, 0.5]),
            torch.rand(3, 3) * 0.8 + 0.1,
            "Any sizes.",
        ),
        case(images, ten, tens, MANY),
        case(
            torch.tensor([[1.0, 0.0], [0.0, 1.0]]), prior, rare, "A pixel may be rare in a class: no clamp."
        ),
        case(some_nan(x), prior, pixel, NAN),
        case(unseen, prior, pixel, "If no pixel was seen, what is left is the logarithm of the prior."),
        case(some_nan(images), ten, tens, NAN),
    ]


def joint(x: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
    """As the reference, without the sum over pixels: (N, K, D), and without the prior."""
    x = x[:, None]
    return torch.where(x.isnan(), 0, x * pixel.log() + (1 - x) * (1 - pixel).log())


def _as(change: Callable[[Tensor], Tensor]) -> Answer:
    """The right sum over x changed before."""
    return lambda x, prior, pixel: prior.log() + joint(change(x), prior, pixel).sum(dim=2)


def _fudged(c: float) -> Answer:
    def answer(x: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
        return prior.log() + x @ (pixel + c).log().T + (1 - x) @ (1 - pixel + c).log().T

    return answer


MISTAKES: list[Row] = [
    (lambda x, prior, pixel: prior.log() + x @ pixel.log().T,
     "Only the pixels with ink count. A pixel that is off was observed, too: (1 - x) log(1 - θ) is missing."),
    (lambda x, prior, pixel: prior.log() + (1 - x) @ (1 - pixel).log().T,
     "Only the empty pixels count: x log θ is missing."),
    (lambda x, prior, pixel: joint(x, prior, pixel).sum(dim=2),
     "The prior is forgotten: log p(x, y) = log p(y) + log p(x | y)."),
    (lambda x, prior, pixel: prior + joint(x, prior, pixel).sum(dim=2),
     "The prior enters with its logarithm."),
    (lambda x, prior, pixel: (prior.log()[:, None] + joint(x, prior, pixel)).sum(dim=2),
     "The prior is added for every pixel; it counts once for each image."),
    (lambda x, prior, pixel: prior * joint(x, prior, pixel).sum(dim=2),
     "You multiply by the prior after the logarithm: logarithms are added."),
    (lambda x, prior, pixel: prior.log() * joint(x, prior, pixel).sum(dim=2),
     "You multiply by log p(y): logarithms are added."),
    (lambda x, prior, pixel: _as(lambda x: x)(x, prior, pixel).log_softmax(dim=1),
     "This is log p(y | x), normalised over the classes. The joint probability is asked for, whose sum over "
     "the classes is p(x)."),
    (lambda x, prior, pixel: _as(lambda x: x)(x, prior, pixel).softmax(dim=1),
     "This is the posterior p(y | x); asked for is the logarithm of the joint probability."),
    (lambda x, prior, pixel: _as(lambda x: x)(x, prior, pixel).exp(),
     "This is the joint probability itself; its logarithm is asked for."),
    (lambda x, prior, pixel: prior.log() + joint(x, prior, pixel).mean(dim=2),
     "You take the mean over the pixels; the logarithm of a product is the sum of all terms."),
    (lambda x, prior, pixel: -_as(lambda x: x)(x, prior, pixel),
     "The sign is turned: a log-probability is at most 0."),
    (lambda x, prior, pixel: _as(lambda x: x)(x, prior, pixel).T,
     "The result is transposed: a row for each image, (N, K)."),
    (lambda x, prior, pixel: _as(lambda x: x)(x, prior, pixel) / math.log(2),
     "This is in bits; the book counts in nats."),
    (_as(lambda x: 1 - x), "On and off are swapped: θ is the probability of a 1."),
    (lambda x, prior, pixel: prior.log() + x @ pixel.log().T + (1 - x) @ (1 - pixel.log()).T,
     "log(1 - θ) is not 1 - log θ: the 1 - stands inside the logarithm."),
    (lambda x, prior, pixel: prior.log() + x @ pixel.T + (1 - x) @ (1 - pixel).T,
     "The logarithm of the pixels' probabilities is missing."),
    (lambda x, prior, pixel: (prior * joint(x, prior, pixel).exp().prod(dim=2)).log(), MANY),
    (lambda x, prior, pixel: prior.log() + joint(x, prior, pixel).exp().prod(dim=2).log(), MANY),
    *((_fudged(c), SMALL) for c in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10)),
    (_as(lambda x: x.nan_to_num(0.0)),
     "The pixels that were not seen (nan) are counted as empty. That is an observation nobody made: leave "
     "their terms out."),
    (_as(lambda x: x.nan_to_num(1.0)),
     "The pixels that were not seen (nan) are counted as ink: leave their terms out."),
    (_as(lambda x: x.nan_to_num(0.5)),
     "The pixels that were not seen (nan) are counted as half ink. That is an observation, too: leave their "
     "terms out."),
    (lambda x, prior, pixel: prior.log() + x @ pixel.log().T + (1 - x) @ (1 - pixel).log().T,
     NAN + " The whole image has become nan."),
    (lambda x, prior, pixel: (
         prior.log() + joint(x, prior, pixel).sum(dim=2) * x.shape[1] / (~x.isnan()).sum(dim=1)[:, None]),
     "You take the mean over the pixels that were seen; their terms are added."),
]  # fmt: skip

NAIVE_BAYES = Exercise(
    SameFunction(naive_bayes_log_joint, _cases, MISTAKES, crashes=CRASHES),
    "every pixel seen counts once, on or off, and those not seen are summed out.",
)
