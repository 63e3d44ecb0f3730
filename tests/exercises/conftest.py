"""How the tests of the exercises feed answers to the checks."""

from collections.abc import Callable
from typing import Any

import pytest

from gentutor.exercises import EXERCISES


@pytest.fixture
def accepts() -> Callable[[str, Any], None]:
    """Asserts that an answer to an exercise is correct."""

    def assert_correct(id: str, answer: Any) -> None:
        verdict = EXERCISES[id].verdict(answer)
        assert verdict.status == "correct", verdict.message

    return assert_correct


@pytest.fixture
def rejects() -> Callable[[str, Any, str], None]:
    """Asserts that an answer to an exercise is wrong, and that the message contains a phrase."""

    def assert_wrong(id: str, answer: Any, phrase: str) -> None:
        verdict = EXERCISES[id].verdict(answer)
        assert verdict.status == "wrong", verdict.message
        assert verdict.message.startswith("not yet: ")
        assert phrase in verdict.message

    return assert_wrong
