"""Input checks of the toy densities: they say what was seen and what was expected."""

from torch import Tensor


def expect_points(name: str, points: Tensor, dims: int | None = None) -> None:
    """Raise unless ``points`` is a floating-point tensor (N, dims) with N and dims at least 1."""
    if not isinstance(points, Tensor) or not points.is_floating_point():
        seen = points.dtype if isinstance(points, Tensor) else type(points).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {seen}")
    if points.ndim != 2 or points.numel() == 0 or dims not in (None, points.shape[1]):
        expected = "D" if dims is None else dims
        raise ValueError(f"{name} must have shape (N, {expected}), not empty; got {tuple(points.shape)}")


def expect_positive(name: str, value: float) -> None:
    """Raise unless ``value`` is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be positive and finite, got {value}")
