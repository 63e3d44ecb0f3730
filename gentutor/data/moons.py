"""Two moons, with the log-density that goes with the sampler."""

import math

import numpy as np
import torch
from torch import Tensor

from gentutor import _checks as check

_NODES, _WEIGHTS = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(24))  # on [-1, 1]
_NEGLIGIBLE = 30.0  # nats: where the integrand has fallen by a factor exp(-30), the rest is left out


class TwoMoons:
    r"""Two interleaved half circles of radius 1, each with half of the mass, blurred by Gaussian noise.

    .. math::
        p(x) = \frac{1}{2\pi} \sum_{m=1}^{2} \int_0^\pi \mathcal N(x;\, c_m(t),\, \sigma^2 I)\, dt, \quad
        c_1(t) = (\cos t, \sin t), \quad c_2(t) = (1, \tfrac12) - c_1(t)

    Quadrature gives the logarithm with an error below 1e-9 nats anywhere in the plane, for any noise,
    to which the rounding of the dtype comes.

    Args:
        noise: sigma > 0, in the plane's unit; kept as ``.noise``.

    Source:
        The curves of scikit-learn's ``make_moons``; here the angle t is drawn at random.

    >>> x = torch.tensor([[0.0, 1.0], [1.0, -0.5]])  # the top of one moon, the bottom of the other
    >>> top, bottom = TwoMoons(noise=0.1).log_prob(x).tolist()
    >>> abs(top - bottom) < 1e-4  # half a turn of the plane swaps the moons
    True
    """

    def __init__(self, noise: float = 0.1) -> None:
        check.positive(noise=noise)
        self.noise = float(noise)

    def log_prob(self, x: Tensor) -> Tensor:
        """The log-density at the rows of x, in nats: (N, 2) -> (N,), in x's dtype, on its device."""
        check.points(dims=2, x=x)
        turned = x.new_tensor([1.0, 0.5]) - x  # brings the second moon to the place of the first
        first = _half_circle_log_prob(x, self.noise)
        return torch.logaddexp(first, _half_circle_log_prob(turned, self.noise)) - math.log(2)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """``n`` independent draws, (n, 2), in the default dtype, on the generator's device."""
        check.count(n=n)
        device = None if generator is None else generator.device
        t = math.pi * torch.rand(n, generator=generator, device=device)
        first = torch.stack([t.cos(), t.sin()], dim=1)  # (n, 2)
        heads = torch.rand(n, 1, generator=generator, device=device) < 0.5
        curve = torch.where(heads, first, first.new_tensor([1.0, 0.5]) - first)
        return curve + self.noise * torch.randn(n, 2, generator=generator, device=device)


def _half_circle_log_prob(x: Tensor, std: float) -> Tensor:
    """log of (1/pi) * integral over t in [0, pi] of N(x; (cos t, sin t), std^2 I): (N, 2) -> (N,)."""
    t, log_weight = _nodes(x.detach(), std)
    squares = (x[:, 0, None] - t.cos()).square() + (x[:, 1, None] - t.sin()).square()  # (N, nodes)
    log_normal = -squares / (2 * std**2) - math.log(2 * math.pi * std**2)
    return torch.logsumexp(log_weight + log_normal, dim=1) - math.log(math.pi)


def _nodes(x: Tensor, std: float) -> tuple[Tensor, Tensor]:
    """The angles at which to evaluate the integrand for each x, and their log-weights: (N, nodes) each.

    In t, the integrand is proportional to exp(|x| cos(t - phi) / std^2), where phi is the angle of x.
    On [0, pi] it has one turning point: the peak t = phi if x lies above the axis, else the trough
    phi + pi. So it is monotone on either side, where Gauss-Legendre nodes cover the length from the
    high end to where it has become negligible.
    """
    phi = torch.atan2(x[:, 1], x[:, 0])[:, None]  # (N, 1)
    is_peak = phi >= 0
    turn = torch.where(is_peak, phi, phi + math.pi)
    sides = x.new_tensor([0.0, math.pi])
    high, low = torch.where(is_peak, turn, sides), torch.where(is_peak, sides, turn)
    cos_high = (high - phi).cos()
    drop = _NEGLIGIBLE * std**2 / x.norm(dim=1, keepdim=True)  # of the cosine; infinite at x = 0
    reach = (cos_high - drop).clamp(min=-1).acos() - cos_high.acos()
    length = torch.minimum((low - high).abs(), reach)[:, :, None]  # (N, 2, 1)
    u = (_NODES.to(x) + 1) / 2  # on [0, 1]
    t = high[:, :, None] + (low - high).sign()[:, :, None] * length * u
    log_weight = length.log() + (_WEIGHTS.to(x) / 2).log()
    return t.flatten(1), log_weight.flatten(1)
