"""Importance sampling with a proposal of one's choice, and how to get and judge a better one.

What q(z|x) an encoder answers at a glance can be refitted to each example by itself. The effective
sample size says how many draws of the posterior the weighted draws of a proposal are worth.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor._modes import plain_modes
from gentutor.objectives.variational import elbo, gaussian_kl, importance_log_weights, reparameterize


class LatentVariableModel(Protocol):
    """An encoder for q(z|x) and the likelihood; the prior is N(0, I)."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]: ...
    def decode(self, z: Tensor) -> Tensor: ...
    def log_px_z(self, x: Tensor, z: Tensor) -> Tensor: ...


def effective_sample_size(log_w: Tensor) -> Tensor:
    r"""How many equally weighted draws the weighted ones are worth.

    .. math:: K_\mathrm{eff} = \frac{\big(\sum_k w_k\big)^2}{\sum_k w_k^2}

    Args:
        log_w: (K, B), nats, log importance weights of K draws per example, any common factor allowed.

    Returns:
        (B,), between 1, where one draw carries everything, and K, where all weigh the same. K / K_eff - 1
        estimates the relative variance of the weights. It is an estimate from the draws at hand: a large
        one is no proof that nothing was missed where the proposal never draws.

    Raises:
        ValueError: log_w is not of shape (K, B), empty, or holds nan.

    Source:
        eq-effective-sample-size; Kong, Liu & Wong 1994.

    >>> effective_sample_size(torch.tensor([[1.0, 1.0], [1.0, 1e-9], [1.0, 1e-9]]).log())
    tensor([3., 1.])
    """
    if log_w.dim() != 2 or log_w.numel() == 0:
        raise ValueError(f"expected log weights of shape (K, B), got {tuple(log_w.shape)}")
    if bool(log_w.isnan().any()):
        raise ValueError("log_w holds nan")
    log_w = log_w.to(_sum_dtype(log_w))
    return (2 * torch.logsumexp(log_w, dim=0) - torch.logsumexp(2 * log_w, dim=0)).exp()


@plain_modes()
@torch.no_grad()
def importance_sampling(
    model: LatentVariableModel,
    x: Tensor,
    mean: Tensor,
    log_var: Tensor,
    samples: int,
    chunk: int,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""log p(x) of each example, in nats, with draws of a given Gaussian; and their effective number.

    .. math::
        \log \hat p(x) = \log \frac1K \sum_{k=1}^{K} \frac{p(x|z_k)\, p(z_k)}{q(z_k)}, \qquad z_k \sim q

    Args:
        model: as for ``log_likelihood``; its encoder is not used.
        x: (B, ...), as the model wants it.
        mean, log_var: (B, D), of the proposal q for each example.
        samples, chunk, generator: as for ``log_likelihood``.

    Returns:
        (B,) and (B,): the estimates, too low on average by about half the relative variance of the mean
        weight, and the effective sample sizes.

    Raises:
        ValueError: as for ``log_likelihood``, or another number of proposals than examples.

    Source:
        eq-log-likelihood, eq-effective-sample-size; Burda et al. 2016, Eq. 8.
    """
    if samples < 1 or chunk < 1:
        raise ValueError(f"samples and chunk must be at least 1, got {samples} and {chunk}")
    if len(x) == 0:
        raise ValueError(f"x is empty: its shape is {tuple(x.shape)}")
    if not len(x) == len(mean) == len(log_var):
        raise ValueError(
            f"expected a proposal for each of {len(x)} examples, got {len(mean)} and {len(log_var)}"
        )
    dtype = torch.promote_types(x.dtype, mean.dtype)  # an encoder within autocast answers in bfloat16
    mean, log_var = mean.to(dtype), log_var.to(dtype)
    estimates, effective = [], []
    for part, m, v in zip(x.split(chunk), mean.split(chunk), log_var.split(chunk), strict=True):
        total = torch.full_like(m[:, 0], -math.inf, dtype=_sum_dtype(m))  # log sum w, (B,)
        squares = total.clone()  # log sum w², (B,)
        draws = max(1, chunk // len(part))
        for start in range(0, samples, draws):
            shape = (min(draws, samples - start), *m.shape)
            z = reparameterize(m.expand(shape), v.expand(shape), generator)  # (K, B, D)
            log_w = importance_log_weights(model.log_px_z(part, z), z, m, v).to(total)
            total = torch.logaddexp(total, torch.logsumexp(log_w, dim=0))
            squares = torch.logaddexp(squares, torch.logsumexp(2 * log_w, dim=0))
        estimates.append(total - math.log(samples))
        effective.append((2 * total - squares).exp())
    return torch.cat(estimates), torch.cat(effective)


@plain_modes()
def refit(
    model: LatentVariableModel,
    x: Tensor,
    steps: int = 2000,
    learning_rate: float = 0.03,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """The best mean and log-variance for each x by itself, found by Adam from the encoder's answer.

    Each example's ELBO is raised, one draw of z a step. What the encoder loses against the result is the
    amortisation gap (Cremer et al. 2018).

    Args:
        model: as for ``log_likelihood``; its weights stay as they are.
        x: (B, ...), as the model wants it; all examples at once.
        steps: of Adam, with a rate that falls linearly to zero.
        learning_rate: at the start.
        generator: of the noise; PyTorch's global one if None.

    Returns:
        The mean and log-variance, each (B, D).

    Raises:
        ValueError: steps is not positive.
    """
    check.at_least(1, steps=steps)
    with torch.no_grad():
        start = model.encode(x)
    mean, log_var = (value.clone().requires_grad_() for value in start)
    optimizer = torch.optim.Adam([mean, log_var], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for _ in range(steps):
        z = reparameterize(mean, log_var, generator)
        loss = -elbo(model.log_px_z(x, z), gaussian_kl(mean, log_var)).sum()
        optimizer.zero_grad()
        loss.backward(inputs=[mean, log_var])
        optimizer.step()
        schedule.step()
    return mean.detach(), log_var.detach()


def _sum_dtype(x: Tensor) -> torch.dtype:
    """At least float32: a sum in bfloat16 stops growing at 256 times its terms."""
    return torch.promote_types(x.dtype, torch.float32)


def widened(log_var: Tensor, factor: float) -> Tensor:
    r"""Log-variances for a proposal: those of a fitted q, spread, but not beyond the prior's variance 1.

    .. math:: \sigma_j \to \max\big(\sigma_j, \min(c\, \sigma_j, 1)\big)

    Maximising the ELBO prefers a q that is too narrow, and importance sampling needs one that is not.
    Where a dimension carries nothing, q is the prior already and stays so: spreading it would only
    waste draws.

    Args:
        log_var: any shape, of q.
        factor: c, at least 1, of the standard deviation.

    Returns:
        The same shape.

    Raises:
        ValueError: factor is below 1.

    >>> widened(torch.tensor([0.25, 0.9, 1.0, 4.0]).log(), 1.2).exp()  # 0.25 times 1.2²; the prior's
    tensor([0.3600, 1.0000, 1.0000, 4.0000])
    """
    check.at_least(1, factor=factor)
    return torch.minimum(log_var + 2 * math.log(factor), log_var.clamp(min=0))
