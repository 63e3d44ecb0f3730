"""Random deformations of images: shifts, scales and turns, bent strokes, thicker and thinner ones, crops.

Images of another shape or type, and a number out of its range, raise ``ValueError``.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

CONTROL_POINTS = 5  # a side: the grid of random shifts that bends an image


def jitter(images: Tensor, scale: float = 0.0, shift: float = 0.0) -> Tensor:
    """Each image a little larger or smaller, in height and in width, and elsewhere.

    Args:
        images: (B, C, H, W), floating point.
        scale: each side's factor is drawn from [1 - scale, 1 + scale]; 0 <= scale < 1.
        shift: each way's shift in pixels is drawn from [-shift, shift].

    Returns:
        (B, C, H, W), by bilinear interpolation; what lies beyond the edge repeats the edge.

    >>> torch.allclose(jitter(torch.ones(2, 1, 8, 8), scale=0.1, shift=2.0), torch.ones(1))
    True
    """
    return _bend(images, _affine(images, scale=scale, shift=shift))


def deform(images: Tensor, strength: float = 1.0) -> Tensor:
    """Other drawings of the same glyphs: moved, turned, bent, with thicker or thinner strokes.

    At strength 1 a side changes by up to 8 %, as much as the mean size of printed and of brushed
    characters differs; a glyph moves by up to 1.5 pixels each way, turns and leans by up to 3 degrees;
    25 points of it move by 0.6 pixels (standard deviation) and take the rest along; and a stroke gains
    or loses up to 40 % of a pixel's ring around it. All of it grows with the strength.

    Args:
        images: (B, C, H, W), floating point, bright strokes on a dark ground or the reverse.
        strength: 0 (nothing changes) to 2.

    Returns:
        (B, C, H, W).

    >>> x = torch.rand(2, 1, 8, 8)
    >>> torch.allclose(deform(x, strength=0.0), x, atol=1e-5)
    True
    """
    if not 0 <= strength <= 2:
        raise ValueError(f"strength must lie in [0, 2], got {strength}")
    grid = _affine(images, 0.08 * strength, 1.5 * strength, turn=0.05 * strength, lean=0.05 * strength)
    shape = len(images), 2, CONTROL_POINTS, CONTROL_POINTS
    points = torch.randn(shape, dtype=images.dtype, device=images.device)
    right, below = (0.6 * strength * F.interpolate(points, images.shape[2:], mode="bicubic")).unbind(dim=1)
    height, width = images.shape[2:]
    images = _bend(images, grid + torch.stack([right * 2 / width, below * 2 / height], dim=3))
    gain = 0.4 * strength * _uniform(len(images), images)[:, None, None, None]
    brighter, darker = F.max_pool2d(images, 3, 1, 1), -F.max_pool2d(-images, 3, 1, 1)
    return images + gain.clamp(min=0) * (brighter - images) + (-gain).clamp(min=0) * (darker - images)


def crop_and_flip(images: Tensor, size: int) -> Tensor:
    """A random square of each image, and half of the squares mirrored left to right.

    Args:
        images: (B, C, H, W), of any type.
        size: side of the squares in pixels, 1 to the smaller of H and W.

    Returns:
        (B, C, size, size), of the same type. Nothing waits for the device.

    >>> crop_and_flip(torch.tensor([[[[1, 2]]]]), size=1).item() in (1, 2)
    True
    """
    if images.dim() != 4 or not 1 <= size <= min(images.shape[2:]):
        raise ValueError(
            f"expected images (B, C, H, W) and 1 <= size <= H, W, got {tuple(images.shape)}, {size}"
        )
    n, device = len(images), images.device
    uniform = functools.partial(torch.rand, dtype=torch.float32, device=device)
    tops, lefts = (uniform(n).mul(side - size + 1).long() for side in images.shape[2:])
    pixels = torch.arange(size, device=device)
    mirrored = uniform(n, 1) < 0.5
    rows = tops[:, None] + pixels  # (B, size)
    columns = lefts[:, None] + torch.where(mirrored, pixels.flip(0), pixels)  # (B, size)
    channels = torch.arange(images.shape[1], device=device)
    image = torch.arange(n, device=device)[:, None, None, None]
    return images[image, channels[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]


def _affine(images: Tensor, scale: float, shift: float, turn: float = 0.0, lean: float = 0.0) -> Tensor:
    """Where each pixel of a randomly transformed image comes from: (B, H, W, 2), in [-1, 1] inside."""
    if images.dim() != 4 or not images.is_floating_point():
        raise ValueError(
            f"expected floating-point images of shape (B, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    if not 0 <= scale < 1 or shift < 0:
        raise ValueError(f"expected 0 <= scale < 1 and shift >= 0, got {scale} and {shift}")
    height, width = images.shape[2:]
    across, down, angle, slant, right, below = (_uniform(len(images), images) for _ in range(6))
    x, y, angle = 1 + scale * across, 1 + scale * down, turn * angle
    rows = [
        [x * angle.cos(), lean * slant - x * angle.sin(), shift * right * 2 / width],
        [y * angle.sin(), y * angle.cos(), shift * below * 2 / height],
    ]
    matrix = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)  # (B, 2, 3)
    return F.affine_grid(matrix, list(images.shape), align_corners=False)


def _uniform(n: int, like: Tensor) -> Tensor:
    """n numbers from U[-1, 1], on the global random numbers of the device."""
    return 2 * torch.rand(n, device=like.device, dtype=like.dtype) - 1


def _bend(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, align_corners=False, padding_mode="border")
