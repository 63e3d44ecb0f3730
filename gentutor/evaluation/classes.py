"""Samples of several classes: are they the right class, and as varied within it as the data?"""

import math

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.evaluation.distances import frechet_distance, precision_recall
from gentutor.evaluation.features import digit_features, digit_logits
from gentutor.objectives.conditional import mutual_information

NEIGHBOURS = 3  # k of precision and recall


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    r"""An interval for a probability of which some successes in independent trials were seen.

    .. math::
        \frac{1}{1 + z^2/n} \Big( \hat p + \frac{z^2}{2n}
        \pm z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}} \Big), \qquad \hat p = \frac{k}{n}

    It holds the probabilities p from which the share seen is at most z standard deviations
    :math:`\sqrt{p(1-p)/n}` away. Unlike the share plus or minus two standard errors it works near 0 and 1.

    Args:
        successes: k, 0 to trials.
        trials: n, at least 1.
        z: of the standard normal distribution; 1.96 gives about 95 %.

    Returns:
        (low, high), in [0, 1].

    Raises:
        ValueError: successes outside 0 to trials, no trials, or z not positive.

    Source:
        eq-wilson; Wilson 1927.

    >>> low, high = wilson_interval(100, 100)  # 1 / (1 + z²/n) = 100 / 103.84
    >>> round(low, 4), round(high, 4)
    (0.963, 1.0)
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"expected 0 <= successes <= trials and trials >= 1, got {successes} of {trials}")
    if not z > 0:
        raise ValueError(f"z must be positive, got {z}")
    share, slack = successes / trials, z * z / trials
    half = z * math.sqrt(share * (1 - share) / trials + slack / (4 * trials))
    low, high = ((share + slack / 2 + sign * half) / (1 + slack) for sign in (-1, 1))
    return max(0.0, low), min(1.0, high)


def within_class_variance(x: Tensor, labels: Tensor) -> float:
    r"""How much examples of one class differ: their total variance, averaged over the classes.

    .. math::
        \frac1K \sum_{k=1}^{K} \sum_j \operatorname{Var}(x_j \mid y = k)

    Args:
        x: (N, ...), any unit, e.g. images.
        labels: (N,), int64, the classes; each of those that occur with at least two examples.

    Returns:
        A number in the unit of x squared, with unbiased variances summed over everything but the batch;
        0 if every class is one picture.

    Raises:
        TypeError: x is no floating-point tensor, or labels no int64 one.
        ValueError: the numbers of examples differ, a class has one example only, or an x is not finite.

    Source:
        eq-within-class-variance.

    >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0], [5.0, 5.0]])
    >>> within_class_variance(x, torch.tensor([0, 0, 1, 1]))  # (2 + 0) / 2
    1.0
    """
    parts = _by_class(x, labels)
    return sum(part.flatten(1).double().var(dim=0).sum().item() for part in parts.values()) / len(parts)


def class_frechet_distance(
    features_a: Tensor, labels_a: Tensor, features_b: Tensor, labels_b: Tensor
) -> float:
    r"""The Fréchet distance between examples of the same class, averaged over the classes.

    .. math:: \frac1K \sum_{k=1}^{K} d^2(A_k, B_k)

    Args:
        features_a: (N, D), any unit.
        labels_a: (N,), int64, their classes.
        features_b: (M, D).
        labels_b: (M,), int64: the same classes, each at least twice on both sides.

    Returns:
        A number, at least 0, in the unit of the features squared. Biased upwards by about one over the
        number of examples *per class*: compare it with the same sizes only.

    Raises:
        TypeError: features are no floating-point tensor, or labels no int64 one.
        ValueError: as for ``frechet_distance``; a class is missing on one side or has one example only.

    Source:
        eq-class-frechet; Heusel et al. 2017, Eq. 6, within each class.

    >>> a, y = torch.tensor([[-1.0], [1.0], [9.0], [11.0]]), torch.tensor([0, 0, 1, 1])
    >>> round(class_frechet_distance(a, y, a + 2, y), 6)  # 2² in each class
    4.0
    """
    a, b = _by_class(features_a, labels_a), _by_class(features_b, labels_b)
    if a.keys() != b.keys():
        raise ValueError(f"expected the same classes on both sides, got {sorted(a)} and {sorted(b)}")
    return sum(frechet_distance(a[label], b[label]) for label in a) / len(a)


def _by_class(x: Tensor, labels: Tensor) -> dict[int, Tensor]:
    check.finite(examples=x)
    check.int64(labels=labels)
    if labels.dim() != 1 or len(x) != len(labels) or len(x) == 0:
        seen = f"{tuple(x.shape)} and {tuple(labels.shape)}"
        raise ValueError(f"expected examples (N, ...) and labels (N,), N at least 2, got {seen}")
    parts = {int(label): x[labels == label] for label in labels.unique()}
    single = [label for label, part in parts.items() if len(part) < 2]
    if single:
        raise ValueError(f"expected at least two examples of each class, but class {single[0]} has one")
    return parts


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
    check.within(0, classes - 1, asked=asked, seen=seen)
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
