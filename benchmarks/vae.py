"""The VAE: a training step beside two others, and log-likelihoods with 5,000 samples per image.

The steps are compared as in ``training``. The log-likelihood is measured on some images and scaled
to the 10,000 of the test set: its time is proportional to their number. Its memory is what a
fresh process takes at most on top of what it had before, for each size of chunk.
"""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from benchmarks import by_hand_vae, training, tutorial_vae
from benchmarks.measure import interleaved
from gentutor import data, recipes, steps
from gentutor.evaluation import log_likelihood

STEPS = 100  # optimisation steps per timing: each takes a few milliseconds
ALL, SAMPLES = 10_000, 5000
IMAGES, CHUNK = 200, 250  # images for the long measurement, and its chunk
FEW, CHUNKS = 4, (50, 250, 1000, 5000, 20_000)  # images for each comparison of chunks

# In a fresh process each, on Linux: the highest memory since it was asked to forget the peak so far.
PEAK = """
import sys
from pathlib import Path
from benchmarks.vae import estimate

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

estimate(20, 20, 20)
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
estimate(20, 2000, int(sys.argv[1]))
print(1024 * (kilobytes("VmHWM") - before))
"""


def competitors(recipe: recipes.VAERecipe) -> dict[str, Iterator[None]]:
    """The three ways to train the recipe's networks, each pausing after every step."""
    hand, tutorial = by_hand_vae.VAE(), tutorial_vae.VAE()
    ours = recipe.model()
    training.expect_same_size((ours,), (hand,), (tutorial,))
    common = (recipe.batch_size, recipe.learning_rate)
    return {
        training.OURS: training.training(recipe),
        training.HAND: by_hand_vae.training(hand, *common, recipe.ema_decay, recipe.steps.full),
        training.TUTORIAL: tutorial_vae.training(tutorial, *common),
    }


def estimate(images: int, samples: int, chunk: int) -> None:
    """The log-likelihoods of the first test images, binarised, under an untrained VAE."""
    generator = torch.Generator().manual_seed(0)
    x = steps.binarize(data.to_unit(data.mnist("test").images[:images]), generator)
    log_likelihood(recipes.VAE_MNIST.model().eval(), x, samples, chunk, generator)


def peak_bytes(chunk: int) -> int:
    """By how much memory rises at most with such a chunk."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(chunk)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def likelihoods(rounds: int) -> dict[str, Any]:
    """Seconds and memory by chunk, and the long measurement, once."""
    variants = {str(chunk): partial(estimate, FEW, SAMPLES, chunk) for chunk in CHUNKS}
    times = interleaved(variants, max(1, rounds // 3))
    long = interleaved({"long": partial(estimate, IMAGES, SAMPLES, CHUNK)}, 1, warm_up=0)["long"][0]
    return {
        "samples": SAMPLES,
        "images": IMAGES,
        "chunk": CHUNK,
        "processor_seconds": long,
        "processor_seconds_scaled_to_10000_images": long * ALL / IMAGES,
        "images_by_chunk": FEW,
        "processor_seconds_by_chunk": times,
        "peak_bytes_by_chunk": {str(chunk): peak_bytes(chunk) for chunk in CHUNKS},
    }


def as_table(result: dict[str, Any]) -> dict[str, Any]:
    """The printed form of ``likelihoods``'s result."""
    minutes = {
        chunk: statistics.median(seconds) * ALL / FEW / 60
        for chunk, seconds in result["processor_seconds_by_chunk"].items()
    }
    total = result["processor_seconds_scaled_to_10000_images"] / 60
    return {
        "title": f"Log-likelihood of {ALL:,} images with {SAMPLES:,} samples each: {total:.0f} processor min,"
        f" scaled from {IMAGES} images at chunk {CHUNK}; below, scaled from {FEW}",
        "columns": ["chunk", "processor min", "memory MB"],
        "rows": [
            [chunk, f"{minutes[chunk]:.0f}", f"{peak / 1e6:.0f}"]
            for chunk, peak in result["peak_bytes_by_chunk"].items()
        ],
    }


def run(rounds: int) -> dict[str, Any]:
    """Compare training steps, then time log-likelihoods."""
    torch.manual_seed(0)
    recipe = recipes.VAE_MNIST
    compared = training.compare(recipe, competitors(recipe), rounds, STEPS)
    measured = likelihoods(rounds)
    return {
        recipe.name: compared,
        "log_likelihood": measured,
        "tables": [training.as_table(recipe.name, compared), as_table(measured)],
    }
