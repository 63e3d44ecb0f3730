"""Reading answers that are a few numbers rather than a tensor with a gradient."""

from typing import Any

import torch
from torch import Tensor

from gentutor.exercises._calls import NOTHING, a
from gentutor.exercises._verdict import Wrong


def read_pair(result: Any) -> Tensor:
    """Two numbers, in a tuple, a list, an array or a tensor.

    Raises:
        Wrong: it is something else.
    """
    if result is None:
        raise Wrong(NOTHING)
    wrong = f"Two numbers are expected, but your function returns {a(result)}"
    try:
        values = list(result)
        if len(values) != 2:
            raise Wrong(f"{wrong} of {len(values)}.")
        numbers = [complex(value) for value in values]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{wrong}: {result!r:.60}.") from None
    pair = torch.tensor(numbers, dtype=torch.complex128)
    return pair if bool((pair.imag != 0).any()) else pair.real.clone()


def read_unordered_pair(result: Any) -> Tensor:
    """Two complex numbers, ordered by their imaginary parts if those differ, else by their real ones.

    Raises:
        Wrong: it is something else.
    """
    pair = read_pair(result).to(torch.complex128)
    apart = (pair.imag[0] - pair.imag[1]).abs() > 1e-6
    return pair[(pair.imag if bool(apart) else pair.real).argsort()]


def read_count(result: Any) -> Tensor:
    """A whole number, plain or in a tensor or an array.

    Raises:
        Wrong: it is something else.
    """
    if result is None:
        raise Wrong(NOTHING)
    wrong = f"A whole number is expected, but your function returns {a(result)}"
    if isinstance(result, bool | str):
        raise Wrong(f"{wrong}: {result!r:.60}.")
    try:
        value = float(result)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{wrong}: {result!r:.60}.") from None
    if value != round(value, 0):
        raise Wrong(f"A whole number is expected, but your function returns {value:g}.")
    return torch.tensor(value, dtype=torch.float64)
