"""The variational bounds on a log-likelihood, and their parts.

All terms are per example, shape (B,), in nats, summed over pixels and latent dimensions; a training
step takes one mean at the end. Log-variances, never standard deviations, parametrise a Gaussian
q(z|x), so that a network may output any number. The likelihoods are in ``likelihood``; import all
from here.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

import math

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.likelihood import bernoulli_log_prob, gaussian_log_prob

__all__ = [
    "bernoulli_log_prob",
    "elbo",
    "free_bits_kl",
    "gaussian_kl",
    "gaussian_kl_terms",
    "gaussian_log_prob",
    "importance_log_weights",
    "iwae_bound",
    "reparameterize",
]


def gaussian_kl_terms(mean: Tensor, log_var: Tensor) -> Tensor:
    r"""The KL divergence from N(0, 1) of each latent dimension's Gaussian, in nats.

    .. math::
        \mathrm{KL}\big(\mathcal N(\mu_j, \sigma_j^2) \,\|\, \mathcal N(0, 1)\big)
        = \tfrac12 \big(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\big)

    Args:
        mean: (B, D), the means mu.
        log_var: (B, D), the log-variances log sigma².

    Returns:
        (B, D), at least 0; 0 only where mean and log_var are 0.

    Source:
        eq-gaussian-kl-terms; Kingma & Welling 2014, appendix B.

    >>> gaussian_kl_terms(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
    tensor([[0.5000, 0.0000]])
    """
    check.per_example(mean=mean, log_var=log_var)
    return (mean.square() + torch.expm1(log_var) - log_var) / 2


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    r"""The KL divergence of a diagonal Gaussian q(z|x) from the standard normal prior, in nats.

    .. math::
        \mathrm{KL}\big(\mathcal N(\mu, \operatorname{diag} \sigma^2) \,\|\, \mathcal N(0, I)\big)
        = \tfrac12 \sum_j \big(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\big)

    Args:
        mean: (B, D), the means mu.
        log_var: (B, D), the log-variances log sigma².

    Returns:
        (B,), at least 0, summed over the latent dimensions.

    Source:
        eq-gaussian-kl; Kingma & Welling 2014, appendix B (there with the opposite sign).

    >>> gaussian_kl(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2))  # (1 + 4) / 2
    tensor([2.5000])
    """
    return gaussian_kl_terms(mean, log_var).flatten(1).sum(dim=1)


def free_bits_kl(mean: Tensor, log_var: Tensor, floor: float) -> Tensor:
    r"""The KL term with free bits: below a floor per dimension, making it smaller gains nothing.

    .. math:: \sum_j \max\Big(\lambda,\; \frac1B \sum_i \mathrm{KL}_{ij}\Big)

    Args:
        mean: (B, D), the means of q(z|x).
        log_var: (B, D), the log-variances.
        floor: lambda >= 0, nats per latent dimension.

    Returns:
        A scalar, nats per example, at least floor * D; at floor 0 the batch mean of ``gaussian_kl``.

    Source:
        eq-free-bits; Kingma et al. 2016, Eq. 15 (each dimension a group of its own).

    >>> free_bits_kl(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2), floor=0.25)  # 0.5 + 0.25
    tensor(0.7500)
    """
    check.at_least(0, floor=floor)
    return gaussian_kl_terms(mean, log_var).mean(dim=0).clamp(min=floor).sum()


def reparameterize(mean: Tensor, log_var: Tensor, generator: torch.Generator | None = None) -> Tensor:
    r"""A sample of q(z|x) through which gradients reach its mean and log-variance.

    .. math::
        z = \mu + \sigma \odot \epsilon, \qquad \epsilon \sim \mathcal N(0, I),
        \qquad \sigma = \exp\big(\tfrac12 \log \sigma^2\big)

    Args:
        mean: any shape, the means mu.
        log_var: the same shape, the log-variances log sigma².
        generator: of the noise, on any device, so that one on the processor gives the same noise on each;
            PyTorch's global one of mean's device if None.

    Returns:
        The same shape: one draw for each number.

    Source:
        eq-reparameterize; Kingma & Welling 2014, section 2.4.

    >>> z = reparameterize(torch.full((10_000,), 3.0), torch.full((10_000,), 2.0).log() * 2)
    >>> abs(z.mean() - 3) < 0.1, abs(z.std() - 2) < 0.1
    (tensor(True), tensor(True))
    """
    check.same_shape(mean=mean, log_var=log_var)
    place = mean.device if generator is None else generator.device
    epsilon = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=place).to(mean.device)
    return mean + (log_var / 2).exp() * epsilon


def elbo(log_px_z: Tensor, kl: Tensor, beta: float = 1.0) -> Tensor:
    r"""The evidence lower bound for one sample of z, in nats per example.

    .. math:: \mathrm{ELBO}(x) = \log p(x|z) - \beta\, \mathrm{KL}(q(z|x) \,\|\, p(z)), \qquad z \sim q(z|x)

    Args:
        log_px_z: (B,), nats, the log-likelihood log p(x|z) at a sample z of q(z|x).
        kl: (B,), nats, the KL divergence of q(z|x) from the prior, at least 0.
        beta: the weight of the KL term. The expectation over z is a lower bound on log p(x) for
            beta >= 1, and the ELBO itself for beta = 1 only.

    Returns:
        (B,), to maximise.

    Source:
        eq-elbo; Kingma & Welling 2014, Eq. 3; with beta, Higgins et al. 2017, Eq. 4; with a condition
        in every term, eq-conditional-elbo; Sohn et al. 2015, section 3.

    >>> elbo(torch.tensor([-90.0]), torch.tensor([25.0]))
    tensor([-115.])
    """
    _expect_vectors(log_px_z=log_px_z, kl=kl)
    return log_px_z - beta * kl


def importance_log_weights(log_px_z: Tensor, z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    r"""The log-weights of samples of q(z|x) when they stand in for samples of the posterior, in nats.

    .. math:: \log w_k = \log p(x|z_k) + \log p(z_k) - \log q(z_k|x), \qquad z_k \sim q(z|x)

    Args:
        log_px_z: (K, B), nats, log p(x|z) at each sample.
        z: (K, B, D), K samples of q(z|x) for each example.
        mean: (B, D), the means of q(z|x).
        log_var: (B, D), its log-variances.

    Returns:
        (K, B). The mean over K of exp(log w) estimates p(x) without bias.

    Source:
        eq-importance-weights; Burda et al. 2016, Eq. 8.

    >>> z = torch.tensor([[[0.3]], [[-2.0]]])  # q is the prior: the weight is the likelihood
    >>> importance_log_weights(torch.tensor([[-1.0], [-5.0]]), z, torch.zeros(1, 1), torch.zeros(1, 1))
    tensor([[-1.],
            [-5.]])
    """
    check.not_empty(log_px_z=log_px_z, z=z, mean=mean, log_var=log_var)
    if z.dim() != 3 or log_px_z.shape != z.shape[:2] or not z.shape[1:] == mean.shape == log_var.shape:
        raise ValueError(
            "expected log_px_z (K, B), z (K, B, D), mean and log_var (B, D), got "
            f"{tuple(log_px_z.shape)}, {tuple(z.shape)}, {tuple(mean.shape)}, {tuple(log_var.shape)}"
        )
    # log N(z; 0, 1) - log N(z; mean, var), the constants cancelling
    log_ratio = (((z - mean) * (-log_var / 2).exp()).square() + log_var - z.square()) / 2
    return log_px_z + log_ratio.sum(dim=2)


def iwae_bound(log_w: Tensor) -> Tensor:
    r"""The importance-weighted bound on log p(x), in nats per example.

    .. math:: \mathcal L_K(x) = \log \frac1K \sum_{k=1}^{K} w_k

    Args:
        log_w: (K, B), nats, log importance weights of K independent samples per example.

    Returns:
        (B,). In expectation it is a lower bound on log p(x) that grows with K; the ELBO at K = 1.

    Source:
        eq-iwae-bound; Burda et al. 2016, Eq. 8.

    >>> iwae_bound(torch.tensor([[1.0, 3.0], [1.0, 5.0]]).log())  # log 1 and log 4
    tensor([0.0000, 1.3863])
    """
    check.not_empty(log_w=log_w)
    if log_w.dim() != 2:
        raise ValueError(f"expected log weights of shape (K, B), got {tuple(log_w.shape)}")
    return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))


def _expect_vectors(**terms: Tensor) -> None:
    check.same_shape(**terms)
    for name, value in terms.items():
        if value.dim() != 1:
            raise ValueError(f"{name} must have shape (B,), one number per example, got {tuple(value.shape)}")
