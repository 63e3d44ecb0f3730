"""A training run in a folder: it can be interrupted, goes on as if it never was, and is stored.

The folder holds ``state.pt`` (everything needed to go on), ``samples-STEP.png`` and, at the end,
the trained model and its card (``checkpoint``).
"""

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import gentutor
from gentutor import recipes
from gentutor._files import write_atomically
from gentutor.recipes import Recipe, hyper_parameters
from gentutor.running import checkpoint, distributed
from gentutor.running.resume import STAGES, STATE, Plan, expect_finished, grids_of, make_room, save_state
from gentutor.settings import device
from gentutor.showing.samples import from_png, png
from gentutor.training import Run, fit

SAVE_SECONDS = 60.0
CHECK = {"samples": 500, "seed": 0}


def train(
    recipe: Recipe,
    out: Path,
    plan: Plan,
    *,
    resumed: dict[str, Any] | None = None,
    stop: Callable[[], bool] | None = None,
    report: Callable[[int, dict[str, float]], None] | None = None,
) -> bool:
    """Train in the folder ``out`` (its lock held by the caller); True when all steps are done.

    A learning rate that falls does so over the plan's steps, also if the run was begun with another number.
    A run that starts anew discards an earlier one, once it is sure to start.
    Where several processes share the run, all call this, and process 0 alone reads and writes ``out``.

    Args:
        recipe: what to train.
        out: the folder.
        plan: how long, and when to record and to show.
        resumed: the state to go on from (``load_state``).
        stop: called after each step; once True, the state is saved and training ends early.
        report: called with the step and the mean losses at each record.

    Raises:
        ValueError: the state does not fit the recipe.
        FloatingPointError: a loss is not finite.
    """
    run = recipes.lasting(recipe, plan.steps).start(device())
    if resumed is not None:
        try:
            run.load_state_dict(resumed["run"])
        except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"{out / STATE} does not fit the recipe {recipe.name!r}: {error}; "
                "restore what has changed, or start anew with --overwrite"
            ) from error
    run = distributed.shared(run, plan.sync_batch_norm)
    first = distributed.rank() == 0  # this process saves and shows; where there is one only, it is the one
    saved = time.monotonic()

    def at_record(step: int, losses: dict[str, float]) -> None:
        nonlocal saved
        losses = distributed.mean(losses)
        for name, value in losses.items():
            run.history[name][-1] = value
        if not first:
            return
        shows = plan.shows(step)
        if shows:
            show(run, recipe, out, step)
        if shows or time.monotonic() - saved > SAVE_SECONDS:
            save_state(run, recipe, plan, out)
            saved = time.monotonic()
        if report is not None:
            report(step, losses)

    if resumed is None and first:
        make_room(out, recipe.name)
    if run.history.done == 0 and first:
        show(run, recipe, out, 0)
    if run.history.done < plan.steps:
        fit(
            run.step,
            run.batches,
            steps=plan.steps,
            every=plan.record,
            report=at_record,
            history=run.history,
            progress=False,
            stop=stop,
        )
        if first:
            save_state(run, recipe, plan, out)
    if run.history.done < plan.steps:
        return False
    if first:
        checkpoint.save(run.model, make_card(run, recipe, plan, out), out)
    distributed.wait()
    return True


def store(name: str, out: Path, folder: Path) -> checkpoint.Card:
    """Put a finished run into the package: float16 weights, and the metrics of exactly those weights."""
    expect_finished(out, name)
    model, card = recipes.pretrained(name, out)
    recipe = recipes.get(name)
    model.half().float().to(device())  # what a reader will load, and where it is measured
    check = {**CHECK, "values": recipe.measure(model, CHECK["samples"], CHECK["seed"])}
    card = replace(card, metrics=recipe.measure(model), check=check)
    return checkpoint.save(model, card, folder, half=True)


def make_card(run: Run, recipe: Recipe, plan: Plan, out: Path) -> checkpoint.Card:
    """The card of a run as it stands, with at most nine of the folder's sample grids."""
    shown = [(step, path) for step, path in grids_of(out).items() if step <= run.history.done]
    if len(shown) > STAGES + 1:
        shown = [shown[round(i)] for i in np.linspace(0, len(shown) - 1, STAGES + 1)]
    return checkpoint.Card(
        name=recipe.name,
        recipe=hyper_parameters(recipe),
        seed=recipe.seed,
        profile=plan.profile,
        device=device_name(),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "gentutor": gentutor.__version__,
        },
        steps=run.history.done,
        seconds=round(run.history.seconds, 1),
        history=run.history,
        grids=[(step, from_png(path.read_bytes())) for step, path in shown],
    )


def show(run: Run, recipe: Recipe, out: Path, step: int) -> None:
    """Save a picture of samples, eight rows of the same noise at every step, or of the same translations."""
    if recipe.columns == 0:
        return
    n = 8 * recipe.columns if run.examples is None else len(run.examples[0])
    picture = recipe.sample(run.model, n, given=run.examples).preview()
    write_atomically(out / f"samples-{step}.png", png(picture, f"{recipe.name}, step {step}"))


def device_name() -> str:
    """The machine a run is made on, and how many processes share it if they are several."""
    processes = distributed.world_size()
    several = f", {processes} processes" if processes > 1 else ""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name() + several
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    threads = torch.get_num_threads()
    used = f"{threads} thread{'s' if threads > 1 else ''}"
    return f"{models[0] if models else platform.machine()}, {used}{several}"
