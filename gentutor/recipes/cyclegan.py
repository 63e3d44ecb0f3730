"""CycleGANs between the book's domains, and the same networks on true pairs."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gentutor import data
from gentutor.data import CHANNELS, domain_images
from gentutor.evaluation.measures.translation import measure_translation
from gentutor.recipes.translation import TranslationRecipe
from gentutor.settings import Steps
from gentutor.steps import cyclegan_step, paired_step
from gentutor.training import Losses


@dataclass(frozen=True)
class TranslationDesign:
    """What a CycleGAN between two of the book's domains is composed of."""

    step: Callable[..., Losses] = cyclegan_step
    images: Callable[[str, str], Tensor] = domain_images  # of a domain and a split


@dataclass(frozen=True, kw_only=True)
class CycleGANRecipe(TranslationRecipe):
    """A CycleGAN between two of the book's domains, or the same networks on true pairs."""

    design: TranslationDesign = TranslationDesign()

    domains: tuple[str, str]  # A and B
    jitter: tuple[float, float]  # of each image, at random: its scale, and its place in pixels
    paired: bool = False  # train on true pairs, with their differences in place of cycles and identity

    def channels(self) -> tuple[int, int]:
        """Of the images of A and of B."""
        a, b = (CHANNELS[domain] for domain in self.domains)
        return a, b

    def images(self, split: str) -> tuple[Tensor, Tensor]:
        """Both domains, each (N, C, H, W) in [-1, 1]."""
        a, b = (self.design.images(domain, split) for domain in self.domains)
        return a, b

    def examples(self) -> tuple[Tensor, Tensor]:
        """Images to show over training, as many of each domain."""
        a, b = self.images("validation")
        return a[:20], b[:20]

    def step_function(self) -> Callable[..., Losses]:
        """The optimisation step, with its weights, before its networks are filled in."""
        if not self.paired:
            return self._weighted(self.design.step)
        return functools.partial(
            paired_step, pair_weight=self.cycle_weight, adversarial_weight=self.adversarial_weight
        )

    def augment(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Each image jittered by itself; the two of a pair alike."""
        if self.jitter == (0.0, 0.0):
            return batch
        if not self.paired:
            return tuple(data.jitter(images, *self.jitter) for images in batch)
        together = data.jitter(torch.cat(batch, dim=1), *self.jitter)
        return together.split([images.shape[1] for images in batch], dim=1)

    def _batches(self, device: torch.device) -> data.Batches | data.UnpairedBatches:
        a, b = (images.to(device) for images in self.images("paired" if self.paired else "train"))
        order = torch.Generator().manual_seed(self.seed)
        if self.paired:
            return data.batches(a, b, batch_size=self.batch_size, generator=order)
        return data.unpaired(a, b, batch_size=self.batch_size, generator=order)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_translation``."""
        return measure_translation(model, self, n, seed)


CYCLEGAN_CHARACTERS = CycleGANRecipe(
    name="cyclegan-characters",
    source="Zhu et al. 2017, in small; noise against hidden information as in Bashkirova et al. 2019",
    domains=("printed", "brush"),
    width=16,
    blocks=4,
    noise=0.4,
    patch_layers=2,
    pool=50,
    cycle_weight=10.0,
    identity_weight=0.0,
    adversarial_weight=1.0,
    jitter=(0.1, 2.0),
    batch_size=8,
    learning_rate=1e-3,
    betas=(0.5, 0.999),
    ema_decay=0.995,
    steps=Steps(ci=5, cpu=600, gpu=3000, full=9000),
    cycles_first=100,
)
CYCLEGAN_EMOJI = replace(
    CYCLEGAN_CHARACTERS,
    name="cyclegan-emoji",
    domains=("openmoji-black", "noto"),
    steps=Steps(ci=5, cpu=300, gpu=3000, full=3000),
    cycles_first=0,
)
CYCLEGAN_DIGITS = replace(
    CYCLEGAN_CHARACTERS,
    name="cyclegan-digits",
    domains=("handwritten", "printed-digits"),
    steps=Steps(ci=5, cpu=300, gpu=2500, full=2500),
    cycles_first=0,
)
