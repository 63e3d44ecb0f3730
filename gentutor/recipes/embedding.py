"""Embeddings of glyphs, each learned on one domain alone: the measure of translations into it."""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from gentutor import data
from gentutor._modes import plain_modes
from gentutor.data import CHANNELS, domain_images
from gentutor.evaluation.measures.translation import measure_embedding
from gentutor.models.classifier import GlyphEmbedding
from gentutor.optim import adam, linear_decay
from gentutor.recipes.base import NothingToShow
from gentutor.running.capture import captured
from gentutor.settings import Steps
from gentutor.steps import embedding_step
from gentutor.training import Run


@dataclass(frozen=True)
class EmbeddingRecipe(NothingToShow):
    """Contrastive learning on the training glyphs of one domain and their deformed copies."""

    name: str
    source: str
    domain: str
    strength: float  # of the deformations
    batch_size: int
    learning_rate: float  # halfway through the run it begins to fall, linearly, to zero
    steps: Steps
    seed: int = 0

    def model(self) -> GlyphEmbedding:
        """An untrained embedding."""
        return GlyphEmbedding(CHANNELS[self.domain])

    def glyphs(self, split: str) -> Tensor:
        """The glyphs of this domain, (N, C, 32, 32) in [-1, 1]; "paired" are all of training."""
        return domain_images(self.domain, split)

    @plain_modes()
    def start(self, device: torch.device) -> Run:
        """A fresh run, seeded: the model, its optimiser, falling learning rate, batches and step."""
        torch.manual_seed(self.seed)
        model = self.model().to(device)
        optimizer = adam(model, self.learning_rate, device)
        schedule = linear_decay(optimizer, self.steps.full)
        step = functools.partial(
            embedding_step,
            embedding=model,
            optimizer=optimizer,
            view=functools.partial(data.deform, strength=self.strength),
        )

        return Run(
            model=model,
            step=captured(step, device, [schedule]),
            batches=data.batches(
                self.glyphs("paired").to(device),
                batch_size=self.batch_size,
                generator=torch.Generator().manual_seed(self.seed),
            ),
            parts={"model": model, "optimizer": optimizer, "schedule": schedule},
        )

    def measure(self, model: GlyphEmbedding, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_embedding``."""
        return measure_embedding(model, self.domain, self.strength, n, seed)


def _embedding(domain: str) -> EmbeddingRecipe:
    return EmbeddingRecipe(
        name=f"embedding-{domain}",
        source="a small network of the book's own; the loss of van den Oord et al. 2018",
        domain=domain,
        strength=1.0,
        batch_size=128,
        learning_rate=2e-3,
        steps=Steps(ci=2, cpu=50, gpu=400, full=400),
    )


EMBEDDING_PRINTED, EMBEDDING_BRUSH = _embedding("printed"), _embedding("brush")
EMBEDDING_LINES, EMBEDDING_COLOUR = _embedding("openmoji-black"), _embedding("noto")
EMBEDDINGS = (EMBEDDING_PRINTED, EMBEDDING_BRUSH, EMBEDDING_LINES, EMBEDDING_COLOUR)
