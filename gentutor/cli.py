"""The command line: gentutor train | sample | evaluate | list | study (store, spread: for stored runs)."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from torch import nn

from gentutor import checkpoint, distributed, pictures, recipes, runs
from gentutor.progress import one_line_errors, train_seed, train_with_bar
from gentutor.resume import (
    STATE,
    Plan,
    changed_plan,
    expect_finished,
    expect_own_grids,
    expect_room,
    expect_same_recipe,
    load_state,
    locked,
    new_plan,
)
from gentutor.sampling import png
from gentutor.studies import STUDIES
from gentutor.studies import run as run_study

app = typer.Typer(
    help="Train and use the models of the GenTutor book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _path(text: str) -> Path:
    """What an option names; ~ is the home folder, also where no shell has said so."""
    if not text.strip():
        raise typer.BadParameter("expected a path, got an empty text")
    return Path(text).expanduser()


Name = Annotated[str, typer.Argument(help="a recipe's name; `gentutor list` shows them")]
Source = Annotated[
    Path | None, typer.Option("--from", parser=_path, help="a finished run's folder; default: the package")
]
SEED = typer.Option(min=0, max=2**32 - 1, help="of the random numbers; in training instead of the recipe's")
OWN = "On your own images (the recipe cyclegan)"
MOST = 100_000  # images in one picture


@app.command()
def train(
    name: Name,
    profile: Annotated[str | None, typer.Option(help="ci, cpu, gpu or full: how many steps")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="steps, instead of the profile's")] = None,
    seed: Annotated[int | None, SEED] = None,
    out: Annotated[
        Path | None, typer.Option(parser=_path, help="the run's folder; default runs/NAME")
    ] = None,
    every: Annotated[int | None, typer.Option(min=1, help="steps between saves and sample grids")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on from where the run stopped")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="start anew, discarding the old run")
    ] = False,
    store: Annotated[bool, typer.Option("--store", help="put the result into the package")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="measure it beside the stored run; status 1 if it differs")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(parser=_path, help="a folder with trainA, trainB, testA and testB", rich_help_panel=OWN),
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="side of the squares in pixels; default 256", rich_help_panel=OWN)
    ] = None,
    width: Annotated[
        int | None, typer.Option(help="feature maps at full size; default 64", rich_help_panel=OWN)
    ] = None,
    blocks: Annotated[
        int | None,
        typer.Option(help="residual blocks; default 9 from 256 pixels on, else 6", rich_help_panel=OWN),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="images of each domain in a step; default 1", rich_help_panel=OWN)
    ] = None,
    sync_batchnorm: Annotated[
        bool, typer.Option("--sync-batchnorm", help="with several GPUs: BatchNorm over the whole batch")
    ] = False,
) -> None:
    """Train a recipe, or cyclegan on your own images. Ctrl-C saves and stops; --resume goes on.

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
            _expect_shares(recipe)
            if isinstance(recipe, recipes.FolderRecipe):
                recipe = recipe if steps is None else recipe.lasting(steps)
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
        typer.Option(parser=_path, help="a PNG file; default NAME-samples.png; of new pictures a folder"),
    ] = None,
    seed: Annotated[int, SEED] = 0,
    source: Source = None,
    data: Annotated[
        Path | None,
        typer.Option(parser=_path, help="new pictures in A, B or both; or testA, testB", rich_help_panel=OWN),
    ] = None,
) -> None:
    """Draw images from a trained model into a PNG file, or translate test images of both domains.

    With --data FOLDER, cyclegan translates each picture in FOLDER/A and FOLDER/B in its own size.
    """
    with one_line_errors():
        model, card = _load(name, source)
        recipe = _with_data(recipes.restore(name, card.recipe), data)
        if data is not None and pictures.holds_pictures(data):
            folder = Path(f"{name}-translations") if out is None else out
            for line in pictures.translate_folder(model, data, folder):
                typer.echo(line)
            return
        picture, what = runs.picture(recipe, model, n, seed)
        path = Path(f"{name}-samples.png") if out is None else out
        path.write_bytes(png(picture))
        typer.echo(f"{what} in {path}")


@app.command()
def evaluate(
    name: Name,
    samples: Annotated[
        int, typer.Option(min=2, max=10_000, help="how many images to compare, of the test set's 10,000")
    ] = 10_000,
    seed: Annotated[int, SEED] = 0,
    source: Source = None,
    data: Annotated[
        Path | None, typer.Option(parser=_path, help="a folder with testA and testB", rich_help_panel=OWN)
    ] = None,
) -> None:
    """Measure a trained model."""
    with one_line_errors():
        from gentutor.metrics import measure

        model, card = _load(name, source)
        recipe = _with_data(recipes.restore(name, card.recipe), data)
        typer.echo(f"{name}: {card.steps} steps on {card.device}, {samples} samples, seed {seed}")
        try:
            numbers = measure(recipe, model, samples=samples, seed=seed)
        except ValueError as error:
            if name == recipes.FOLDER:  # its images are at fault, not their number
                raise
            raise ValueError(f"{error} (--samples {samples})") from error
        for metric, value in numbers.items():
            typer.echo(f"  {metric:24} {value:.4g}")


@app.command("list")
def list_recipes() -> None:
    """List the recipes, their steps per profile, and what is stored of them."""
    with one_line_errors():
        width = max(len(name) for name in recipes.ALL)
        typer.echo(f"{'recipe':{width}}{'ci':>7}{'cpu':>7}{'gpu':>7}{'full':>7}  stored")
        for name, recipe in recipes.ALL.items():
            s = recipe.steps
            typer.echo(f"{name:{width}}{s.ci:7}{s.cpu:7}{s.gpu:7}{s.full:7}  {_stored(name)}")


@app.command(hidden=True)
def store(name: Name, source: Annotated[Path | None, typer.Option("--from", parser=_path)] = None) -> None:
    """Put a finished run into the package, with its metrics."""
    with one_line_errors():
        _store(name, Path("runs") / name if source is None else source)


@app.command(hidden=True)
def spread(
    name: Name,
    seeds: Annotated[str, typer.Option(help="whole numbers with commas between them")] = "0,1,2",
    out: Annotated[Path, typer.Option(parser=_path, help="the folder of the runs")] = Path("runs") / "spread",
) -> None:
    """Train a recipe fully with each seed, and put its metrics' mean and spread on the stored card."""
    with one_line_errors():
        from gentutor.compare import measure_run, parse_seeds, store_spread

        recipe = recipes.get(name)
        checkpoint.read_card(name, checkpoint.FOLDER)  # that there is one, before hours of training
        metrics = {}
        for seed in parse_seeds(seeds):
            folder = out / name / f"seed-{seed}"
            train_seed(recipe, seed, folder)
            metrics[seed] = measure_run(name, folder)
            typer.echo(f"{name}, seed {seed}: {_numbers(metrics[seed])}")
        card = store_spread(name, metrics, checkpoint.FOLDER)
        typer.echo(f"stored the spread of {name} over {len(metrics)} seeds: {_numbers(card.spread)}")


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="; ".join(STUDIES))],
    out: Annotated[Path, typer.Option(parser=_path, help="the folder of the result")] = Path("runs")
    / "studies",
) -> None:
    """Repeat one of the book's experiments over several seeds (minutes to an hour)."""
    with one_line_errors():
        typer.echo(f"stored {run_study(name, out)}")


def _expect_shares(recipe: recipes.Recipe) -> None:
    """Raise unless the processes that share the run can share its batch."""
    processes = distributed.world_size()
    if recipe.batch_size % processes:
        cure = f"; try --batch {processes}" if isinstance(recipe, recipes.FolderRecipe) else ""
        raise ValueError(f"{processes} processes cannot share a batch of {recipe.batch_size} equally{cure}")


def _store(name: str, out: Path) -> None:
    card = runs.store(name, out, checkpoint.FOLDER)
    typer.echo(f"stored {name} in {checkpoint.FOLDER}: {_numbers(card.metrics)}")


def _compare(card: checkpoint.Card, out: Path) -> None:
    from gentutor import compare

    rows = compare.compare(card, compare.measure_run(card.name, out))
    typer.echo(compare.table(rows))
    steps = checkpoint.read_card(card.name, out).steps
    if steps != card.steps:
        typer.echo(f"the stored run took {card.steps} steps, this one {steps}; see --profile full")
    outside = [row.metric for row in rows if row.outside]
    if not card.spread:
        typer.echo(f"no verdict: the card of {card.name} has no seed-to-seed spread yet")
    elif outside:
        typer.echo(f"outside the spread over seeds: {', '.join(outside)}")
        raise typer.Exit(1)
    else:
        typer.echo("every metric is within the spread over seeds")


def _load(name: str, source: Path | None) -> tuple[nn.Module, checkpoint.Card]:
    if source is None:
        recipes.get(name)
        return checkpoint.pretrained(name, checkpoint.FOLDER)
    if name != recipes.FOLDER:
        recipes.get(name)
    if not source.is_dir():
        raise ValueError(f"there is no folder {source}")
    expect_finished(source, name)
    return checkpoint.pretrained(name, source)


def _with_data(recipe: recipes.Recipe, data: Path | None) -> recipes.Recipe:
    if data is None:
        return recipe
    if not isinstance(recipe, recipes.FolderRecipe):
        raise ValueError(f"--data goes with {recipes.FOLDER!r}, not with {recipe.name!r}")
    if not data.is_dir():
        raise ValueError(f"there is no folder {data}")
    return replace(recipe, folder=str(data.resolve()))


def _stored(name: str) -> str:
    if name not in checkpoint.stored(checkpoint.FOLDER):
        return "-"
    card = checkpoint.read_card(name, checkpoint.FOLDER)
    size = (checkpoint.FOLDER / f"{name}.safetensors").stat().st_size / 1e6
    first_four = dict(list(card.metrics.items())[:4])  # the model's own; what bounds them follows
    return f"{card.steps} steps, {size:.1f} MB, {_numbers(first_four)}"


def _numbers(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
