"""Training speed of the GAN recipes: the package, plain PyTorch by hand, and the usual tutorial's loop.

All three train the same networks at the same batch size and optimiser settings, in turns, on the
same threads. The share of the machine's peak is the step's multiplications and additions (counted by
PyTorch) over the processor time, divided by what a product of two 2048 x 2048 matrices reaches.
"""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import by_hand, tutorial_dcgan, tutorial_mlp
from benchmarks.measure import interleaved, median_ratio, square_product
from gentutor import recipes

OURS, HAND, TUTORIAL, PRODUCT = "gentutor", "by hand", "tutorial", "square product"
STEPS = 4  # optimisation steps of a GAN per timing


def training(recipe: recipes.Recipe) -> Iterator[None]:
    """Train a recipe for ever, pausing after each step."""
    run = recipe.start(torch.device("cpu"))
    while True:
        run.step(next(run.batches))
        yield


def competitors(recipe: recipes.GANRecipe) -> dict[str, Iterator[None]]:
    """The three ways to train the recipe's networks, each pausing after every step."""
    common = (recipe.latent_dim, recipe.batch_size, recipe.g_learning_rate, recipe.betas)
    if recipe == recipes.DCGAN:
        hand = by_hand.dcgan_networks()
        dcgan = tutorial_dcgan.Generator(recipe.latent_dim, 32), tutorial_dcgan.Discriminator(32, 0.2)
        expect_same_size((recipe.generator(), recipe.discriminator()), hand, dcgan)
        loop = tutorial_dcgan.training(dcgan[0], dcgan[1], *common)
    else:
        hand = by_hand.mlp_networks()
        mlp = tutorial_mlp.Generator(recipe.latent_dim, 784), tutorial_mlp.Discriminator(784)
        expect_same_size((recipe.generator(), recipe.discriminator()), hand, mlp)
        loop = tutorial_mlp.training(mlp[0], mlp[1], *common)
    return {
        OURS: training(recipe),
        HAND: by_hand.training(hand[0], hand[1], *common, recipe.ema_decay),
        TUTORIAL: loop,
    }


def expect_same_size(*groups: tuple[nn.Module, ...]) -> None:
    """Raise unless all groups of networks have the same numbers of weights."""
    sizes = [[sum(p.numel() for p in network.parameters()) for network in group] for group in groups]
    if any(size != sizes[0] for size in sizes):
        raise ValueError(f"expected networks of the same sizes, got {sizes}")


def advance(pausing: Iterator[None], steps: int) -> None:
    """Let it make so many steps."""
    for _ in islice(pausing, steps):
        pass


def operations(recipe: recipes.Recipe) -> int:
    """Floating-point operations of one step's products and convolutions."""
    run = training(recipe)
    with FlopCounterMode(display=False) as counter:
        advance(run, 1)
    return counter.get_total_flops()


def compare(
    recipe: recipes.Recipe, rivals: dict[str, Iterator[None]], rounds: int, steps: int = STEPS
) -> dict[str, Any]:
    """Time the three ways to train a recipe, so many steps at a time."""
    product, product_operations = square_product()
    variants: dict[str, Callable[[], object]] = {
        name: partial(advance, pausing, steps) for name, pausing in rivals.items()
    }
    variants[PRODUCT] = lambda: [product() for _ in range(3)]
    times = interleaved(variants, rounds)
    per_step = {name: [t / steps for t in times[name]] for name in (OURS, HAND, TUTORIAL)}
    per_product = [t / 3 for t in times[PRODUCT]]
    count = operations(recipe)
    shares = [
        (count / a) / (product_operations / b) for a, b in zip(per_step[OURS], per_product, strict=True)
    ]
    return {
        "batch_size": recipe.batch_size,
        "operations_per_step": count,
        "processor_seconds_per_step": per_step,
        "processor_seconds_per_product": per_product,
        "ratios": {name: median_ratio(per_step[name], per_step[OURS]) for name in (HAND, TUTORIAL)},
        "peak_gflops": product_operations / min(per_product) / 1e9,
        "share_of_peak": statistics.median(shares),
        "share_of_peak_best_over_best": (count / min(per_step[OURS]))
        / (product_operations / min(per_product)),
    }


def as_table(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """The printed form of ``compare``'s result."""
    times, batch = result["processor_seconds_per_step"], result["batch_size"]
    medians = {variant: statistics.median(seconds) for variant, seconds in times.items()}
    ratios = {OURS: 1.0, **result["ratios"]}
    return {
        "title": f"{name}, batch {batch}: {result['share_of_peak']:.0%} of a square product's speed "
        f"(best round over best product: {result['share_of_peak_best_over_best']:.0%} "
        f"of {result['peak_gflops']:.0f} Gflop/s)",
        "columns": ["", "ms a step", "images a second", "times as long"],
        "rows": [
            [variant, f"{1e3 * m:.1f}", f"{batch / m:.0f}", f"{ratios[variant]:.2f}"]
            for variant, m in medians.items()
        ],
    }


def run(rounds: int) -> dict[str, Any]:
    """Compare for both GAN recipes."""
    torch.manual_seed(0)
    results = {
        recipe.name: compare(recipe, competitors(recipe), rounds)
        for recipe in (recipes.MLP_GAN, recipes.DCGAN)
    }
    return {**results, "tables": [as_table(name, result) for name, result in results.items()]}
