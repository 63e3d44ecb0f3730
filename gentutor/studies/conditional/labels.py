"""Ways to tell a network the label, on one data set with one budget, and what needs no network."""

import time
from dataclasses import replace
from typing import Any

import torch

from gentutor import data, recipes
from gentutor.evaluation import class_metrics
from gentutor.models.sampling import sample_images
from gentutor.showing.samples import tile
from gentutor.training import fit

DEVICE = torch.device("cpu")
GANS = {
    "one-hot maps": recipes.CGAN_CONCAT,
    "embedded map": recipes.CGAN_EMBEDDING,
    "auxiliary classifier": recipes.ACGAN_MNIST,
    "projection": recipes.CGAN_MNIST,
}


def conditional_models(
    seeds: tuple[int, ...] = (0, 1, 2), steps: int = 1200, cvae_steps: int = 4000, samples: int = 10_000
) -> dict[str, Any]:
    """Four conditional GANs and the conditional VAE, once for each seed.

    The GANs take ``steps`` steps each; the VAE, whose steps are cheaper, ``cvae_steps``, for about the same
    processor time. Its falling rate is fitted to that length. Each is measured by ``samples`` samples, which
    are asked to be the digits of as many random test images, against those images.
    """
    variants: dict[str, Any] = {
        **{name: replace(recipe, steps=replace(recipe.steps, full=steps)) for name, recipe in GANS.items()},
        "conditional VAE": replace(
            recipes.CVAE_MNIST, steps=replace(recipes.CVAE_MNIST.steps, full=cvae_steps)
        ),
    }
    test = data.mnist("test")
    rows = []
    for seed in seeds:
        chosen = torch.randperm(len(test.images), generator=torch.Generator().manual_seed(seed))[:samples]
        real, labels = data.to_unit(test.images[chosen]), test.labels[chosen]
        for name, recipe in variants.items():
            run = replace(recipe, seed=seed).start(DEVICE)
            started = time.process_time()
            fit(run.step, run.batches, steps=recipe.steps.full, every=recipe.steps.full, progress=False)
            seconds = time.process_time() - started
            images = sample_images(run.model, len(labels), seed, condition=labels)
            shown = sample_images(run.model, 50, seed)  # five of each digit
            rows.append(
                {
                    "variant": name,
                    "seed": seed,
                    **{key: round(v, 4) for key, v in class_metrics(images, labels, real, labels).items()},
                    "pictures": tile(shown, columns=10),
                    "steps": recipe.steps.full,
                    "cpu_seconds": round(seconds, 1),
                }
            )
    return {"settings": {"seeds": seeds, "steps": steps, "samples": samples}, "rows": rows}


def digit_baselines(seeds: tuple[int, ...] = (0, 1, 2), samples: int = 10_000) -> dict[str, Any]:
    """What samples score that took no learning, by the measures of ``conditional_models`` and its images.

    The mean training image of the digit asked for, again and again; and for each seed ``samples`` random
    training images under random labels. (Those under their own labels are on the cards of the stored runs.)
    """
    train, test = data.mnist("train"), data.mnist("test")
    images = data.to_unit(train.images)
    means = torch.stack([images[train.labels == digit].mean(dim=0) for digit in range(10)])
    rows = []
    for seed in seeds:
        random = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(test.images), generator=random)[:samples]
        real, labels = data.to_unit(test.images[chosen]), test.labels[chosen]
        taken = torch.randperm(len(images), generator=random)[:samples]
        mixed = train.labels[taken][torch.randperm(len(taken), generator=random)]
        sets = {"training images, random labels": (images[taken], mixed)}
        if seed == seeds[0]:
            sets = {"the class mean": (means[labels], labels), **sets}
        for name, (shown, asked) in sets.items():
            numbers = class_metrics(shown, asked, real, labels)
            rows.append({"variant": name, "seed": seed, **{key: round(v, 4) for key, v in numbers.items()}})
    return {"settings": {"seeds": seeds, "samples": samples}, "rows": rows}
