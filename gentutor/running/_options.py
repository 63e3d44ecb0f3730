"""What the command's options are; PyTorch is not imported for them."""

from pathlib import Path
from typing import Annotated

import typer


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
