"""What becomes of a label that is told wrongly: small conditional GANs, each with one mistake."""

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation import class_metrics
from gentutor.models.conditional import (
    ConcatDiscriminator,
    ConditionalGenerator,
    LabelEmbedding,
    OneHot,
    ProjectionDiscriminator,
    label_generator,
    one_hot,
)
from gentutor.models.gan import DCGANGenerator
from gentutor.models.sampling import sample_images
from gentutor.recipes import CGAN_MNIST, DCGANRecipe
from gentutor.showing.samples import tile
from gentutor.training import fit

DEVICE = torch.device("cpu")
WIDTH = 32  # of the generator; half of it for the discriminator
KEPT = ("accuracy", "accuracy_low", "accuracy_high", "information", "variance", "frechet")


class UntoldDiscriminator(ProjectionDiscriminator):
    """A judge that is handed the label and does not look at it."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) -> (B,) logits."""
        return self.head(self.body(x)).squeeze(1)


class ScatteredDiscriminator(ConcatDiscriminator):
    """A judge whose one-hot maps were repeated and then reshaped: no map is constant."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) -> (B,) logits."""
        code = one_hot(y, self.num_classes).to(x)
        maps = code.repeat(1, 28 * 28).view(len(x), self.num_classes, 28, 28)
        return self.head(self.body(torch.cat([x, maps], dim=1))).squeeze(1)


class OtherLabelsGenerator(ConditionalGenerator):
    """A generator that in training is told other labels than those that its images are judged under."""

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """(B, latent_dim) noise and B labels -> (B, C, H, W) in [-1, 1]."""
        told = c[torch.randperm(len(c), device=c.device)] if self.training else c
        return super().forward(z, told)


class MultiplyingGenerator(ConditionalGenerator):
    """A generator that multiplies its noise by a learned code of the label."""

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """(B, latent_dim) noise and B labels -> (B, C, H, W) in [-1, 1]."""
        images: Tensor = self.net(z * self.condition(c))
        return images


def small_generator(latent_dim: int) -> ConditionalGenerator:
    """A generator that is told the label beside its noise."""
    return label_generator(OneHot(10), latent_dim, WIDTH)


def other_labels_generator(latent_dim: int) -> ConditionalGenerator:
    """The same, told other labels in training."""
    net = DCGANGenerator(latent_dim + 10, width=WIDTH)
    return OtherLabelsGenerator(net, OneHot(10), latent_dim, torch.arange(10))


def multiplying_generator(latent_dim: int) -> ConditionalGenerator:
    """A generator whose noise is multiplied by a code of the label."""
    net, code = DCGANGenerator(latent_dim, width=WIDTH), LabelEmbedding(10, latent_dim)
    return MultiplyingGenerator(net, code, latent_dim, torch.arange(10))


def small_gan(
    discriminator: type[nn.Module] = ProjectionDiscriminator,
    generator: Callable[[int], ConditionalGenerator] = small_generator,
) -> DCGANRecipe:
    """The conditional GAN on MNIST with half as many channels, and with these players."""
    small = functools.partial(discriminator, width=WIDTH // 2)
    return replace(CGAN_MNIST, design=replace(CGAN_MNIST.design, generator=generator, discriminator=small))


VARIANTS = {
    "projection": small_gan(),
    "projection, noise multiplied by a code": small_gan(generator=multiplying_generator),
    "projection, fakes under other labels": small_gan(generator=other_labels_generator),
    "judge not told": small_gan(UntoldDiscriminator),
    "one-hot maps": small_gan(ConcatDiscriminator),
    "one-hot maps, repeat and view": small_gan(ScatteredDiscriminator),
}


def ignored_condition(
    seeds: tuple[int, ...] = (0, 1, 2), steps: int = 500, samples: int = 2000
) -> dict[str, Any]:
    """Six small conditional GANs of ``steps`` steps, two told the label rightly, four wrongly; for each seed.

    Each is measured by ``samples`` samples, asked to be the digits of as many random test images.
    """
    test = data.mnist("test")
    rows = []
    for seed in seeds:
        chosen = torch.randperm(len(test.images), generator=torch.Generator().manual_seed(seed))[:samples]
        real, labels = data.to_unit(test.images[chosen]), test.labels[chosen]
        for name, recipe in VARIANTS.items():
            run = replace(recipe, seed=seed).start(DEVICE)
            started = time.process_time()
            history = fit(run.step, run.batches, steps=steps, every=100, progress=False)
            seconds = time.process_time() - started
            images = sample_images(run.model, len(labels), seed, condition=labels)
            measured = class_metrics(images, labels, real, labels)
            row = {
                "variant": name,
                "seed": seed,
                **{key: round(measured[key], 4) for key in KEPT},
                **{f"{player}_loss": round(losses[-1], 3) for player, losses in history.values.items()},
                "cpu_seconds": round(seconds, 1),
            }
            if seed == seeds[0]:
                shown = sample_images(run.model, 30, seed)  # three of each digit
                row["pictures"] = tile(shown, columns=10)
            rows.append(row)
    return {"settings": {"seeds": seeds, "steps": steps, "samples": samples}, "rows": rows}
