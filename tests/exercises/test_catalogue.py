"""What holds for every exercise: its solution is right in all of PyTorch's modes, its mistakes have hints."""

from contextlib import contextmanager

import pytest
import torch

from gentutor.exercises import EXERCISES
from tests.exercises.solutions import solutions


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def test_the_notebooks_print_a_solution_for_each_exercise():
    assert solutions().keys() == EXERCISES.keys()


@pytest.mark.parametrize(
    "mode",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", torch.bfloat16),
        lambda: torch.device("meta"),
        lambda: default_dtype(torch.float64),
        lambda: default_dtype(torch.bfloat16),
    ],
    ids=["no_grad", "inference", "autocast", "device", "float64", "bfloat16"],
)
def test_the_readers_modes_do_not_reach_a_check(mode):
    answers = solutions()
    with mode():
        refused = [
            id for id, exercise in EXERCISES.items() if exercise.verdict(answers[id]).status != "correct"
        ]
        grad, dtype, place = torch.is_grad_enabled(), torch.get_default_dtype(), torch.empty(0).device
    assert refused == []
    with mode():
        assert (grad, dtype, place) == (
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            torch.empty(0).device,
        )


CATALOGUES = {
    id: exercise.judge.mistakes for id, exercise in EXERCISES.items() if hasattr(exercise.judge, "mistakes")
}


@pytest.mark.parametrize("id", CATALOGUES)
def test_every_known_mistake_gets_its_own_hint(id, rejects):
    for answer, own in CATALOGUES[id]:
        rejects(id, answer, own[1:])  # a message begins with a capital
