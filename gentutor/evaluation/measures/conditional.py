"""What is measured of models that are told a condition."""

import torch

from gentutor import data
from gentutor.evaluation.classes import class_metrics
from gentutor.evaluation.likelihood import active_units, conditional_log_likelihood
from gentutor.evaluation.measures.drawing import CHUNK, draw, measuring, on_device_of, with_suffix
from gentutor.models.cvae import CVAE
from gentutor.models.sampling import Sampler, evaluating, sample_images
from gentutor.objectives import variational
from gentutor.steps import binarize


@measuring
def measure_conditional_gan(model: Sampler, samples: int, seed: int) -> dict[str, float]:
    """Of a conditional GAN: what ``class_metrics`` says of so many samples, asked to be the digits that
    random test images are; with ``_train`` the same of training images.
    """
    random = torch.Generator().manual_seed(seed)
    test, labels = draw(data.mnist("test"), samples, random)
    train, train_labels = draw(data.mnist("train"), len(labels), random)
    test, labels, train, train_labels = on_device_of(model, test, labels, train, train_labels)
    fake = sample_images(model, len(labels), seed, condition=labels)
    return {
        **class_metrics(fake, labels, test, labels),
        **with_suffix("_train", class_metrics(train, train_labels, test, labels)),
    }


@measuring
def measure_cvae(model: CVAE, samples: int, seed: int) -> dict[str, float]:
    """Of a conditional VAE of digits.

    Returns:
        What ``class_metrics`` says of the means of p(x|z, y), asked to be the digits that random test
        images are; with ``_train`` the same of training images, with ``_drawn`` of draws of x, against
        binarised test images, and with ``_binary`` of binarised training images; and, as for a VAE but with a
        hundredth as many importance samples as images, ``nll``, ``negative_elbo``, ``distortion``, ``kl``
        and ``active``.
    """
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
