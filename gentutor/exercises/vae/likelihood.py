"""The exercise on the likelihood of binary pixels."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._batches import BCE, NAIVE
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES as DISTRIBUTIONS
from gentutor.exercises._per_example import FUDGES, reductions
from gentutor.exercises._verdict import Exercise

EXTREME = (
    "This is right for moderate logits only. At ±100 the text's forms are: log σ(l) = l - softplus(l) and "
    "log(1 - σ(l)) = -softplus(l), with nothing rounded, cut or added."
)
IMAGES = (
    "Images have more than one dimension, (B, C, H, W): sum over all but the first, e.g. flatten(1).sum(1)."
)
FUDGE = (
    "You add a small constant inside the logarithm, or clamp there. It keeps the value finite, but wrong, "
    "and takes the gradient away just where it is needed. torch.nn.functional.logsigmoid is exact without it."
)
ANY = "Any number of examples and of pixels must do."
PRODUCT = (
    "You multiply the pixels' probabilities and take the logarithm at the end: with 784 pixels the product "
    "underflows to 0. Take the logarithm of each, and add."
)
d: Callable[[Tensor], Tensor] = torch.sigmoid


def _cases() -> list[Case]:
    logits = torch.tensor([[0.5, -1.5, 2.0, 0.2], [-0.3, 1.2, 0.1, -2.0], [0.7, -0.8, -0.4, 1.1]])
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
    edge = torch.tensor([[100.0, -100.0, 30.0, -60.0], [-100.0, 100.0, -40.0, 30.0]])  # softplus is exact
    right, wrong = (edge > 0).float(), (edge < 0).float()
    pixels = torch.randn(2, 784)

    def case(logits: Tensor, x: Tensor, hint: str) -> Case:
        return Case({"logits": logits, "x": x}, hint, gradients=("logits",))

    return [
        case(logits, x, "Compare your function with the equation, term by term."),
        case(logits[:1], 1 - x[:1], ANY),
        case(logits[:, :1], x[:, :1], ANY),
        case(torch.randn(2, 1, 3, 5), (torch.rand(2, 1, 3, 5) < 0.4).float(), IMAGES),
        case(torch.randn(3, 2, 2, 2), (torch.rand(3, 2, 2, 2) < 0.4).float(), IMAGES),
        case(pixels, (torch.rand(2, 784) < 0.3).float(), "With 784 pixels the likelihood is 0 in float32."),
        case(edge, right, EXTREME),
        case(edge, wrong, EXTREME),
    ]


def terms(logits: Tensor, x: Tensor) -> Tensor:
    """The log-probability of each pixel."""
    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)


def _exact(logits: Tensor, x: Tensor) -> Tensor:
    """The reference in float64, and without the difference l - softplus(l), which cancels."""
    return terms(logits.double(), x.double()).flatten(1).sum(dim=1).to(logits.dtype)


def _sum(per_pixel: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, x: per_pixel(logits, x).flatten(1).sum(dim=1)


def _p(logits: Tensor, x: Tensor) -> Tensor:
    """The probability of each pixel's own value."""
    return x * d(logits) + (1 - x) * (1 - d(logits))


def _fudged(c: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, x: x * (d(logits) + c).log() + (1 - x) * (1 - d(logits) + c).log()


def _clamped(c: float) -> Callable[[Tensor, Tensor], Tensor]:
    def answer(logits: Tensor, x: Tensor) -> Tensor:
        p = d(logits).clamp(c, 1 - c)
        return x * p.log() + (1 - x) * (1 - p).log()

    return answer


CRASHES = {
    **DISTRIBUTIONS,
    "all elements of input should be between 0 and 1": (
        "The logits may have any sign: take F.binary_cross_entropy_with_logits."
    ),
    "boolean value of tensor": (
        "An if decides once for the whole tensor; torch.where(x == 1, a, b) decides for each pixel."
    ),
}
SQUARED = "This is a squared error; binary pixels have a Bernoulli likelihood."
MISTAKES: list[Row] = [
    *reductions(terms, "pixels"),
    (_sum(lambda logits, x: -terms(logits, x)),
     "The sign is turned: this is the negative log-likelihood, the cross-entropy. A log-probability of "
     "pixels is at most 0."),
    (_sum(lambda logits, x: terms(x, logits)),
     "The logits and x are swapped: x is what was observed, and the probabilities come from the logits."),
    (_sum(lambda logits, x: -terms(x, logits)),
     "The logits and x are swapped (and the sign is turned: a log-probability of pixels is at most 0)."),
    (_sum(lambda logits, x: terms(d(logits), x)),
     "The sigmoid is taken twice: a function 'with logits', or logsigmoid, contains it already."),
    (_sum(lambda logits, x: -terms(d(logits), x)), "The sigmoid is taken twice (and the sign is turned)."),
    (_sum(lambda logits, x: terms(-logits, x)),
     "Black and white are swapped: a pixel of 1 has the probability σ(l)."),
    (_sum(lambda logits, x: x * F.logsigmoid(logits)),
     "Only the pixels that are 1 count. Those that are 0 were observed, too: (1 - x) log(1 - σ(l)) is "
     "missing."),
    (_sum(lambda logits, x: (1 - x) * F.logsigmoid(-logits)),
     "Only the pixels that are 0 count: x log σ(l) is missing."),
    (_sum(lambda logits, x: x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)),
     "The second term has the wrong sign; both are added."),
    (_sum(lambda logits, x: x * F.logsigmoid(logits) + (1 - x) * (1 - F.logsigmoid(logits))),
     "log(1 - σ) is not 1 - log σ: the 1 - stands inside the logarithm."),
    (_sum(_p), "The logarithm is missing: the probabilities of the pixels are multiplied, so their "
               "logarithms are added."),
    (lambda logits, x: _p(logits, x).flatten(1).prod(dim=1),
     "This is the likelihood itself, a product of probabilities. Its logarithm, the sum of their logarithms, "
     "is asked for."),
    (_sum(lambda logits, x: x * logits.log() + (1 - x) * (1 - logits).log()),
     "The logits are taken for probabilities: σ(l), the sigmoid, is the probability of a 1."),
    (_sum(lambda logits, x: -(x - d(logits)).square()),
     "This is a squared error, the likelihood of a Gaussian but for its constants. Binary pixels have a "
     "Bernoulli likelihood."),
    (_sum(lambda logits, x: -(x - d(logits)).square() / 2), SQUARED),
    (_sum(lambda logits, x: (x - d(logits)).square()), SQUARED),
    (_sum(lambda logits, x: terms(logits, x) / math.log(2)),
     "This is in bits; the book counts in nats, with the natural logarithm."),
    (lambda logits, x: terms(logits, x).sum(dim=1),
     "Each image is one list of pixels: yours sums over dimension 1 alone, the channels."),
    (lambda logits, x: terms(logits, x).sum(dim=-1),
     "You sum over the last dimension alone, one row of pixels: sum over all but the batch."),
    (lambda logits, x: _p(logits, x).flatten(1).prod(dim=1).log(), PRODUCT),
    (_sum(lambda logits, x: x * d(logits).log() + (1 - x) * (1 - d(logits)).log()), NAIVE),
    (_sum(lambda logits, x: _p(logits, x).log()), NAIVE),
    (_sum(lambda logits, x: x * logits - torch.log1p(logits.exp())), NAIVE),
    *((_sum(_fudged(constant)), FUDGE) for constant in FUDGES),
    *((_sum(_clamped(constant)), FUDGE) for constant in (1e-5, 1e-6, 1e-7)),
    (_sum(lambda logits, x: -F.binary_cross_entropy(d(logits), x, reduction="none")), BCE),
]  # fmt: skip

BERNOULLI = Exercise(
    SameFunction(_exact, _cases, MISTAKES, crashes=CRASHES),
    "one number per image, in nats, with the right gradient at logits of ±100.",
)
