"""The formulas of models that are fitted without gradients: log-probabilities in nats, per example.

The models themselves, with their fits and samples, are in ``gentutor.classical``.

An argument of another type than stated raises ``TypeError``; one that is empty, of another shape or out of
its range, ``ValueError``.
"""

import math

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor._modes import plain_modes


@plain_modes()
def linear_discriminant(means: Tensor, covariance: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    r"""The linear function of x that orders classes whose Gaussians share a covariance, in nats.

    .. math::
        \log p(y = k) + \log \mathcal N(x; \mu_k, \Sigma) = w_k^\top x + b_k + \text{a term without } k,
        \qquad w_k = \Sigma^{-1} \mu_k, \quad b_k = \log \pi_k - \tfrac12 \mu_k^\top \Sigma^{-1} \mu_k

    Args:
        means: (K, D), the class means mu, in the unit of x.
        covariance: (D, D), the common covariance Sigma, symmetric and positive definite.
        prior: (K,), the class probabilities pi, which sum to 1.

    Returns:
        (weight, bias), (K, D) and (K,): ``softmax(x @ weight.T + bias)`` is p(y | x).

    Raises:
        TypeError: means or covariance have fewer bits than float32.

    Source:
        eq-linear-discriminant; Hastie, Tibshirani & Friedman 2009, Eq. 4.10.

    >>> means, prior = torch.tensor([[0.0], [2.0]]), torch.tensor([0.5, 0.5])
    >>> weight, bias = linear_discriminant(means, torch.eye(1), prior)
    >>> weight[1] - weight[0], bias[1] - bias[0]  # 2x - 2: the border is at 1
    (tensor([2.]), tensor(-2.))
    """
    check.not_empty(means=means, covariance=covariance)
    check.precise(means=means, covariance=covariance)
    if means.dim() != 2 or covariance.shape != (means.shape[1], means.shape[1]):
        seen = f"{tuple(means.shape)} and {tuple(covariance.shape)}"
        raise ValueError(f"expected means (K, D) and a covariance (D, D), got {seen}")
    _expect_distribution(prior, len(means))
    root, failed = torch.linalg.cholesky_ex(covariance)
    asymmetry = (covariance - covariance.T).abs().max()
    if bool(failed) or bool(asymmetry > 1e-4 * covariance.abs().max()):
        raise ValueError("covariance must be symmetric and positive definite")
    weight = torch.cholesky_solve(means.T, root).T
    return weight, prior.log() - (weight * means).sum(dim=1) / 2


@plain_modes()
def naive_bayes_log_joint(x: Tensor, prior: Tensor, pixel: Tensor) -> Tensor:
    r"""Naive Bayes for binary pixels: the log-probability of an image and each class together, in nats.

    .. math::
        \log p(x, y = k) = \log \pi_k + \sum_j x_j \log \theta_{kj} + (1 - x_j) \log(1 - \theta_{kj})

    The sum runs over the pixels that were seen: summing p(x, y) over both values of a missing pixel
    leaves its factor out.

    Args:
        x: (N, D), 0 or 1, or nan for a pixel that was not seen.
        prior: (K,), the class probabilities pi, which sum to 1.
        pixel: (K, D), theta: the probability of a 1 in each pixel of each class, in (0, 1).

    Returns:
        (N, K), at most 0, summed over the pixels seen; -inf for a class of probability 0.

    Source:
        eq-naive-bayes; Ng & Jordan 2001, section 2.

    >>> pixel = torch.tensor([[0.5, 0.5], [0.25, 0.5]])
    >>> x = torch.tensor([[1.0, 0.0], [1.0, float("nan")]])
    >>> naive_bayes_log_joint(x, torch.tensor([0.5, 0.5]), pixel).exp()  # 1/2 times 1/2 times 1/2, ...
    tensor([[0.1250, 0.0625],
            [0.2500, 0.1250]])
    """
    check.not_empty(x=x, pixel=pixel)
    if x.dim() != 2 or pixel.dim() != 2 or x.shape[1] != pixel.shape[1]:
        seen = f"{tuple(x.shape)} and {tuple(pixel.shape)}"
        raise ValueError(f"expected x (N, D) and pixel probabilities (K, D), got {seen}")
    _expect_distribution(prior, len(pixel))
    if not bool(((pixel > 0) & (pixel < 1)).all()):
        raise ValueError("pixel probabilities must lie between 0 and 1, both excluded: smooth the counts")
    missing = x.isnan()
    ones = x.nan_to_num(0.0)
    if not bool(((ones == 0) | (ones == 1)).all()):
        raise ValueError("x must hold 0 and 1 alone (nan for a pixel not seen): binarise the images")
    zeros = (1 - ones).masked_fill(missing, 0.0)
    return prior.log() + ones @ pixel.log().T + zeros @ torch.log1p(-pixel).T


@plain_modes()
def low_rank_gaussian_log_prob(x: Tensor, mean: Tensor, weight: Tensor, variance: float | Tensor) -> Tensor:
    r"""The log-density of a Gaussian with a covariance of low rank plus noise, in nats.

    .. math:: \log p(x) = \log \mathcal N(x;\, \mu,\, W W^\top + \sigma^2 I)

    It is the marginal of z ~ N(0, I), x | z ~ N(W z + mu, sigma² I). With M = W'W + sigma² I, a
    Q x Q matrix, and z* = M⁻¹ W'(x - mu), the posterior mean, the Woodbury identity gives

    .. math::
        (x - \mu)^\top (W W^\top + \sigma^2 I)^{-1} (x - \mu)
        = \frac{\|x - \mu - W z^*\|^2}{\sigma^2} + \|z^*\|^2,
        \qquad |W W^\top + \sigma^2 I| = \sigma^{2(D - Q)} |M|

    so no D x D matrix is needed: the time is of order N D Q.

    Args:
        x: (N, D), the observations.
        mean: (D,), mu, in the unit of x.
        weight: (D, Q), W, in the unit of x.
        variance: sigma², above 0: one number, in the unit of x squared.

    Returns:
        (N,), of either sign; it depends on the unit of x.

    Raises:
        TypeError: x, mean or weight have fewer bits than float32.

    Source:
        eq-ppca; Tipping & Bishop 1999, section 3.1.

    >>> x, mean, weight = torch.zeros(1, 2), torch.zeros(2), torch.tensor([[1.0], [0.0]])
    >>> low_rank_gaussian_log_prob(x, mean, weight, 1.0)  # -log(2 pi) - log(2) / 2
    tensor([-2.1845])
    """
    check.not_empty(x=x, mean=mean, weight=weight)
    check.precise(x=x, mean=mean, weight=weight)
    if x.dim() != 2 or mean.shape != x.shape[1:] or weight.dim() != 2 or len(weight) != len(mean):
        seen = f"{tuple(x.shape)}, {tuple(mean.shape)} and {tuple(weight.shape)}"
        raise ValueError(f"expected x (N, D), mean (D,) and weight (D, Q), got {seen}")
    variance = torch.as_tensor(variance, dtype=x.dtype, device=x.device)
    if variance.dim() != 0 or not bool(variance > 0):
        raise ValueError(f"variance must be one positive number, got {variance}")
    d, q = weight.shape
    centred = x - mean
    inner = weight.T @ weight + variance * torch.eye(q, dtype=x.dtype, device=x.device)  # M, (Q, Q)
    root = torch.linalg.cholesky(inner)
    latent = torch.cholesky_solve((centred @ weight).T, root).T  # z*, (N, Q)
    squares = (centred - latent @ weight.T).square().sum(dim=1) / variance + latent.square().sum(dim=1)
    log_det = (d - q) * variance.log() + 2 * root.diagonal().log().sum()
    return -(squares + log_det + d * math.log(2 * math.pi)) / 2


def smoothed_probabilities(counts: Tensor, smoothing: float) -> Tensor:
    r"""Probabilities from counts, with the same small amount added to every count.

    .. math:: p_v = \frac{c_v + a}{\sum_{u=1}^{V} c_u + a V}

    Args:
        counts: (..., V), at least 0, integers or not: how often each of V outcomes was seen.
        smoothing: a >= 0; 1 is Laplace's rule, 0 the maximum of the likelihood.

    Returns:
        The same shape, in [0, 1], summing to 1 over the last dimension.

    Raises:
        ValueError: a row of counts is all 0, and so is smoothing.

    Source:
        eq-smoothing; Manning & Schütze 1999, section 6.2.2 (Lidstone's law).

    >>> smoothed_probabilities(torch.tensor([3, 0, 1]), smoothing=1.0)  # 4/7, 1/7, 2/7
    tensor([0.5714, 0.1429, 0.2857])
    """
    check.numbers(counts=counts)
    if counts.dim() == 0 or counts.numel() == 0:
        raise ValueError(f"counts must have shape (..., V), not empty; got {tuple(counts.shape)}")
    if not bool(((counts >= 0) & (counts < math.inf)).all()):
        raise ValueError("counts must be finite and at least 0")
    if not 0 <= smoothing < math.inf:
        raise ValueError(f"smoothing must be at least 0, got {smoothing}")
    smoothing = float(smoothing)  # an integer would keep small integer counts, which overflow
    totals = counts.sum(dim=-1, keepdim=True) + smoothing * counts.shape[-1]
    if not bool((totals > 0).all()):
        raise ValueError("a row of counts is all 0: without smoothing it gives no probabilities")
    return (counts + smoothing) / totals


def bits_per_symbol(log_prob: Tensor) -> Tensor:
    r"""The cross-entropy of a sequence under a model, in bits per symbol.

    .. math::
        H = -\frac1N \sum_{n=1}^{N} \log_2 p(x_n \mid x_1 \dots x_{n-1})
        = -\frac{1}{N \ln 2} \sum_{n=1}^{N} \ln p(x_n \mid x_1 \dots x_{n-1})

    Args:
        log_prob: (N,), nats, at most 0: the log-probability of each symbol given those before it.

    Returns:
        A scalar, at least 0; infinite if one symbol has probability 0.

    Source:
        eq-bits; Shannon 1951, section 2 (where the model is the language itself).

    >>> bits_per_symbol(torch.tensor([0.5, 0.25]).log())  # (1 + 2) / 2
    tensor(1.5000)
    """
    check.not_empty(log_prob=log_prob)
    if log_prob.dim() != 1:
        raise ValueError(f"expected one log-probability per symbol, (N,), got {tuple(log_prob.shape)}")
    if not bool((log_prob <= 0).all()):
        raise ValueError("the logarithm of a probability is at most 0: are these probabilities?")
    return -log_prob.mean() / math.log(2)


def _expect_distribution(prior: Tensor, classes: int) -> None:
    """Raise unless ``prior`` holds one probability per class, summing to 1 within 0.1 %."""
    check.not_empty(prior=prior)
    if prior.shape != (classes,):
        raise ValueError(f"expected one prior probability per class, ({classes},), got {tuple(prior.shape)}")
    total = float(prior.detach().sum())
    if not bool((prior >= 0).all()) or abs(total - 1) > 1e-3:
        raise ValueError(f"prior must be probabilities that sum to 1: its sum is {total:.4f}")
