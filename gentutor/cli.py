"""The command line: gentutor train | sample | evaluate | list | study (and store, for stored runs)."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from torch import nn
from tqdm import tqdm

from gentutor import checkpoint, distributed, recipes, runs, settings
from gentutor.resume import (
    STATE,
    Plan,
    changed_plan,
    expect_same_recipe,
    load_state,
    locked,
    make_room,
    new_plan,
)
from gentutor.sampling import grid_columns, makes_images, png, shown_samples, tile
from gentutor.studies import STUDIES
from gentutor.studies import run as run_study

app = typer.Typer(
    help="Train and use the models of the GenTutor book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Name = Annotated[str, typer.Argument(help="a recipe's name; `gentutor list` shows them")]
Source = Annotated[Path | None, typer.Option("--from", help="a finished run's folder; default: the package")]


@app.command()
def train(
    name: Name,
    profile: Annotated[str | None, typer.Option(help="ci, cpu, gpu or full: how many steps")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="steps, instead of the profile's")] = None,
    seed: Annotated[int | None, typer.Option(help="instead of the recipe's")] = None,
    out: Annotated[Path | None, typer.Option(help="the run's folder; default runs/NAME")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="steps between saves and sample grids")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on from where the run stopped")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="start anew, discarding the old run")
    ] = False,
    store: Annotated[bool, typer.Option("--store", help="put the result into the package")] = False,
    sync_batchnorm: Annotated[
        bool, typer.Option("--sync-batchnorm", help="with several GPUs: BatchNorm over the whole batch")
    ] = False,
) -> None:
    """Train a recipe. Ctrl-C saves and stops; --resume goes on to the same weights.

    On N processors or GPUs: torchrun --nproc-per-node N -m gentutor train NAME
    """
    with _one_line_errors(), distributed.group():
        if distributed.rank() > 0:  # process 0 reads the folder and tells the others
            return _train(*distributed.from_first(None))
        recipe = recipes.get(name)
        out = Path("runs") / name if out is None else out
        if resume and overwrite:
            raise ValueError("choose one of --resume and --overwrite")
        if resume and not (out / STATE).exists():
            raise ValueError(f"nothing to resume: there is no {out / STATE}; start without --resume")
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            state = load_state(out) if resume else None
            if seed is None and state is not None:
                seed = int(state["recipe"]["seed"])
            if seed is not None:
                recipe = replace(recipe, seed=seed)
            if state is not None:
                expect_same_recipe(state, recipe, out)
                plan = changed_plan(Plan(**state["plan"]), recipe, profile, steps, every)
            else:
                plan = new_plan(recipe, profile, steps, every)
                make_room(out, name, overwrite)
            plan = replace(plan, sync_batch_norm=plan.sync_batch_norm or sync_batchnorm)
            _train(*distributed.from_first((recipe, out, plan, state)))
        if store:
            _store(name, out)


@app.command()
def sample(
    name: Name,
    n: Annotated[int, typer.Option("-n", min=1, help="how many images")] = 64,
    out: Annotated[Path | None, typer.Option(help="a PNG file; default NAME-samples.png")] = None,
    seed: Annotated[int, typer.Option(help="of the noise")] = 0,
    source: Source = None,
) -> None:
    """Draw images from a trained model into a PNG file."""
    with _one_line_errors():
        model, _ = _load(name, source)
        if not makes_images(model):
            raise ValueError(f"{name!r} makes no images: it is a {type(model).__name__}")
        path = Path(f"{name}-samples.png") if out is None else out
        path.write_bytes(png(tile(shown_samples(model, n, seed), grid_columns(model))))
        typer.echo(f"{n} images in {path}")


@app.command()
def evaluate(
    name: Name,
    samples: Annotated[int, typer.Option(min=2, help="how many images to compare")] = 10_000,
    seed: Annotated[int, typer.Option(help="of the noise")] = 0,
    source: Source = None,
) -> None:
    """Measure a trained model."""
    with _one_line_errors():
        from gentutor.metrics import measure

        model, card = _load(name, source)
        typer.echo(f"{name}: {card.steps} steps on {card.device}, {samples} samples, seed {seed}")
        for metric, value in measure(recipes.get(name), model, samples=samples, seed=seed).items():
            typer.echo(f"  {metric:24} {value:.4g}")


@app.command("list")
def list_recipes() -> None:
    """List the recipes, their steps per profile, and what is stored of them."""
    with _one_line_errors():
        typer.echo(f"{'recipe':22}{'ci':>7}{'cpu':>7}{'gpu':>7}{'full':>7}  stored")
        for name, recipe in recipes.ALL.items():
            s = recipe.steps
            typer.echo(f"{name:22}{s.ci:7}{s.cpu:7}{s.gpu:7}{s.full:7}  {_stored(name)}")


@app.command(hidden=True)
def store(name: Name, source: Annotated[Path | None, typer.Option("--from")] = None) -> None:
    """Put a finished run into the package, with its metrics."""
    with _one_line_errors():
        _store(name, Path("runs") / name if source is None else source)


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="; ".join(STUDIES))],
    out: Annotated[Path, typer.Option(help="the folder of the result")] = Path("runs") / "studies",
) -> None:
    """Repeat one of the book's experiments over several seeds (minutes to an hour)."""
    with _one_line_errors():
        typer.echo(f"stored {run_study(name, out)}")


def _train(recipe: recipes.Recipe, out: Path, plan: Plan, state: dict[str, Any] | None) -> None:
    done = 0 if state is None else state["run"]["history"]["done"]
    if done > plan.steps:
        raise ValueError(f"the run in {out} has taken {done} steps already, more than {plan.steps}")
    first, processes = distributed.rank() == 0, distributed.world_size()
    say = typer.echo if first else lambda _: None
    if done == plan.steps and distributed.from_first(recipe.name in checkpoint.stored(out)):
        say(f"{recipe.name}: all {done} steps are done already, in {out}")
        return
    where = f"{settings.device()}" + (f" with {processes} processes" if processes > 1 else "")
    say(f"{recipe.name}: {done} of {plan.steps} steps done, on {where}, in {out}")
    marks = [(done, time.perf_counter())]
    bar = tqdm(total=plan.steps, initial=done, unit="step", mininterval=0.5, disable=not first)
    with _ctrl_c() as pressed, bar:

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
        typer.echo(
            f"stopped at step {reached}; go on with: gentutor train {recipe.name} --out {out} --resume"
        )
        raise typer.Exit(130)
    say(f"finished; `gentutor sample {recipe.name} --from {out}` draws from it")


def _store(name: str, out: Path) -> None:
    card = runs.store(name, out, checkpoint.FOLDER)
    typer.echo(f"stored {name} in {checkpoint.FOLDER}: {_numbers(card.metrics)}")


def _load(name: str, source: Path | None) -> tuple[nn.Module, checkpoint.Card]:
    recipes.get(name)
    if source is None:
        return checkpoint.pretrained(name, checkpoint.FOLDER)
    if name not in checkpoint.stored(source) and (source / STATE).exists():
        raise ValueError(f"the run in {source} is not finished; go on with `gentutor train --resume`")
    return checkpoint.pretrained(name, source)


def _stored(name: str) -> str:
    if name not in checkpoint.stored(checkpoint.FOLDER):
        return "-"
    card = checkpoint.read_card(name, checkpoint.FOLDER)
    size = (checkpoint.FOLDER / f"{name}.safetensors").stat().st_size / 1e6
    first_four = dict(list(card.metrics.items())[:4])  # the model's own; what bounds them follows
    return f"{card.steps} steps, {size:.1f} MB, {_numbers(first_four)}"


def _numbers(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


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


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """What a user can put right is told in one line, without a traceback."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(1) from error
