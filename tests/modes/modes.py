"""Data types, defaults and autocast under which everything must work."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor


@contextlib.contextmanager
def other_defaults() -> Iterator[None]:
    """New tensors are float64 and hold no numbers: what relies on the defaults fails, or differs."""
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            yield
    finally:
        torch.set_default_dtype(torch.float32)


def autocast() -> torch.autocast:
    """Matrix products in bfloat16."""
    return torch.autocast("cpu", torch.bfloat16)


def rand(*shape: int, seed: int = 0) -> Tensor:
    """Numbers from U[0, 1], always the same."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def randn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers from N(0, 1), always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def cast(value: Any, dtype: torch.dtype) -> Any:
    """Tensors of numbers in another data type; labels, and networks' integers, stay."""
    return value.to(dtype) if not isinstance(value, Tensor) or value.is_floating_point() else value


def tensors(result: Any) -> list[Tensor]:
    """The numbers of a result of any kind, one tensor after the other, detached."""
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, tuple):  # also a named one
        return [tensor for part in result for tensor in tensors(part)]
    with torch.device("cpu"):
        return [torch.as_tensor(result).detach()]


def expect_finite(result: Any) -> None:
    """Raise unless all numbers of a result are finite."""
    assert all(bool(tensor.isfinite().all()) for tensor in tensors(result)), result


def expect_same(result: Any, expected: Any) -> None:
    """Raise unless two results hold exactly the same numbers of the same types."""
    torch.testing.assert_close(tensors(result), tensors(expected), rtol=0, atol=0, equal_nan=True)


def seeded(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives with PyTorch's random numbers seeded."""
    torch.manual_seed(1)
    return function(*arguments)
