"""Input checks shared by the objectives: they say what was seen and what was expected."""

import torch
from torch import Tensor

from gentutor._checks import expect_range


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


def expect_per_example(**tensors: Tensor) -> None:
    """Raise unless all arguments are floating-point tensors of one shape (B, ...), two or more dimensions."""
    expect_same_shape(**tensors)
    for name, value in tensors.items():
        if value.dim() < 2:
            raise ValueError(
                f"{name} must have shape (B, ...), a batch and at least one more dimension, "
                f"got {tuple(value.shape)}"
            )


def expect_unit_interval(**tensors: Tensor) -> None:
    """Raise unless all numbers lie in [0, 1], up to rounding.

    Not on a GPU, where looking at them would make the processor wait at each step, nor within
    ``torch.vmap``, which shows none.
    """
    for name, value in tensors.items():
        if not value.is_cuda and not torch._C._functorch.is_batchedtensor(value):
            expect_range(name, value, 0, 1)


def expect_precise(**tensors: Tensor) -> None:
    """Raise unless all arguments are float32 or float64: PyTorch decomposes no other matrices."""
    for name, value in tensors.items():
        if value.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"{name} must be float32 or float64, got {value.dtype}")


def expect_positive_std(std: float | Tensor, x: Tensor) -> None:
    """Raise unless std is positive everywhere and broadcasts to the shape of x."""
    if isinstance(std, Tensor):
        try:
            fits = torch.broadcast_shapes(std.shape, x.shape) == x.shape
        except RuntimeError:
            fits = False
        if not fits:
            raise ValueError(f"std of shape {tuple(std.shape)} does not broadcast to x, {tuple(x.shape)}")
    if not bool((torch.as_tensor(std, device=x.device) > 0).all()):
        raise ValueError(f"std must be positive, got {std}")
