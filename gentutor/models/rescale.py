"""The same change of size and place for all images: a translation that looks at no strokes.

Images that are no floating-point tensor raise ``TypeError``; of another shape or range, ``ValueError``.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gentutor import _checks as check


class Rescale(nn.Module):
    """Draws every image larger or smaller, and elsewhere.

    .. math:: p \\mapsto s\\, p + t

    Places p = (x, y) run from -1 to 1, from the left edge to the right one and from the top to the bottom.

    Args:
        scale: (2,), s, of width and height, positive.
        shift: (2,), t.
    """

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        if scale.shape != (2,) or shift.shape != (2,) or not bool((scale > 0).all()):
            raise ValueError(f"expected two positive scales and two shifts, got {scale} and {shift}")
        self.scale = nn.Parameter(scale.float(), requires_grad=False)
        self.shift = nn.Parameter(shift.float(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W), by bilinear interpolation; what comes from outside is paper, -1."""
        back = torch.cat([torch.diag(1 / self.scale), -(self.shift / self.scale)[:, None]], dim=1)  # (2, 3)
        places = functional.affine_grid(back.expand(len(x), -1, -1), list(x.shape), align_corners=False)
        return functional.grid_sample(x + 1, places, align_corners=False) - 1  # places: (B, H, W, 2)


def ink_moments(images: Tensor) -> tuple[Tensor, Tensor]:
    r"""Where the ink of a set of images lies, and how widely it is spread.

    .. math:: m = \sum_p w_p\, p, \qquad s^2 = \sum_p w_p\, (p - m)^2,

    with w the share of all the ink of the set that lies at the pixel with centre p.

    Args:
        images: (N, C, H, W), from -1 (paper) to 1 (ink).

    Returns:
        Mean and standard deviation of the ink's places, (2,) each, x before y, in units of half the side.

    Raises:
        ValueError: the images hold no ink.

    >>> dot = -torch.ones(1, 1, 4, 4)
    >>> dot[0, 0, 0, 3] = 1  # in the corner at the top right, whose centre is (3/4, -3/4)
    >>> ink_moments(dot)
    (tensor([ 0.7500, -0.7500], dtype=torch.float64), tensor([0., 0.], dtype=torch.float64))
    """
    check.floats(images=images)
    if images.dim() != 4:
        raise ValueError(f"expected images of shape (N, C, H, W), got {tuple(images.shape)}")
    check.within(-1, 1, images=images)
    ink = (images.double() + 1).sum(dim=(0, 1))  # (H, W)
    if not bool(ink.sum() > 0):
        raise ValueError("the images hold no ink: every pixel is -1")
    ink = ink / ink.sum()
    means, deviations = [], []
    for share in (ink.sum(dim=0), ink.sum(dim=1)):  # of the columns, of the rows
        pixels = torch.arange(len(share), dtype=share.dtype, device=share.device)
        centres = (2 * pixels + 1) / len(share) - 1
        mean = (share * centres).sum()
        means.append(mean)
        deviations.append((share * (centres - mean).square()).sum().sqrt())
    return torch.stack(means), torch.stack(deviations)  # (2,) each


def matched_rescale(source: Tensor, target: Tensor) -> Rescale:
    r"""The rescaling that gives one set of images the other's mean and spread of ink; it needs no pairs.

    .. math:: p \mapsto m_B + \frac{s_B}{s_A} (p - m_A)

    Args:
        source: (N, C, H, W), images of A from -1 (paper) to 1 (ink).
        target: (M, C, H, W), images of B.

    Returns:
        A translation from A to B.

    Raises:
        ValueError: the ink of a set lies in one row or one column, or there is none.

    >>> wide, narrow = -torch.ones(1, 1, 8, 8), -torch.ones(1, 1, 8, 8)
    >>> wide[..., 0:8] = 1
    >>> narrow[..., 2:6, 2:6] = 1
    >>> matched_rescale(wide, narrow).scale  # the standard deviations are as √(4² − 1) to √(8² − 1)
    Parameter containing:
    tensor([0.4880, 0.4880])
    """
    (mean_a, spread_a), (mean_b, spread_b) = ink_moments(source), ink_moments(target)
    if not bool((spread_a > 0).all() and (spread_b > 0).all()):
        raise ValueError("the ink of one of the sets lies in a single row or column")
    scale = spread_b / spread_a
    return Rescale(scale, mean_b - scale * mean_a)
