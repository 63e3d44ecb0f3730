"""What becomes of a label that is told wrongly: small conditional GANs, each with one mistake."""

import time
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
from gentutor.recipes.conditional import CGAN_MNIST, CGANRecipe
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


class SmallGANRecipe(CGANRecipe):
    """The conditional GAN on MNIST with half as many channels."""

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        return label_generator(OneHot(10), self.latent_dim, WIDTH)

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return ProjectionDiscriminator(width=WIDTH // 2, noise=self.input_noise)


class UntoldRecipe(SmallGANRecipe):
    """The same with a judge that does not look at the label."""

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return UntoldDiscriminator(width=WIDTH // 2, noise=self.input_noise)


class OtherLabelsRecipe(SmallGANRecipe):
    """The same with fakes judged under other labels than they were made for."""

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        net = DCGANGenerator(self.latent_dim + 10, width=WIDTH)
        return OtherLabelsGenerator(net, OneHot(10), self.latent_dim, torch.arange(10))


class MultiplyingRecipe(SmallGANRecipe):
    """The same with noise that is multiplied by a code of the label."""

    def generator(self) -> ConditionalGenerator:
        """An untrained generator."""
        net, code = DCGANGenerator(self.latent_dim, width=WIDTH), LabelEmbedding(10, self.latent_dim)
        return MultiplyingGenerator(net, code, self.latent_dim, torch.arange(10))


class MapsRecipe(SmallGANRecipe):
    """The same with one-hot maps in place of the projection."""

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return ConcatDiscriminator(width=WIDTH // 2, noise=self.input_noise)


class ScatteredRecipe(SmallGANRecipe):
    """The same with one-hot maps that were scattered."""

    def discriminator(self) -> nn.Module:
        """An untrained discriminator."""
        return ScatteredDiscriminator(width=WIDTH // 2, noise=self.input_noise)


VARIANTS = {
    "projection": SmallGANRecipe,
    "projection, noise multiplied by a code": MultiplyingRecipe,
    "projection, fakes under other labels": OtherLabelsRecipe,
    "judge not told": UntoldRecipe,
    "one-hot maps": MapsRecipe,
    "one-hot maps, repeat and view": ScatteredRecipe,
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
        for name, kind in VARIANTS.items():
            recipe = replace(kind(**vars(CGAN_MNIST)), seed=seed)
            run = recipe.start(DEVICE)
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
