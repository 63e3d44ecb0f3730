"""Spectral normalisation: a layer whose weight, as a matrix, stretches nothing by more than one."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gentutor import _checks as check

START = 15  # rounds at the beginning; afterwards one for each training pass


def power_iteration(matrix: Tensor, u: Tensor, rounds: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    r"""The largest singular value of a matrix, by multiplying with it again and again.

    .. math:: v \leftarrow \frac{W^\top u}{\|W^\top u\|_2}, \qquad u \leftarrow \frac{W v}{\|W v\|_2}, \qquad
        \sigma = u^\top W v

    Args:
        matrix: W, (R, C).
        u: (R,), where to start, not zero.
        rounds: at least 1; each multiplies the error by the square of the ratio of the two largest values.

    Returns:
        (sigma, u, v): a scalar, never above the largest singular value, and its vectors so far.
        Only ``sigma`` is differentiable with respect to the matrix; once u and v have converged, its gradient
        is that of the singular value.

    Raises:
        ValueError: no matrix, fewer than 1 round, or a matrix that sends the start to zero, as a zero matrix.

    Source:
        Miyato et al. 2018, Algorithm 1.

    >>> sigma, *_ = power_iteration(torch.diag(torch.tensor([3.0, 1.0])), torch.ones(2), rounds=20)
    >>> round(sigma.item(), 4)
    3.0
    """
    check.count(rounds=rounds)
    if matrix.dim() != 2:
        raise ValueError(f"matrix must be of shape (R, C), got {tuple(matrix.shape)}")
    sigma, u, v = _iterate(matrix, u, rounds)
    if not u.any():
        raise ValueError("the matrix sends the start to zero: its spectral norm cannot be found from there")
    return sigma, u, v


def _iterate(matrix: Tensor, u: Tensor, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    with torch.no_grad():
        for _ in range(rounds):
            v = F.normalize(matrix.T @ u, dim=0)  # (R,) -> (C,)
            u = F.normalize(matrix @ v, dim=0)  # (C,) -> (R,)
    return u @ matrix @ v, u, v


class SpectralNorm(nn.Module):
    r"""Divides a layer's weight by its largest singular value, :math:`W / \sigma(W)`.

    The weight of a convolution counts as the matrix (output channels, all the rest). One round of
    ``power_iteration`` in each training pass follows the slowly changing weight.

    Args:
        weight: of the layer, of two or more dimensions, not all zero.

    Raises:
        ValueError: the weight is zero: there is nothing to divide by.
    """

    u: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        if not weight.any():
            raise ValueError(
                f"the spectral norm of a zero matrix {tuple(weight.shape)} is 0: nothing to divide by"
            )
        matrix = weight.detach().flatten(1)
        self.register_buffer("u", power_iteration(matrix, torch.randn_like(matrix[:, 0]), START)[1])

    def forward(self, weight: Tensor) -> Tensor:
        """The weight -> the same shape, as a matrix of norm 1."""
        sigma, u, _ = _iterate(weight.flatten(1), self.u, 1)
        if self.training:
            self.u.copy_(u)
        return weight / sigma


def spectrally_normalised(network: nn.Module) -> nn.Module:
    """The same network, each of whose linear layers and convolutions has a ``SpectralNorm``.

    Args:
        network: changed in place.

    >>> layer = spectrally_normalised(nn.Linear(4, 3)).weight
    >>> round(torch.linalg.svdvals(layer.detach()).max().item(), 2)
    1.0
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))
    return network
