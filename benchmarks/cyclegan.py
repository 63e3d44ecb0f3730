"""CycleGAN: a training step beside two others, compared as in ``training``."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from benchmarks import by_hand_cyclegan, training, tutorial_cyclegan
from gentutor import recipes

RECIPE = replace(recipes.CYCLEGAN_CHARACTERS, cycles_first=0)  # all steps alike, as in the other loops
STEPS = 10  # optimisation steps per timing
Networks = tuple[nn.Module, nn.Module, nn.Module, nn.Module]  # G, F, D_A, D_B


def competitors(recipe: recipes.CycleGANRecipe) -> dict[str, Iterator[None]]:
    """The three ways to train the recipe's networks, each pausing after every step."""
    generators, discriminators = recipe.model(), recipe.discriminators()
    ours = generators.G, generators.F, discriminators.D_A, discriminators.D_B
    hand = _four(by_hand_cyclegan.generator, by_hand_cyclegan.discriminator)
    tutorial = tutorial_networks(recipe)
    training.expect_same_size(ours, hand, tutorial)
    common = (recipe.batch_size, recipe.learning_rate, recipe.betas)
    return {
        training.OURS: training.training(recipe),
        training.HAND: by_hand_cyclegan.training(hand, *common, recipe.ema_decay, recipe.steps.full),
        training.TUTORIAL: tutorial_cyclegan.training(tutorial, *common),
    }


def tutorial_networks(recipe: recipes.CycleGANRecipe) -> Networks:
    """Those of the usual loop, with the recipe's sizes."""
    return _four(
        partial(tutorial_cyclegan.Generator, recipe.width, recipe.blocks, recipe.noise),
        partial(tutorial_cyclegan.Discriminator, recipe.width),
    )


def _four(generator: Callable[[], nn.Module], discriminator: Callable[[], nn.Module]) -> Networks:
    return generator(), generator(), discriminator(), discriminator()


def run(rounds: int) -> dict[str, Any]:
    """Compare for the recipe of the characters."""
    torch.manual_seed(0)
    compared = training.compare(RECIPE, competitors(RECIPE), rounds, STEPS)
    return {RECIPE.name: compared, "tables": [training.as_table(RECIPE.name, compared)]}
