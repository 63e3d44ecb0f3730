"""What the stored VAEs know: their likelihood, their latents, and what those are good for."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import data
from gentutor.checkpoint import pretrained
from gentutor.evaluation import active_units, latent_information, log_likelihood
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.steps import binarize
from gentutor.studies.classifiers import logistic_regression
from gentutor.studies.vae_gaps import CHUNK, gaps, refit

NAMES = ("vae-mnist", "iwae-mnist")
SIZES = (1000, 3000, 10_000, 30_000, 60_000)
BOUNDS = (1, 5, 10, 50, 100, 500, 1000, 5000)
LABELS = (50, 100, 300, 1000, 3000)
FLIPPED = 0.1  # of the pixels


def vae_measurements(
    names: Sequence[str] = NAMES, held: int = 500, few: int = 200, draws: int = 10, seed: int = 0
) -> dict[str, Any]:
    """The stored VAEs on images that they have not seen, and beside it on images that they have."""
    random = torch.Generator().manual_seed(seed)
    train_grey, train_labels = _shuffled("train", random)
    test_grey, test_labels = _shuffled("test", random)
    train, test = binarize(train_grey, random), binarize(test_grey, random)
    rows: dict[str, Any] = {}
    for name in names:
        vae, _ = pretrained(name)
        assert isinstance(vae, VAE)
        with torch.no_grad():
            (seen, seen_log_var), (unseen, _) = vae.encode(train), vae.encode(test)
        seen_by_size = {n: (seen[:n], seen_log_var[:n]) for n in SIZES}
        rows[name] = {
            "gaps": {
                split: gaps(vae, x[:held], 1000, random) for split, x in (("train", train), ("test", test))
            },
            "bounds": [bounds_by_samples(vae, test[:few], random) for _ in range(3)],
            "active": active_units(unseen),
            "information": {str(n): latent_information(*q, 500, random) for n, q in seen_by_size.items()},
            "anomalies": anomalies(vae, test[:1000], random),
            "denoising": denoising(vae, test[:1000], random),
            "labels": few_labels({"latents": (seen, unseen)}, train_labels, test_labels, draws, random),
        }
    pixels = {"pixels": (train.flatten(1), test.flatten(1)), "principal components": _project(train, test)}
    baseline = few_labels(pixels, train_labels, test_labels, draws, random)
    settings = {"names": list(names), "held": held, "few": few, "draws": draws, "seed": seed}
    return {"settings": settings, "rows": rows, "labels": baseline}


@torch.no_grad()
def bounds_by_samples(vae: VAE, x: Tensor, random: torch.Generator) -> dict[str, float]:
    """The mean importance-weighted bound for each K, minus, in nats, all from the same draws of z."""
    mean, log_var = vae.encode(x)
    parts = []
    for _ in range(max(BOUNDS) // 25):
        z = variational.reparameterize(mean.expand(25, -1, -1), log_var.expand(25, -1, -1), random)
        parts.append(variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var))
    log_w = torch.cat(parts)  # (5000, B)
    return {
        str(k): -torch.stack([variational.iwae_bound(w) for w in log_w.split(k)]).mean().item()
        for k in BOUNDS
    }


def anomalies(vae: VAE, digits: Tensor, random: torch.Generator) -> dict[str, dict[str, float]]:
    """How well minus log p(x) tells digits from other inputs: area under the ROC curve, and its means."""
    n = len(digits)
    others = {
        "clothes": binarize(data.to_unit(data.fashion_mnist().images[:n]), random),
        "digits, pixels shuffled": digits.flatten(1)[:, torch.randperm(784, generator=random)].view_as(
            digits
        ),
        "digits upside down": digits.flip(2),
        "noise": torch.bernoulli(torch.full_like(digits, 0.5), generator=random),
        "a blank image": torch.zeros_like(digits),
    }
    scores = {"digits": -log_likelihood(vae, digits, 50, CHUNK, random)}
    scores |= {name: -log_likelihood(vae, x, 50, CHUNK, random) for name, x in others.items()}
    return {
        name: {"auroc": auroc(score, scores["digits"]), "nll": score.mean().item()}
        for name, score in scores.items()
    }


def auroc(positive: Tensor, negative: Tensor) -> float:
    """The probability that a positive scores above a negative, ties counted half: (N,), (M,) -> [0, 1]."""
    above = (positive[:, None] > negative).double() + (positive[:, None] == negative).double() / 2
    return above.mean().item()


def denoising(vae: VAE, x: Tensor, random: torch.Generator) -> dict[str, float]:
    """The share of wrong pixels after a tenth was flipped, as they are and after several repairs.

    The last repair knows how the pixels were flipped: the log-odds of a pixel after the flip are the
    likelihood for which each image's q(z|x) is refitted, from the encoder's answer.
    """
    noisy = (x - (torch.rand(x.shape, generator=random) < FLIPPED).to(x)).abs()
    patches = F.pad(noisy, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)  # (B, 1, 28, 28, 3, 3)

    def after_flips(logits: Tensor, x: Tensor) -> Tensor:
        ink = FLIPPED + (1 - 2 * FLIPPED) * logits.sigmoid()
        return variational.bernoulli_log_prob(ink.logit(), x)

    aware = copy.copy(vae)  # the same networks
    aware.likelihood = after_flips
    best, _ = refit(aware, noisy, generator=random)
    with torch.no_grad():
        answers = {
            "flipped": noisy,
            "median of 3 x 3": patches.flatten(4).median(dim=4).values,
            "encoder, decoder": (vae.decode(vae.encode(noisy)[0]) > 0).to(x),
            "refitted to the noise": (vae.decode(best) > 0).to(x),
        }
    return {name: (answer - x).abs().mean().item() for name, answer in answers.items()}


def few_labels(
    features: dict[str, tuple[Tensor, Tensor]],
    train_labels: Tensor,
    test_labels: Tensor,
    draws: int,
    random: torch.Generator,
) -> dict[str, dict[str, list[float]]]:
    """Test errors of logistic regression on features, by their name and the number of labels."""
    errors: dict[str, dict[str, list[float]]] = {name: {} for name in features}
    for n in LABELS:
        for _ in range(draws):
            chosen = torch.randperm(len(train_labels), generator=random)[:n]
            for name, (train, test) in features.items():
                model = logistic_regression(train[chosen], train_labels[chosen], 10, l2=1.0, iterations=200)
                with torch.no_grad():
                    wrong = (model(test).argmax(dim=1) != test_labels).double().mean().item()
                errors[name].setdefault(str(n), []).append(round(wrong, 4))
    return errors


def _project(train: Tensor, test: Tensor, dims: int = 50) -> tuple[Tensor, Tensor]:
    """Both on the training set's first principal components, each scaled to variance 1."""
    flat = train.flatten(1)
    center = flat.mean(dim=0)
    values, vectors = torch.linalg.eigh((flat - center).T @ (flat - center) / len(flat))
    axes = vectors[:, -dims:] / values[-dims:].sqrt()
    return (flat - center) @ axes, (test.flatten(1) - center) @ axes


def _shuffled(split: str, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """All images of a split in [0, 1] and their labels, in random order."""
    images, labels = data.mnist(split)
    order = torch.randperm(len(images), generator=random)
    return data.to_unit(images[order]), labels[order]
