"""What is measured of models that are told a condition."""

import torch
from torch import nn

from gentutor import data
from gentutor.evaluation import active_units, conditional_log_likelihood
from gentutor.metrics.base import CHUNK, draw, on_device_of, register, with_suffix
from gentutor.metrics.classes import class_metrics
from gentutor.models.cvae import CVAE
from gentutor.objectives import variational
from gentutor.recipes import CGANRecipe, CVAERecipe
from gentutor.showing.sampling import evaluating, sample_images
from gentutor.steps import binarize


@register
def _measure_conditional_gan(
    recipe: CGANRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    random = torch.Generator().manual_seed(seed)
    test, labels = draw(data.mnist("test"), samples, random)
    train, train_labels = draw(data.mnist("train"), len(labels), random)
    test, labels, train, train_labels = on_device_of(model, test, labels, train, train_labels)
    fake = sample_images(model, len(labels), seed, condition=labels)
    return {
        **class_metrics(fake, labels, test, labels),
        **with_suffix("_train", class_metrics(train, train_labels, test, labels)),
    }


@register
@torch.no_grad()
def _measure_cvae(
    recipe: CVAERecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, CVAE)
    random = torch.Generator().manual_seed(seed)
    test, labels = draw(data.mnist("test"), samples, random)
    train, train_labels = draw(data.mnist("train"), len(labels), random)
    means = sample_images(model, len(labels), seed, condition=labels)
    x, draws, binary_train = (binarize(images.cpu(), random) for images in (test, means, train))
    test, labels, train, train_labels = on_device_of(model, test, labels, train, train_labels)
    x, draws, binary_train = on_device_of(model, x, draws, binary_train)
    drawn = class_metrics(draws, labels, x, labels)
    binary = class_metrics(binary_train, train_labels, x, labels)
    with evaluating(model):
        mean, log_var = model.encode(x, labels)
        kl = variational.gaussian_kl(mean, log_var).mean().item()
        z = variational.reparameterize(mean, log_var, random)
        distortion = -model.log_px_z(x, z, labels).mean().item()
        log_px = conditional_log_likelihood(model, x, labels, max(1, len(x) // 100), CHUNK, random)
    return {
        **class_metrics(means, labels, test, labels),
        **with_suffix("_drawn", drawn),
        **with_suffix("_train", class_metrics(train, train_labels, test, labels)),
        **with_suffix("_binary", binary),
        "nll": -log_px.double().mean().item(),
        "negative_elbo": distortion + kl,
        "distortion": distortion,
        "kl": kl,
        "active": active_units(mean),
    }
