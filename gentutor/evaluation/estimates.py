"""Averages with their error, and how far a classifier's confidence can be trusted.

Numbers that are no floating-point tensor, or answers that are no bool one, raise ``TypeError``; shapes that
are not (N,), too few numbers, a confidence outside of [0, 1], values that are not finite, or bins < 1 raise
``ValueError``.
"""

import torch
from torch import Tensor

from gentutor import _checks as check


def monte_carlo(values: Tensor) -> tuple[float, float]:
    r"""The mean of independent draws, and its standard error, both in the unit of the values.

    .. math::
        \hat\mu = \frac1N \sum_{n=1}^{N} f(x_n),
        \qquad \mathrm{se} = \sqrt{\frac{1}{N (N-1)} \sum_{n=1}^{N} (f(x_n) - \hat\mu)^2}

    Args:
        values: (N,), N >= 2, f at N independent draws.

    Returns:
        (mean, standard error): the mean of f over the distribution lies within two standard errors in
        about 95 % of all repetitions, if N is large. The error falls as one over the root of N.

    Source:
        eq-monte-carlo; Metropolis & Ulam 1949.

    >>> monte_carlo(torch.tensor([1.0, 3.0]))  # standard deviation root 2, divided by root 2
    (2.0, 1.0)
    """
    check.floats(values=values)
    if values.dim() != 1 or len(values) < 2:
        raise ValueError(f"expected values of shape (N,), N >= 2, got {tuple(values.shape)}")
    if not bool(values.isfinite().all()):
        raise ValueError(f"expected finite values, got {int((~values.isfinite()).sum())} that are not")
    exact = values.detach().double()
    return float(exact.mean()), float(exact.std() / len(exact) ** 0.5)


def reliability(confidence: Tensor, correct: Tensor, bins: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    """The data of a reliability diagram: is what was predicted with 70 % right 7 times in 10?

    Args:
        confidence: (N,), in [0, 1]: the probability that the model gave to its prediction.
        correct: (N,), bool: whether the prediction was right.
        bins: equal parts of [0, 1]; each holds its upper end, the first also 0.

    Returns:
        (mean confidence, accuracy, count), each (bins,): float64, float64 and int64. The first two are
        nan where a bin is empty.

    Source:
        Guo et al. 2017, section 2.

    >>> confidence, correct = torch.tensor([0.6, 0.8, 0.9]), torch.tensor([False, True, True])
    >>> reliability(confidence.double(), correct, bins=2)[2]  # all lie above 1/2
    tensor([0, 3])
    """
    check.floats(confidence=confidence)
    if not isinstance(correct, Tensor) or correct.dtype != torch.bool:
        raise TypeError(f"correct must be a bool tensor, got {check.kind(correct)}")
    if confidence.dim() != 1 or confidence.shape != correct.shape or len(correct) == 0:
        seen = f"{tuple(confidence.shape)} and {tuple(correct.shape)}"
        raise ValueError(f"expected confidence and correct of one shape (N,), got {seen}")
    if not bool(((confidence >= 0) & (confidence <= 1)).all()):
        raise ValueError("confidence must lie in [0, 1]: probabilities, not logits or logarithms")
    check.at_least(1, bins=bins)
    exact = confidence.detach().double()
    inner = torch.arange(1, bins, dtype=torch.float64, device=exact.device) / bins
    place = torch.bucketize(exact, inner)
    count = torch.bincount(place, minlength=bins)
    total = torch.bincount(place, weights=exact, minlength=bins)
    right = torch.bincount(place, weights=correct.double(), minlength=bins)
    return total / count, right / count, count


def expected_calibration_error(confidence: Tensor, correct: Tensor, bins: int = 10) -> float:
    r"""How far accuracy and confidence lie apart, averaged over the predictions: a share of 1.

    .. math:: \mathrm{ECE} = \sum_m \frac{|B_m|}{N} \big|\mathrm{acc}(B_m) - \mathrm{conf}(B_m)\big|

    Args:
        confidence: (N,), in [0, 1]: the probability that the model gave to its prediction.
        correct: (N,), bool: whether the prediction was right.
        bins: how many equal parts of [0, 1], as in ``reliability``.

    Returns:
        A number in [0, 1], 0 if every bin's accuracy is its mean confidence. Biased upwards where bins
        hold few predictions.

    Source:
        eq-calibration; Guo et al. 2017, Eq. 3.

    >>> expected_calibration_error(torch.tensor([0.75, 0.75]), torch.tensor([True, False]))  # 3/4 - 1/2
    0.25
    """
    mean, accuracy, count = reliability(confidence, correct, bins)
    gaps = (accuracy - mean).abs().nan_to_num(0.0)  # an empty bin has no gap
    return float((count * gaps).sum() / count.sum())
