"""What is measured of GANs, of classifiers and of variational autoencoders."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation.classes import NEIGHBOURS
from gentutor.evaluation.distances import frechet_distance, kernel_distance, precision_recall
from gentutor.evaluation.features import digit_features
from gentutor.evaluation.likelihood import active_units, log_likelihood
from gentutor.evaluation.measures.drawing import CHUNK, device_of, draw, measuring, on_device_of, with_suffix
from gentutor.models.sampling import Sampler, evaluating, sample_images
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.steps import binarize


@measuring
def measure_gan(model: Sampler, samples: int, seed: int) -> dict[str, float]:
    """Of a GAN: so many images of it against as many random test images.

    Returns:
        ``frechet``, ``kernel``, ``precision``, ``recall``; the same names with ``_train`` for random training
        images in place of samples, the best that can be expected; and ``frechet_noise`` for uniform noise.
    """
    test, train, noise = _reference_features(samples, seed, device_of(model))
    fake = digit_features(sample_images(model, samples, seed))
    return {
        **_compare(test, fake),
        **with_suffix("_train", _compare(test, train)),
        "frechet_noise": frechet_distance(test, noise),
    }


@measuring
def measure_classifier(model: nn.Module, samples: int, seed: int) -> dict[str, float]:
    """Of a classifier: ``accuracy`` in [0, 1] and ``cross_entropy`` in nats on random test images."""
    images, labels = draw(data.mnist("test"), samples, torch.Generator().manual_seed(seed))
    with evaluating(model):
        logits = torch.cat([model(part.to(device_of(model))).cpu() for part in images.split(500)])
    return {
        "accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
        "cross_entropy": F.cross_entropy(logits.double(), labels).item(),
    }


@measuring
def measure_vae(model: VAE, samples: int, seed: int) -> dict[str, float]:
    """Of a VAE, in nats per image, on random test images, binarised once.

    Returns:
        ``nll``, minus the log-likelihood, with half as many importance samples per image as there are
        images (5,000 for 10,000), and ``nll_error``, its standard error over images; ``negative_elbo``
        with its parts ``distortion`` and ``kl``; ``active`` latent dimensions; and ``frechet`` of as many
        samples.
    """
    random = torch.Generator().manual_seed(seed)
    images, _ = draw(data.mnist("test"), samples, random)
    x, images = on_device_of(model, binarize(images, random), images)
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


@measuring
def measure_autoencoder(model: VAE, samples: int, seed: int) -> dict[str, float]:
    """Of an autoencoder: ``distortion`` of random test images, binarised once, in nats per image."""
    random = torch.Generator().manual_seed(seed)
    x = binarize(draw(data.mnist("test"), samples, random)[0], random).to(device_of(model))
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


@functools.lru_cache(maxsize=4)
def _reference_features(samples: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Features of random test images, random training images, and uniform noise, ``samples`` of each."""
    if samples <= NEIGHBOURS:
        raise ValueError(f"samples must be more than {NEIGHBOURS}, got {samples}")
    order = torch.Generator().manual_seed(seed)
    test, _ = draw(data.mnist("test"), samples, order)
    train, _ = draw(data.mnist("train"), samples, order)
    noise = torch.rand(samples, 1, 28, 28, generator=order)
    test, train, noise = (digit_features(images.to(device)) for images in (test, train, noise))
    return test, train, noise
