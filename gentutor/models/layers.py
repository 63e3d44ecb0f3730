"""The layers that translation networks are made of."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
