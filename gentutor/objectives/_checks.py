"""Input checks shared by the objectives: they say what was seen and what was expected."""

import torch
from torch import Tensor


def expect_scores(**scores: Tensor) -> None:
    """Raise unless every argument is a non-empty floating-point tensor."""
    for name, value in scores.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
        if not value.is_floating_point():
            raise TypeError(f"{name} must be a floating-point tensor, got {value.dtype}")
        if value.numel() == 0:
            raise ValueError(f"{name} is empty: its shape is {tuple(value.shape)}")


def expect_same_shape(**tensors: Tensor) -> None:
    """Raise unless all arguments are non-empty floating-point tensors of one shape."""
    expect_scores(**tensors)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"expected tensors of one shape, got {shapes}")


def expect_densities(dx: float, **densities: Tensor) -> None:
    """Raise unless the arguments are non-negative, of one shape, and sum to 1/dx within 5 %."""
    expect_same_shape(**densities)
    if not dx > 0:
        raise ValueError(f"dx, the size of a grid cell, must be positive, got {dx}")
    for name, value in densities.items():
        if not bool(torch.isfinite(value).all()) or bool((value < 0).any()):
            raise ValueError(f"{name} must be a density: finite and nowhere negative")
        mass = float(value.detach().sum() * dx)
        if abs(mass - 1) > 0.05:
            raise ValueError(
                f"{name} has mass {mass:.3f} on this grid, expected about 1: "
                "pass a density (not its logarithm), the right dx, and a grid that covers it"
            )
