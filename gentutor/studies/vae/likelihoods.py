"""Estimates of a stored VAE's log-likelihood: draws of the encoder against draws of a better proposal."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gentutor import data
from gentutor.evaluation import (
    active_units,
    effective_sample_size,
    importance_sampling,
    latent_information,
    log_likelihood,
    monte_carlo,
    refit,
)
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.recipes import pretrained
from gentutor.steps import binarize
from gentutor.studies.vae.gaps import CHUNK, WIDEN, gaps, mean_elbo, wider

NAMES = ("vae-mnist", "iwae-mnist")
SIZES = (1000, 3000, 10_000, 30_000, 60_000)
BOUNDS = (1, 5, 10, 50, 100, 500, 1000, 5000)  # draws of z per image
DOUBLED = (200, 400, 800, 1600, 3200)  # steps of refitting, to see how far it has converged
STEPS = 1600  # of refitting where it counts
FEW, MANY = 25, 1000  # draws per image: of all images with the encoder, of some with the better proposal


def vae_measurements(names: Sequence[str] = NAMES, held: int = 250, seed: int = 0) -> dict[str, Any]:
    """The stored VAEs' likelihoods and codes, on images that they have not seen and on images that they have.

    The test images, their order and their binarisation are those of the stored runs' cards.
    """
    random = torch.Generator().manual_seed(seed)
    test = binarize(shuffled("test", random)[0], random)
    train = binarize(shuffled("train", random)[0], random)
    rows = {}
    for name in names:
        vae, _ = pretrained(name)
        with torch.no_grad():
            (seen, seen_log_var), (unseen, _) = vae.encode(train), vae.encode(test)
        seen_by_size = {n: (seen[:n], seen_log_var[:n]) for n in SIZES}
        splits = {"train": train[: len(test)], "test": test}
        rows[name] = {
            **likelihoods(vae, splits, held, random),
            "active": active_units(unseen),
            "information": {str(n): latent_information(*q, 500, random) for n, q in seen_by_size.items()},
        }
    settings = {
        "names": list(names),
        "held": held,
        "few": FEW,
        "many": MANY,
        "refit_steps": STEPS,
        "widen": WIDEN,
        "seed": seed,
    }
    return {"settings": settings, "rows": rows}


def shuffled(split: str, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """All images of a split in [0, 1] and their labels, in random order."""
    images, labels = data.mnist(split)
    order = torch.randperm(len(images), generator=random)
    return data.to_unit(images[order]), labels[order]


def likelihoods(
    vae: VAE, splits: dict[str, Tensor], held: int, random: torch.Generator
) -> dict[str, dict[str, Any]]:
    """Bounds, gaps and estimates of log p(x) on the training and the test images of ``splits``.

    On the first ``held`` images of each split q is refitted, and ``gaps`` holds what ``vae_gaps.gaps``
    finds there with ``MANY`` draws. Beside it ``all`` is -log p(x) by ``FEW`` draws of the encoder, on all
    images, with its standard error over images, and ``missed`` by how much it is too high: the mean
    difference from the better proposal on the first ``held``, with its standard error.
    """
    rows, best = {}, {}
    for split, x in splits.items():
        part = x[:held]
        best[split] = refit(vae, part, STEPS, generator=random)
        log_px, _ = importance_sampling(vae, part, *wider(best[split]), MANY, CHUNK, random)
        by_encoder = log_likelihood(vae, x, FEW, CHUNK, random)
        mean, error = monte_carlo(-by_encoder)
        missed, missed_error = monte_carlo(log_px - by_encoder[:held])
        rows[split] = {
            **gaps(vae, part, best[split], log_px, random),
            "all": mean,
            "all_error": error,
            "missed": missed,
            "missed_error": missed_error,
        }
    return {
        "gaps": rows,
        "estimates": estimates(vae, splits["test"][:held], best["test"], random),
        "converged": converged(vae, splits["test"][: max(1, held // 10)], random),
    }


def estimates(
    vae: VAE, x: Tensor, best: tuple[Tensor, Tensor], random: torch.Generator
) -> dict[str, dict[str, Any]]:
    """By the encoder's q and by the refitted one, widened: mean bounds, and each image's estimate.

    Returns:
        For each proposal ``bounds``, minus the mean importance-weighted bound by K, all from the same
        draws, in nats; ``nll`` and ``effective``, each image's estimate from all draws and their
        effective number.
    """
    with torch.no_grad():
        encoded = vae.encode(x)
    found: dict[str, dict[str, Any]] = {}
    for name, q in {"encoder": encoded, "refitted": wider(best)}.items():
        log_w = log_weights(vae, x, q, max(BOUNDS), random)
        found[name] = {
            "bounds": {
                str(k): -torch.stack([variational.iwae_bound(w) for w in log_w.split(k)]).mean().item()
                for k in BOUNDS
            },
            "nll": [round(-v, 3) for v in variational.iwae_bound(log_w).tolist()],
            "effective": [round(v, 2) for v in effective_sample_size(log_w).tolist()],
        }
    return found


@torch.no_grad()
def log_weights(
    vae: VAE, x: Tensor, q: tuple[Tensor, Tensor], samples: int, random: torch.Generator
) -> Tensor:
    """The log importance weights of draws of q = (mean, log_var): (samples, B)."""
    mean, log_var = q
    parts, draws = [], max(1, CHUNK // len(x))
    for start in range(0, samples, draws):
        shape = (min(draws, samples - start), *mean.shape)
        z = variational.reparameterize(mean.expand(shape), log_var.expand(shape), random)
        parts.append(variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var))
    return torch.cat(parts)


def converged(vae: VAE, x: Tensor, random: torch.Generator) -> dict[str, float]:
    """The negative ELBO with refitted q, by the number of steps: how much doubling them still gains."""
    found = {}
    for steps in DOUBLED:
        best = refit(vae, x, steps, generator=random)
        same = torch.Generator().manual_seed(0)
        found[str(steps)] = -mean_elbo(vae, x, best, 500, same).mean().item()
    return found
