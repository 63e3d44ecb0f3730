"""The model and the data that a command names, and what is given to a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gentutor import recipes, settings
from gentutor.data import read_image
from gentutor.running import checkpoint, distributed
from gentutor.running.resume import expect_finished


def load(name: str, source: Path | None) -> tuple[Any, checkpoint.Card]:
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
    if recipe.name != recipes.FOLDER:
        raise ValueError(f"--data goes with {recipes.FOLDER!r}, not with {recipe.name!r}")
    if not data.is_dir():
        raise ValueError(f"there is no folder {data}; --data takes the one that holds the images")
    return replace(recipe, folder=str(data.resolve()))


def expect_shares(recipe: recipes.Recipe) -> None:
    """Raise unless the processes that share the run can share its batch."""
    processes = distributed.world_size()
    if recipe.batch_size % processes:
        cure = f"; try --batch {processes}" if recipe.name == recipes.FOLDER else ""
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
