"""What the DCGAN's details are worth, and how good the stored GANs are."""

import functools
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gentutor import data, recipes
from gentutor.evaluation import (
    NEIGHBOURS,
    digit_features,
    frechet_distance,
    kernel_distance,
    neighbour_radii,
    precision_recall,
)
from gentutor.evaluation.neighbours import from_radii
from gentutor.models.gan import Generator, noise
from gentutor.models.sampling import sample_images
from gentutor.objectives import adversarial as objective
from gentutor.optim import EMA, frozen
from gentutor.recipes import pretrained
from gentutor.training import fit

DEVICE = torch.device("cpu")
JOINT = ("generator", "discriminator", "g_optimizer", "d_optimizer", "ema")


def joint_batch_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    ema: EMA,
) -> dict[str, Tensor]:
    """``gan_step`` as one should not write it: real and fake go through BatchNorm as one batch."""
    real = batch[0]
    fake = generator(noise(generator, len(real)))
    d_loss = objective.discriminator_loss(*discriminator(torch.cat([real, fake.detach()])).chunk(2))
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    with frozen(discriminator):
        g_loss = objective.generator_loss(discriminator(torch.cat([real, fake])).chunk(2)[1])
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    ema.update(generator)
    return {"discriminator": d_loss.detach(), "generator": g_loss.detach()}


def dcgan_ablation(
    seeds: tuple[int, ...] = (0, 1, 2), steps: int = 400, samples: int = 2000
) -> dict[str, Any]:
    """The DCGAN recipe, whole and with one detail taken away, once for each seed."""
    recipe = replace(recipes.DCGAN, steps=replace(recipes.DCGAN.steps, full=steps))
    rows = []
    for seed in seeds:
        real = _test_features(samples, seed)
        variants = {
            "the recipe": recipe,
            "real and fake in one batch": recipe,
            "PyTorch's default initial weights": recipe,
            "Adam with β₁ = 0.9": replace(recipe, betas=(0.9, recipe.betas[1])),
            "no noise on D's input": replace(recipe, input_noise=0.0),
        }
        for name, variant in variants.items():
            run = replace(variant, seed=seed).start(DEVICE)
            step, networks = run.step, {k: v for k, v in run.parts.items() if k in JOINT}
            if name == "PyTorch's default initial weights":
                for network in ("generator", "discriminator"):
                    run.parts[network].apply(_default_init)
                run.model.load_state_dict(run.parts["generator"].state_dict())
            if name == "real and fake in one batch":
                step = functools.partial(joint_batch_step, **networks)
            history = fit(step, run.batches, steps=steps, every=steps // 10, progress=False)
            features = digit_features(sample_images(run.model, samples, seed=seed))
            rows.append(
                {
                    "variant": name,
                    "seed": seed,
                    "frechet": round(frechet_distance(real, features), 3),
                    "losses": {key: [round(v, 4) for v in values] for key, values in history.values.items()},
                    "seconds": round(history.seconds, 1),
                }
            )
    return {"settings": {"seeds": seeds, "steps": steps, "samples": samples}, "rows": rows}


def gan_measurements(seeds: tuple[int, ...] = (0, 1, 2, 3, 4), samples: int = 10_000) -> dict[str, Any]:
    """The stored GANs and images of known faults against the test set, over several draws.

    Beside them, with ``bias``, distances of real images from real images by the size of the sets: training
    from test images, and, in ``bias_held_out``, two parts of the test set.
    """
    test = digit_features(data.to_unit(data.mnist("test").images))
    images, labels = data.mnist("train")
    train = digit_features(data.to_unit(images))
    radii = neighbour_radii(test, NEIGHBOURS)
    rows: dict[str, dict[str, list[float]]] = {}
    bias: dict[str, dict[str, list[float]]] = {}
    held_out: dict[str, dict[str, list[float]]] = {}
    radius = {"test": round(radii.median().item(), 5)}  # of the balls of precision and recall, the median
    for seed in seeds:
        random = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(train), generator=random)
        to_seven = order[labels[order] < 8][:samples]
        fakes = {
            "noise": digit_features(torch.rand(samples, 1, 28, 28, generator=random)),
            "train": train[order[:samples]],
            "0 to 7": train[to_seven],
            "0 to 7, half overlaid": digit_features(half_overlaid(data.to_unit(images[to_seven]))),
        }
        for name in ("mlp-gan-mnist", "dcgan-mnist"):
            fakes[name] = digit_features(sample_images(pretrained(name)[0], samples, seed=seed))
        for name, fake in fakes.items():
            precision, recall = precision_recall(test, fake, NEIGHBOURS)
            density, coverage = from_radii(test, fake, radii, NEIGHBOURS)
            more = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}
            _record(rows, name, test, fake, **more)
            if seed == seeds[0]:
                radius[name] = round(neighbour_radii(fake, NEIGHBOURS).median().item(), 5)
        for n in (100, 300, 1000, 3000, 10_000):
            some = torch.randperm(len(test), generator=random)[:n]
            _record(bias, str(n), test[some], train[order[:n]])
        for n in (100, 300, 1000, 3000, 5000):
            some, others = torch.randperm(len(test), generator=random)[: 2 * n].chunk(2)
            _record(held_out, str(n), test[some], test[others])
    settings = {"seeds": seeds, "samples": samples}
    return {"settings": settings, "rows": rows, "radius": radius, "bias": bias, "bias_held_out": held_out}


def half_overlaid(images: Tensor) -> Tensor:
    """The same number of images: in the first half another one is laid over each, two digits at once."""
    half = len(images) // 2
    return torch.cat([torch.maximum(images[:half], images[-half:]), images[half:]])


def _record(
    table: dict[str, dict[str, list[float]]], row: str, real: Tensor, fake: Tensor, **more: float
) -> None:
    values = {"frechet": frechet_distance(real, fake), "kernel": kernel_distance(real, fake), **more}
    for name, value in values.items():
        table.setdefault(row, {}).setdefault(name, []).append(round(value, 5))


def _test_features(n: int, seed: int) -> Tensor:
    order = torch.randperm(10_000, generator=torch.Generator().manual_seed(seed))
    return digit_features(data.to_unit(data.mnist("test").images[order[:n]]))


def _default_init(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        module.reset_parameters()
