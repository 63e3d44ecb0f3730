"""What is measured of models that are told a condition."""

import torch
from torch import nn

from gentutor import data
from gentutor.evaluation import active_units, conditional_log_likelihood
from gentutor.metrics.base import CHUNK, draw, register, with_suffix
from gentutor.metrics.classes import class_metrics
from gentutor.models.cvae import CVAE
from gentutor.objectives import variational
from gentutor.recipes import CGANRecipe, CVAERecipe
from gentutor.sampling import evaluating, sample_images
from gentutor.steps import binarize


@register
def _measure_conditional_gan(
    recipe: CGANRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    random = torch.Generator().manual_seed(seed)
    test, labels = draw(data.mnist("test"), samples, random)
    fake = sample_images(model, len(labels), seed, condition=labels).cpu()
    return {
        **class_metrics(fake, labels, test, labels),
        **with_suffix("_train", class_metrics(*draw(data.mnist("train"), len(labels), random), test, labels)),
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
        **with_suffix("_drawn", drawn),
        **with_suffix("_train", class_metrics(train, train_labels, test, labels)),
        **with_suffix("_binary", binary),
        "nll": -log_px.double().mean().item(),
        "negative_elbo": distortion + kl,
        "distortion": distortion,
        "kl": kl,
        "active": active_units(mean),
    }
