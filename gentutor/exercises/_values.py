"""Judging answers that are one value: predictions, derived numbers, choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, isnan, log10, trunc
from numbers import Real
from typing import Any

from gentutor.exercises._calls import NOTHING, a, call
from gentutor.exercises._verdict import Exercise, NotAttempted, Wrong

ROUNDING = 0.01  # of a known wrong value


@dataclass(frozen=True)
class Number:
    """A judge of a number, given as such or as a function without arguments that returns it.

    Args:
        expected: the right value.
        mistakes: rows (plausible wrong value, hint).
        tolerance: the largest absolute error of a right answer: 0.001 where the text asks for three
            decimals, so that they may be rounded or cut.
    """

    expected: float
    mistakes: Sequence[tuple[float, str]]
    tolerance: float = 0.01

    def __call__(self, answer: Any) -> None:
        value = _plain(answer)
        if isinstance(value, str):
            raise Wrong(
                f"a number is expected, but your answer is a text: {value!r}. Leave out the quotation marks; "
                "Python computes 1 / 6 and math.log(10)."
            )
        if isinstance(value, bool) or not isinstance(value, Real):
            raise Wrong(f"a number is expected, but your answer is {a(value)}.")
        number = float(value)
        if abs(number - self.expected) <= self.tolerance:
            return
        raise Wrong(f"{self._why(number)}\nYou answered {number:g}.")

    def _why(self, value: float) -> str:
        """What to say of a wrong number: a known mistake, too few decimals, or on which side it lies."""
        if isnan(value):
            return "that is not a number."
        known, hint = min(self.mistakes, key=lambda row: abs(value - row[0]), default=(inf, ""))
        if abs(value - known) <= self.tolerance:
            return hint
        given, wanted = len(f"{value:.10f}".rstrip("0").split(".")[1]), ceil(-log10(self.tolerance))
        cut = trunc(self.expected * 10**given) / 10**given
        shortened = min(abs(value - cut), abs(value - round(self.expected, given))) < 1e-9
        if 0 < given < wanted and shortened and abs(value - self.expected) < 0.1 * abs(self.expected):
            return f"that is right as far as it goes: give {wanted} decimals."
        if abs(value - known) <= ROUNDING:
            return hint
        return f"that is too {'large' if value > self.expected else 'small'}."


@dataclass(frozen=True)
class Choice:
    """A judge of a letter, upper or lower case.

    Args:
        expected: the right letter.
        mistakes: rows (other letter, why it is wrong).
    """

    expected: str
    mistakes: Sequence[tuple[str, str]]

    def __call__(self, answer: Any) -> None:
        value = _plain(answer)
        letter = value.strip().strip("().").lower() if isinstance(value, str) else value
        hints = dict(self.mistakes)
        letters = sorted((self.expected, *hints))
        if not isinstance(letter, str) or letter not in letters:
            known = ", ".join(letters)
            raise Wrong(f"answer with one of the letters {known}, as a string; your answer is {value!r}.")
        if letter != self.expected:
            raise Wrong(hints[letter])


def number(expected: float, praise: str, *mistakes: tuple[float, str], tolerance: float = 0.01) -> Exercise:
    """An exercise whose answer is a number; see ``Number``."""
    return Exercise(Number(expected, mistakes, tolerance), praise)


def choose(expected: str, praise: str, *mistakes: tuple[str, str]) -> Exercise:
    """An exercise whose answer is one of a few letters; see ``Choice``."""
    return Exercise(Choice(expected, mistakes), praise)


def _plain(answer: Any) -> Any:
    """The value of an answer: what a function returns, or the number in a tensor."""
    value = answer
    if callable(answer):
        value = call(answer, {})
        if value is None:
            raise Wrong(NOTHING)
    if value is None or value is ...:
        raise NotAttempted
    if getattr(value, "shape", None) in ((), (1,)) and hasattr(value, "item"):
        value = value.item()
    return value
