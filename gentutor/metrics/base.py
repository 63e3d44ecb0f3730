"""``measure(recipe, model)``: the numbers on a card; what is measured depends on the type of the recipe."""

import functools
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor._modes import plain_modes

CHUNK = 1000  # images decoded at once


def device_of(model: nn.Module) -> torch.device:
    """Where a model is, and so where it is measured."""
    return next(model.parameters()).device


def on_device_of(model: nn.Module, *tensors: Tensor) -> list[Tensor]:
    """The tensors on the device of a model."""
    return [tensor.to(device_of(model)) for tensor in tensors]


@functools.singledispatch
def _measured(recipe: Any, model: nn.Module, samples: int, seed: int) -> dict[str, float]:
    raise TypeError(f"no measure for a recipe of type {type(recipe).__name__}")


register = _measured.register


@plain_modes()
def measure(recipe: Any, model: nn.Module, samples: int = 10_000, seed: int = 0) -> dict[str, float]:
    """The numbers that say how good a recipe's trained model is, by name.

    For a GAN, with ``samples`` generated images against as many random test images: ``frechet``,
    ``kernel``, ``precision``, ``recall``; the same names with ``_train`` for random training images
    in place of samples, the best that can be expected; and ``frechet_noise`` for uniform noise.
    For a classifier: ``accuracy`` in [0, 1] and ``cross_entropy`` in nats on random test images.
    For a VAE, in nats per image on random test images, binarised once: ``nll``, minus the
    log-likelihood, with half as many importance samples per image as there are images (5,000 for
    10,000), and ``nll_error``, its standard error over images; ``negative_elbo`` with its parts
    ``distortion`` and ``kl``; ``active`` latent dimensions; and ``frechet`` of as many samples. For an
    autoencoder: ``distortion``.
    For a conditional GAN: what ``class_metrics`` says of as many samples, asked to be the digits that the
    test images are; with ``_train`` the same of training images. For a conditional VAE the same two, of the
    means of p(x|z, y); with ``_drawn`` of draws of x, against binarised test images, and with ``_binary`` of
    binarised training images; and, as for a VAE but with a hundredth as many importance samples as images,
    ``nll``, ``negative_elbo``, ``distortion``, ``kl`` and ``active``.
    For models that complete digits: what ``completion_metrics`` says of ten answers to each of ``samples``
    test digits; of a conditional VAE and a regression, which have a likelihood, also ``nll``, minus the
    log-likelihood of the hidden half given the visible one, in nats per digit (of the VAE with a twentieth
    as many importance samples as digits), and ``nll_error``, its standard error over digits.
    For emoji from their names: of the ``names`` (at most 200) of test emoji ``top1``, ``top5`` and
    ``median_rank``, how often, and how far up, the mean of ten pictures of a name finds its emoji among
    as many candidates by the distance of pixels, with 95 % intervals, ``top1_low`` and so on; the same for
    the groups of ``metrics.text.name_groups``, e.g. with ``_known``, and with ``_train`` for as many training
    emoji; and ``negative_elbo``, nats, and ``active`` of both.

    It is measured where the model is, ``model.to(settings.device())`` on a GPU if there is one. All random
    numbers are drawn on the processor, so that those of a seed are the same everywhere.

    Args:
        recipe: the model's recipe; its type says what to measure.
        model: the trained network, float32; used in eval mode, and left in the mode it had.
        samples: images to draw, and to compare with as many of the test set, which holds 10,000 digits; of
            glyphs, emoji and images of your own, all there are if they are fewer.
        seed: of every random draw.

    Returns:
        Numbers by name; the same for the same arguments, up to rounding, also within autocast.

    Raises:
        TypeError: nothing is known to measure for such a recipe, or the model is not float32.
        ValueError: fewer samples than the distances need, or more than there are digits.
    """
    dtypes = {parameter.dtype for parameter in model.parameters()} - {torch.float32}
    if dtypes:
        raise TypeError(f"expected a float32 model, got one of {dtypes.pop()}; model.float() makes it one")
    return _measured(recipe, model, samples, seed)


def with_suffix(suffix: str, numbers: dict[str, float]) -> dict[str, float]:
    """The same numbers under longer names."""
    return {name + suffix: value for name, value in numbers.items()}


def draw(digits: data.Images, n: int, order: torch.Generator) -> tuple[Tensor, Tensor]:
    """n random images in [0, 1], without replacement, and their labels."""
    if not 1 <= n <= len(digits.images):
        raise ValueError(f"samples must lie in 1 to {len(digits.images)}, the images there are, got {n}")
    chosen = torch.randperm(len(digits.images), generator=order, device="cpu")[:n]
    return data.to_unit(digits.images[chosen]), digits.labels[chosen]
