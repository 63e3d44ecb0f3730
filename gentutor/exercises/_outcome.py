"""What a function gave: its value and its gradients, and how two such outcomes differ."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gentutor.exercises._calls import NOTHING, a, call
from gentutor.exercises._show import show_difference
from gentutor.exercises._verdict import Wrong, one_line

CUT = (
    "No gradient comes out of your function: math.log and its like, .item(), float(), .detach(), "
    "torch.tensor(...) and torch.no_grad() cut it. Keep to operations on tensors."
)
PARTLY_CUT = (
    "The gradient to {} is cut: is there a math.log, .item(), float(), .detach(), .data or torch.no_grad() "
    "on its way, or a clamp or round that makes it zero? Keep to operations on tensors."
)
BACKWARD = "Your function calls backward() itself. Just return the loss; the training step does the rest."
SCALAR = "One number is expected: an expectation is a mean over all elements, and an integral a sum."


@dataclass
class Outcome:
    """What a function gave in a case: its value, and the gradient of each tensor it was given."""

    value: Tensor
    gradients: dict[str, Tensor | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """How two outcomes differ, in words, and what that alone already tells."""

    text: str
    hint: str = ""


def outcome(
    function: Any,
    arguments: Mapping[str, Any],
    read: Callable[[Any], Tensor],
    gradients: bool | Collection[str] = True,
    crashes: Mapping[str, str] | None = None,
    keywords: Collection[str] = (),
) -> Outcome:
    """Call a function on copies of the arguments and differentiate what it returns.

    ``gradients`` may name the arguments to differentiate by; ``keywords`` as for ``call``.

    Raises:
        NotAttempted, Wrong: see ``call`` and ``read``; or differentiating fails.
    """
    wanted = arguments if gradients is True else gradients or ()
    leaves = {
        name: value.clone().requires_grad_()
        for name, value in arguments.items()
        if isinstance(value, Tensor) and value.is_floating_point() and name in wanted
    }
    given = {
        name: leaves.get(name, value).clone() if isinstance(value, Tensor) else value
        for name, value in arguments.items()
    }
    result = call(function, given, crashes, keywords)
    value = read(result if gradients else _as_tensor(result))
    if not gradients:
        return Outcome(value.detach())
    if any(leaf.grad is not None for leaf in leaves.values()):
        raise Wrong(BACKWARD)
    if not value.requires_grad:
        return Outcome(value, dict.fromkeys(leaves))
    weights = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    found = slopes(value, leaves.values(), weights)
    return Outcome(value.detach(), dict(zip(leaves, found, strict=True)))


def _as_tensor(result: Any) -> Any:
    """Numbers and arrays as tensors, where nobody asks for their gradient; anything else as it is."""
    if isinstance(result, np.ndarray | np.number | int | float) and not isinstance(result, bool):
        return torch.as_tensor(result, dtype=torch.float64 if isinstance(result, int | float) else None)
    return result


def slopes(value: Tensor, of: Iterable[Tensor], weights: Tensor | None = None) -> list[Tensor | None]:
    """The gradient of what a reader's function gave with respect to each tensor.

    Raises:
        Wrong: differentiating fails.
    """
    try:
        return list(torch.autograd.grad(value, list(of), weights, allow_unused=True))
    except RuntimeError as error:
        if "second time" in str(error):
            raise Wrong(BACKWARD) from error
        raise Wrong(f"Differentiating your function failed ({one_line(error)}).") from error


def expect_no_backward(*networks: nn.Module) -> None:
    """Raise ``Wrong`` if parameters hold gradients after a call that should only return a loss."""
    if any(parameter.grad is not None for network in networks for parameter in network.parameters()):
        raise Wrong(BACKWARD)


def read_tensor(result: Any) -> Tensor:
    """What a function of tensors must return.

    Raises:
        Wrong: it is something else.
    """
    if result is None:
        raise Wrong(NOTHING)
    if isinstance(result, bool | int | float | np.number):
        raise Wrong(
            f"Your function returns {a(result)}, a plain number without a gradient. "
            "Return the tensor itself, without .item() or float()."
        )
    if isinstance(result, list | tuple) and result and all(isinstance(part, Tensor) for part in result):
        raise Wrong(
            f"Your function returns {a(result)} of tensors: torch.stack or torch.cat makes one of them."
        )
    if not isinstance(result, Tensor):
        raise Wrong(f"Your function returns {a(result)}, but a tensor is expected.")
    if not result.is_floating_point():
        raise Wrong(f"Your function returns a tensor of {result.dtype}, but decimal numbers are expected.")
    return result


def difference(got: Outcome, expected: Outcome, tolerance: float | None = None) -> Difference | None:
    """The first difference between two outcomes, None if there is none."""
    return value_difference(got, expected, tolerance) or _gradient_difference(got, expected, tolerance)


def value_difference(got: Outcome, expected: Outcome, tolerance: float | None = None) -> Difference | None:
    """How the values differ: in shape or in size."""
    if got.value.shape != expected.value.shape:
        text = f"expected the shape {tuple(expected.value.shape)}, got {tuple(got.value.shape)}."
        return Difference(text, "" if expected.value.dim() else SCALAR)
    if not close(got.value, expected.value, tolerance):
        return Difference(show_difference("", got.value, expected.value))
    return None


def _gradient_difference(got: Outcome, expected: Outcome, tolerance: float | None) -> Difference | None:
    rights = {name: torch.zeros(()) if right is None else right for name, right in expected.gradients.items()}
    missing = all(gradient is None for gradient in got.gradients.values())
    if missing and any(bool(right.any()) for right in rights.values()):
        return Difference("the value is right, but it has no gradient.", CUT)
    vanished = [name for name, right in rights.items() if _vanished(got.gradients[name], right, tolerance)]
    if vanished:  # looked for first: where one gradient is cut, another is often wrong as well
        name, all_zero = vanished[0], len(vanished) == len(rights)
        state = "missing" if got.gradients[name] is None else "zero"
        return Difference(
            f"the value is right, but the gradient with respect to {name} is {state}.",
            CUT if all_zero else PARTLY_CUT.format(name),
        )
    for name, right in rights.items():
        gradient = got.gradients[name]
        if gradient is not None and not close(gradient, right.expand_as(gradient), tolerance):
            text = show_difference(
                f"the gradient with respect to {name}, ", gradient, right.expand_as(gradient)
            )
            return Difference("the value is right, but not " + text)
    return None


def _vanished(gradient: Tensor | None, right: Tensor, tolerance: float | None) -> bool:
    """Whether a gradient is missing, or zero everywhere, where it should not be."""
    if gradient is None:
        return bool((right != 0).any())
    return not bool(gradient.any()) and not close(gradient, right.expand_as(gradient), tolerance)


def close(got: Tensor, expected: Tensor, tolerance: float | None = None) -> bool:
    """Equal up to rounding (not-a-number equals itself, so that the same mistake is recognised)."""
    double = got.dtype == expected.dtype == torch.float64
    rtol, atol = (tolerance, tolerance) if tolerance else (1e-7, 1e-7) if double else (1e-5, 1e-6)
    kind = torch.complex128 if got.is_complex() or expected.is_complex() else torch.float64
    return torch.allclose(got.to(kind), expected.to(kind), rtol=rtol, atol=atol, equal_nan=True)
