"""Toy densities whose truth is known: ``log_prob`` in nats is exact, ``sample`` draws from it.

A density here is any object with ``log_prob(x: (N, D)) -> (N,)`` and
``sample(n, generator=None) -> (N, D)``: a ``GaussianMixture`` or ``TwoMoons``.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.data.moons import TwoMoons

__all__ = ["GaussianMixture", "TwoMoons", "grid", "mixture_1d", "ring", "two_moons"]


class GaussianMixture:
    r"""A mixture of K round Gaussians in D dimensions.

    .. math:: p(x) = \sum_{k=1}^{K} w_k \, \mathcal N(x;\, \mu_k,\, \sigma_k^2 I)

    Args:
        means: (K, D), float, the components' means; kept as ``.means``.
        std: one number or (K,), their standard deviations > 0; kept as ``.std``, (K,).
        weights: (K,), >= 0, divided by their sum; None makes all equal. Kept as ``.weights``, (K,).

    Source:
        The density of a mixture: Bishop 2006, Eq. 9.7.

    >>> two = GaussianMixture(torch.tensor([[-9.0], [9.0]]), std=1.0)
    >>> round(two.log_prob(torch.tensor([[9.0]])).item(), 4)  # log(1/2) - log(2 pi) / 2
    -1.6121
    """

    def __init__(
        self,
        means: Tensor,
        std: float | Sequence[float] | Tensor,
        weights: Sequence[float] | Tensor | None = None,
    ) -> None:
        check.points(means=means)
        self.means = means
        self.std = _per_component("std", std, means)
        weights = _per_component("weights", 1.0 if weights is None else weights, means)
        if bool((self.std == 0).any()):
            raise ValueError(f"std must be positive, got {self.std.tolist()}")
        if not bool((weights > 0).any()):
            raise ValueError("at least one of the weights must be positive")
        self.weights = weights / weights.sum()

    def log_prob(self, x: Tensor) -> Tensor:
        """The log-density at the rows of x, in nats: (N, D) -> (N,), in x's dtype, on its device."""
        check.points(dims=self.means.shape[1], x=x)
        means, std, weights = self.means.to(x), self.std.to(x), self.weights.to(x)
        weights = weights / weights.sum()  # which is 1 up to the rounding of the old dtype
        squares = (x[:, None] - means).square().sum(dim=2)  # (N, K)
        log_scale = x.shape[1] * (std.log() + math.log(2 * math.pi) / 2)  # (K,)
        return torch.logsumexp(weights.log() - log_scale - squares / (2 * std.square()), dim=1)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """``n`` independent draws, (n, D), in the means' dtype, on their device."""
        check.count(n=n)
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)  # (n,)
        center = self.means[component]  # (n, D)
        noise = torch.randn(center.shape, generator=generator, dtype=center.dtype, device=center.device)
        return center + self.std[component, None] * noise


def mixture_1d(
    means: Sequence[float], std: float | Sequence[float], weights: Sequence[float] | None = None
) -> GaussianMixture:
    """A Gaussian mixture on the line, from plain numbers.

    Args:
        means: K numbers.
        std: one number or K of them, > 0.
        weights: K numbers >= 0, divided by their sum; None makes all equal.

    Returns:
        A ``GaussianMixture`` with D = 1: points have shape (N, 1).

    >>> mixture_1d([-2.0, 2.0], std=0.5, weights=[1, 3]).weights
    tensor([0.2500, 0.7500])
    """
    return GaussianMixture(torch.tensor(means, dtype=torch.get_default_dtype())[:, None], std, weights)


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.02) -> GaussianMixture:
    """Equal Gaussians evenly spaced on a circle around 0, in the plane; the first lies at (radius, 0).

    Args:
        modes: how many, >= 1.
        radius: of the circle, > 0.
        std: of each Gaussian, > 0.

    Returns:
        A ``GaussianMixture`` with means (modes, 2).

    Source:
        Metz et al. 2017 (Unrolled GANs), appendix, for the 8 modes, radius 2 and std 0.02.

    >>> ring(modes=4).means.round(decimals=4).abs().tolist()
    [[2.0, 0.0], [0.0, 2.0], [2.0, 0.0], [0.0, 2.0]]
    """
    check.count(modes=modes)
    check.positive(radius=radius)
    check.positive(std=std)
    angle = 2 * math.pi * torch.arange(modes) / modes
    return GaussianMixture(radius * torch.stack([angle.cos(), angle.sin()], dim=1), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> GaussianMixture:
    """Equal Gaussians on a square grid of side x side points around 0, in the plane.

    Args:
        side: points per row and column, >= 1.
        spacing: the distance of neighbours, > 0.
        std: of each Gaussian, > 0.

    Returns:
        A ``GaussianMixture`` with means (side * side, 2).

    Source:
        Lin et al. 2018 (PacGAN), section 4.1, for the 25 modes, spacing 2 and std 0.05.

    >>> grid(side=2).means.tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    check.count(side=side)
    check.positive(spacing=spacing)
    check.positive(std=std)
    line = spacing * (torch.arange(side) - (side - 1) / 2)
    return GaussianMixture(torch.cartesian_prod(line, line), std)


def two_moons(noise: float = 0.1) -> TwoMoons:
    """Two interleaved half circles with Gaussian noise of this standard deviation: ``TwoMoons(noise)``."""
    return TwoMoons(noise)


def _per_component(name: str, value: float | Sequence[float] | Tensor, means: Tensor) -> Tensor:
    result = torch.as_tensor(value, dtype=means.dtype, device=means.device)
    result = result.expand(len(means)) if result.ndim == 0 else result
    if result.shape != means.shape[:1]:
        raise ValueError(f"{name} must have shape ({len(means)},), one per mean; got {tuple(result.shape)}")
    if not bool(torch.isfinite(result).all()) or bool((result < 0).any()):
        raise ValueError(f"{name} must be finite and not negative, got {result.tolist()}")
    return result
