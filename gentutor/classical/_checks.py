"""Input checks of the fitted models: they say what was seen and what was expected."""

import torch
from torch import Tensor


def expect_examples(x: Tensor, dims: int | None = None) -> None:
    """Raise unless ``x`` is a floating-point tensor (N, dims), not empty and finite."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        seen = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a floating-point tensor, got {seen}")
    if x.dim() != 2 or x.numel() == 0 or dims not in (None, x.shape[1]):
        expected = "D" if dims is None else dims
        raise ValueError(f"x must have shape (N, {expected}), not empty; got {tuple(x.shape)}")
    if not bool(x.isfinite().all()):
        raise ValueError("x holds values that are not finite")


def expect_labels(y: Tensor, n: int, num_classes: int) -> None:
    """Raise unless ``y`` holds n integer labels in 0 ... num_classes - 1."""
    if not isinstance(y, Tensor) or y.dtype != torch.int64:
        seen = y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise TypeError(f"y must be an int64 tensor, got {seen}")
    if y.shape != (n,):
        raise ValueError(f"expected one label per example, ({n},), got {tuple(y.shape)}")
    if not 0 <= int(y.min()) <= int(y.max()) < num_classes:
        seen_range = f"{int(y.min())} to {int(y.max())}"
        raise ValueError(f"labels must lie in 0 to {num_classes - 1}, got {seen_range}")
