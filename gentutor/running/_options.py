"""What the command's options are, and the model and the data that they name."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image
from torch import Tensor, nn

from gentutor import recipes, settings
from gentutor.data import read_image
from gentutor.running import checkpoint, distributed
from gentutor.running.resume import expect_finished


def path_of(text: str) -> Path:
    """What an option names; ~ is the home folder, also where no shell has said so."""
    if not text.strip():
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
    model, card = recipes.pretrained(name, checkpoint.FOLDER if source is None else source)
    return model.to(settings.device()), card


def given_of(recipe: recipes.Recipe, label: int | None, picture: Path | None, sentence: str | None) -> Any:
    """What the options give to a model, None if nothing.

    Raises:
        ValueError: the recipe takes something else, or the picture cannot be read.
    """
    options = {"label": label, "picture": picture, "sentence": sentence}
    given = {kind: value for kind, value in options.items() if value is not None}
    for kind in given.keys() - set(recipe.takes):
        takes = " and ".join(f"--{kind}" for kind in recipe.takes) or "nothing of the kind"
        raise ValueError(f"--{kind} does not go with {recipe.name!r}, which takes {takes}")
    return upper_half(picture) if picture is not None else next(iter(given.values()), None)


def upper_half(path: Path) -> Tensor:
    """The upper half of a picture of a digit, (1, 14, 28) in [0, 1], scaled to 28 x 28, ink is 1."""
    grey = read_image(path).convert("L").resize((28, 28), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(grey))[None, :14].float() / 255


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
