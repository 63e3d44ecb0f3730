"""Density and coverage: quality and variety of samples, measured with balls around data alone.

An argument that is no floating-point tensor raises ``TypeError``; no matrices of the same D, k < 1, k not
below the number of data, or values that are not finite raise ``ValueError``.
"""

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.evaluation.distances import CHUNK, _features, exact_distances, radii_of


def density_coverage(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    r"""Density: how many balls around data a sample lies in. Coverage: the share of balls with a sample.

    .. math::
        \mathrm{density} = \frac1{kM} \sum_j \sum_i \mathbb 1\big[\|f_j - r_i\|_2 \le \rho_k(r_i)\big],
        \qquad
        \mathrm{coverage} = \frac1N \sum_i \max_j \mathbb 1\big[\|f_j - r_i\|_2 \le \rho_k(r_i)\big]

    where :math:`\rho_k(r_i)` is the distance from :math:`r_i` to its k-th nearest neighbour among the
    data, itself not counted. Unlike recall, coverage draws its balls around data alone.

    For samples of the data's own distribution, points that do not repeat and M = N, density is about 1 and
    coverage about :math:`1 - 2^{-k}`: a ball stays empty if the k nearest of all other points are data.

    Args:
        real: (N, D), features r of data, N > k.
        fake: (M, D), features f of samples, M >= 1.
        k: at least 1; the larger, the more forgiving.

    Returns:
        (density, coverage): a number from 0 to N / k, and one in [0, 1].

    Source:
        eq-density-coverage; Naeem et al. 2020.

    >>> real = torch.tensor([[0.0], [1.0], [2.0], [10.0]])  # balls with radius 1, 1, 1 and 8
    >>> fake = torch.tensor([[0.5], [1.0], [1.5], [40.0], [41.0]])  # in them lie 2, 3, 2 and 0
    >>> density_coverage(real, fake, k=1)
    (1.4, 0.75)
    """
    return from_radii(real, fake, neighbour_radii(real, k), k)


def from_radii(real: Tensor, fake: Tensor, radii: Tensor, k: int) -> tuple[float, float]:
    """Density and coverage where the radii around the data are known: for many sets of samples.

    Args:
        real: (N, D), features of data.
        fake: (M, D), features of samples.
        radii: (N,), of the balls around the data, e.g. ``neighbour_radii(real, k)``.
        k: the neighbour that the radii reach to; the density is divided by it.

    Returns:
        (density, coverage), as ``density_coverage``.

    >>> from_radii(torch.zeros(1, 2), torch.ones(4, 2), torch.tensor([2.0]), k=1)
    (1.0, 1.0)
    """
    real, fake = _features(1, real=real, fake=fake)
    held = torch.cat(
        [
            (exact_distances(rows, fake) <= radius[:, None]).sum(dim=1)
            for rows, radius in zip(real.split(CHUNK), radii.split(CHUNK), strict=True)
        ]
    )  # (N,), samples in each ball
    return held.sum().item() / (k * len(fake)), (held > 0).double().mean().item()


def neighbour_radii(points: Tensor, k: int = 3) -> Tensor:
    """The distance from every point to its k-th nearest neighbour, itself not counted.

    Args:
        points: (N, D), N > k.
        k: at least 1.

    Returns:
        (N,), float64, at least 0, in the unit of the points; exactly 0 for a point that k others repeat.

    >>> neighbour_radii(torch.tensor([[0.0], [1.0], [3.0]]), k=1)
    tensor([1., 1., 2.], dtype=torch.float64)
    """
    check.at_least(1, k=k)
    (points,) = _features(k + 1, points=points)
    return radii_of(points, k)
