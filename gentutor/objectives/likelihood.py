"""Log-likelihoods of observations, per example.

Likelihood terms have shape (B,) and are in nats, summed over everything but the batch.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check


def bernoulli_log_prob(logits: Tensor, x: Tensor) -> Tensor:
    r"""The log-probability of binary observations under independent Bernoulli variables, in nats.

    .. math:: \log p(x) = \sum_j \big( x_j \log \sigma(l_j) + (1 - x_j) \log(1 - \sigma(l_j)) \big)

    Args:
        logits: (B, ...), nats, the log-odds l of each x being 1.
        x: (B, ...), the same shape, 0 or 1. For grey values in between the formula is still
            computed, but it is no normalised density.

    Returns:
        (B,), at most 0 for x in [0, 1], summed over everything but the batch.

    Source:
        eq-bernoulli-log-prob; Kingma & Welling 2014, Eq. 11 (appendix C.1).

    >>> bernoulli_log_prob(torch.zeros(1, 10), torch.ones(1, 10))  # -10 log 2
    tensor([-6.9315])
    """
    check.per_example(logits=logits, x=x)
    check.unit_interval(x=x)
    # log sigmoid(l) = l - softplus(l) and log(1 - sigmoid(l)) = -softplus(l)
    return (x * logits - F.softplus(logits)).flatten(1).sum(dim=1)


def gaussian_log_prob(mean: Tensor, x: Tensor, std: float | Tensor) -> Tensor:
    r"""The log-density of observations under independent Gaussians, in nats.

    .. math::
        \log p(x) = \sum_j \Big( -\frac{(x_j - \mu_j)^2}{2\sigma_j^2}
        - \log \sigma_j - \tfrac12 \log 2\pi \Big)

    Args:
        mean: (B, ...), the means, in the unit of x.
        x: (B, ...), the same shape.
        std: the standard deviation, above 0: one number, or a tensor that broadcasts to x's shape.

    Returns:
        (B,), of either sign, summed over everything but the batch; it depends on the unit of x.

    Source:
        eq-gaussian-log-prob; Kingma & Welling 2014, Eq. 12 (appendix C.2).

    >>> gaussian_log_prob(torch.zeros(1, 2), torch.zeros(1, 2), 1.0)  # -log(2 pi)
    tensor([-1.8379])
    """
    check.per_example(mean=mean, x=x)
    _expect_positive_std(std, x)
    log_std = std.log() if isinstance(std, Tensor) else math.log(std)
    terms = -((x - mean) / std).square() / 2 - log_std - math.log(2 * math.pi) / 2
    return terms.flatten(1).sum(dim=1)


def _expect_positive_std(std: float | Tensor, x: Tensor) -> None:
    """Raise unless std is positive everywhere and broadcasts to the shape of x."""
    if isinstance(std, Tensor):
        try:
            fits = torch.broadcast_shapes(std.shape, x.shape) == x.shape
        except RuntimeError:
            fits = False
        if not fits:
            raise ValueError(f"std of shape {tuple(std.shape)} does not broadcast to x, {tuple(x.shape)}")
    if not bool((torch.as_tensor(std, device=x.device) > 0).all()):
        raise ValueError(f"std must be positive, got {std}")
