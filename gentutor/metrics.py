"""The numbers on a checkpoint's card: how good a trained model is, beside what bounds them.

``measure(recipe, model)`` gives them by name. Distances between sets of digits are taken between
the 64 features of the stored classifier, not those of a network trained on photographs: compare
them with each other, never with published values.
"""

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import checkpoint, data
from gentutor.evaluation import (
    active_units,
    frechet_distance,
    kernel_distance,
    log_likelihood,
    precision_recall,
)
from gentutor.models.classifier import DigitClassifier
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.recipes import AutoencoderRecipe, ClassifierRecipe, GANRecipe, VAERecipe
from gentutor.sampling import evaluating, sample_images
from gentutor.steps import binarize

NEIGHBOURS = 3  # k of precision and recall
CHUNK = 1000  # images decoded at once


@torch.no_grad()
def digit_features(images: Tensor, chunk: int = 500) -> Tensor:
    """What the stored digit classifier sees in images: its last hidden layer, without unit.

    Args:
        images: (N, 1, 28, 28), floating point in [0, 1], ink is 1.
        chunk: images passed through the network at once.

    Returns:
        (N, 64), float32 in [-1, 1], on the device of the images, without gradient.

    Raises:
        TypeError: the images are no floating-point tensor (``data.to_unit`` makes one of uint8).
        ValueError: another shape, no images, or values outside [0, 1].

    >>> digit_features(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 64])
    """
    if not isinstance(images, Tensor) or not images.is_floating_point():
        seen = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"images must be a floating-point tensor in [0, 1], got {seen}")
    if images.dim() != 4 or tuple(images.shape[1:]) != (1, 28, 28) or len(images) == 0:
        raise ValueError(f"expected images of shape (N, 1, 28, 28), got {tuple(images.shape)}")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"images must lie in [0, 1], got {low:.3g} to {high:.3g}: is their range [-1, 1]?")
    classifier = _classifier(images.device)
    return torch.cat([classifier.features(part.float()) for part in images.split(chunk)])


@functools.singledispatch
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

    Args:
        recipe: the model's recipe; its type says what to measure.
        model: the trained network; used in eval mode, and left in the mode it had.
        samples: images to draw; of the test set at most all 10,000.
        seed: of every random draw.

    Returns:
        Numbers by name; the same for the same arguments, up to rounding.

    Raises:
        TypeError: nothing is known to measure for such a recipe.
        ValueError: fewer samples than the distances need.
    """
    raise TypeError(f"no measure for a recipe of type {type(recipe).__name__}")


@measure.register
def _measure_gan(
    recipe: GANRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    test, train, noise = _reference_features(samples, seed)
    fake = digit_features(sample_images(model, samples, seed).cpu())
    return {
        **_compare(test, fake),
        **{f"{name}_train": value for name, value in _compare(test, train).items()},
        "frechet_noise": frechet_distance(test, noise),
    }


@measure.register
def _measure_classifier(
    recipe: ClassifierRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    images, labels = _draw(data.mnist("test"), samples, torch.Generator().manual_seed(seed))
    device = next(model.parameters()).device
    with evaluating(model), torch.no_grad():
        logits = torch.cat([model(part.to(device)).cpu() for part in images.split(500)])
    return {
        "accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
        "cross_entropy": F.cross_entropy(logits.double(), labels).item(),
    }


@measure.register
@torch.no_grad()
def _measure_vae(
    recipe: VAERecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, VAE)
    random = torch.Generator().manual_seed(seed)
    images, _ = _draw(data.mnist("test"), samples, random)
    x = binarize(images, random)
    with evaluating(model):
        mean, log_var = model.encode(x)
        kl = variational.gaussian_kl(mean, log_var).mean().item()
        distortion = -model.log_px_z(x, variational.reparameterize(mean, log_var, random)).mean().item()
        log_px = log_likelihood(model, x, max(1, len(x) // 2), CHUNK, random).double()
    return {
        "nll": -log_px.mean().item(),
        "nll_error": log_px.std().item() / len(x) ** 0.5,
        "negative_elbo": distortion + kl,
        "distortion": distortion,
        "kl": kl,
        "active": active_units(mean),
        "frechet": frechet_distance(
            digit_features(images), digit_features(sample_images(model, samples, seed))
        ),
    }


@measure.register
@torch.no_grad()
def _measure_autoencoder(
    recipe: AutoencoderRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, VAE)
    random = torch.Generator().manual_seed(seed)
    x = binarize(_draw(data.mnist("test"), samples, random)[0], random)
    with evaluating(model):
        return {"distortion": -model.log_px_z(x, model.encode(x)[0]).mean().item()}


def _compare(real: Tensor, fake: Tensor) -> dict[str, float]:
    precision, recall = precision_recall(real, fake, NEIGHBOURS)
    return {
        "frechet": frechet_distance(real, fake),
        "kernel": kernel_distance(real, fake),
        "precision": precision,
        "recall": recall,
    }


@functools.cache
def _classifier(device: torch.device) -> DigitClassifier:
    model, _ = checkpoint.pretrained("digit-classifier")
    assert isinstance(model, DigitClassifier)
    return model.to(device)


@functools.lru_cache(maxsize=4)
def _reference_features(samples: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Features of random test images, random training images, and uniform noise, ``samples`` of each."""
    if samples <= NEIGHBOURS:
        raise ValueError(f"samples must be more than {NEIGHBOURS}, got {samples}")
    order = torch.Generator().manual_seed(seed)
    test, _ = _draw(data.mnist("test"), samples, order)
    train, _ = _draw(data.mnist("train"), samples, order)
    noise = torch.rand(samples, 1, 28, 28, generator=order)
    return digit_features(test), digit_features(train), digit_features(noise)


def _draw(digits: data.Images, n: int, order: torch.Generator) -> tuple[Tensor, Tensor]:
    """Up to n random images in [0, 1], without replacement, and their labels."""
    if n < 1:
        raise ValueError(f"samples must be at least 1, got {n}")
    chosen = torch.randperm(len(digits.images), generator=order)[:n]
    return data.to_unit(digits.images[chosen]), digits.labels[chosen]
