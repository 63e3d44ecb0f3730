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

from gentutor import data
from gentutor.class_metrics import NEIGHBOURS, class_metrics
from gentutor.evaluation import (
    active_units,
    conditional_log_likelihood,
    frechet_distance,
    kernel_distance,
    log_likelihood,
    precision_recall,
)
from gentutor.features import digit_features
from gentutor.models.cvae import CVAE
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.recipes import (
    AutoencoderRecipe,
    CGANRecipe,
    ClassifierRecipe,
    CVAERecipe,
    GANRecipe,
    VAERecipe,
)
from gentutor.sampling import evaluating, sample_images
from gentutor.steps import binarize

CHUNK = 1000  # images decoded at once

__all__ = ["NEIGHBOURS", "digit_features", "measure"]


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
    For a conditional GAN: what ``class_metrics`` says of as many samples, asked to be the digits that the
    test images are; with ``_train`` the same of training images. For a conditional VAE the same two, of the
    means of p(x|z, y); with ``_drawn`` of draws of x, against binarised test images, and with ``_binary`` of
    binarised training images; and, as for a VAE but with a hundredth as many importance samples as images,
    ``nll``, ``negative_elbo``, ``distortion``, ``kl`` and ``active``.

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
        **_with("_train", _compare(test, train)),
        "frechet_noise": frechet_distance(test, noise),
    }


@measure.register
def _measure_conditional_gan(
    recipe: CGANRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    random = torch.Generator().manual_seed(seed)
    test, labels = _draw(data.mnist("test"), samples, random)
    fake = sample_images(model, len(labels), seed, condition=labels).cpu()
    return {
        **class_metrics(fake, labels, test, labels),
        **_with("_train", class_metrics(*_draw(data.mnist("train"), len(labels), random), test, labels)),
    }


@measure.register
@torch.no_grad()
def _measure_cvae(
    recipe: CVAERecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, CVAE)
    random = torch.Generator().manual_seed(seed)
    test, labels = _draw(data.mnist("test"), samples, random)
    train, train_labels = _draw(data.mnist("train"), len(labels), random)
    means = sample_images(model, len(labels), seed, condition=labels).cpu()
    x = binarize(test, random)
    drawn = class_metrics(binarize(means, random), labels, x, labels)
    binary = class_metrics(binarize(train, random), train_labels, x, labels)
    with evaluating(model):
        mean, log_var = model.encode(x, labels)
        kl = variational.gaussian_kl(mean, log_var).mean().item()
        z = variational.reparameterize(mean, log_var, random)
        distortion = -model.log_px_z(x, z, labels).mean().item()
        draws = max(1, len(x) // 100)
        log_px = conditional_log_likelihood(model, x, labels, draws, CHUNK, random)
    return {
        **class_metrics(means, labels, test, labels),
        **_with("_drawn", drawn),
        **_with("_train", class_metrics(train, train_labels, test, labels)),
        **_with("_binary", binary),
        "nll": -log_px.double().mean().item(),
        "negative_elbo": distortion + kl,
        "distortion": distortion,
        "kl": kl,
        "active": active_units(mean),
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


def _with(suffix: str, numbers: dict[str, float]) -> dict[str, float]:
    return {name + suffix: value for name, value in numbers.items()}


def _compare(real: Tensor, fake: Tensor) -> dict[str, float]:
    precision, recall = precision_recall(real, fake, NEIGHBOURS)
    return {
        "frechet": frechet_distance(real, fake),
        "kernel": kernel_distance(real, fake),
        "precision": precision,
        "recall": recall,
    }


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
