import hashlib
import io
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gentutor import recipes
from gentutor.running.resume import (
    STATE,
    Plan,
    changed_plan,
    expect_own_grids,
    expect_room,
    expect_same_recipe,
    grids_of,
    load_state,
    locked,
    make_room,
    new_plan,
    save_state,
)
from gentutor.showing.samples import png

RECIPE = replace(recipes.DCGAN, batch_size=4)
PLAN = Plan(profile="ci", steps=20, record=1)


def records(plan: Plan) -> list[int]:
    """The steps at which losses are recorded."""
    return [step for step in range(1, plan.steps + 1) if step % plan.record == 0 or step == plan.steps]


@pytest.mark.parametrize("steps", [1, 2, 7, 20, 150, 201, 1500, 20_000, 40_001])
def test_a_plan_shows_at_most_eight_stages_and_the_end(steps):
    plan = new_plan(RECIPE, "full", steps, None)
    assert len(records(plan)) <= 200
    shown = [step for step in records(plan) if plan.shows(step)]
    assert shown[-1] == steps and len(shown) <= 8
    if steps >= 1500:
        assert len(shown) == 8 and shown[0] < steps / 40  # early ones close together


@pytest.mark.parametrize("every", [1, 3, 10, 1000])
def test_every_gives_the_stages(every):
    plan = new_plan(RECIPE, "ci", 25, every)
    shown = [step for step in records(plan) if plan.shows(step)]
    assert shown == sorted({*range(every, 26, every), 25})


def test_what_is_given_changes_a_plan_and_nothing_else():
    plan = new_plan(RECIPE, "ci", None, None)
    assert plan == Plan("ci", RECIPE.steps.ci, 1, None)
    assert changed_plan(plan, RECIPE, None, None, None) == plan
    assert changed_plan(plan, RECIPE, None, 30, None) == replace(plan, steps=30)
    assert changed_plan(plan, RECIPE, None, None, 5) == replace(plan, every=5)
    full = changed_plan(plan, RECIPE, "full", None, None)
    assert full == new_plan(RECIPE, "full", None, None) and full.record > 1
    assert changed_plan(full, RECIPE, None, None, 2) == replace(
        full, every=2, record=2
    )  # shows all that is due


def test_a_state_comes_back_as_it_was(tmp_path):
    run = RECIPE.start(torch.device("cpu"))
    run.step(next(run.batches))
    save_state(run, RECIPE, PLAN, tmp_path)
    state = load_state(tmp_path)
    assert Plan(**state["plan"]) == PLAN
    expect_same_recipe(state, RECIPE, tmp_path)
    weights = state["run"]["parts"]["generator"]
    assert all(torch.equal(v, weights[k]) for k, v in run.parts["generator"].state_dict().items())
    assert torch.equal(state["run"]["random"], torch.get_rng_state())
    assert [path.name for path in tmp_path.iterdir()] == [STATE]


def test_the_number_of_steps_may_differ(tmp_path):
    save_state(RECIPE.start(torch.device("cpu")), RECIPE, PLAN, tmp_path)
    state = load_state(tmp_path)
    expect_same_recipe(state, replace(RECIPE, steps=replace(RECIPE.steps, full=7)), tmp_path)
    with pytest.raises(ValueError, match=r"made with betas \[0.5, 0.99\], not \[0.9, 0.99\]"):
        expect_same_recipe(state, replace(RECIPE, betas=(0.9, 0.99)), tmp_path)


class Trap:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("dump", ["pickle", "torch"])
def test_a_state_runs_no_code(tmp_path, dump):
    path = tmp_path / STATE
    if dump == "torch":
        torch.save({"run": Trap(tmp_path / "trace")}, path)
    else:
        path.write_bytes(pickle.dumps(Trap(tmp_path / "trace"), protocol=2))
    content = path.read_bytes()
    path.write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(ValueError, match=f"{STATE} is no state of a run"):
        load_state(tmp_path)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_room_is_made_where_a_run_may_be_overwritten(tmp_path, damaged):
    save_state(RECIPE.start(torch.device("cpu")), RECIPE, PLAN, tmp_path)
    if damaged:
        (tmp_path / STATE).write_text("something")
    for name in ("dcgan-mnist.json", "dcgan-mnist.safetensors", "notes.txt", "vae.json", "samples-last.png"):
        (tmp_path / name).write_text("something")
    (tmp_path / "samples-3.png").write_bytes(png(np.zeros((2, 2), np.uint8), run="dcgan-mnist, step 3"))
    with pytest.raises(ValueError, match="holds a run already"):
        expect_room(tmp_path, "vae-mnist", overwrite=False)
    expect_room(tmp_path, "vae-mnist", overwrite=True)
    assert len(list(tmp_path.iterdir())) == 7
    make_room(tmp_path, "dcgan-mnist" if damaged else "vae-mnist")  # a state names its recipe
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "vae.json", "samples-last.png"}
    expect_room(tmp_path, "dcgan-mnist", overwrite=False)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_picture_of_the_reader_is_in_the_way(tmp_path, overwrite):
    (tmp_path / "samples-12.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    (tmp_path / "samples-holiday.png").write_text("mine")
    with pytest.raises(ValueError, match=r"samples-12\.png is no picture of a run in .*; move or rename it"):
        expect_room(tmp_path, "vae-mnist", overwrite)
    make_room(tmp_path, "vae-mnist")
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / "samples-12.png").unlink()
    expect_room(tmp_path, "vae-mnist", overwrite)


def test_the_pictures_of_a_state_without_a_format_are_its_own(tmp_path):
    """As a run has left them that was begun before sample grids said whose they are."""
    old = {
        "recipe": {"name": "dcgan-mnist", "seed": 0},
        "plan": {"profile": "ci", "steps": 3, "record": 1},
        "run": {"history": {"done": 3}},
    }
    (tmp_path / "samples-3.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    assert grids_of(tmp_path) == {}
    write_state(tmp_path, old)
    assert grids_of(tmp_path) == {3: tmp_path / "samples-3.png"}
    expect_own_grids(tmp_path)


def write_state(out: Path, state: object) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    (out / STATE).write_bytes(hashlib.sha256(content).digest() + content)


def test_a_state_with_other_content_is_refused(tmp_path):
    whole = {
        "recipe": {"name": "dcgan-mnist", "seed": 0},
        "plan": {"profile": "ci", "steps": 3, "record": 1},
        "run": {"history": {"done": 3}},
    }
    write_state(tmp_path, whole)
    assert load_state(tmp_path) == whole
    for part, content in (
        ("recipe", None),
        ("recipe", {"name": "dcgan-mnist"}),
        ("plan", {**whole["plan"], "colour": "red"}),
        ("plan", {}),
        ("run", {}),
        ("run", {"history": {}}),
    ):
        write_state(tmp_path, {**whole, part: content})
        with pytest.raises(ValueError, match=f"{STATE} is no (whole )?state of a run; start anew"):
            load_state(tmp_path)
    for other in ([], {key: whole[key] for key in ("plan", "run")}):
        write_state(tmp_path, other)
        with pytest.raises(ValueError, match=f"{STATE} is no state of a run; start anew"):
            load_state(tmp_path)


def test_a_folder_is_locked_once_and_freed(tmp_path):
    another = pytest.raises(ValueError, match="another process is training")
    with locked(tmp_path), another, locked(tmp_path):
        raise AssertionError("entered a locked folder")
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
