"""Training speed on a GPU: each recipe's step as it is, recorded and replayed, and in the tutorial's loop.

Wall-clock time, the device synchronised before and after; all ways of a recipe in turns. The share of the
time in kernels is what the profiler finds, over the wall-clock time of the same steps.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch.autograd import DeviceType  # type: ignore[attr-defined]
from torch.profiler import ProfilerActivity, profile

from benchmarks import cyclegan, tutorial_cyclegan, tutorial_dcgan, tutorial_mlp, tutorial_vae
from gentutor import recipes
from gentutor.running.capture import CapturedStep

PLAIN, REPLAYED, TUTORIAL = "plain", "replayed", "tutorial"
NAMES = ("mlp-gan-mnist", "dcgan-mnist", "vae-mnist", "cgan-mnist", "cvae-mnist", "cyclegan-characters")
STEPS = 30  # optimisation steps per timing
DEVICE = torch.device("cuda")


def training(recipe: recipes.Recipe, replayed: bool) -> Iterator[None]:
    """Train a recipe for ever, pausing after each step."""
    run = recipe.start(DEVICE)
    step = run.step
    if not replayed:
        recorded = next(
            cell.cell_contents
            for cell in (step.__closure__ or ())
            if isinstance(cell.cell_contents, CapturedStep)
        )
        step = recorded.step
    while True:
        step(next(run.batches))
        yield


def tutorial(recipe: recipes.Recipe) -> Iterator[None] | None:
    """The usual loop for the same networks, where the benchmarks have one."""
    r: Any = recipe
    match r.name:
        case "vae-mnist":
            return tutorial_vae.training(tutorial_vae.VAE(), r.batch_size, r.learning_rate, "cuda")
        case "cyclegan-characters":
            networks = cyclegan.tutorial_networks(r)
            return tutorial_cyclegan.training(networks, r.batch_size, r.learning_rate, r.betas, "cuda")
        case "dcgan-mnist":
            netG, netD = tutorial_dcgan.Generator(r.latent_dim, 32), tutorial_dcgan.Discriminator(32, 0.2)
            common = r.latent_dim, r.batch_size, r.g_learning_rate, r.betas
            return tutorial_dcgan.training(netG, netD, *common, "cuda")
        case "mlp-gan-mnist":
            G, D = tutorial_mlp.Generator(r.latent_dim, 784), tutorial_mlp.Discriminator(784)
            common = r.latent_dim, r.batch_size, r.g_learning_rate, r.betas
            return tutorial_mlp.training(G, D, *common, "cuda")
    return None


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call, until the device has finished."""
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def advance(pausing: Iterator[None], steps: int) -> None:
    """Let it make so many steps."""
    for _ in islice(pausing, steps):
        pass


def share_in_kernels(pausing: Iterator[None], steps: int = 10) -> float:
    """The time that the device computes, over the time that passes."""
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        passed = seconds(partial(advance, pausing, steps))
    busy = sum(e.self_device_time_total for e in seen.key_averages() if e.device_type == DeviceType.CUDA)
    return busy / 1e6 / passed


def compare(recipe: recipes.Recipe, rounds: int) -> dict[str, Any]:
    """Images a second of the ways to train a recipe."""
    ways = {PLAIN: training(recipe, replayed=False), REPLAYED: training(recipe, replayed=True)}
    usual = tutorial(recipe)
    if usual is not None:
        ways[TUTORIAL] = usual
    times: dict[str, list[float]] = {name: [] for name in ways}
    for pausing in ways.values():
        advance(pausing, 10)  # warm up, and record
    for _ in range(rounds):
        for name, pausing in ways.items():
            times[name].append(seconds(partial(advance, pausing, STEPS)) / STEPS)
    rates = {name: recipe.batch_size / statistics.median(t) for name, t in times.items()}
    return {
        "batch_size": recipe.batch_size,
        "seconds_per_step": times,
        "images_per_second": rates,
        "share_in_kernels": {name: share_in_kernels(ways[name]) for name in (PLAIN, REPLAYED)},
    }


def as_table(results: dict[str, Any]) -> dict[str, Any]:
    """The comparisons as a table with the device's name."""
    rows = []
    for name, result in results.items():
        rates, (before, after) = result["images_per_second"], result["share_in_kernels"].values()
        usual = rates.get(TUTORIAL)
        rows.append(
            [
                name,
                f"{rates[PLAIN]:,.0f}",
                f"{rates[REPLAYED]:,.0f}",
                f"{usual:,.0f}" if usual else "–",
                f"{rates[REPLAYED] / rates[PLAIN]:.1f}",
                f"{rates[REPLAYED] / usual:.1f}" if usual else "–",
                f"{100 * before:.0f} → {100 * after:.0f}",
            ]
        )
    ratios = [f"{REPLAYED} / {way}" for way in (PLAIN, TUTORIAL)]
    columns = ["images a second", PLAIN, REPLAYED, TUTORIAL, *ratios, "in kernels, %"]
    return {"title": torch.cuda.get_device_name(), "columns": columns, "rows": rows}


def run(rounds: int) -> dict[str, Any]:
    """Compare for every recipe of ``NAMES``."""
    if not torch.cuda.is_available():
        raise SystemExit("the benchmark `gpu` needs a GPU")
    compared = {name: recipes.get(name) for name in NAMES} | {cyclegan.RECIPE.name: cyclegan.RECIPE}
    results = {name: compare(recipe, rounds) for name, recipe in compared.items()}
    return {**results, "tables": [as_table(results)]}
