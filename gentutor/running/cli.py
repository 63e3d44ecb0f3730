"""The command line: gentutor train | sample | evaluate | list | study (store, spread: for stored runs).

What the commands do stands in ``commands``; it imports PyTorch, which takes seconds, so that help and errors
of the command line do not wait for it.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

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
    path_of,
)

app = typer.Typer(
    help="Train and use the models of the GenTutor book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _do(command: str, options: dict[str, Any]) -> None:
    """Carry out a command."""
    from gentutor.running import commands

    getattr(commands, command)(**options)


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
    _do("train", locals())


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
    _do("sample", locals())


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
    _do("evaluate", locals())


@app.command("list")
def list_recipes() -> None:
    """List the recipes, their steps per profile, and what is stored of them."""
    _do("list_recipes", locals())


@app.command(hidden=True)
def store(name: Name, source: Annotated[Path | None, typer.Option("--from", parser=path_of)] = None) -> None:
    """Put a finished run into the package, with its metrics."""
    _do("store", locals())


@app.command(hidden=True)
def spread(
    name: Name,
    seeds: Annotated[str, typer.Option(help="whole numbers with commas between them")] = "0,1,2",
    out: Annotated[Path, typer.Option(parser=path_of, help="the folder of the runs")] = Path("runs")
    / "spread",
) -> None:
    """Train a recipe fully with each seed, and put its metrics' mean and spread on the stored card."""
    _do("spread", locals())


@app.command()
def study(
    name: Annotated[str | None, typer.Argument(help="without a name, the names are listed")] = None,
    out: Annotated[Path, typer.Option(parser=path_of, help="the result's folder")] = Path("runs") / "studies",
) -> None:
    """Repeat one of the book's experiments over several seeds (minutes to an hour)."""
    _do("study", locals())
