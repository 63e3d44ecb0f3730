"""Recorded training steps on a GPU: in float32, TF32 and bfloat16, and in two layouts.

The step function and the optimiser stay as they are; only what runs inside the networks changes.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from torchvision.utils import save_image

from benchmarks import cyclegan, gpu
from gentutor import recipes
from gentutor.models.layers import MixedPrecision
from gentutor.recipes.folder import FOLDERS
from gentutor.running import capture
from gentutor.training import Run


class Way(NamedTuple):
    """How the networks of a recipe compute."""

    layout: torch.memory_format = torch.contiguous_format
    rounded: bool = True  # the factors of float32 products and convolutions, to TF32
    mixed: bool = False  # in bfloat16


WAYS = {
    "float32": Way(rounded=False),
    "TF32": Way(),
    "TF32, channels last": Way(torch.channels_last),
    "bfloat16": Way(mixed=True),
    "bfloat16, channels last": Way(torch.channels_last, mixed=True),
}
STEPS = 20  # optimisation steps per timing
OWN_IMAGES = "cyclegan, 256 x 256"


def own_images(images: int = 8) -> recipes.FolderRecipe:
    """The published CycleGAN for images of one's own, here for noise: its speed depends on sizes alone."""
    root = Path(tempfile.mkdtemp())
    for name in FOLDERS:
        (root / name).mkdir()
        for i in range(images):
            save_image(torch.rand(3, 256, 256), root / name / f"{i}.png")
    return recipes.folder_recipe(root)


def change(run: Run, way: Way) -> None:
    """Let the networks of a run compute another way, before its first step."""
    for part, names in (
        ("generators", ("G", "F")),
        ("discriminators", ("D_A", "D_B")),
        ("generator", ("net",)),
        ("discriminator", ("net",)),
    ):
        for name in names if part in run.parts else ():
            net = getattr(run.parts[part], name)
            net = net.net if isinstance(net, MixedPrecision) else net
            changed: nn.Module = MixedPrecision(net) if way.mixed else net
            setattr(run.parts[part], name, changed.to(memory_format=way.layout))
    run.parts["ema"].to(memory_format=way.layout)


@contextmanager
def recording(way: Way) -> Iterator[None]:
    """Within the block, steps are recorded as the way rounds."""
    before = capture.PRODUCTS, torch.backends.cudnn.allow_tf32
    if not way.rounded:
        capture.PRODUCTS, torch.backends.cudnn.allow_tf32 = "highest", False
    yield
    capture.PRODUCTS, torch.backends.cudnn.allow_tf32 = before


def training(recipe: recipes.Recipe, way: Way) -> Iterator[None]:
    """Train a recipe for ever, its step recorded, pausing after each."""
    run = recipe.start(gpu.DEVICE)
    change(run, way)
    while True:
        run.step(next(run.batches))
        yield


def compare(recipe: recipes.Recipe, rounds: int) -> dict[str, Any]:
    """Images a second of each way, in turns."""
    pausing = {name: training(recipe, way) for name, way in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for name, steps in pausing.items():
        with recording(WAYS[name]):
            gpu.advance(steps, 10)
    for _ in range(rounds):
        for name, steps in pausing.items():
            times[name].append(gpu.seconds(partial(gpu.advance, steps, STEPS)) / STEPS)
    rates = {name: recipe.batch_size / statistics.median(t) for name, t in times.items()}
    return {"batch_size": recipe.batch_size, "seconds_per_step": times, "images_per_second": rates}


def run(rounds: int) -> dict[str, Any]:
    """Compare for recipes that differ in kind and size."""
    if not torch.cuda.is_available():
        raise SystemExit("the benchmark `precision` needs a GPU")
    compared: dict[str, recipes.Recipe] = {
        "mlp-gan-mnist": recipes.MLP_GAN,
        "dcgan-mnist": recipes.DCGAN,
        cyclegan.RECIPE.name: cyclegan.RECIPE,
        OWN_IMAGES: own_images(),
    }
    results = {name: compare(recipe, rounds) for name, recipe in compared.items()}
    rows = [
        [way, *(f"{result['images_per_second'][way]:,.0f}" for result in results.values())] for way in WAYS
    ]
    columns = ["images a second", *results]
    return {**results, "tables": [{"title": torch.cuda.get_device_name(), "columns": columns, "rows": rows}]}
