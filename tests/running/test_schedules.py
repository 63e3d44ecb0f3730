"""Learning rates that fall: over the steps that a run takes, however it was begun and gone on with."""

import io

import pytest
import torch
from torch import nn

from gentutor import recipes
from gentutor.optim import linear_decay, load_part
from gentutor.running.resume import Plan, load_state, save_state
from gentutor.settings import Steps
from gentutor.training import fit

NAME = "vae-2d-mnist"


def falling_rate(steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1)), nn.Parameter(torch.ones(1))], lr=0.3)
    return optimizer, linear_decay(optimizer, steps)


def rates(optimizer, schedule, n: int) -> list[float]:
    """The learning rates of the next n steps."""
    seen = []
    for _ in range(n):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_linear_decay_stays_for_half_of_the_steps_and_falls_to_zero():
    optimizer, schedule = falling_rate(8)
    expected = [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]
    assert rates(optimizer, schedule, 10) == pytest.approx([0.3 * share for share in expected], abs=1e-15)


@pytest.mark.parametrize("after", [0, 3, 6, 9])
def test_linear_decay_goes_on_from_its_state(after):
    whole = rates(*falling_rate(8), 12)
    optimizer, schedule = falling_rate(8)
    first, file = rates(optimizer, schedule, after), io.BytesIO()
    torch.save([optimizer.state_dict(), schedule.state_dict()], file)
    file.seek(0)
    again = falling_rate(8)
    for part, state in zip(again, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    assert first + rates(*again, 12 - after) == whole


def test_a_schedule_of_another_length_sets_its_own_rate_before_the_next_step():
    optimizer, schedule = falling_rate(4)
    assert rates(optimizer, schedule, 6)[-1] == 0
    longer = falling_rate(8)
    for part, saved in zip(longer, (optimizer, schedule), strict=True):
        load_part(part, saved.state_dict())
    assert longer[1].get_last_lr() == [pytest.approx(0.15)]
    assert rates(*longer, 3) == pytest.approx([0.15, 0.075, 0])


@pytest.fixture
def taken(monkeypatch) -> list[float]:
    """The learning rates, in units of the recipe's, of all steps that a small recipe of a VAE takes."""
    lengths = Steps(ci=2, cpu=4, gpu=8, full=100)
    small = recipes.VAERecipe(**{**vars(recipes.VAE_2D), "hidden": (4,), "batch_size": 4, "steps": lengths})
    monkeypatch.setitem(recipes.ALL, NAME, small)
    start, seen = recipes.VAERecipe.start, []

    def watched(self, device):
        run = start(self, device)
        step = run.step

        def noting(batch):
            seen.append(run.parts["optimizer"].param_groups[0]["lr"] / self.learning_rate)
            return step(batch)

        run.step = noting
        return run

    monkeypatch.setattr(recipes.VAERecipe, "start", watched)
    return seen


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--profile", "ci"), [1, 1]),
        (("--profile", "cpu"), [1, 1, 1, 0.5]),
        (("--profile", "gpu"), [1, 1, 1, 1, 1, 0.75, 0.5, 0.25]),
        (("--profile", "gpu", "--steps", 4), [1, 1, 1, 0.5]),
    ],
)
def test_a_rate_falls_over_the_steps_that_are_asked_for(command, taken, tmp_path, options, expected):
    command("train", NAME, "--out", tmp_path, *options)
    assert taken == pytest.approx(expected)


def test_more_steps_than_the_recipes_never_train_at_rate_0(command, taken, tmp_path):
    command("train", NAME, "--out", tmp_path, "--steps", 110)
    assert len(taken) == 110 and taken[54:57] == pytest.approx([1, 1, 54 / 55]) and min(taken) > 0


def test_going_on_beyond_a_finished_run_and_before_the_end_of_one(command, taken, tmp_path):
    command("train", NAME, "--out", tmp_path, "--steps", 4)
    command("train", NAME, "--out", tmp_path, "--resume", "--steps", 6)
    assert taken[4:] == pytest.approx([2 / 3, 1 / 3])
    command("train", NAME, "--out", tmp_path, "--resume", "--profile", "gpu")
    assert taken[6:] == pytest.approx([0.5, 0.25])
    command("train", NAME, "--out", tmp_path, "--resume", "--steps", 16)
    assert taken[8:] == pytest.approx([1, *(2 * (1 - done / 16) for done in range(9, 16))])


@pytest.mark.parametrize(("length", "done"), [(100, 5), (4, 6)])
def test_a_state_whose_rate_fell_over_another_length_goes_on_with_the_plans(
    command, taken, tmp_path, length, done
):
    """Earlier versions let the rate fall over the recipe's full number, whatever the plan said."""
    recipe = recipes.get(NAME)
    run = recipes.lasting(recipe, length).start(torch.device("cpu"))
    fit(run.step, run.batches, steps=done, history=run.history, progress=False)
    save_state(run, recipe, Plan("gpu", steps=8, record=1), tmp_path)
    saved = load_state(tmp_path)["run"]["parts"]["optimizer"]["param_groups"][0]["lr"]
    assert saved == (0 if done > length else recipe.learning_rate)
    command("train", NAME, "--out", tmp_path, "--resume")
    assert taken[done:] == pytest.approx([2 * (1 - step / 8) for step in range(done, 8)])


def test_a_length_that_is_none():
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        recipes.lasting(recipes.VAE_2D, 0)


def test_the_help_says_what_falls(command):
    assert "second half of the run" in " ".join(command("train", "--help").split())
