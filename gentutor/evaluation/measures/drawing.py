"""What those functions share that measure a trained model, by drawing from it and from a test set."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes

Measure = Callable[..., dict[str, float]]
CHUNK = 1000  # images decoded at once


def device_of(model: nn.Module) -> torch.device:
    """Where a model is, and so where it is measured."""
    return next(model.parameters()).device


def on_device_of(model: nn.Module, *tensors: Tensor) -> list[Tensor]:
    """The tensors on the device of a model."""
    return [tensor.to(device_of(model)) for tensor in tensors]


def measuring(measure: Measure) -> Measure:
    """A function that measures a model, its first argument: of float32, in plain modes, without gradients.

    It is measured where the model is, ``model.to(settings.device())`` on a GPU if there is one. All random
    numbers are drawn on the processor, so that those of a seed are the same everywhere.

    Raises:
        TypeError: at a call, the model is not float32.
    """

    @functools.wraps(measure)
    @plain_modes()
    @torch.no_grad()
    def measured(model: nn.Module, *arguments: Any, **named: Any) -> dict[str, float]:
        dtypes = {parameter.dtype for parameter in model.parameters()} - {torch.float32}
        if dtypes:
            raise TypeError(
                f"expected a float32 model, got one of {dtypes.pop()}; model.float() makes it one"
            )
        return measure(model, *arguments, **named)

    return measured


def with_suffix(suffix: str, numbers: dict[str, float]) -> dict[str, float]:
    """The same numbers under longer names."""
    return {name + suffix: value for name, value in numbers.items()}


def draw(digits: data.Images, n: int, order: torch.Generator) -> tuple[Tensor, Tensor]:
    """n random images in [0, 1], without replacement, and their labels."""
    if not 1 <= n <= len(digits.images):
        raise ValueError(f"samples must lie in 1 to {len(digits.images)}, the images there are, got {n}")
    chosen = torch.randperm(len(digits.images), generator=order, device="cpu")[:n]
    return data.to_unit(digits.images[chosen]), digits.labels[chosen]
