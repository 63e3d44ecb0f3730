"""A run on the terminal: a progress bar, and Ctrl-C, which saves and stops."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from tqdm import tqdm

from gentutor import checkpoint, recipes, runs, settings
from gentutor.resume import Plan


def train(recipe: recipes.Recipe, out: Path, plan: Plan, state: dict[str, Any] | None) -> None:
    """Train in the folder ``out``, from a state if there is one, and tell how it goes.

    Raises:
        ValueError: the state has taken more steps than are planned, or does not fit the recipe.
        typer.Exit: Ctrl-C was pressed; the state is saved.
    """
    done = 0 if state is None else state["run"]["history"]["done"]
    if done > plan.steps:
        raise ValueError(f"the run in {out} has taken {done} steps already, more than {plan.steps}")
    if done == plan.steps and recipe.name in checkpoint.stored(out):
        typer.echo(f"{recipe.name}: all {done} steps are done already, in {out}")
        return
    typer.echo(f"{recipe.name}: {done} of {plan.steps} steps done, on {settings.device()}, in {out}")
    marks = [(done, time.perf_counter())]
    with _ctrl_c() as pressed, tqdm(total=plan.steps, initial=done, unit="step", mininterval=0.5) as bar:

        def after_step() -> bool:
            bar.update()
            return pressed()

        def report(step: int, losses: dict[str, float]) -> None:
            marks.append((step, time.perf_counter()))
            (before, then), (_, now) = marks[-2:]
            shown = {name: f"{value:.3f}" for name, value in losses.items()}
            rate = (step - before) * recipe.batch_size / (now - then)
            bar.set_postfix({**shown, "images/s": f"{rate:.0f}"}, refresh=False)

        finished = runs.train(recipe, out, plan, resumed=state, stop=after_step, report=report)
        reached = bar.n
    if not finished:
        typer.echo(
            f"stopped at step {reached}; go on with: gentutor train {recipe.name} --out {out} --resume"
        )
        raise typer.Exit(130)
    typer.echo(f"finished; `gentutor sample {recipe.name} --from {out}` draws from it")


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
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
