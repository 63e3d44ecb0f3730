"""Judging a function by comparing it with a reference, case by case."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from torch import Tensor

from gentutor.exercises._calls import expect_function
from gentutor.exercises._outcome import (
    Difference,
    Outcome,
    difference,
    outcome,
    read_tensor,
    value_difference,
)
from gentutor.exercises._show import show_arguments
from gentutor.exercises._verdict import NotAttempted, Wrong

Row = tuple[Callable[..., Any], str]  # a function that readers plausibly write, and the hint for it

RANDOM = "Your function gives another result at each call, but there is nothing random in the equation."


@dataclass(frozen=True)
class Case:
    """Arguments by name, what to say if an answer fails here first for no known reason, whether
    gradients with respect to the tensors among the arguments (or to which) are compared, too, and
    which arguments are passed by keyword."""

    arguments: dict[str, Any]
    hint: str = "Your function gives another result."
    gradients: bool | Collection[str] = True
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class SameFunction:
    """A judge that accepts functions equal to ``reference`` in every case.

    Args:
        reference: the right function.
        cases: makes the cases; the first should tell all mistakes apart.
        mistakes: rows (wrong function, hint); the first that explains the first difference gives the message.
        read: turns what an answer returned into a tensor, or raises ``Wrong``.
        tolerance: relative and absolute; by data type if None.
        crashes: see ``call``.
    """

    reference: Callable[..., Any]
    cases: Callable[[], Sequence[Case]]
    mistakes: Sequence[Row] = ()
    _: KW_ONLY
    read: Callable[[Any], Tensor] = read_tensor
    tolerance: float | None = None
    crashes: Mapping[str, str] | None = None

    def __call__(self, answer: Any) -> None:
        every = self.cases()
        for number, case in enumerate(every):
            expect_function(answer, case.arguments, case.keywords)
            where = show_arguments(case.arguments)
            try:
                got = self._result(answer, case)
            except NotAttempted:
                if number == 0:
                    raise
                raise Wrong(f"{case.hint}\nYour function raises NotImplementedError {where}.") from None
            except Wrong as wrong:
                more = f"\n{case.hint}" if number else ""
                raise Wrong(f"{wrong}{more}\nThis was {where}.") from wrong
            found = difference(got, self._result(self.reference, case), self.tolerance)
            if found is not None:
                text = self._hint(found, every[: number + 1], got)
                if text == case.hint and self._changes(answer, case, got):
                    text = RANDOM
                raise Wrong(f"{text}\nThe first difference is {where}: {found.text}")

    def _result(self, function: Any, case: Case) -> Outcome:
        return outcome(function, case.arguments, self.read, case.gradients, self.crashes, case.keywords)

    def _right(self, function: Any, case: Case) -> bool:
        try:
            got = self._result(function, case)
            return difference(got, self._result(self.reference, case), self.tolerance) is None
        except (Wrong, NotAttempted):
            return False

    def _explains(self, mistake: Callable[..., Any], case: Case, got: Outcome) -> bool:
        """Whether the mistake gives what the answer gave in this case, and is wrong here."""
        try:
            known = self._result(mistake, case)
        except (Wrong, NotAttempted):
            return False
        values_differ = value_difference(got, self._result(self.reference, case), self.tolerance)
        compare = value_difference if values_differ else difference
        return compare(got, known, self.tolerance) is None and not self._right(mistake, case)

    def _hint(self, found: Difference, seen: Sequence[Case], got: Outcome) -> str:
        """The hint of the first mistake that explains the last case seen and is right in those before."""
        *before, case = seen
        for mistake, hint in self.mistakes:
            if self._explains(mistake, case, got) and all(self._right(mistake, one) for one in before):
                return hint
        return found.hint or case.hint

    def _changes(self, answer: Any, case: Case, got: Outcome) -> bool:
        """Whether the answer gives something else when it is called again."""
        try:
            return value_difference(got, self._result(answer, case), self.tolerance) is not None
        except (Wrong, NotAttempted):
            return True
