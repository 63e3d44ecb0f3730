"""What a fresh judge makes of pictures that others drew: its loss on pictures that it has never seen."""

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gentutor import data
from gentutor.models.sampling import evaluating, sample_images
from gentutor.objectives.adversarial import discriminator_loss
from gentutor.recipes import pretrained
from gentutor.steps import judge_step
from gentutor.training import fit

TEST = 5000  # pictures of each side that are kept from the judge until it is trained


def new_judge() -> nn.Sequential:
    """Maps (B, 1, 28, 28) in [-1, 1] to (B,) logits; without batch norm, which would mix the pictures."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1),  # (B, 32, 14, 14)
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, stride=2, padding=1),  # (B, 64, 7, 7)
        nn.LeakyReLU(0.2),
        nn.Flatten(),  # (B, 3136)
        nn.Linear(64 * 7 * 7, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 1),
        nn.Flatten(0),  # (B, 1) -> (B,)
    )


def shuffled_pixels(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image with its own pixels in a random order: the right amount of ink, and nothing else."""
    flat = images.flatten(1)  # (N, C, H, W) -> (N, C H W)
    order = torch.rand(flat.shape, generator=generator).argsort(dim=1)
    return flat.gather(1, order).view_as(images)


def candidates(seed: int, n: int) -> dict[str, Tensor]:
    """The pictures to be judged, n of each kind, as (n, 1, 28, 28) in [-1, 1].

    Args:
        seed: of the samples and of the order of pixels.
        n: at most 30,000.
    """
    others = data.to_signed(data.mnist("train").images[30_000 : 30_000 + n])
    kinds = {
        "other digits by people": others,
        "the stored DCGAN": 2 * sample_images(pretrained("dcgan-mnist")[0], n, seed=seed) - 1,
        "the stored fully connected GAN": 2 * sample_images(pretrained("mlp-gan-mnist")[0], n, seed=seed) - 1,
        "digits with shuffled pixels": shuffled_pixels(others, torch.Generator().manual_seed(seed)),
    }
    return kinds


def fresh_judge(real: Tensor, fake: Tensor, *, steps: int, seed: int) -> dict[str, float]:
    """Train a new judge on all but the last ``TEST`` pictures of both; its losses on the two parts, in nats.

    Args:
        real: (N, 1, 28, 28) in [-1, 1].
        fake: as many.
        steps: updates of the judge.
        seed: of its weights and batches.
    """
    torch.manual_seed(seed)
    judge = new_judge()
    optimizer = Adam(judge.parameters(), lr=1e-3)
    batches = data.batches(real[:-TEST], fake[:-TEST], batch_size=64)
    step = functools.partial(judge_step, judge=judge, optimizer=optimizer)
    history = fit(step, batches, steps=steps, every=100, progress=False)
    with torch.no_grad(), evaluating(judge):
        loss = discriminator_loss(judge(real[-TEST:]), judge(fake[-TEST:]))
    return {"test_loss": round(loss.item(), 4), "training_loss": round(history["discriminator"][-1], 4)}


def fresh_judges(
    seeds: tuple[int, ...] = (0, 1, 2),
    fresh_seeds: tuple[int, ...] = (3,),
    steps: int = 1000,
    n: int = 30_000,
) -> dict[str, Any]:
    """A judge for each kind of picture and seed. What the first seeds show is checked on the fresh one."""
    real = data.to_signed(data.mnist("train").images[:n])
    rows = [
        {"kind": kind, "seed": seed, **fresh_judge(real, fake, steps=steps, seed=seed)}
        for seed in seeds + fresh_seeds
        for kind, fake in candidates(seed, n).items()
    ]
    settings = {"seeds": seeds, "fresh_seeds": fresh_seeds, "steps": steps, "pictures": n, "test": TEST}
    return {"settings": settings, "rows": rows}
