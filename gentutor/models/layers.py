"""Layers: those that translation networks are made of, and spectral normalisation for any network."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gentutor import _checks as check

START = 15  # rounds at the beginning; afterwards one for each training pass


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of x, with instance normalisation and reflection padding."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        conv, norm, relu = conv_norm(channels, channels, 3)
        self.net = nn.Sequential(conv, norm, relu, *conv_norm(channels, channels, 3)[:2])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return x + self.net(x)


class InstanceNorm(nn.GroupNorm):
    """Mean 0 and variance 1 for each feature map of each image: one group per channel.

    The same as ``nn.InstanceNorm2d``, and faster on a processor.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, affine=False)


class UpsampleConv(nn.Conv2d):
    """Nearest-neighbour doubling, then a 3x3 convolution with padding 1, in one go.

    Four doubled pixels share their value, so the two operations are one 4x4 transposed convolution of
    stride 2 whose kernel adds up the taps that fall on the same input: T W T', at 16/36 of the work.
    """

    T: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)
        taps = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
        self.register_buffer("T", taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, 2 H, 2 W)."""
        kernel = torch.einsum("iy,ocyx,jx->coij", self.T, self.weight, self.T)  # (in, out, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=2, padding=1)


def conv_norm(width_in: int, width_out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution with reflection padding, instance normalisation, and ReLU.

    The convolution needs no bias: the normalisation would subtract it again.
    """
    conv = nn.Conv2d(
        width_in, width_out, kernel, stride, padding=kernel // 2, padding_mode="reflect", bias=False
    )
    return [conv, InstanceNorm(width_out), nn.ReLU()]


def double(width_in: int, width_out: int, transposed: bool = False) -> list[nn.Module]:
    """Twice the height and width, instance normalisation, and ReLU."""
    up: nn.Module = UpsampleConv(width_in, width_out)
    if transposed:
        up = nn.ConvTranspose2d(width_in, width_out, 3, stride=2, padding=1, output_padding=1, bias=False)
    return [up, InstanceNorm(width_out), nn.ReLU()]


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies in bfloat16 itself; GPUs from before 2020 only imitate it, slowly."""
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


class MixedPrecision(nn.Module):
    """A network that in training computes in bfloat16 where that is faster; its weights stay float32.

    bfloat16 has the range of float32 and 8 bits of precision: no loss needs to be scaled. What comes out is
    x's own type again, so that losses, and their sums over pixels, are computed in full precision.

    Args:
        net: takes one tensor, gives one.
        device_type: where to do so: "cuda", or "cpu"; elsewhere, in eval mode, and on GPUs without
            bfloat16, ``net`` computes as it would by itself.
    """

    def __init__(self, net: nn.Module, device_type: str = "cuda") -> None:
        super().__init__()
        self.net, self.device_type = net, device_type

    def forward(self, x: Tensor) -> Tensor:
        """What ``net`` makes of x, in x's data type."""
        mixed = self.training and x.device.type == self.device_type and has_bfloat16(x.device)
        with torch.autocast(x.device.type, torch.bfloat16) if mixed else nullcontext():
            return self.net(x).to(x.dtype)


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
