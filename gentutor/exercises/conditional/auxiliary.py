"""The exercise on a discriminator that guesses the label."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import conditional

OVERFLOW = (
    "At large logits a probability rounds to 0 or 1, and its logarithm to minus infinity. Take log_softmax "
    "(or F.cross_entropy), which stays with the logits."
)


ORDER = "F.cross_entropy takes the logits first, then the labels."


def _auxiliary_cases() -> list[Case]:
    logits = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.4, -0.7], [0.2, 0.9, 0.6], [-0.4, 1.1, 0.3]])
    y = torch.tensor([2, 0, 0, 0])
    many = "Any number of examples and of classes must do."
    far = torch.tensor([[100.0, -100.0, 0.0], [-100.0, 100.0, -100.0]])

    def case(class_logits: Tensor, y: Tensor, hint: str) -> Case:
        return Case({"class_logits": class_logits, "y": y}, hint)

    return [
        case(logits, y, "Compare with the equation: minus the mean of log q(y|x)."),
        case(logits[:1], y[:1], many),
        case(torch.randn(12, 10), torch.arange(12) % 10, many),
        case(torch.randn(3, 3), torch.tensor([1, 1, 1]), many),
        case(far, torch.tensor([1, 1]), OVERFLOW),
        case(far, torch.tensor([0, 2]), OVERFLOW),
        case(100 * far, torch.tensor([1, 1]), OVERFLOW),
    ]


def _own(terms: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The term of each example's own class."""
    return lambda a, y: terms(a).gather(1, y[:, None]).squeeze(1)


def _log(a: Tensor) -> Tensor:
    return a.log_softmax(dim=1)


def _one_hot(a: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, a.shape[1]).to(a)


ALL_CLASSES = "The terms of all classes count; it is the asked class alone."
SIGMOID = "You take each class for a yes-no question (sigmoid); one of K classes is a softmax."
MISTAKES: list[Row] = [
    (lambda a, y: _own(_log)(a, y).mean(), "The sign is turned: a loss is minus the log-likelihood."),
    (lambda a, y: -_own(_log)(a, y).sum(), "You sum over the batch; an expectation is a mean."),
    (lambda a, y: -_own(_log)(a, y), "One number is expected, the mean over the batch."),
    (lambda a, y: -_own(lambda t: t)(a, y).mean(),
     "The softmax is missing: log q is the logit minus the logarithm of the sum of all exponentials."),
    (lambda a, y: -_own(lambda t: t.softmax(dim=1))(a, y).mean(),
     "The logarithm is missing: this is minus the mean probability."),
    (lambda a, y: F.cross_entropy(a.softmax(dim=1), y),
     "The softmax is taken twice: F.cross_entropy takes logits, not probabilities."),
    (lambda a, y: -_own(lambda t: t.log_softmax(dim=0))(a, y).mean(),
     "The softmax runs over the batch, dimension 0; it runs over the classes."),
    (lambda a, y: -(_one_hot(a, y) * _log(a)).mean(),
     "You average over classes as well: only the term of the asked class counts. (With one-hot labels, sum "
     "over the classes, then take the mean over the batch.)"),
    (lambda a, y: -_log(a).sum(dim=1).mean(), ALL_CLASSES),
    (lambda a, y: -_log(a).mean(), ALL_CLASSES),
    (lambda a, y: F.binary_cross_entropy_with_logits(a, _one_hot(a, y)), SIGMOID),
    (lambda a, y: -_own(F.logsigmoid)(a, y).mean(), SIGMOID),
    (lambda a, y: F.cross_entropy(a, a.argmax(dim=1)),
     "You compare with the class that the discriminator likes best, not with the one asked for."),
    (lambda a, y: -_log(a)[:, y].mean(),
     "a[:, y] is a matrix, (B, B): each example with every label. Take a[torch.arange(B), y]."),
    (lambda a, y: (a.softmax(dim=1) - _one_hot(a, y)).square().sum(dim=1).mean(),
     "That is a squared error of probabilities; the equation has their logarithm."),
    (lambda a, y: -_own(_log)(a, y).mean() / torch.tensor(2.0).log(),
     "In bits: the book's logarithm is the natural one."),
    (lambda a, y: -_own(lambda t: t.softmax(dim=1).log())(a, y).mean(), OVERFLOW),
    (lambda a, y: -_own(lambda t: t.double().softmax(dim=1).log())(a, y).mean(), OVERFLOW),
    (lambda a, y: -_own(lambda t: (t.softmax(dim=1) + 1e-8).log())(a, y).mean(), OVERFLOW),
    (lambda a, y: (a.exp().sum(dim=1).log() - _own(lambda t: t)(a, y)).mean(), OVERFLOW),
]  # fmt: skip

AUXILIARY = Exercise(
    SameFunction(
        conditional.auxiliary_loss,
        _auxiliary_cases,
        MISTAKES,
        crashes={
            "expected scalar type": ORDER,
            "not implemented for 'long'": ORDER,
            "input batch_size": "The batch is dimension 0 and the classes are dimension 1: do not transpose.",
            "index -1 is out of bounds": "Labels are 0 to K - 1 already.",
        },
    ),
    "the cross-entropy of the guessed class, finite at any logit.",
)
