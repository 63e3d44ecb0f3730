"""Arguments and differences in words that a reader can retype."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

FEW = 8  # at most so many numbers are written out


def show(value: Any, digits: int = 5) -> str:
    """A number, a small tensor's numbers, or a large tensor's shape."""
    if not isinstance(value, Tensor):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value.numel() > FEW or value.dim() > 2:
        return f"a tensor of shape {tuple(value.shape)}"
    return _numbers(value.detach().tolist(), digits)


def show_arguments(arguments: Mapping[str, Any]) -> str:
    """As in "for p = [0.5, 0.5] and dx = 1"; says so if tensors are float64."""
    text = "for " + " and ".join(f"{name} = {show(value)}" for name, value in arguments.items())
    double = any(isinstance(v, Tensor) and v.dtype == torch.float64 for v in arguments.values())
    return text + (" in float64" if double else "")


def show_difference(name: str, got: Tensor, expected: Tensor) -> str:
    """What was expected and what came, at the first place where they differ if there are many."""
    if expected.numel() > FEW or expected.dim() > 2:
        wide = torch.complex128 if got.is_complex() or expected.is_complex() else torch.float64
        wrong = ~torch.isclose(got.to(wide), expected.to(wide), rtol=1e-5, atol=1e-6)
        index = tuple((wrong.nonzero()[0] if bool(wrong.any()) else torch.zeros(got.dim())).int().tolist())
        name, got, expected = f"{name}at index {index}, ", got[index], expected[index]
    texts = next(
        (
            pair
            for digits in (5, 9, 17)
            if (pair := (show(expected, digits), show(got, digits)))[0] != pair[1]
        ),
        (show(expected), show(got)),
    )
    return f"{name}expected {texts[0]}, got {texts[1]}."


def _numbers(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_numbers(item, digits) for item in value)}]"
    if isinstance(value, complex):
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}i"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
