"""Training from the command line: with a progress bar, until it is done or Ctrl-C stops it."""

import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
import typer
from tqdm import tqdm

from gentutor import settings
from gentutor.recipes import Recipe
from gentutor.running import distributed, runs
from gentutor.running.resume import STATE, Plan, expect_same_recipe, load_state, locked, model_steps, new_plan

ALLOCATOR = "DefaultCPUAllocator"  # PyTorch's errors name it where the main memory is too small


def train_with_bar(recipe: Recipe, out: Path, plan: Plan, state: dict[str, Any] | None) -> None:
    """Train in the folder ``out`` (its lock held by the caller) and say how it goes.

    Args:
        recipe: what to train.
        out: the folder.
        plan: how long, and when to record and to show.
        state: the state to go on from (``load_state``); None starts anew.

    Raises:
        ValueError: the run has taken more steps than the plan has.
        typer.Exit: Ctrl-C stopped it; the state is saved.
    """
    done = 0 if state is None else state["run"]["history"]["done"]
    if done > plan.steps:
        raise ValueError(f"the run in {out} has taken {done} steps already, more than {plan.steps}")
    first, processes = distributed.rank() == 0, distributed.world_size()
    say = typer.echo if first else lambda _: None
    if done == plan.steps == distributed.from_first(model_steps(out, recipe.name)):
        say(f"{recipe.name}: all {done} steps are done already, in {out}")
        return
    where = f"{settings.device()}" + (f" with {processes} processes" if processes > 1 else "")
    say(f"{recipe.name}: {done} of {plan.steps} steps done, on {where}, in {out}")
    marks = [(done, time.perf_counter())]
    bar = tqdm(total=plan.steps, initial=done, unit="step", mininterval=0.5, disable=not first)
    with ctrl_c() as pressed, bar:

        def after_step() -> bool:
            bar.update()
            return pressed() and processes == 1  # torchrun itself ends its processes

        def report(step: int, losses: dict[str, float]) -> None:
            marks.append((step, time.perf_counter()))
            (before, then), (_, now) = marks[-2:]
            shown = {name: f"{value:.3f}" for name, value in losses.items()}
            rate = (step - before) * recipe.batch_size / (now - then)
            bar.set_postfix({**shown, "images/s": f"{rate:.0f}"}, refresh=False)

        finished = runs.train(recipe, out, plan, resumed=state, stop=after_step, report=report)
        reached = bar.n
    if not finished:
        go_on = f"gentutor train {recipe.name} --out {shlex.quote(str(out))} --resume"
        typer.echo(f"stopped at step {reached}; go on with: {go_on}")
        raise typer.Exit(130)
    say(f"finished; draw from it with: gentutor sample {recipe.name} --from {shlex.quote(str(out))}")


def train_seed(recipe: Recipe, seed: int, out: Path) -> None:
    """Train all of a recipe's steps with another seed in the folder ``out``, or go on with that."""
    recipe = replace(recipe, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        state = load_state(out) if (out / STATE).exists() else None
        if state is not None:
            expect_same_recipe(state, recipe, out)
        train_with_bar(recipe, out, new_plan(recipe, "full", None, None), state)


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C only makes the yielded function True; the second interrupts."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What a user can put right is told in one line, without a traceback."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError, MemoryError, RuntimeError) as error:
        message = " ".join(str(error).split())
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or ALLOCATOR in message:
            message = f"not enough memory: {message or 'ask for less at once'}"
        elif isinstance(error, RuntimeError):
            raise
        typer.echo(f"error: {message}", err=True)
        raise typer.Exit(1) from error
