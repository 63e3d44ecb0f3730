"""The exercise on the posterior of the classes with pixels missing."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.exercises.generative.bayes import CRASHES
from gentutor.objectives.classical import naive_bayes_log_joint

UNDERFLOW = (
    "The joint probabilities are all 0 in float32, and their sum is 0, too, so the ratio says nothing: stay "
    "with logarithms, and take softmax, which subtracts the largest first."
)
COMMON = (
    "You take out one maximum for all images. An image whose joint probabilities are all far smaller "
    "underflows: take out each image's own, as softmax(dim=1) does."
)
ANYTHING = (
    "Where seen is False, x may hold anything, also nan: nan times 0 is nan. Replace those values with "
    "torch.where or masked_fill before you compute."
)


def _log_joint(x: Tensor, seen: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
    return naive_bayes_log_joint(x.masked_fill(~seen, torch.nan), prior, pixel)


def missing_pixels(x: Tensor, seen: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
    """The solution: naive Bayes over the pixels seen, normalised over the classes."""
    return _log_joint(x, seen, prior, pixel).softmax(dim=1)


def _cases() -> list[Case]:
    x = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
    seen = torch.tensor([[True, False, True, False], [False, True, True, True], [True, True, False, False]])
    prior, pixel = torch.tensor([0.3, 0.7]), torch.tensor([[0.9, 0.2, 0.6, 0.3], [0.4, 0.7, 0.1, 0.8]])
    ten, tens = torch.softmax(torch.randn(10), 0), torch.rand(10, 784) * 0.04 + 0.3
    images, half = (torch.rand(5, 784) < 0.32).float(), torch.rand(5, 784) < 0.5
    uneven = half & (torch.arange(5) > 0)[:, None]

    def case(x: Tensor, seen: Tensor, prior: Tensor, pixel: Tensor, hint: str) -> Case:
        return Case({"x": x, "seen": seen, "prior": prior, "pixel": pixel}, hint, gradients=False)

    return [
        case(x, seen, prior, pixel, "Sum log p(x_j | y) over the pixels seen, add log p(y), and normalise."),
        case(x[:1], seen[:1], prior, pixel, "One image must do."),
        case(x, torch.zeros_like(seen), prior, pixel, "If nothing was seen, the posterior is the prior."),
        case(x, torch.ones_like(seen), prior, pixel, "If all was seen, it is the ordinary posterior."),
        case(
            torch.ones(2, 2), torch.eye(2).bool(), prior, torch.rand(2, 2) * 0.8 + 0.1, "Any sizes must do."
        ),
        case(images, half, ten, tens, UNDERFLOW),
        case(images, uneven, ten, tens, COMMON),
        case(x.masked_fill(~seen, torch.nan), seen, prior, pixel, ANYTHING),
    ]


def _filled(fill: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The posterior of images whose unseen pixels were filled in."""

    def answer(x: Tensor, seen: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
        x = torch.where(seen, x, fill(x, prior, pixel))
        terms = x[:, None] * pixel.log() + (1 - x[:, None]) * (1 - pixel).log()
        return (prior.log() + terms.sum(dim=2)).softmax(dim=1)

    return answer


def _log_seen(x: Tensor, seen: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
    """Without the prior."""
    return _log_joint(x, seen, prior, pixel) - prior.log()


def _share(log_joint: Tensor) -> Tensor:
    """The softmax without care for underflow."""
    return log_joint.exp() / log_joint.exp().sum(dim=1, keepdim=True)


def _ink(x: Tensor, seen: Tensor, pixel: Tensor) -> Tensor:
    return torch.where(seen, x, 0) @ pixel.log().T


MISTAKES: list[Row] = [
    (_filled(lambda x, prior, pixel: torch.zeros_like(x)),
     "The pixels that were not seen are counted as empty. That is an observation nobody made: leave their "
     "factors out."),
    (_filled(lambda x, prior, pixel: torch.ones_like(x)),
     "The pixels that were not seen are counted as ink: leave their factors out."),
    (_filled(lambda x, prior, pixel: torch.full_like(x, 0.5)),
     "The pixels that were not seen are set to 1/2. A grey pixel is an observation, too, and favours classes "
     "with θ near 1/2: leave their factors out."),
    (_filled(lambda x, prior, pixel: (prior @ pixel).expand_as(x)),
     "The pixels that were not seen are filled in with their mean over all classes. Leave their factors out: "
     "the sum of p(x_j | y) over both values is 1."),
    (_filled(lambda x, prior, pixel: x),
     "You use all pixels: where seen is False, the value of x means nothing."),
    (lambda x, seen, prior, pixel: missing_pixels(x, ~seen, prior, pixel),
     "The mask is turned: you use the pixels that were not seen."),
    (lambda x, seen, prior, pixel: (prior.log() + _ink(x, seen, pixel)).softmax(dim=1),
     "Only the ink among the pixels seen counts. An empty pixel that was seen is an observation, too."),
    (lambda *given: _log_seen(*given).softmax(dim=1), "The prior is forgotten."),
    (lambda x, seen, prior, pixel: _log_joint(x, seen, prior, pixel).exp(),
     "The posterior is not normalised: this is the joint probability of the pixels seen and the class. "
     "Divide by its sum over the classes."),
    (_log_joint, "This is the logarithm of the joint probability; the posterior is its softmax over the "
                 "classes."),
    (lambda *given: _log_joint(*given).log_softmax(dim=1),
     "This is the logarithm of the posterior; asked for are probabilities."),
    (lambda *given: _log_joint(*given).softmax(dim=0),
     "You normalise over the images, dimension 0: for each image, the classes' probabilities sum to 1."),
    (lambda *given: missing_pixels(*given).T, "The result is transposed: a row for each image, (N, K)."),
    (lambda *given: F.one_hot(_log_joint(*given).argmax(dim=1), len(given[2])).to(given[0].dtype),
     "This is the most likely class; asked for is the probability of each."),
    (lambda x, seen, prior, pixel: (
         prior.log() + _log_seen(x, seen, prior, pixel) / seen.sum(dim=1, keepdim=True)).softmax(dim=1),
     "You take the mean over the pixels seen; the logarithm of a product is the sum of all terms."),
    (lambda *given: _share(_log_joint(*given)), UNDERFLOW),
    (lambda *given: _share(_log_joint(*given) - _log_joint(*given).max()), COMMON),
]  # fmt: skip

MISSING = Exercise(
    SameFunction(missing_pixels, _cases, MISTAKES, tolerance=1e-4, crashes=CRASHES),
    "what was not seen is summed out, and the posterior sums to 1.",
)
