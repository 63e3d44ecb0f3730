"""What a latent-variable model says about data: its log-likelihood, and how many latents it uses."""

import math
from typing import Protocol

import torch
from torch import Tensor

from gentutor.objectives.variational import importance_log_weights, reparameterize


class LatentVariableModel(Protocol):
    """What ``log_likelihood`` needs: an encoder q(z|x) and the likelihood; the prior is N(0, I)."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]: ...
    def decode(self, z: Tensor) -> Tensor: ...
    def log_px_z(self, x: Tensor, z: Tensor) -> Tensor: ...


@torch.no_grad()
def log_likelihood(
    model: LatentVariableModel,
    x: Tensor,
    samples: int,
    chunk: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The log-likelihood of each example, estimated by importance sampling from q(z|x), in nats.

    .. math::
        \log \hat p(x) = \log \frac1K \sum_{k=1}^{K} \frac{p(x|z_k)\, p(z_k)}{q(z_k|x)},
        \qquad z_k \sim q(z|x)

    The estimate of p(x) has no bias; that of its logarithm is too low on average, by about half the
    relative variance of the mean of the weights, and rises to log p(x) with K.

    Args:
        model: with ``encode``, ``decode`` and ``log_px_z(x, z)``; put it into eval mode before.
        x: (B, ...), as the model wants it, e.g. binary images.
        samples: K, at least 1, draws of z per example.
        chunk: at most so many pairs of an example and a draw pass through the decoder at once, at
            least 1; memory grows with chunk, and the estimate does not depend on it but for the
            order of the random numbers.
        generator: of the noise; PyTorch's global one if None.

    Returns:
        (B,), of either sign (at most 0 for binary x).

    Raises:
        ValueError: samples or chunk is not positive, or x is empty.

    Source:
        eq-log-likelihood; Burda et al. 2016, Eq. 8, with many samples; Rezende et al. 2014, appendix E.
    """
    if samples < 1 or chunk < 1:
        raise ValueError(f"samples and chunk must be at least 1, got {samples} and {chunk}")
    if len(x) == 0:
        raise ValueError(f"x is empty: its shape is {tuple(x.shape)}")
    estimates = []
    for part in x.split(chunk):
        mean, log_var = model.encode(part)  # (B, D)
        total = torch.full_like(mean[:, 0], -math.inf)
        for draws in _parts(samples, max(1, chunk // len(part))):
            shape = (draws, *mean.shape)
            z = reparameterize(mean.expand(shape), log_var.expand(shape), generator)  # (K, B, D)
            log_w = importance_log_weights(model.log_px_z(part, z), z, mean, log_var)
            total = torch.logaddexp(total, torch.logsumexp(log_w, dim=0))
        estimates.append(total - math.log(samples))
    return torch.cat(estimates)


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    r"""How many latent dimensions carry information: those whose posterior mean moves with the data.

    .. math:: A_j = \operatorname{Var}_x\big(E_{q(z|x)}[z_j]\big) > 0.01

    Args:
        means: (N, D), the means of q(z|x) for N examples, N >= 2.
        threshold: of the variance, in the unit of z squared (the prior's variance is 1).

    Returns:
        A whole number in 0 ... D.

    Raises:
        ValueError: means is no matrix with at least two rows.

    Source:
        eq-active-units; Burda et al. 2016, section 5.2.

    >>> active_units(torch.tensor([[-1.0, 0.01], [1.0, -0.01]]))
    1
    """
    if means.dim() != 2 or len(means) < 2:
        raise ValueError(f"expected means of shape (N, D) with N >= 2, got {tuple(means.shape)}")
    return int((means.var(dim=0) > threshold).sum())


def _parts(total: int, size: int) -> list[int]:
    """``total`` as a list of sizes of at most ``size``."""
    return [min(size, total - start) for start in range(0, total, size)]
