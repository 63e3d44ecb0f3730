"""What the stored VAEs are good for: denoising, telling odd inputs, and learning from few labels."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import data
from gentutor.classical import BernoulliNaiveBayes
from gentutor.evaluation import importance_sampling, log_likelihood, refit
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.recipes import pretrained
from gentutor.steps import binarize
from gentutor.studies.generative.classifiers import logistic_regression
from gentutor.studies.vae.gaps import CHUNK, wider
from gentutor.studies.vae.likelihoods import NAMES, STEPS, shuffled

LABELS = (50, 100, 300, 1000)
PENALTIES = (0.3, 3.0, 30.0)  # of logistic regression
HELD_OUT = 5000  # training images whose labels choose the penalty
FLIPPED = 0.1  # of the pixels


def vae_uses(names: Sequence[str] = NAMES, held: int = 250, draws: int = 5, seed: int = 0) -> dict[str, Any]:
    """The stored VAEs at work, beside the same work without them."""
    random = torch.Generator().manual_seed(seed)
    test_grey, test_labels = shuffled("test", random)
    test = binarize(test_grey, random)
    train_grey, train_labels = shuffled("train", random)
    train = binarize(train_grey, random)
    inputs = odd_inputs(test[:held], random)
    features = {
        "binary pixels": (train.flatten(1), test.flatten(1)),
        "grey pixels": (train_grey.flatten(1), test_grey.flatten(1)),
        "components of binary pixels": _project(train, test),
        "components of grey pixels": _project(train_grey, test_grey),
    }
    rows: dict[str, Any] = {}
    for name in names:
        vae, _ = pretrained(name)
        with torch.no_grad():
            features[f"means of {name}"] = (vae.encode(train)[0], vae.encode(test)[0])
        rows[name] = {
            "anomalies": {
                "encoder": anomalies(_by_encoder(vae, random), inputs),
                "refitted": anomalies(_refitted(vae, random), inputs),
            },
            "denoising": denoising(vae, test[:held], test_grey[:held], random),
        }
    return {
        "settings": {
            "names": list(names),
            "held": held,
            "draws": draws,
            "penalties": PENALTIES,
            "held_out": HELD_OUT,
            "seed": seed,
        },
        "rows": rows,
        "anomalies": {"independent pixels": anomalies(_independent_pixels(train), inputs)},
        "labels": few_labels(features, train_labels, test_labels, draws, random),
    }


def odd_inputs(digits: Tensor, random: torch.Generator) -> dict[str, Tensor]:
    """The digits first, then other binary inputs of the same shape, by name."""
    n = len(digits)
    return {
        "digits": digits,
        "clothes": binarize(data.to_unit(data.fashion_mnist().images[:n]), random),
        "digits, pixels shuffled": digits.flatten(1)[:, torch.randperm(784, generator=random)].view_as(
            digits
        ),
        "digits upside down": digits.flip((2, 3)),
        "noise": torch.bernoulli(torch.full_like(digits, 0.5), generator=random),
        "a blank image": torch.zeros_like(digits),
    }


def anomalies(score: Callable[[Tensor], Tensor], inputs: dict[str, Tensor]) -> dict[str, dict[str, float]]:
    """How well minus log p(x) tells digits from other inputs: area under the ROC curve, and its means."""
    scores = {name: score(x) for name, x in inputs.items()}
    return {
        name: {"auroc": auroc(value, scores["digits"]), "nll": value.mean().item()}
        for name, value in scores.items()
    }


def _by_encoder(vae: VAE, random: torch.Generator) -> Callable[[Tensor], Tensor]:
    return lambda x: -log_likelihood(vae, x, 50, CHUNK, random)


def _refitted(vae: VAE, random: torch.Generator) -> Callable[[Tensor], Tensor]:
    """The same with q refitted to each input, about which an encoder of digits may know nothing."""

    def score(x: Tensor) -> Tensor:
        best = refit(vae, x, 300, 0.05, random)
        return -importance_sampling(vae, x, *wider(best), 50, CHUNK, random)[0]

    return score


def _independent_pixels(train: Tensor) -> Callable[[Tensor], Tensor]:
    """Minus log p(x) of a model without latent variables: every pixel a coin of its own, in nats."""
    flat = train.flatten(1)
    model = BernoulliNaiveBayes.fit(flat, torch.zeros(len(flat), dtype=torch.int64), 1, 1.0)
    return lambda x: -model.log_prob(x.flatten(1))


def auroc(positive: Tensor, negative: Tensor) -> float:
    """The probability that a positive scores above a negative, ties counted half: (N,), (M,) -> [0, 1]."""
    above = (positive[:, None] > negative).double() + (positive[:, None] == negative).double() / 2
    return above.mean().item()


def denoising(vae: VAE, x: Tensor, grey: Tensor, random: torch.Generator) -> dict[str, float]:
    """The share of wrong pixels after a tenth was flipped, as they are and after several repairs.

    "refitted to the noise" knows how the pixels were flipped: the log-odds of a pixel after the flip are
    the likelihood for which each image's q(z|x) is refitted, from the encoder's answer. The last two are
    floors: what remains if the clean image is encoded, and if the grey one is known, whose ink is the
    probability with which each pixel of x was drawn.
    """
    noisy = (x - (torch.rand(x.shape, generator=random) < FLIPPED).to(x)).abs()
    patches = F.pad(noisy, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)  # (B, 1, 28, 28, 3, 3)

    def after_flips(logits: Tensor, x: Tensor) -> Tensor:
        ink = FLIPPED + (1 - 2 * FLIPPED) * logits.sigmoid()
        return variational.bernoulli_log_prob(ink.logit(), x)

    aware = copy.copy(vae)  # the same networks
    aware.likelihood = after_flips
    best, _ = refit(aware, noisy, STEPS, generator=random)
    with torch.no_grad():
        answers = {
            "flipped": noisy,
            "a blank image": torch.zeros_like(x),
            "median of 3 x 3": patches.flatten(4).median(dim=4).values,
            "encoder, decoder": (vae.decode(vae.encode(noisy)[0]) > 0).to(x),
            "refitted to the noise": (vae.decode(best) > 0).to(x),
            "clean image encoded, decoded": (vae.decode(vae.encode(x)[0]) > 0).to(x),
            "grey image known": (grey > 0.5).to(x),
        }
    return {name: (answer - x).abs().mean().item() for name, answer in answers.items()}


def few_labels(
    features: dict[str, tuple[Tensor, Tensor]],
    train_labels: Tensor,
    test_labels: Tensor,
    draws: int,
    random: torch.Generator,
) -> dict[str, dict[str, dict[str, dict[str, list[float]]]]]:
    """Errors of logistic regression on features, by their name, the number of labels and the penalty.

    Every feature sees the same labelled images. ``held_out`` are the errors on the last ``HELD_OUT``
    training images, by which a penalty may be chosen, ``test`` those on the test images.
    """
    pool = len(train_labels) - HELD_OUT
    errors: dict[str, dict[str, dict[str, dict[str, list[float]]]]] = {name: {} for name in features}
    for n in LABELS:
        for _ in range(draws):
            chosen = torch.randperm(pool, generator=random)[:n]
            for name, (train, test) in features.items():
                for l2 in PENALTIES:
                    model = logistic_regression(train[chosen], train_labels[chosen], 10, l2, iterations=200)
                    row = (
                        errors[name]
                        .setdefault(str(n), {})
                        .setdefault(f"{l2:g}", {"held_out": [], "test": []})
                    )
                    for split, x, y in (
                        ("held_out", train[pool:], train_labels[pool:]),
                        ("test", test, test_labels),
                    ):
                        with torch.no_grad():
                            wrong = (model(x).argmax(dim=1) != y).double().mean().item()
                        row[split].append(round(wrong, 4))
    return errors


def _project(train: Tensor, test: Tensor, dims: int = 50) -> tuple[Tensor, Tensor]:
    """Both on the training set's first principal components, in the unit of the pixels."""
    flat = train.flatten(1)
    center = flat.mean(dim=0)
    _, vectors = torch.linalg.eigh((flat - center).T @ (flat - center) / len(flat))
    axes = vectors[:, -dims:]
    return (flat - center) @ axes, (test.flatten(1) - center) @ axes
