"""The command line: gentutor train | sample | evaluate | list | study (store, spread: for stored runs)."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gentutor import recipes
from gentutor.models.cyclegan import Generators
from gentutor.running import checkpoint, distributed, runs
from gentutor.running._options import (
    MOST,
    SEED,
    Batch,
    Blocks,
    Name,
    Out,
    Size,
    Source,
    Width,
    data_of,
    expect_shares,
    given_of,
    load,
    numbers,
    path_of,
    stored,
    with_data,
)
from gentutor.running.progress import one_line_errors, train_seed, train_with_bar
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

app = typer.Typer(
    help="Train and use the models of the GenTutor book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def train(
    name: Name,
    profile: Annotated[str | None, typer.Option(help="ci, cpu, gpu or full: how many steps")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="steps, instead of the profile's")] = None,
    seed: Annotated[int | None, SEED] = None,
    out: Out = None,
    every: Annotated[int | None, typer.Option(min=1, help="steps between saves and sample grids")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on from where the run stopped")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="start anew, discarding the old run")
    ] = False,
    store: Annotated[bool, typer.Option("--store", help="put the result into the package")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="measure it beside the stored run; status 1 if it differs")
    ] = False,
    data: Annotated[Path | None, data_of("a folder with trainA, trainB, testA and testB")] = None,
    size: Size = None,
    width: Width = None,
    blocks: Blocks = None,
    batch: Batch = None,
    sync_batchnorm: Annotated[
        bool, typer.Option("--sync-batchnorm", help="with several GPUs: BatchNorm over the whole batch")
    ] = False,
) -> None:
    """Train a recipe, or cyclegan on your own images. Ctrl-C saves and stops; --resume goes on.

    A learning rate that falls does so over the second half of the run, however long it is made.

    On N processors or GPUs: torchrun --nproc-per-node N -m gentutor train NAME
    """
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
            if isinstance(recipe, recipes.FolderRecipe):
                typer.echo(recipe.summary())
            plan = replace(plan, sync_batch_norm=plan.sync_batch_norm or sync_batchnorm)
            train_with_bar(*distributed.from_first((recipe, out, plan, state)))
        if store:
            _store(name, out)
        if card is not None:
            _compare(card, out)


@app.command()
def sample(
    name: Name,
    n: Annotated[
        int, typer.Option("-n", min=1, max=MOST, help="how many images; to translate, of each domain")
    ] = 64,
    out: Annotated[
        Path | None,
        typer.Option(parser=path_of, help="a file; default NAME-samples.png; of new pictures a folder"),
    ] = None,
    seed: Annotated[int, SEED] = 0,
    source: Source = None,
    label: Annotated[int | None, typer.Option(help="the digit to draw, where a model is told one")] = None,
    picture: Annotated[
        Path | None,
        typer.Option(parser=path_of, help="a digit to complete: the upper half of this image is kept"),
    ] = None,
    sentence: Annotated[str | None, typer.Option(help="the name to draw, e.g. 'green heart'")] = None,
    data: Annotated[Path | None, data_of("new pictures in A, B or both; or testA and testB")] = None,
) -> None:
    """Draw images from a trained model into a PNG file, or translate test images of both domains.

    With --data FOLDER, cyclegan translates each picture in FOLDER/A and FOLDER/B in its own size.
    """
    with one_line_errors():
        model, card = load(name, source)
        recipe = with_data(recipes.restore(name, card.recipe), data)
        if data is not None and pictures.holds_pictures(data):
            folder = Path(f"{name}-translations") if out is None else out
            assert isinstance(model, Generators)
            for line in pictures.translate_folder(model, data, folder):
                typer.echo(line)
            return
        made = recipe.sample(model, n, seed, given_of(recipe, label, picture, sentence))
        path = Path(f"{name}-samples{made.suffix}") if out is None else out
        made.save(path)
        typer.echo(f"{made.what} in {path}")


@app.command()
def evaluate(
    name: Name,
    samples: Annotated[
        int, typer.Option(min=2, max=10_000, help="how many images to compare, of the test set's 10,000")
    ] = 10_000,
    seed: Annotated[int, SEED] = 0,
    source: Source = None,
    data: Annotated[Path | None, data_of("a folder with testA and testB")] = None,
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


@app.command("list")
def list_recipes() -> None:
    """List the recipes, their steps per profile, and what is stored of them."""
    with one_line_errors():
        width = max(len(name) for name in recipes.ALL)
        typer.echo(f"{'recipe':{width}}{'ci':>7}{'cpu':>7}{'gpu':>7}{'full':>7}  stored")
        for name, recipe in recipes.ALL.items():
            s = recipe.steps
            typer.echo(f"{name:{width}}{s.ci:7}{s.cpu:7}{s.gpu:7}{s.full:7}  {stored(name)}")


@app.command(hidden=True)
def store(name: Name, source: Annotated[Path | None, typer.Option("--from", parser=path_of)] = None) -> None:
    """Put a finished run into the package, with its metrics."""
    with one_line_errors():
        _store(name, Path("runs") / name if source is None else source)


@app.command(hidden=True)
def spread(
    name: Name,
    seeds: Annotated[str, typer.Option(help="whole numbers with commas between them")] = "0,1,2",
    out: Annotated[Path, typer.Option(parser=path_of, help="the folder of the runs")] = Path("runs")
    / "spread",
) -> None:
    """Train a recipe fully with each seed, and put its metrics' mean and spread on the stored card."""
    with one_line_errors():
        from gentutor.running.compare import measure_run, parse_seeds, store_spread

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


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="; ".join(STUDIES))],
    out: Annotated[Path, typer.Option(parser=path_of, help="the result's folder")] = Path("runs") / "studies",
) -> None:
    """Repeat one of the book's experiments over several seeds (minutes to an hour)."""
    with one_line_errors():
        typer.echo(f"stored {run_study(name, out)}")


def _store(name: str, out: Path) -> None:
    card = runs.store(name, out, checkpoint.FOLDER)
    typer.echo(f"stored {name} in {checkpoint.FOLDER}: {numbers(card.metrics)}")


def _compare(card: checkpoint.Card, out: Path) -> None:
    from gentutor.running import compare

    lines, differs = compare.verdict(card, out)
    typer.echo("\n".join(lines))
    if differs:
        raise typer.Exit(1)
