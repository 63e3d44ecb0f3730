"""What ``check`` does for every exercise, whatever the answer."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gentutor.exercises import EXERCISES, Verdict, check
from gentutor.exercises._compare import Case, SameFunction
from gentutor.exercises._values import Choice, Number
from tests.exercises.solutions import solution

VALUES = {id for id, exercise in EXERCISES.items() if isinstance(exercise.judge, Choice | Number)}
STEPS = {"gan.step", "vae.step"}
TOLD = {"conditional.discriminator_loss", "conditional.sample"}  # their networks take two arguments
FUNCTIONS = sorted(set(EXERCISES) - VALUES)
ID = "gan.generator_loss"


def right(fake_logits):
    return F.softplus(-fake_logits).mean()


def stub(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("id", EXERCISES)
def test_the_solution_is_correct(id, capsys):
    verdict = check(id, solution(id))
    assert verdict.status == "correct"
    assert capsys.readouterr().out == verdict.message + "\n"
    assert verdict.message.startswith("correct")


@pytest.mark.parametrize("id", EXERCISES)
def test_the_stub_is_not_attempted(id, capsys):
    verdict = check(id, stub)
    assert verdict.status == "not attempted"
    assert capsys.readouterr().out.startswith("not attempted yet")


@pytest.mark.parametrize("id", sorted(VALUES))
@pytest.mark.parametrize("blank", [None, ..., lambda: ...])
def test_a_blank_value_is_not_attempted(id, blank):
    assert check(id, blank).status == "not attempted"


@pytest.mark.parametrize("id", FUNCTIONS)
@pytest.mark.parametrize("answer", [None, ..., 3, 0.5, "text", [], torch.zeros(3)], ids=str)
def test_an_answer_that_is_no_function(id, answer, rejects):
    rejects(id, answer, "must be a function of (")


@pytest.mark.parametrize("id", EXERCISES)
def test_an_answer_that_crashes(id, rejects):
    def crash(*arguments):
        return {}["missing"]

    rejects(id, crash, "crashed with KeyError: 'missing'")
    rejects(id, crash, 'in the line: return {}["missing"]')


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("error", [SystemExit, RecursionError, ValueError("two\nlines"), Exception()])
def test_any_exception_is_a_message(id, error, rejects):
    def crash(*arguments):
        raise error

    rejects(id, crash, "crashed with")


@pytest.mark.parametrize("id", sorted(set(EXERCISES) - STEPS - TOLD))
def test_an_answer_that_returns_nothing(id, rejects):
    def forgets(*arguments):
        for network in arguments:
            if isinstance(network, torch.nn.Module):
                network(torch.zeros(1, getattr(network, "latent_dim", 2)))

    rejects(id, forgets, "returns nothing")


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_with_other_arguments(id, rejects):
    rejects(id, lambda a, b, c, d, e, f, g: None, "takes (a, b, c, d, e, f, g), but it is called as f(")
    rejects(id, lambda *, keyword: None, "by position")


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize(
    "result",
    [
        "text",
        {},
        object(),
        (1, 2, 3),
        torch.zeros(0),
        torch.tensor(float("nan")),
        torch.zeros(2, 2).to_sparse(),
    ],
    ids=lambda result: type(result).__name__,
)
def test_an_answer_that_returns_something_odd(id, result):
    assert check(id, lambda *arguments: result).status == "wrong"


def test_an_answer_whose_looks_cannot_be_trusted():
    class Odd:
        def __repr__(self):
            raise RuntimeError("no")

    assert check("gan.loss_near_log_4", lambda: Odd()).status == "wrong"
    assert check("gan.bilinear_step", lambda x, y, learning_rate: Odd()).status == "wrong"


def test_an_answer_that_changes_its_input(rejects):
    rejects(ID, lambda f: F.softplus(f.neg_()).mean(), "changes fake_logits")
    rejects("gan.count_modes", lambda s, m, std: (s.add_(1), 0.0), "changes samples")


def test_an_answer_that_sets_the_seed(rejects):
    def seeded(fake_logits):
        torch.manual_seed(0)
        return right(fake_logits)

    rejects(ID, seeded, "sets the random seed")


def test_an_answer_that_stops_half_way(rejects):
    def partly(fake_logits):
        if fake_logits.dim() > 1:
            raise NotImplementedError
        return right(fake_logits)

    rejects(ID, partly, "raises NotImplementedError for fake_logits")


def test_a_constant_is_right_where_the_gradient_is_zero():
    judge = SameFunction(lambda x: x.clamp(min=5).sum(), lambda: [Case({"x": torch.zeros(2)})])
    judge(lambda x: torch.tensor(10.0))


def test_an_unknown_id():
    with pytest.raises(ValueError, match="unknown exercise 'gan.nothing'; known: gan.discriminator_loss, "):
        check("gan.nothing", right)
    with pytest.raises(ValueError, match="known: gan"):
        check([], right)


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("answer", ["solution", "noisy"])
def test_random_numbers_are_left_alone(id, answer):
    def noisy(*arguments):
        torch.manual_seed(1)
        torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
        return torch.rand(())

    def draw():
        return torch.rand(4).tolist(), np.random.rand(4).tolist(), random.random()  # noqa: NPY002

    def seed():
        torch.manual_seed(7), np.random.seed(7), random.seed(7)  # noqa: NPY002

    right_one = solution(id)
    seed()
    expected = draw()
    seed()
    check(id, right_one if answer == "solution" else noisy)
    assert draw() == expected


def test_modes_and_defaults_are_left_alone():
    def meddles(fake_logits):
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return right(fake_logits)

    assert check(ID, meddles).status == "wrong"
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_strict_mode(monkeypatch):
    monkeypatch.setenv("GENTUTOR_STRICT", "1")
    assert check(ID, right).status == "correct"
    with pytest.raises(AssertionError, match="gan.generator_loss: not yet"):
        check(ID, lambda f: f.sum())
    with pytest.raises(AssertionError, match="gan.generator_loss: not attempted"):
        check(ID, stub)
    monkeypatch.setenv("GENTUTOR_STRICT", "0")
    assert check(ID, stub).status == "not attempted"


def test_a_verdict_is_not_shown_twice_in_a_notebook():
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(Verdict("correct", "correct: printed already"))
    assert data == {}
