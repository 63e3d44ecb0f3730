"""Every hyper-parameter of the book's training runs, with its source; ``get(name)`` finds one.

A recipe builds the networks of a run and its optimisation step; ``training.fit`` and the command
line do the rest. A run is float32 whatever PyTorch's default data type and device; ``model()`` alone
builds networks of the default type, as PyTorch's own layers are.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from gentutor.recipes.base import Recipe, hyper_parameters
from gentutor.recipes.classifier import DIGIT_CLASSIFIER, EMBEDDINGS, ClassifierRecipe, EmbeddingRecipe
from gentutor.recipes.completion import (
    CGAN_COMPLETION,
    CVAE_COMPLETION,
    REGRESSION_COMPLETION,
    RegressionRecipe,
)
from gentutor.recipes.conditional import (
    ACGAN_MNIST,
    CGAN_CONCAT,
    CGAN_EMBEDDING,
    CGAN_MNIST,
    CVAE_MNIST,
    ConditionalRecipe,
    CVAERecipe,
)
from gentutor.recipes.cyclegan import (
    CYCLEGAN_CHARACTERS,
    CYCLEGAN_DIGITS,
    CYCLEGAN_EMOJI,
    CycleGANRecipe,
)
from gentutor.recipes.folder import NAME as FOLDER
from gentutor.recipes.folder import FolderRecipe, folder_recipe, restored
from gentutor.recipes.gan import DCGAN, MLP_GAN, DCGANRecipe, GANDesign, GANRecipe
from gentutor.recipes.text import CVAE_EMOJI
from gentutor.recipes.translation import TranslationRecipe
from gentutor.recipes.vae import (
    AUTOENCODER_2D,
    IWAE_MNIST,
    VAE_2D,
    VAE_MNIST,
    AutoencoderRecipe,
    VAERecipe,
    start_at_pixel_means,
)
from gentutor.running import checkpoint

__all__ = [
    "ACGAN_MNIST",
    "ALL",
    "AUTOENCODER_2D",
    "CGAN_COMPLETION",
    "CGAN_CONCAT",
    "CGAN_EMBEDDING",
    "CGAN_MNIST",
    "CVAE_COMPLETION",
    "CVAE_EMOJI",
    "CVAE_MNIST",
    "CYCLEGAN_CHARACTERS",
    "CYCLEGAN_DIGITS",
    "CYCLEGAN_EMOJI",
    "DCGAN",
    "DIGIT_CLASSIFIER",
    "EMBEDDINGS",
    "FOLDER",
    "IWAE_MNIST",
    "MLP_GAN",
    "REGRESSION_COMPLETION",
    "VAE_2D",
    "VAE_MNIST",
    "AutoencoderRecipe",
    "CVAERecipe",
    "ClassifierRecipe",
    "ConditionalRecipe",
    "CycleGANRecipe",
    "DCGANRecipe",
    "EmbeddingRecipe",
    "FolderRecipe",
    "GANDesign",
    "GANRecipe",
    "Recipe",
    "RegressionRecipe",
    "TranslationRecipe",
    "VAERecipe",
    "choose",
    "folder_recipe",
    "get",
    "hyper_parameters",
    "lasting",
    "pretrained",
    "remark",
    "restore",
    "start_at_pixel_means",
]

LIST: tuple[Recipe, ...] = (  # a new recipe is a line here
    DIGIT_CLASSIFIER,
    MLP_GAN,
    DCGAN,
    VAE_MNIST,
    IWAE_MNIST,
    VAE_2D,
    AUTOENCODER_2D,
    CGAN_MNIST,
    CGAN_CONCAT,
    CGAN_EMBEDDING,
    ACGAN_MNIST,
    CVAE_MNIST,
    CVAE_COMPLETION,
    REGRESSION_COMPLETION,
    CGAN_COMPLETION,
    CVAE_EMOJI,
    *EMBEDDINGS,
    CYCLEGAN_CHARACTERS,
    CYCLEGAN_EMOJI,
    CYCLEGAN_DIGITS,
)
ALL = {recipe.name: recipe for recipe in LIST}


def get(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        ValueError: no recipe has it; the message lists those there are.
    """
    if name == FOLDER:
        raise ValueError(f"{FOLDER!r} is for images of your own: train it with --data, use it with --from")
    if name not in ALL:
        raise ValueError(f"unknown recipe {name!r}; known: {', '.join(ALL)}")
    return ALL[name]


def restore(name: str, settings: dict[str, Any]) -> Recipe:
    """The recipe of this name; of images of your own, the one whose settings a card or a state holds.

    Raises:
        ValueError: no recipe has this name, or the settings are of another one.
    """
    return restored(settings) if name == FOLDER else get(name)


def choose(name: str, given: dict[str, Any], state: dict[str, Any] | None = None) -> Recipe:
    """The recipe of this name with the settings that are given; the others as in a state's, or by default.

    Args:
        name: of a recipe; that on images of your own must be given their ``folder``, or a state.
        given: ``seed``; for images of your own any argument of ``folder_recipe``.
        state: the settings of a run that goes on.

    Raises:
        ValueError: no recipe has this name, or a setting does not belong to it.
    """
    if name == FOLDER:
        if state is not None:
            return replace(restored(state), **given)
        if "folder" in given:
            return folder_recipe(**given)
    recipe = get(name)
    if given.keys() - {"seed"}:
        raise ValueError(
            f"--data, --size, --width, --blocks and --batch go with {FOLDER!r}, not with {name!r}"
        )
    seed = given.get("seed", recipe.seed if state is None else state["seed"])
    return replace(recipe, seed=seed)


def remark(recipe: Recipe) -> str:
    """What is worth knowing before a run begins: how many images of your own there are, and their memory."""
    return cast(FolderRecipe, recipe).summary() if recipe.name == FOLDER else ""


def lasting(recipe: Recipe, steps: int) -> Recipe:
    """The recipe of a run of so many steps, over which a learning rate that falls does so.

    ``recipe.start`` takes the full number. Of a shorter or longer run, begun or gone on with, say its length:
    ``lasting(recipe, 2000).start(device)``, then ``fit(..., steps=2000)``; beyond it the rate is zero.

    Raises:
        ValueError: steps is not positive.

    >>> lasting(VAE_MNIST, 2000).steps.full, VAE_MNIST.steps.full
    (2000, 400000)
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return replace(recipe, steps=replace(recipe.steps, full=steps))


def pretrained(name: str, folder: Path | str = checkpoint.FOLDER) -> tuple[Any, checkpoint.Card]:
    """The stored model of a recipe, in eval mode on the CPU with float32 weights, and its card.

    Args:
        name: of the recipe.
        folder: where it is stored; by default the package's own checkpoints.

    Raises:
        ValueError: no checkpoint of that name (the message lists those there are), a file is
            missing, altered or cut short, or the weights do not fit the recipe's model.
    """
    return checkpoint.load(name, lambda card: restore(name, card.recipe).model(), folder)
