"""The exercise on the E step: soft labels of labelled and unlabelled images."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.exercises.generative.posterior import COMMON, UNDERFLOW


def em_responsibilities(log_joint_unlabelled: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """The solution: labels that are known are certain, the others get their posterior."""
    known = F.one_hot(y, num_classes).to(log_joint_unlabelled.dtype)
    return torch.cat([known, log_joint_unlabelled.softmax(dim=1)])


def _cases() -> list[Case]:
    log_joint = torch.tensor([[-1.0, -2.5, -0.7], [-3.0, -0.2, -4.0]])
    y = torch.tensor([2, 0, 1, 2])
    certain = torch.tensor([[-1.0, -torch.inf, -2.0]])

    def case(log_joint: Tensor, y: Tensor, hint: str) -> Case:
        arguments = {"log_joint_unlabelled": log_joint, "y": y, "num_classes": log_joint.shape[1]}
        return Case(arguments, hint, gradients=False)

    return [
        case(log_joint, y, "First the labelled images, one-hot, then the posteriors of the others."),
        case(log_joint, torch.tensor([0, 1]), "A class may lack labelled images: it still has its column."),
        case(log_joint[:1], y[:1], "One image of each kind must do."),
        case(torch.randn(7, 10), torch.randint(10, (5,)), "Any number of images and classes must do."),
        case(log_joint - 200, y, UNDERFLOW),
        case(certain, y, "A class whose joint probability is 0 has the posterior 0."),
        case(log_joint - torch.tensor([[10.0], [300.0]]), y, COMMON),
    ]


def _labels(posterior: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    return lambda log_joint, y, k: torch.cat([F.one_hot(y, k).to(log_joint.dtype), posterior(log_joint)])


MISTAKES: list[Row] = [
    (lambda log_joint, y, k: em_responsibilities(log_joint, y, k).roll(len(log_joint), 0),
     "The order is turned: first the labelled images, then the unlabelled ones."),
    (_labels(lambda t: F.one_hot(t.argmax(dim=1), t.shape[1]).to(t.dtype)),
     "The unlabelled images get their most likely class, as if it were certain (k-means does so). EM takes "
     "the posterior, p(y | x)."),
    (_labels(lambda t: t.softmax(dim=0)),
     "You normalise over the images, dimension 0: each image's labels sum to 1."),
    (_labels(torch.exp), "The joint probabilities are not normalised: divide by their sum over the classes."),
    (_labels(lambda t: t), "You put log-probabilities beside labels: take the softmax."),
    (_labels(lambda t: t.log_softmax(dim=1)),
     "You put log-probabilities beside labels: take softmax, not log_softmax."),
    (_labels(torch.sigmoid), "A sigmoid treats each class by itself: the classes exclude each other, so take "
                             "the softmax."),
    (_labels(lambda t: t.exp().softmax(dim=1)),
     "The softmax has the exponential in it already: give it the logarithms."),
    (_labels(lambda t: t / t.sum(dim=1, keepdim=True)),
     "You divide the log-probabilities by their sum: they are logarithms, so take the softmax."),
    (lambda log_joint, y, k: log_joint.softmax(dim=1),
     "The labelled images are missing: their labels are one-hot."),
    (lambda log_joint, y, k: F.one_hot(y, k).to(log_joint.dtype), "The unlabelled images are missing."),
    (_labels(lambda t: t.exp() / t.exp().sum(dim=1, keepdim=True)), UNDERFLOW),
    (_labels(lambda t: (t - t.max()).exp() / (t - t.max()).exp().sum(dim=1, keepdim=True)), COMMON),
]  # fmt: skip

EM = Exercise(
    SameFunction(
        em_responsibilities,
        _cases,
        MISTAKES,
        crashes={
            "except in dimension 1": "Stack along dimension 0: one row per image.",
            "sizes of tensors must match": (
                "The one-hot labels need num_classes columns: F.one_hot(y, num_classes), also where a class "
                "lacks labelled images."
            ),
            "class values must be smaller": "The number of classes is the third argument, num_classes.",
            **dict.fromkeys(
                ("must match the size", "to be equal size"),
                "Put one below the other: torch.cat of (N, K) and (U, K) is (N + U, K).",
            ),
            "same number of dimensions": "The labels y are (N,): F.one_hot(y, num_classes) is (N, K).",
        },
    ),
    "what is known stays certain, and the rest is shared out by the posterior.",
)
