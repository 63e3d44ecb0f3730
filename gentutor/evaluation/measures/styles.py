"""How much of a hand survives when a digit is drawn again under another label."""

import torch
from torch import Tensor

from gentutor import _checks as check


def ink(images: Tensor) -> Tensor:
    """The sum of all pixels of each image: (N, 1, H, W) -> (N,), in the unit of the pixels.

    >>> ink(torch.ones(2, 1, 3, 3))
    tensor([9., 9.])
    """
    return images.sum(dim=(1, 2, 3))


def slant(images: Tensor) -> Tensor:
    r"""How far the ink leans, in columns per row: the slope of its columns on its rows.

    .. math:: \frac{\sum_{ij} x_{ij} (i - \bar\imath)(j - \bar\jmath)}{\sum_{ij} x_{ij} (i - \bar\imath)^2}

    Args:
        images: (N, 1, H, W), at least 0, each with ink in two rows.

    Returns:
        (N,): 0 for an upright stroke, negative where the upper end lies to the right.

    Raises:
        TypeError: the images are no floating-point tensor.
        ValueError: a pixel is negative or nan, or an image has no ink in two rows.

    >>> slant(torch.eye(4)[None, None])  # one column per row
    tensor([1.])
    """
    check.floats(images=images)
    if not bool((images >= 0).all()):
        raise ValueError(f"images must be at least 0, got {images.min():.4g}")
    if bool(((images > 0).any(dim=3).sum(dim=(1, 2)) < 2).any()):
        raise ValueError("an image has ink in fewer than two rows: it leans nowhere")
    height, width = images.shape[2:]
    down = torch.arange(height, dtype=images.dtype, device=images.device)[:, None].expand(height, width)
    across = torch.arange(width, dtype=images.dtype, device=images.device).expand(height, width)
    centre = [(images * at).sum(dim=(1, 2, 3)) / ink(images) for at in (down, across)]
    down, across = (at - mean[:, None, None, None] for at, mean in zip((down, across), centre, strict=True))
    return (images * down * across).sum(dim=(1, 2, 3)) / (images * down.square()).sum(dim=(1, 2, 3))


def other_labels(y: Tensor, classes: int = 10) -> Tensor:
    """For each label another one, all others in turn: (N,) int64 -> (N,) int64.

    >>> other_labels(torch.tensor([3, 3, 9]))
    tensor([4, 5, 2])
    """
    return (y + 1 + torch.arange(len(y), device=y.device) % (classes - 1)) % classes


def style_correlation(before: Tensor, after: Tensor, own: Tensor, other: Tensor) -> float:
    """The correlation of a style before and after a change of label, a mean over pairs of labels.

    Within one pair of labels only, since digits differ in ink and slant by what they are: pooled over
    all, a machine that ignores the style and gets the labels right has a correlation, too.

    Args:
        before, after: (N,), e.g. the slant of each source and of what was made of it.
        own, other: (N,), int64, the label of each source and the one it was drawn with.

    Returns:
        A number in [-1, 1]; 0 if the two have nothing to do with each other.

    Raises:
        ValueError: the shapes differ, a style is not finite, or a pair that occurs has fewer than three
            examples, or one style only.

    >>> own = torch.tensor([0, 0, 0, 1, 1, 1])
    >>> before, after = torch.tensor([0.0, 1, 2, 5, 6, 7]), torch.tensor([1.0, 2, 3, 2, 1, 0])
    >>> round(style_correlation(before, after, own, 1 - own), 6)  # the mean of 1 and -1
    0.0
    """
    if before.dim() != 1 or not before.shape == after.shape == own.shape == other.shape:
        seen = [tuple(part.shape) for part in (before, after, own, other)]
        raise ValueError(f"expected four tensors of one shape (N,), got {seen}")
    if not bool((before.isfinite() & after.isfinite()).all()):
        raise ValueError("before or after holds values that are not finite")
    pairs, of_pair, counts = torch.stack([own, other], dim=1).unique(
        dim=0, return_inverse=True, return_counts=True
    )
    if int(counts.min()) < 3:
        raise ValueError(
            f"labels {pairs[counts.argmin()].tolist()} occur as a pair only {int(counts.min())} times"
        )
    both = torch.stack([before, after]).double()
    each = []
    for i, pair in enumerate(pairs.tolist()):
        styles = both[:, of_pair == i]
        if bool((styles == styles[:, :1]).all(dim=1).any()):
            raise ValueError(
                f"labels {pair}: all styles before or after are the same, and correlate with nothing"
            )
        each.append(torch.corrcoef(styles)[0, 1])
    return float(torch.stack(each).mean())
