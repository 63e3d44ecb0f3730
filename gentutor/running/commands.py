"""What the commands do. This module imports PyTorch; ``cli`` waits with it until a command needs it."""

from dataclasses import replace
from pathlib import Path

import typer

from gentutor import recipes
from gentutor.running import checkpoint, compare, distributed, runs
from gentutor.running.compare import measure_run, parse_seeds, store_spread
from gentutor.running.progress import one_line_errors, train_seed, train_with_bar
from gentutor.running.requests import expect_shares, given_of, load, numbers, stored, with_data
from gentutor.running.resume import (
    STATE,
    Plan,
    changed_plan,
    expect_own_grids,
    expect_room,
    expect_same_recipe,
    load_state,
    locked,
    new_plan,
)
from gentutor.showing import pictures
from gentutor.studies import STUDIES
from gentutor.studies import run as run_study


def train(
    name: str,
    profile: str | None,
    steps: int | None,
    seed: int | None,
    out: Path | None,
    every: int | None,
    resume: bool,
    overwrite: bool,
    store: bool,
    compare: bool,
    data: Path | None,
    size: int | None,
    width: int | None,
    blocks: int | None,
    batch: int | None,
    sync_batchnorm: bool,
) -> None:
    """Train a recipe, or cyclegan on your own images. Ctrl-C saves and stops; --resume goes on."""
    with one_line_errors(), distributed.group():
        if distributed.rank() > 0:  # process 0 reads the folder and tells the others
            return train_with_bar(*distributed.from_first(None))
        folder = None if data is None else str(data.resolve())
        options = {"folder": folder, "size": size, "width": width, "blocks": blocks, "batch_size": batch}
        given = {key: value for key, value in {"seed": seed, **options}.items() if value is not None}
        if not resume:
            recipe = recipes.choose(name, given)
        if store:
            recipes.get(name)
        out = Path("runs") / name if out is None else out
        if resume and overwrite:
            raise ValueError("choose one of --resume and --overwrite")
        if compare and store:
            raise ValueError("choose one of --compare and --store")
        card = checkpoint.read_card(name, checkpoint.FOLDER) if compare else None
        if resume and not (out / STATE).exists():
            raise ValueError(f"nothing to resume: there is no {out / STATE}; start without --resume")
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            state = load_state(out) if resume else None
            if state is not None:
                recipe = recipes.choose(name, given, state["recipe"])
                expect_same_recipe(state, recipe, out)
                expect_own_grids(out)
                plan = changed_plan(Plan(**state["plan"]), recipe, profile, steps, every)
            else:
                plan = new_plan(recipe, profile, steps, every)
                expect_room(out, name, overwrite)
            expect_shares(recipe)
            if remark := recipes.remark(recipe):
                typer.echo(remark)
            plan = replace(plan, sync_batch_norm=plan.sync_batch_norm or sync_batchnorm)
            train_with_bar(*distributed.from_first((recipe, out, plan, state)))
        if store:
            _store(name, out)
        if card is not None:
            _compare(card, out)


def sample(
    name: str,
    n: int,
    out: Path | None,
    seed: int,
    source: Path | None,
    label: int | None,
    picture: Path | None,
    sentence: str | None,
    data: Path | None,
) -> None:
    """Draw images from a trained model into a PNG file, or translate test images of both domains."""
    with one_line_errors():
        model, card = load(name, source)
        recipe = with_data(recipes.restore(name, card.recipe), data)
        given = given_of(recipe, label, picture, sentence)
        if data is not None and pictures.holds_pictures(data):
            folder = Path(f"{name}-translations") if out is None else out
            for line in pictures.translate_folder(model, data, folder):
                typer.echo(line)
            return
        made = recipe.sample(model, n, seed, given)
        path = Path(f"{name}-samples{made.suffix}") if out is None else out
        made.save(path)
        typer.echo(f"{made.what} in {path}")


def evaluate(
    name: str,
    samples: int,
    seed: int,
    source: Path | None,
    data: Path | None,
) -> None:
    """Measure a trained model."""
    with one_line_errors():
        model, card = load(name, source)
        recipe = with_data(recipes.restore(name, card.recipe), data)
        typer.echo(f"{name}: {card.steps} steps on {card.device}, at most {samples} samples, seed {seed}")
        try:
            found = recipe.measure(model, samples, seed)
        except ValueError as error:
            if name == recipes.FOLDER:  # its images are at fault, not their number
                raise
            raise ValueError(f"{error} (--samples {samples})") from error
        for metric, value in found.items():
            typer.echo(f"  {metric:24} {value:.4g}")


def list_recipes() -> None:
    """List the recipes, their steps per profile, and what is stored of them."""
    with one_line_errors():
        width = max(len(name) for name in recipes.ALL)
        typer.echo(f"{'recipe':{width}}{'ci':>7}{'cpu':>7}{'gpu':>7}{'full':>7}  stored")
        for name, recipe in recipes.ALL.items():
            s = recipe.steps
            typer.echo(f"{name:{width}}{s.ci:7}{s.cpu:7}{s.gpu:7}{s.full:7}  {stored(name)}")


def store(
    name: str,
    source: Path | None,
) -> None:
    """Put a finished run into the package, with its metrics."""
    with one_line_errors():
        _store(name, Path("runs") / name if source is None else source)


def spread(
    name: str,
    seeds: str,
    out: Path,
) -> None:
    """Train a recipe fully with each seed, and put its metrics' mean and spread on the stored card."""
    with one_line_errors():
        recipe = recipes.get(name)
        checkpoint.read_card(name, checkpoint.FOLDER)  # that there is one, before hours of training
        metrics = {}
        for seed in parse_seeds(seeds):
            folder = out / name / f"seed-{seed}"
            train_seed(recipe, seed, folder)
            metrics[seed] = measure_run(name, folder)
            typer.echo(f"{name}, seed {seed}: {numbers(metrics[seed])}")
        card = store_spread(name, metrics, checkpoint.FOLDER)
        typer.echo(f"stored the spread of {name} over {len(metrics)} seeds: {numbers(card.spread)}")


def study(
    name: str | None,
    out: Path,
) -> None:
    """Repeat one of the book's experiments over several seeds (minutes to an hour)."""
    with one_line_errors():
        if name is None:
            return typer.echo("\n".join(STUDIES))
        typer.echo(f"stored {run_study(name, out)}")


def _store(
    name: str,
    out: Path,
) -> None:
    card = runs.store(name, out, checkpoint.FOLDER)
    typer.echo(f"stored {name} in {checkpoint.FOLDER}: {numbers(card.metrics)}")


def _compare(
    card: checkpoint.Card,
    out: Path,
) -> None:
    lines, differs = compare.verdict(card, out)
    typer.echo("\n".join(lines))
    if differs:
        raise typer.Exit(1)
