"""CycleGAN: generators that translate images, and discriminators that judge patches of them.

Images have the shape (B, C, H, W) and values in [-1, 1]; H and W are multiples of 4, at least 16. A
generator keeps height and width, a discriminator gives a map of scores.
"""

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.gan import GaussianNoise, dcgan_init
from gentutor.models.history import HistoryPool
from gentutor.models.layers import InstanceNorm, ResidualBlock, UpsampleConv, conv_norm, double

__all__ = [
    "Discriminators",
    "Generators",
    "HistoryPool",
    "PatchDiscriminator",
    "ResnetGenerator",
    "UNetGenerator",
    "receptive_field",
]


class Generators(nn.Module):
    """Both directions of a translation.

    Args:
        G: translates from domain A to domain B.
        F: translates from B to A.
    """

    G: nn.Module
    F: nn.Module

    def __init__(self, G: nn.Module, F: nn.Module) -> None:
        super().__init__()
        self.G, self.F = G, F


class Discriminators(nn.Module):
    """The judges of both domains, each with the pool of fakes that it is shown.

    Args:
        D_A: tells images of domain A from fakes of it (those that F makes).
        D_B: the same for domain B and G.
        pool_capacity: fakes kept in each pool; 0 switches the pools off.
    """

    D_A: nn.Module
    D_B: nn.Module
    pool_A: HistoryPool
    pool_B: HistoryPool

    def __init__(self, D_A: nn.Module, D_B: nn.Module, pool_capacity: int = 50) -> None:
        super().__init__()
        self.D_A, self.D_B = D_A, D_B
        self.pool_A, self.pool_B = HistoryPool(pool_capacity), HistoryPool(pool_capacity)


class ResnetGenerator(nn.Module):
    """Two halvings, residual blocks at a quarter of the size, two doublings (Zhu et al. 2017, section 7.2).

    Args:
        in_channels: channels of the images it takes.
        out_channels: channels of the images it makes.
        width: feature maps at full size; twice and four times as many at a half and a quarter.
        blocks: number of residual blocks.
        kernel: side of the first and the last convolution, odd; 7 in the paper, for larger images.
        transposed: double by the published 3x3 transposed convolution, whose outputs are reached by 1, 2
            or 4 inputs in turn (a checkerboard), instead of nearest neighbours and a convolution.
        noise: standard deviation of Gaussian noise added to what it takes, in training. A pattern too faint
            to be seen, in which the other generator might hide what this one will need, drowns in it.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        width: int = 16,
        blocks: int = 3,
        kernel: int = 7,
        transposed: bool = False,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"kernel must be odd, got {kernel}")
        self.in_channels = in_channels
        self.net = nn.Sequential(
            GaussianNoise(noise),
            *conv_norm(in_channels, width, kernel),  # (B, width, H, W)
            *conv_norm(width, 2 * width, 3, stride=2),  # (B, 2 width, H/2, W/2)
            *conv_norm(2 * width, 4 * width, 3, stride=2),  # (B, 4 width, H/4, W/4)
            *[ResidualBlock(4 * width) for _ in range(blocks)],
            *double(4 * width, 2 * width, transposed),  # (B, 2 width, H/2, W/2)
            *double(2 * width, width, transposed),  # (B, width, H, W)
            nn.Conv2d(width, out_channels, kernel, padding=kernel // 2, padding_mode="reflect"),
            nn.Tanh(),
        )
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W) in [-1, 1]."""
        _expect_images(x, self.in_channels, multiple=4)
        return self.net(x)


class UNetGenerator(nn.Module):
    """Two halvings and two doublings; what the way down saw at each size is joined to the way up.

    Args:
        in_channels: channels of the images it takes.
        out_channels: channels of the images it makes.
        width: feature maps at full size; twice and four times as many at a half and a quarter.
    """

    def __init__(self, in_channels: int = 1, out_channels: int = 1, width: int = 16) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.full_size = nn.Sequential(*conv_norm(in_channels, width, 3))
        self.half_size = nn.Sequential(*conv_norm(width, 2 * width, 3, stride=2))
        self.quarter_size = nn.Sequential(
            *conv_norm(2 * width, 4 * width, 3, stride=2), *conv_norm(4 * width, 4 * width, 3)
        )
        self.to_half = nn.Sequential(*double(4 * width, 2 * width))
        self.join_half = nn.Sequential(*conv_norm(4 * width, 2 * width, 3))
        self.to_full = nn.Sequential(*double(2 * width, width))
        self.last = nn.Conv2d(2 * width, out_channels, 3, padding=1, padding_mode="reflect")
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W) in [-1, 1]."""
        _expect_images(x, self.in_channels, multiple=4)
        full = self.full_size(x)  # (B, width, H, W)
        half = self.half_size(full)  # (B, 2 width, H/2, W/2)
        up = self.to_half(self.quarter_size(half))  # (B, 4 width, H/4, W/4) -> (B, 2 width, H/2, W/2)
        up = self.to_full(self.join_half(torch.cat([half, up], dim=1)))  # (B, width, H, W)
        return self.last(torch.cat([full, up], dim=1)).tanh()  # (B, 2 width, H, W) -> (B, out_channels, H, W)


class PatchDiscriminator(nn.Module):
    """A map of scores, each of one patch of the image: 70x70 pixels with three halvings, 34x34 with two.

    (Isola et al. 2017, section 3.2.2.) A score also depends on the rest of the image a little, through the
    mean and variance of instance normalisation.

    Args:
        channels: channels of the images.
        width: feature maps after the first convolution; doubled by each of the next, up to 8 times.
        layers: number of halvings; the image needs at least 3 * 2**layers pixels a side.
    """

    def __init__(self, channels: int = 1, width: int = 16, layers: int = 2) -> None:
        super().__init__()
        check.at_least(1, layers=layers)
        self.channels, self.smallest = channels, 3 * 2**layers
        net: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        widths = [width * min(2**i, 8) for i in range(layers + 1)]
        for i, (width_in, width_out) in enumerate(zip(widths, widths[1:], strict=False)):
            stride = 2 if i + 1 < layers else 1
            net += [
                nn.Conv2d(width_in, width_out, 4, stride, padding=1, bias=False),
                InstanceNorm(width_out),
                nn.LeakyReLU(0.2),
            ]
        self.net = nn.Sequential(*net, nn.Conv2d(widths[-1], 1, 4, padding=1))
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, h, w), unbounded scores; h = H / 2**layers - 2 where that divides."""
        _expect_images(x, self.channels, smallest=self.smallest)
        return self.net(x)


def receptive_field(model: nn.Module) -> int:
    """The side of the square of input pixels that one output of a chain of convolutions sees, in pixels.

    .. math:: r = 1 + \\sum_l (k_l - 1)\\, d_l \\prod_{m < l} s_m

    Args:
        model: its convolutions and pooling layers, in the order in which it holds them, are a chain of
            kernel k, dilation d and stride s, the same in both directions. What normalisation sees of the
            rest of the image is left out.

    Raises:
        ValueError: a layer is not square, or upsamples, or there is no convolution or pooling.

    Source:
        eq-receptive-field; the 70 of the 70x70 PatchGAN: Isola et al. 2017, section 3.2.2.

    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)))  # 3 + 2
    5
    >>> receptive_field(PatchDiscriminator(layers=3))
    70
    """
    field, jump, layers = 1, 1, 0  # pixels seen; pixels between neighbouring outputs
    for layer in model.modules():
        if isinstance(layer, nn.Upsample | nn.ConvTranspose2d | UpsampleConv):
            raise ValueError(f"receptive_field is for chains that do not upsample, got {layer}")
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            kernel, stride = _side(layer, layer.kernel_size), _side(layer, layer.stride)
            field += (kernel - 1) * _side(layer, getattr(layer, "dilation", 1)) * jump
            jump, layers = jump * stride, layers + 1
    if layers == 0:
        raise ValueError(f"expected a model with convolutions, got {type(model).__name__} without any")
    return field


def _side(layer: nn.Module, size: int | tuple[int, ...]) -> int:
    sizes = {size} if isinstance(size, int) else set(size)
    if len(sizes) > 1:
        raise ValueError(f"expected the same size in both directions, got {layer}")
    return sizes.pop()


def _expect_images(x: Tensor, channels: int, multiple: int = 1, smallest: int = 16) -> None:
    sides = x.shape[2:]
    if x.dim() != 4 or x.shape[1] != channels or any(side % multiple or side < smallest for side in sides):
        raise ValueError(
            f"expected images of shape (B, {channels}, H, W), H and W at least {smallest}"
            + (f" and multiples of {multiple}" if multiple > 1 else "")
            + f", got {tuple(x.shape)}"
        )
