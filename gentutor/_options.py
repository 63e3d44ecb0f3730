"""What the command's options are, and the model and the data that they name."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from torch import nn

from gentutor import checkpoint, distributed, recipes, settings
from gentutor.resume import expect_finished


def path_of(text: str | Path) -> Path:
    """What an option names; ~ is the home folder, also where no shell has said so."""
    if not str(text).strip():
        raise typer.BadParameter("expected a path, got an empty text")
    return Path(text).expanduser()


Name = Annotated[str, typer.Argument(help="a recipe's name; `gentutor list` shows them")]
Source = Annotated[
    Path | None, typer.Option("--from", parser=path_of, help="a finished run's folder; default: the package")
]
SEED = typer.Option(min=0, max=2**32 - 1, help="of the random numbers; in training instead of the recipe's")
OWN = "On your own images (the recipe cyclegan)"
MOST = 100_000  # images in one picture
Out = Annotated[Path | None, typer.Option(parser=path_of, help="the run's folder; default runs/NAME")]
Size = Annotated[
    int | None, typer.Option(help="side of the squares in pixels; default 256", rich_help_panel=OWN)
]
Width = Annotated[int | None, typer.Option(help="feature maps at full size; default 64", rich_help_panel=OWN)]
Blocks = Annotated[
    int | None,
    typer.Option(help="residual blocks; default 9 from 256 pixels on, else 6", rich_help_panel=OWN),
]
Batch = Annotated[
    int | None, typer.Option(help="images of each domain in a step; default 1", rich_help_panel=OWN)
]


def data_of(help: str) -> typer.models.OptionInfo:
    """The option --data, for images of your own."""
    option: typer.models.OptionInfo = typer.Option(parser=path_of, help=help, rich_help_panel=OWN)
    return option


def load(name: str, source: Path | None) -> tuple[nn.Module, checkpoint.Card]:
    """The model of a recipe from a finished run or from the package, where it computes best, and its card."""
    if source is None or name != recipes.FOLDER:
        recipes.get(name)
    if source is not None:
        if not source.is_dir():
            raise ValueError(f"there is no folder {source}; --from takes the --out of a finished run")
        expect_finished(source, name)
    model, card = checkpoint.pretrained(name, checkpoint.FOLDER if source is None else source)
    return model.to(settings.device()), card


def with_data(recipe: recipes.Recipe, data: Path | None) -> recipes.Recipe:
    """The recipe with its images in another place."""
    if data is None:
        return recipe
    if not isinstance(recipe, recipes.FolderRecipe):
        raise ValueError(f"--data goes with {recipes.FOLDER!r}, not with {recipe.name!r}")
    if not data.is_dir():
        raise ValueError(f"there is no folder {data}; --data takes the one that holds the images")
    return replace(recipe, folder=str(data.resolve()))


def expect_shares(recipe: recipes.Recipe) -> None:
    """Raise unless the processes that share the run can share its batch."""
    processes = distributed.world_size()
    if recipe.batch_size % processes:
        cure = f"; try --batch {processes}" if isinstance(recipe, recipes.FolderRecipe) else ""
        raise ValueError(f"{processes} processes cannot share a batch of {recipe.batch_size} equally{cure}")


def stored(name: str) -> str:
    """What the package holds of a recipe, in a line."""
    if name not in checkpoint.stored(checkpoint.FOLDER):
        return "-"
    card = checkpoint.read_card(name, checkpoint.FOLDER)
    size = (checkpoint.FOLDER / f"{name}.safetensors").stat().st_size / 1e6
    first_four = dict(list(card.metrics.items())[:4])  # the model's own; what bounds them follows
    return f"{card.steps} steps, {size:.1f} MB, {numbers(first_four)}"


def numbers(metrics: dict[str, float]) -> str:
    """Metrics in a line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
