"""Judging a function by comparing it with a reference, case by case."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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
from gentutor.exercises._verdict import Judge, NotAttempted, Wrong

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
class Mistake:
    """A function that readers plausibly write, and the hint for those who did."""

    hint: str
    answer: Callable[..., Any]


def same_function(
    reference: Callable[..., Any],
    cases: Callable[[], Sequence[Case]],
    mistakes: Sequence[Mistake] = (),
    *,
    read: Callable[[Any], Tensor] = read_tensor,
    tolerance: float | None = None,
    crashes: Mapping[str, str] | None = None,
) -> Judge:
    """A judge that accepts functions equal to ``reference`` in every case.

    Args:
        reference: the right function.
        cases: makes the cases; the first should tell all mistakes apart.
        mistakes: the first that explains the first difference gives the message.
        read: turns what an answer returned into a tensor, or raises ``Wrong``.
        tolerance: relative and absolute; by data type if None.
        crashes: see ``call``.
    """

    def result(function: Any, case: Case) -> Outcome:
        return outcome(function, case.arguments, read, case.gradients, crashes, case.keywords)

    def right(function: Any, case: Case) -> bool:
        try:
            return difference(result(function, case), result(reference, case), tolerance) is None
        except (Wrong, NotAttempted):
            return False

    def explains(mistake: Mistake, case: Case, got: Outcome) -> bool:
        """Whether the mistake gives what the answer gave in this case, and is wrong here."""
        try:
            known = result(mistake.answer, case)
        except (Wrong, NotAttempted):
            return False
        values_differ = value_difference(got, result(reference, case), tolerance)
        compare = value_difference if values_differ else difference
        return compare(got, known, tolerance) is None and not right(mistake.answer, case)

    def hint(found: Difference, seen: Sequence[Case], got: Outcome) -> str:
        """The hint of the first mistake that explains the last case seen and is right in those before."""
        *before, case = seen
        for mistake in mistakes:
            if explains(mistake, case, got) and all(right(mistake.answer, earlier) for earlier in before):
                return mistake.hint
        return found.hint or case.hint

    def changes(answer: Any, case: Case, got: Outcome) -> bool:
        """Whether the answer gives something else when it is called again."""
        try:
            return value_difference(got, result(answer, case), tolerance) is not None
        except (Wrong, NotAttempted):
            return True

    def judge(answer: Any) -> None:
        every = cases()
        for number, case in enumerate(every):
            expect_function(answer, case.arguments, case.keywords)
            where = show_arguments(case.arguments)
            try:
                got = result(answer, case)
            except NotAttempted:
                if number == 0:
                    raise
                raise Wrong(f"{case.hint}\nYour function raises NotImplementedError {where}.") from None
            except Wrong as wrong:
                more = f"\n{case.hint}" if number else ""
                raise Wrong(f"{wrong}{more}\nThis was {where}.") from wrong
            found = difference(got, result(reference, case), tolerance)
            if found is not None:
                text = hint(found, every[: number + 1], got)
                if text == case.hint and changes(answer, case, got):
                    text = RANDOM
                raise Wrong(f"{text}\nThe first difference is {where}: {found.text}")

    return judge
