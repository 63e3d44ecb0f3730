"""One update of an embedding of glyphs."""

from collections.abc import Callable

from torch import Tensor
from torch.optim import Optimizer

from gentutor.models.classifier import GlyphEmbedding
from gentutor.objectives.contrastive import contrastive_loss
from gentutor.training import Losses


def embedding_step(
    batch: tuple[Tensor, ...],
    embedding: GlyphEmbedding,
    optimizer: Optimizer,
    view: Callable[[Tensor], Tensor],
) -> Losses:
    """One update on two random views of each glyph of the batch, e.g. two deformed copies."""
    glyphs = batch[0]  # (B, C, H, W)
    first, second = embedding(view(glyphs)), embedding(view(glyphs))  # (B, d) each
    loss = contrastive_loss(first, second)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"contrastive": loss.detach()}
