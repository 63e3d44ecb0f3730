"""The losses of adversarial training: scalars from discriminator outputs.

Every function takes *logits* or unbounded *scores*, never probabilities. Each expectation is
the mean of its own argument, whatever its shape, so the two batches may differ in size.
The discriminator's probability is D(x) = sigmoid(logit), hence log D = logsigmoid(logit) and
log(1 - D) = logsigmoid(-logit); both stay finite, with the exact gradient, at any logit.
The losses on unbounded scores and on pairs and the penalties are in ``critics`` and ``relativistic``; import
all from here.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import _checks as check
from gentutor.objectives.critics import (
    critic_generator_loss,
    critic_loss,
    gradient_penalty,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    r1_penalty,
    r2_penalty,
)
from gentutor.objectives.relativistic import (
    relativistic_discriminator_loss,
    relativistic_generator_loss,
)

__all__ = [
    "critic_generator_loss",
    "critic_loss",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "hinge_discriminator_loss",
    "jensen_shannon_divergence",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "minimax_value",
    "optimal_discriminator_logits",
    "r1_penalty",
    "r2_penalty",
    "relativistic_discriminator_loss",
    "relativistic_generator_loss",
    "saturating_generator_loss",
    "smoothed_discriminator_loss",
]


def minimax_value(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    r"""The value of the adversarial game, in nats: the discriminator raises it, the generator lowers it.

    .. math:: V(D, G) = E[\log D(x)] + E[\log(1 - D(G(z)))]

    Args:
        real_logits: any shape, nats, the discriminator's logits on data.
        fake_logits: any shape, nats, its logits on generated samples.

    Returns:
        A scalar, at most 0; for any discriminator a lower bound on 2 JSD - log 4.

    Source:
        eq-minimax-value; Goodfellow et al. 2014, Eq. 1.

    >>> round(minimax_value(torch.zeros(3), torch.zeros(5)).item(), 4)  # D = 1/2: -log 4
    -1.3863
    """
    check.not_empty(real_logits=real_logits, fake_logits=fake_logits)
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    r"""The discriminator's loss: binary cross-entropy of real against fake, in nats.

    .. math:: L_D = -E[\log D(x)] - E[\log(1 - D(G(z)))]

    Args:
        real_logits: any shape, nats, the discriminator's logits on data.
        fake_logits: any shape, nats, its logits on generated samples.

    Returns:
        A scalar, at least 0, to minimise; log 4 at D = 1/2. A sum of two means, not their average.

    Source:
        eq-discriminator-loss; Goodfellow et al. 2014, Eq. 1 with the sign turned.

    >>> round(discriminator_loss(torch.zeros(3), torch.zeros(5)).item(), 4)  # log 4
    1.3863
    """
    return -minimax_value(real_logits, fake_logits)


def generator_loss(fake_logits: Tensor) -> Tensor:
    r"""The non-saturating generator loss, in nats.

    .. math:: L_G = -E[\log D(G(z))]

    Args:
        fake_logits: any shape, nats, the discriminator's logits on generated samples.

    Returns:
        A scalar, at least 0, to minimise; log 2 at D = 1/2.

    Source:
        eq-generator-loss; Goodfellow et al. 2014, section 3 (the text after Eq. 1).

    >>> logits = torch.tensor([-100.0], requires_grad=True)
    >>> generator_loss(logits).backward()
    >>> logits.grad.item()  # the discriminator is sure, and the gradient is still there
    -1.0
    """
    check.not_empty(fake_logits=fake_logits)
    return -F.logsigmoid(fake_logits).mean()


def saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    r"""The generator's loss in the minimax game itself, in nats.

    .. math:: L_G^{\mathrm{minimax}} = E[\log(1 - D(G(z)))]

    Args:
        fake_logits: any shape, nats, the discriminator's logits on generated samples.

    Returns:
        A scalar, at most 0, to minimise; -log 2 at D = 1/2.

    Source:
        eq-saturating-generator-loss; Goodfellow et al. 2014, Eq. 1, the term that holds G.

    >>> logits = torch.tensor([-100.0], requires_grad=True)
    >>> saturating_generator_loss(logits).backward()
    >>> abs(logits.grad.item()) < 1e-40  # the discriminator is sure, and the gradient is gone
    True
    """
    check.not_empty(fake_logits=fake_logits)
    return F.logsigmoid(-fake_logits).mean()


def smoothed_discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, real_target: float = 0.9, fake_target: float = 0.0
) -> Tensor:
    r"""The discriminator's loss with softened labels a (real) and b (fake), in nats.

    .. math::
        L_D^{a,b} = -E[a \log D(x) + (1-a) \log(1 - D(x))]
                    -E[b \log D(G(z)) + (1-b) \log(1 - D(G(z)))]

    Args:
        real_logits: any shape, nats, the discriminator's logits on data.
        fake_logits: any shape, nats, its logits on generated samples.
        real_target: a in [0, 1], the label of data.
        fake_target: b in [0, 1], the label of samples; above 0 ("two-sided") it moves the
            optimal discriminator most where there is no data.

    Returns:
        A scalar, at least 0, to minimise; ``discriminator_loss`` at a = 1, b = 0.

    Source:
        eq-smoothed-discriminator-loss; Salimans et al. 2016, section 3.4.

    >>> round(smoothed_discriminator_loss(torch.zeros(3), torch.zeros(5), 0.9).item(), 4)
    1.3863
    """
    check.not_empty(real_logits=real_logits, fake_logits=fake_logits)
    for name, target in (("real_target", real_target), ("fake_target", fake_target)):
        if not 0 <= target <= 1:
            raise ValueError(f"{name} must lie in [0, 1], got {target}")

    def cross_entropy(logits: Tensor, target: float) -> Tensor:
        return -(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits)).mean()

    return cross_entropy(real_logits, real_target) + cross_entropy(fake_logits, fake_target)


def optimal_discriminator_logits(log_p: Tensor, log_q: Tensor) -> Tensor:
    r"""The logit of the best possible discriminator of p (real) against q (fake), in nats.

    .. math:: D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad \operatorname{logit} D^*(x) = \log p(x) - \log q(x)

    Args:
        log_p: any shape, nats, log-density of the data at some points.
        log_q: the same shape, nats, log-density of the generator there.

    Returns:
        The same shape; ``sigmoid`` of it is D*. Undefined (nan) where both densities are 0.

    Source:
        eq-optimal-discriminator; Goodfellow et al. 2014, Proposition 1, Eq. 2.

    >>> log_p, log_q = torch.tensor([0.3, 0.2]).log(), torch.tensor([0.1, 0.2]).log()
    >>> torch.sigmoid(optimal_discriminator_logits(log_p, log_q))  # 0.3 / (0.3 + 0.1), and 1/2
    tensor([0.7500, 0.5000])
    """
    check.same_shape(log_p=log_p, log_q=log_q)
    return log_p - log_q


def jensen_shannon_divergence(p: Tensor, q: Tensor, dx: float) -> Tensor:
    r"""The Jensen-Shannon divergence of two densities given on a grid, in nats.

    .. math::
        \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m),
        \qquad m = \tfrac12 (p + q)

    Args:
        p: any shape, density values >= 0 at the grid points.
        q: the same shape, density values >= 0.
        dx: the size of a grid cell (length, area, ...), so that ``p.sum() * dx`` is 1, within 5 %.

    Returns:
        A scalar between 0 (equal) and log 2 (no overlap).

    Source:
        eq-jsd; Goodfellow et al. 2014, Eq. 6.

    >>> p, q = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    >>> round(jensen_shannon_divergence(p, q, dx=1.0).item(), 4)  # log 2
    0.6931
    """
    check.densities(dx, p=p, q=q)
    m = (p + q) / 2
    integrand = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(m, m)
    return integrand.sum() * dx / 2
