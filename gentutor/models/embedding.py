"""A network that turns a glyph into a point, near to those of other drawings of the same glyph."""

import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import _checks as check


class GlyphEmbedding(nn.Module):
    """Six convolutions with batch normalisation, then one linear layer, onto the unit sphere.

    Args:
        channels: of the images.
        width: feature maps at full size; twice and four times as many at a half and a quarter.
        dim: numbers of the embedding.
        size: side of the images in pixels, a multiple of 8.
    """

    def __init__(self, channels: int = 1, width: int = 16, dim: int = 64, size: int = 32) -> None:
        super().__init__()
        self.image_shape = (channels, size, size)
        self.net = nn.Sequential(
            *_convolution(channels, width, 1),  # (B, width, 32, 32)
            *_convolution(width, 2 * width, 2),  # (B, 2 width, 16, 16)
            *_convolution(2 * width, 2 * width, 1),
            *_convolution(2 * width, 4 * width, 2),  # (B, 4 width, 8, 8)
            *_convolution(4 * width, 4 * width, 1),
            *_convolution(4 * width, 4 * width, 2),  # (B, 4 width, 4, 4)
            nn.Flatten(),
            nn.Linear(4 * width * (size // 8) ** 2, dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, size, size) in [-1, 1] -> (B, dim), each of length 1."""
        check.images(x, self.image_shape)
        return F.normalize(self.net(x))  # (B, dim)


def _convolution(width_in: int, width_out: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(width_in, width_out, 3, stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(width_out), nn.ReLU()]
