"""What a latent-variable model says about data: its log-likelihood, and how many latents it uses."""

import math
from typing import Protocol

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor._modes import plain_modes
from gentutor.evaluation.proposals import LatentVariableModel, importance_sampling
from gentutor.objectives.variational import gaussian_kl, reparameterize


@plain_modes()
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
    relative variance of the mean of the weights, and rises to log p(x) with K. Where the encoder's q
    is narrow, slowly: ``importance_sampling`` with a better proposal tells by how much.

    Args:
        model: with ``encode``, ``decode`` and ``log_px_z(x, z)``; put it into eval mode before.
        x: (B, ...), as the model wants it, e.g. binary images.
        samples: K, at least 1, draws of z per example.
        chunk: at most so many pairs of an example and a draw pass through the decoder at once, at
            least 1; memory grows with chunk, and the estimate does not depend on it but for the
            order of the random numbers.
        generator: of the noise; PyTorch's global one if None.

    Returns:
        (B,), of either sign (at most 0 for binary x); float32 if the model computes in bfloat16. Autocast
        is put aside.

    Raises:
        ValueError: samples or chunk is not positive, or x is empty.

    Source:
        eq-log-likelihood; Burda et al. 2016, Eq. 8, with many samples; Rezende et al. 2014, appendix E.
    """
    if samples < 1 or chunk < 1:
        raise ValueError(f"samples and chunk must be at least 1, got {samples} and {chunk}")
    if len(x) == 0:
        raise ValueError(f"x is empty: its shape is {tuple(x.shape)}")
    return torch.cat(
        [
            importance_sampling(model, part, *model.encode(part), samples, chunk, generator)[0]
            for part in x.split(chunk)
        ]
    )


class ConditionalModel(Protocol):
    """What ``conditional_log_likelihood`` needs, e.g. a ``CVAE``."""

    def given(self, c: Tensor) -> LatentVariableModel: ...


def conditional_log_likelihood(
    model: ConditionalModel,
    x: Tensor,
    c: Tensor,
    samples: int,
    chunk: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The log-likelihood of each example under its condition, by importance sampling, in nats.

    .. math::
        \log \hat p(x|c) = \log \frac1K \sum_{k=1}^{K} \frac{p(x|z_k, c)\, p(z_k)}{q(z_k|x, c)},
        \qquad z_k \sim q(z|x, c)

    Args:
        model: with ``given(c)``, the latent-variable model under these conditions; put it into eval mode.
        x: (B, ...), as the model wants it, e.g. binary images.
        c: (B, ...), the condition of each.
        samples, chunk, generator: as for ``log_likelihood``.

    Returns:
        (B,), of either sign (at most 0 for binary x).

    Raises:
        ValueError: as for ``log_likelihood``, or another number of conditions than examples.

    Source:
        eq-conditional-log-likelihood; Sohn et al. 2015, section 4.2.
    """
    check.one_each(x, c)
    check.at_least(1, chunk=chunk)
    parts = zip(x.split(chunk), c.split(chunk), strict=True)
    return torch.cat([log_likelihood(model.given(d), y, samples, chunk, generator) for y, d in parts])


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    r"""How many latent dimensions carry information: those whose posterior mean moves with the data.

    .. math:: A_j = \operatorname{Var}_x\big(E_{q(z|x)}[z_j]\big) > 0.01

    Args:
        means: (N, D), the means of q(z|x) for N examples, N >= 2.
        threshold: of the variance, in the unit of z squared (the prior's variance is 1).

    Returns:
        A whole number in 0 ... D.

    Raises:
        TypeError: means are no floating-point tensor.
        ValueError: means is no matrix with at least two rows, or not finite.

    Source:
        eq-active-units; Burda et al. 2016, section 5.2.

    >>> active_units(torch.tensor([[-1.0, 0.01], [1.0, -0.01]]))
    1
    """
    check.finite(means=means)
    if means.dim() != 2 or len(means) < 2:
        raise ValueError(f"expected means of shape (N, D) with N >= 2, got {tuple(means.shape)}")
    return int((means.double().var(dim=0) > threshold).sum())


@torch.no_grad()
def latent_information(
    mean: Tensor, log_var: Tensor, draws: int = 1000, generator: torch.Generator | None = None
) -> tuple[float, float]:
    r"""The two parts of the mean KL term: what z tells about which example it is of, and the prior's misfit.

    .. math::
        \frac1N \sum_n \mathrm{KL}(q(z|x_n) \,\|\, p(z)) = I(n; z) + \mathrm{KL}(q(z) \,\|\, p(z)),
        \qquad q(z) = \frac1N \sum_n q(z|x_n)

    The left side is exact; I = E[log q(z|x_n) - log q(z)] is estimated from draws of n and z, with the
    sum over all N in q(z); the second part is the difference.

    Args:
        mean: (N, D), the means of q(z|x_n) for N examples.
        log_var: (N, D), their log-variances.
        draws: of n and z, at least 1.
        generator: of the random numbers; PyTorch's global one if None.

    Returns:
        (I, KL), in nats. I lies between 0 and log N, whatever the encoder: an example's index holds no
        more information than that.

    Raises:
        TypeError: an argument is no floating-point tensor.
        ValueError: the shapes differ, are no matrices, not finite, or draws is not positive.

    Source:
        eq-latent-information; Hoffman & Johnson 2016, section 2.

    >>> apart = torch.tensor([[-50.0], [50.0]])  # z tells which of two examples it is of: log 2 nats
    >>> round(latent_information(apart, torch.zeros(2, 1))[0], 4)
    0.6931
    """
    check.at_least(1, draws=draws)
    check.finite(mean=mean, log_var=log_var)
    if mean.dim() > 2:
        raise ValueError(f"expected means of shape (N, D), got {tuple(mean.shape)}")
    kl = gaussian_kl(mean.double(), log_var.double()).mean().item()
    mean, log_var = mean.double(), log_var.double()
    n = torch.randint(len(mean), (draws,), generator=generator, device=mean.device)
    z = reparameterize(mean[n], log_var[n], generator)  # (M, D)
    precision = (-log_var).exp()  # (N, D)
    # sum over D of (z - mean)² / var + log var, for every draw and every example, without (M, N, D)
    constant = (mean.square() * precision + log_var).sum(dim=1)
    own = (z - mean[n]).square().mul(precision[n]).sum(dim=1) + log_var[n].sum(dim=1)  # (M,)
    total = torch.cat(
        [
            torch.logsumexp(
                -(part.square() @ precision.T - 2 * part @ (mean * precision).T + constant) / 2, dim=1
            )
            for part in z.split(100)
        ]
    )
    information = (-own / 2 - (total - math.log(len(mean)))).mean().item()
    return information, kl - information
