"""Input checks shared by the package: they say what was seen and what was expected."""

import torch
from torch import Tensor

ROUNDING = 1e-3  # beyond a range this much is allowed: a quarter of a grey level


def expect_count(name: str, value: int) -> None:
    """Raise unless ``value`` is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def expect_floats(name: str, value: Tensor) -> None:
    """Raise unless ``value`` is a floating-point tensor."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        seen = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {seen}")


def expect_range(name: str, value: Tensor, low: float, high: float, slack: float = ROUNDING) -> None:
    """Raise unless all numbers lie in [low, high], or beyond it by no more than ``slack``; none is nan."""
    if value.numel() == 0:
        return
    least, most = (float(x) for x in torch.aminmax(value.detach()))
    if not (least >= low - slack and most <= high + slack):
        span = f"{least:.4g}" if least == most else f"{least:.4g} to {most:.4g}"
        seen = "nan" if least != least else span
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {seen}")
