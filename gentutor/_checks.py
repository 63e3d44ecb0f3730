"""Input checks of the whole package: each says what was seen and what was expected.

They are called as ``check.same_shape(p=p, q=q)``: a keyword is the name that the message gives the value.
"""

from collections.abc import Collection

import torch
from torch import Tensor

ROUNDING = 1e-3  # beyond a range this much is allowed: a quarter of a grey level


def kind(value: object) -> str:
    """The data type of a tensor, the class of anything else: how a message names what it saw."""
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


# Types and numbers


def floats(**tensors: Tensor) -> None:
    """Floating-point tensors."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor) or not value.is_floating_point():
            raise TypeError(f"{name} must be a floating-point tensor, got {kind(value)}")


def precise(**tensors: Tensor) -> None:
    """float32 or float64: PyTorch decomposes no other matrices."""
    for name, value in tensors.items():
        if value.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"{name} must be float32 or float64, got {value.dtype}")


def numbers(**tensors: Tensor) -> None:
    """Tensors of real numbers, integers or not."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor) or value.dtype == torch.bool or value.is_complex():
            raise TypeError(f"{name} must be a tensor of numbers, got {kind(value)}")


def int64(**tensors: Tensor) -> None:
    """Tensors of integers, such as labels."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor) or value.dtype != torch.int64:
            raise TypeError(f"{name} must be an int64 tensor, got {kind(value)}")


def integer(**values: int) -> None:
    """Plain integers."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, got {value!r}")


def count(**values: int) -> None:
    """Integers of at least 1."""
    integer(**values)
    at_least(1, **values)


def at_least(low: int, **values: float) -> None:
    """Numbers that are not below ``low``, nor nan."""
    for name, value in values.items():
        if not value >= low:
            raise ValueError(f"{name} must be at least {low}, got {value}")


def positive(**values: float) -> None:
    """Finite numbers above 0."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a number, got {value!r}")
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be positive and finite, got {value}")


def known(choices: Collection[object], **values: object) -> None:
    """One of the choices, which the message lists."""
    for name, value in values.items():
        if value not in choices:
            raise ValueError(f"unknown {name} {value!r}; known: {', '.join(map(str, choices))}")


# Shapes


def not_empty(**tensors: Tensor) -> None:
    """Floating-point tensors that hold a number at least."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
        floats(**{name: value})
        if value.numel() == 0:
            raise ValueError(f"{name} is empty: its shape is {tuple(value.shape)}")


def same_shape(**tensors: Tensor) -> None:
    """Floating-point tensors of one shape, not empty."""
    not_empty(**tensors)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"expected tensors of one shape, got {shapes}")


def per_example(**tensors: Tensor) -> None:
    """Floating-point tensors of one shape (B, ...), of two dimensions or more."""
    same_shape(**tensors)
    for name, value in tensors.items():
        if value.dim() < 2:
            raise ValueError(
                f"{name} must have shape (B, ...), a batch and at least one more dimension, "
                f"got {tuple(value.shape)}"
            )


def points(dims: int | None = None, **tensors: Tensor) -> None:
    """Floating-point tensors (N, dims), N and dims at least 1."""
    floats(**tensors)
    for name, value in tensors.items():
        if value.dim() != 2 or value.numel() == 0 or dims not in (None, value.shape[1]):
            expected = "D" if dims is None else dims
            raise ValueError(f"{name} must have shape (N, {expected}), not empty; got {tuple(value.shape)}")


def images(x: Tensor, shape: tuple[int, ...], what: str = "images") -> None:
    """A batch (B, C, H, W) of this shape (C, H, W)."""
    if tuple(x.shape[1:]) != shape:
        expected = ", ".join(["B", *map(str, shape)])
        raise ValueError(f"expected {what} of shape ({expected}), got {tuple(x.shape)}")


def noise(z: Tensor, latent_dim: int) -> None:
    """A batch (B, latent_dim)."""
    if z.dim() != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"expected noise of shape (B, {latent_dim}), got {tuple(z.shape)}")


def one_each(x: Tensor, c: Tensor) -> None:
    """As many conditions c as examples x."""
    if len(c) != len(x):
        raise ValueError(f"expected one condition for each of {len(x)} examples, got {len(c)}")


def labels(y: Tensor, n: int, num_classes: int) -> None:
    """n integer labels, 0 to num_classes - 1."""
    int64(y=y)
    if y.shape != (n,):
        raise ValueError(f"expected one label per example, ({n},), got {tuple(y.shape)}")
    below(num_classes, labels=y)


# Values: they are looked at, for which a GPU would have to stop at each step


def below(bound: int, **tensors: Tensor) -> None:
    """Integers from 0 to bound - 1."""
    for name, value in tensors.items():
        if value.numel() and not 0 <= int(value.min()) <= int(value.max()) < bound:
            seen = f"{int(value.min())} to {int(value.max())}"
            raise ValueError(f"{name} must lie in 0 to {bound - 1}, got {seen}")


def within(low: float, high: float, slack: float = ROUNDING, **tensors: Tensor) -> None:
    """Numbers in [low, high], or beyond it by no more than ``slack``; none is nan."""
    for name, value in tensors.items():
        if value.numel() == 0:
            continue
        least, most = (float(x) for x in torch.aminmax(value.detach()))
        if not (least >= low - slack and most <= high + slack):
            span = f"{least:.4g}" if least == most else f"{least:.4g} to {most:.4g}"
            seen = "nan" if least != least else span
            raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {seen}")


def unit_interval(**tensors: Tensor) -> None:
    """Numbers in [0, 1], up to rounding; not looked at on a GPU, nor in ``torch.vmap``, which shows none."""
    for name, value in tensors.items():
        if not value.is_cuda and not torch._C._functorch.is_batchedtensor(value):
            within(0, 1, ROUNDING, **{name: value})


def finite(**tensors: Tensor) -> None:
    """Floating-point tensors in which no number is infinite or nan."""
    floats(**tensors)
    for name, value in tensors.items():
        if not bool(value.isfinite().all()):
            raise ValueError(f"{name} holds values that are not finite")


def examples(x: Tensor, dims: int | None = None) -> None:
    """Finite numbers of shape (N, dims), N and dims at least 1."""
    points(dims, x=x)
    finite(x=x)


def densities(dx: float, **tensors: Tensor) -> None:
    """Values on a grid of one shape, not negative, with a sum of 1/dx within 5 %."""
    same_shape(**tensors)
    if not dx > 0:
        raise ValueError(f"dx, the size of a grid cell, must be positive, got {dx}")
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()) or bool((value < 0).any()):
            raise ValueError(f"{name} must be a density: finite and nowhere negative")
        mass = float(value.detach().sum() * dx)
        if abs(mass - 1) > 0.05:
            raise ValueError(
                f"{name} has mass {mass:.3f} on this grid, expected about 1: "
                "pass a density (not its logarithm), the right dx, and a grid that covers it"
            )
