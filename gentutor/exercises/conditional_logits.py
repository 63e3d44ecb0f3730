"""The exercises on what a discriminator says of a label: projected, or guessed."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._batches import DOUBLE
from gentutor.exercises._compare import Case, Mistake, same_function
from gentutor.exercises._per_example import PER_EXAMPLE
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import conditional

TERMS = "An inner product of each image's features with its own label's vector, plus its score."


def _projection_cases() -> list[Case]:
    features = torch.tensor([[0.5, -1.0, 2.0, 0.3], [1.5, 0.4, -0.7, -1.1], [0.2, 0.9, 0.6, 1.3]])
    vectors = torch.tensor([[1.0, 0.5, -0.3, 0.8], [-0.6, 1.2, 0.4, 0.1], [0.7, -0.9, 1.1, -0.2]])
    score = torch.tensor([0.4, -1.3, 2.2])

    def case(features: Tensor, score: Tensor, vectors: Tensor, hint: str = TERMS) -> Case:
        return Case({"features": features, "score": score, "vectors": vectors}, hint)

    any_size = "Any number of images and of features must do."
    return [
        case(features, score, vectors),
        case(features[:1], score[:1], vectors[:1], any_size),
        case(features[:, :1], score, vectors[:, :1], any_size),
        case(torch.randn(4, 4), torch.randn(4), torch.randn(4, 4), any_size),
        case(torch.randn(7, 20), torch.randn(7), torch.randn(7, 20), any_size),
        case(features.double() / 3, score.double(), vectors.double(), DOUBLE),
    ]


PROJECTION = Exercise(
    judge=same_function(
        conditional.projection_logits,
        _projection_cases,
        [
            Mistake(
                "That is a matrix: every image with every label's vector. Each image has one label, so "
                "multiply element by element and sum over the features.",
                lambda f, s, v: f @ v.T + s,
            ),
            Mistake(
                "That is a matrix: every image with every label's vector. Each image has one label, so "
                "multiply element by element and sum over the features.",
                lambda f, s, v: f @ v.T + s[:, None],
            ),
            Mistake("The score is missing.", lambda f, s, v: (f * v).sum(dim=1)),
            Mistake(
                "The inner product is missing: the label does not count.", lambda f, s, v: s + 0 * f.sum()
            ),
            Mistake(
                "You take the mean over the features; an inner product is their sum.",
                lambda f, s, v: (f * v).mean(dim=1) + s,
            ),
            Mistake(
                "You sum over the batch, dimension 0; an inner product sums over the features.",
                lambda f, s, v: (f * v).sum(dim=0)[: len(s)] + s,
            ),
            Mistake(
                f"{PER_EXAMPLE}yours sums over the batch, too.",
                lambda f, s, v: (f * v).sum() + s,
            ),
            Mistake(
                "Features and vectors are added; they are multiplied.", lambda f, s, v: (f + v).sum(dim=1) + s
            ),
            Mistake("The score is subtracted; it is added.", lambda f, s, v: (f * v).sum(dim=1) - s),
            Mistake(
                "You divide by the lengths: that is a cosine. The inner product keeps them.",
                lambda f, s, v: F.cosine_similarity(f, v, dim=1) + s,
            ),
            Mistake(
                "That is a squared distance; the label's vector enters by an inner product.",
                lambda f, s, v: s - (f - v).square().sum(dim=1),
            ),
            Mistake(
                "A sigmoid is taken: return the logits, the losses take it.",
                lambda f, s, v: ((f * v).sum(dim=1) + s).sigmoid(),
            ),
            Mistake(
                "The score is counted once for each feature: sum the products first, then add it.",
                lambda f, s, v: (f * v + s[:, None]).sum(dim=1),
            ),
            Mistake(
                f"{PER_EXAMPLE}a dimension of size 1 is left over.",
                lambda f, s, v: (f * v).sum(dim=1, keepdim=True) + s[:, None],
            ),
            Mistake(
                "(B, 1) + (B,) broadcasts to (B, B), in silence: sum without keepdim.",
                lambda f, s, v: (f * v).sum(dim=1, keepdim=True) + s,
            ),
        ],
    ),
    solution=conditional.projection_logits,
    praise="one logit per image: how real it looks, and how well it fits its label.",
    hints=(
        "vectors holds each image's own label's vector, row by row.",
        "An inner product of rows: multiply element by element, sum over dimension 1.",
        "(features * vectors).sum(dim=1) + score",
    ),
)

OVERFLOW = (
    "At logits of ±100 a probability rounds to 0 or 1, and its logarithm to minus infinity. Take "
    "log_softmax (or F.cross_entropy), which stays with the logits."
)


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
        case(logits.double() / 3, y, DOUBLE),
    ]


def _own(terms: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The term of each example's own class."""
    return lambda a, y: terms(a).gather(1, y[:, None]).squeeze(1)


def _log(a: Tensor) -> Tensor:
    return a.log_softmax(dim=1)


def _one_hot(a: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, a.shape[1]).to(a)


AUXILIARY = Exercise(
    judge=same_function(
        conditional.auxiliary_loss,
        _auxiliary_cases,
        [
            Mistake(
                "The sign is turned: a loss is minus the log-likelihood.",
                lambda a, y: _own(_log)(a, y).mean(),
            ),
            Mistake(
                "You sum over the batch; an expectation is a mean.",
                lambda a, y: -_own(_log)(a, y).sum(),
            ),
            Mistake("One number is expected, the mean over the batch.", lambda a, y: -_own(_log)(a, y)),
            Mistake(
                "The softmax is missing: log q is the logit minus the logarithm of the sum of all "
                "exponentials.",
                lambda a, y: -_own(lambda t: t)(a, y).mean(),
            ),
            Mistake(
                "The logarithm is missing: this is minus the mean probability.",
                lambda a, y: -_own(lambda t: t.softmax(dim=1))(a, y).mean(),
            ),
            Mistake(
                "The softmax is taken twice: F.cross_entropy takes logits, not probabilities.",
                lambda a, y: F.cross_entropy(a.softmax(dim=1), y),
            ),
            Mistake(
                "The softmax runs over the batch, dimension 0; it runs over the classes.",
                lambda a, y: -_own(lambda t: t.log_softmax(dim=0))(a, y).mean(),
            ),
            Mistake(
                "You average over classes as well: only the term of the asked class counts. (With one-hot "
                "labels, sum over the classes, then take the mean over the batch.)",
                lambda a, y: -(_one_hot(a, y) * _log(a)).mean(),
            ),
            Mistake(
                "The terms of all classes count; it is the asked class alone.",
                lambda a, y: -_log(a).sum(dim=1).mean(),
            ),
            Mistake(
                "The terms of all classes count; it is the asked class alone.",
                lambda a, y: -_log(a).mean(),
            ),
            Mistake(
                "You take each class for a yes-no question (sigmoid); one of K classes is a softmax.",
                lambda a, y: F.binary_cross_entropy_with_logits(a, _one_hot(a, y)),
            ),
            Mistake(
                "You take each class for a yes-no question (sigmoid); one of K classes is a softmax.",
                lambda a, y: -_own(F.logsigmoid)(a, y).mean(),
            ),
            Mistake(
                "You compare with the class that the discriminator likes best, not with the one asked for.",
                lambda a, y: F.cross_entropy(a, a.argmax(dim=1)),
            ),
            Mistake(
                "a[:, y] is a matrix, (B, B): each example with every label. Take a[torch.arange(B), y].",
                lambda a, y: -_log(a)[:, y].mean(),
            ),
            Mistake(
                "That is a squared error of probabilities; the equation has their logarithm.",
                lambda a, y: (a.softmax(dim=1) - _one_hot(a, y)).square().sum(dim=1).mean(),
            ),
            Mistake(
                "In bits: the book's logarithm is the natural one.",
                lambda a, y: -_own(_log)(a, y).mean() / torch.tensor(2.0).log(),
            ),
            Mistake(OVERFLOW, lambda a, y: -_own(lambda t: t.softmax(dim=1).log())(a, y).mean()),
            Mistake(OVERFLOW, lambda a, y: -_own(lambda t: (t.softmax(dim=1) + 1e-8).log())(a, y).mean()),
            Mistake(
                OVERFLOW,
                lambda a, y: (a.exp().sum(dim=1).log() - _own(lambda t: t)(a, y)).mean(),
            ),
        ],
        crashes={
            "expected scalar type": "F.cross_entropy takes the logits first, then the labels.",
            "index -1 is out of bounds": "Labels are 0 to K - 1 already.",
        },
    ),
    solution=conditional.auxiliary_loss,
    praise="the cross-entropy of the guessed class, finite at any logit.",
    hints=(
        "log q(k|x) for all classes at once is class_logits.log_softmax(dim=1).",
        "Of each row, take the column of its own label y, then minus the mean.",
        "F.cross_entropy(class_logits, y) is all of that.",
    ),
)  # fmt: skip

EXERCISES = {"projection_logits": PROJECTION, "auxiliary_loss": AUXILIARY}
