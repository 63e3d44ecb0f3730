"""Calling a reader's function: whatever it does, the result is a value or a kind message."""

import inspect
import re
import traceback
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from gentutor.exercises._verdict import NotAttempted, Wrong, one_line

FROM_TORCH = ("not implemented for '", "bool tensor")  # its NotImplementedErrors, which are no stub's
SCALARS = (
    "Functions of math, float() and int() take one number, and a tensor has many: use torch.log, torch.exp "
    "and their like, which work on every element."
)
NOTHING = "Your function returns nothing (None): is its return statement missing?"
ARRAYS = "NumPy's arrays are no tensors: torch.from_numpy(...).float() makes one."
CRASHES = {
    "same device": "The check runs on the CPU: take the device from an argument, as in real.device.",
    "boolean value of tensor": (
        "Python's if, and, or, max and min ask for one truth value, and a tensor has many: use torch.where, "
        "torch.maximum, clamp or F.relu, which work on every element."
    ),
    "only one element tensors can be converted": SCALARS,
    "cannot be converted to scalar": SCALARS,
    "python scalars": SCALARS,
    "must be tensor, not": "PyTorch's functions take tensors: of a plain number take math.log and its like.",
    "unexpected keyword argument 'axis'": "NumPy's functions do not know tensors; x.sum(dim=...) does.",
    "must have the same dtype": (
        "Two tensors of different data types meet; networks are float32, NumPy's numbers float64: x.float() "
        "makes a float32 tensor of x."
    ),
    "'numpy.ndarray' object has no attribute": ARRAYS,
    "but got numpy.ndarray": ARRAYS,
    "can't call numpy() on tensor that requires grad": (
        "NumPy knows no gradients: keep to PyTorch's own functions, whose results can be differentiated."
    ),
    "dimension specified as 0 but tensor has no dimensions": (
        "One example reaches a function that expects a batch: x[None] is a batch of one."
    ),
}
BROADCAST = (
    "Two shapes do not fit, {}, so that every element of one meets every element of the other: (N, 1) "
    "against (N,) makes N × N pairs. torch.ones_like(x) and torch.zeros_like(x) always have the shape of x."
)


def call(
    answer: Any,
    arguments: Mapping[str, Any],
    crashes: Mapping[str, str] | None = None,
    keywords: Collection[str] = (),
) -> Any:
    """Call ``answer`` with the arguments by position and return what it returns.

    Args:
        answer: the reader's function, or what they took for one.
        arguments: values by name; the names are used in messages.
        crashes: what to say when the error's text contains a phrase (lower case).
        keywords: the names of those arguments that are passed by keyword.

    Raises:
        NotAttempted: it raised NotImplementedError (and not PyTorch, for a data type).
        Wrong: it is no function, takes other arguments, crashes, compares tensors whose shapes do not
            fit, changes a tensor it was given, or sets the random seed.
    """
    expect_function(answer, arguments, keywords)
    positional, named = _split(arguments, keywords)
    tensors = {name: value for name, value in arguments.items() if isinstance(value, Tensor)}
    before = {name: value.detach().clone() for name, value in tensors.items()}
    seed = torch.initial_seed()
    try:
        with torch.enable_grad(), _fitting_shapes():  # puts the mode back if the answer switched it off
            result = answer(*positional, **named)
    except Wrong:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, NotImplementedError) and not any(text in str(error) for text in FROM_TORCH):
            raise NotAttempted from error
        raise Wrong(_crash_message(answer, error, crashes or {})) from error
    for name, value in tensors.items():
        if value.shape != before[name].shape or not _equal(value.detach(), before[name]):
            raise Wrong(
                f"your function changes {name}, the tensor it was given: an operation ending in an "
                "underscore, an assignment to its elements, or += works in place. Make a new tensor."
            )
    if torch.initial_seed() != seed:
        raise Wrong(
            "your function sets the random seed, so its random numbers are the same in every call (and so "
            "are everyone else's after it). Set seeds outside, once."
        )
    return result


@contextmanager
def _fitting_shapes() -> Iterator[None]:
    """Raise ``Wrong`` where PyTorch warns in the block that a loss's target has another shape; pass on
    all other warnings."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    for warning in seen:
        shapes = re.findall(r"(?:target|input) size \(torch.Size\(\[(.*?)\]\)\)", str(warning.message))
        if shapes:
            raise Wrong(BROADCAST.format(" and ".join(f"({shape})" for shape in shapes)))
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether all elements are equal; not-a-number equals itself."""
    return bool(((a == b) | ((a != a) & (b != b))).all())


def expect_function(answer: Any, arguments: Mapping[str, Any], keywords: Collection[str] = ()) -> None:
    """Raise ``Wrong`` unless ``answer`` can be called with these arguments by position (some by keyword)."""
    positional, named = _split(arguments, keywords)
    names = [f"{name}={named[name]}" if name in named else name for name in arguments]
    wanted = f"({', '.join(names)})"
    count = "1 argument" if len(positional) == 1 else f"{len(positional)} arguments"
    if not callable(answer):
        raise Wrong(
            f"the answer must be a function of {wanted}, but it is {a(answer)}. "
            "Pass the function itself, without calling it."
        )
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none; the call will tell
        return
    try:
        signature.bind(*positional, **named)
    except TypeError:
        raise Wrong(
            f"your function takes {signature}, but it is called as f{wanted}, with {count} by position."
        ) from None


def _split(arguments: Mapping[str, Any], keywords: Collection[str]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments by position and those by keyword."""
    named = {name: arguments[name] for name in keywords}
    return [value for name, value in arguments.items() if name not in named], named


def a(value: Any) -> str:
    """A value's type with an article: "a float", "an int", "nothing (None)"."""
    if value is None:
        return "nothing (None)"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _crash_message(answer: Any, error: BaseException, crashes: Mapping[str, str]) -> str:
    message = f"your function crashed with {one_line(error)}"
    code = getattr(answer, "__code__", None)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename and frame.line
    ]
    if own:
        message += f"\nin the line: {own[-1].line}"
    for phrase, advice in (*crashes.items(), *CRASHES.items()):
        if phrase in str(error).lower():
            return f"{advice}\n({message})"
    return message
