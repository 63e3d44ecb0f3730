"""How far one density is from another: divergences on a grid, in nats.

The Jensen-Shannon divergence is in ``adversarial``, beside the game whose value it is.

An argument that is no floating-point tensor raises ``TypeError``, and one that is empty, of another shape
than stated or out of its range raises ``ValueError``.
"""

from torch import Tensor

from gentutor import _checks as check


def kl_divergence(p: Tensor, q: Tensor, dx: float) -> Tensor:
    r"""The Kullback-Leibler divergence of q from p, two densities given on a grid, in nats.

    .. math:: \mathrm{KL}(p \,\|\, q) = \int p(x) \log \frac{p(x)}{q(x)} \,\mathrm dx

    The order matters: the expectation is over the first argument.

    Args:
        p: any shape, density values >= 0 at the grid points.
        q: the same shape, density values >= 0.
        dx: the size of a grid cell (length, area, ...), so that ``p.sum() * dx`` is 1, within 5 %.

    Returns:
        A scalar, at least 0 (but for the grid's error), 0 for equal densities; infinite where p has
        mass and q has none.

    Source:
        eq-kl; Kullback & Leibler 1951, section 2.

    >>> import torch
    >>> p, q = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    >>> kl_divergence(p, q, dx=1.0), kl_divergence(q, p, dx=1.0)  # log 2, and q has mass where p has none
    (tensor(0.6931), tensor(inf))
    """
    check.densities(dx, p=p, q=q)
    here = p > 0  # elsewhere the integrand is 0, and so is its gradient
    return (p[here] * (p[here].log() - q[here].log())).sum() * dx


def total_variation(p: Tensor, q: Tensor, dx: float) -> Tensor:
    r"""The total variation distance of two densities given on a grid: a difference of probabilities, no unit.

    .. math:: \mathrm{TV}(p, q) = \tfrac12 \int |p(x) - q(x)| \,\mathrm dx

    Args:
        p: any shape, density values >= 0 at the grid points.
        q: the same shape, density values >= 0.
        dx: the size of a grid cell (length, area, ...), so that ``p.sum() * dx`` is 1, within 5 %.

    Returns:
        A scalar between 0 (equal) and 1 (no overlap): the most by which the two can differ in the
        probability of one event.

    Source:
        eq-total-variation; Levin, Peres & Wilmer 2009, Proposition 4.2 (there for sums).

    >>> import torch
    >>> total_variation(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]), dx=1.0)  # (1/2 + 1/2) / 2
    tensor(0.5000)
    """
    check.densities(dx, p=p, q=q)
    return (p - q).abs().sum() * dx / 2
