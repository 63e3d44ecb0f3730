"""The numbers that say how well samples obey their condition, and how varied they are within a class."""

import torch
from torch import Tensor

from gentutor._checks import expect_range
from gentutor.evaluation import (
    class_frechet_distance,
    frechet_distance,
    precision_recall,
    wilson_interval,
    within_class_variance,
)
from gentutor.metrics.features import digit_features, digit_logits
from gentutor.objectives.conditional import mutual_information

NEIGHBOURS = 3  # k of precision and recall


def confusion(asked: Tensor, seen: Tensor, classes: int = 10) -> Tensor:
    """How often each class was asked for and each was seen.

    Args:
        asked: (N,), int64, 0 to classes - 1: the rows.
        seen: (N,), int64: the columns.
        classes: K, at least 1.

    Returns:
        (K, K), int64, with the sum N.

    Raises:
        ValueError: a label lies outside of 0 to classes - 1.

    >>> confusion(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0]), classes=2)
    tensor([[1, 0],
            [1, 1]])
    """
    for name, labels in (("asked", asked), ("seen", seen)):
        expect_range(name, labels, 0, classes - 1)
    return torch.bincount(asked * classes + seen, minlength=classes * classes).view(classes, classes)


def class_metrics(images: Tensor, asked: Tensor, real: Tensor, labels: Tensor) -> dict[str, float]:
    """Samples of asked-for digits against real digits, by the stored classifier.

    Args:
        images: (N, 1, 28, 28), samples in [0, 1].
        asked: (N,), int64, the digit that each was asked to be.
        real: (M, 1, 28, 28), data in [0, 1].
        labels: (M,), int64, their digits.

    Returns:
        ``accuracy``: the share of samples in which the classifier sees the digit asked for, with its 95 %
        interval ``accuracy_low``, ``accuracy_high``; ``information``: that of the asked about the seen
        digit, nats; ``frechet`` of all features, and ``class_frechet``, the mean of those within classes;
        ``variance``: of pixels within a class, as a share of the real one; ``precision`` and ``recall``.

    Raises:
        TypeError, ValueError: as for ``digit_features`` and ``class_frechet_distance``; or the real images of
            each class are all the same.
    """
    seen = digit_logits(images).argmax(dim=1)
    right = int((seen == asked).sum())
    low, high = wilson_interval(right, len(asked))
    variance = within_class_variance(real, labels)
    if variance == 0:
        raise ValueError(
            "the real images of each class are all the same: there is no variance to compare with"
        )
    features, real_features = digit_features(images), digit_features(real)
    precision, recall = precision_recall(real_features, features, NEIGHBOURS)
    return {
        "accuracy": right / len(asked),
        "accuracy_low": low,
        "accuracy_high": high,
        "information": float(mutual_information(confusion(asked, seen).double())),
        "frechet": frechet_distance(real_features, features),
        "class_frechet": class_frechet_distance(real_features, labels, features, asked),
        "variance": within_class_variance(images, asked) / variance,
        "precision": precision,
        "recall": recall,
    }
