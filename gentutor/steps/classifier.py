"""One update of a classifier."""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gentutor.training import Losses


def classifier_step(
    batch: tuple[Tensor, ...], classifier: nn.Module, optimizer: Optimizer, shift: int = 0
) -> Losses:
    """One update of a classifier on (images, labels), all moved by up to ``shift`` pixels; in nats."""
    images, labels = batch
    down, right = (int(torch.randint(-shift, shift + 1, (), device="cpu")) for _ in "yx")  # one shift for all
    images = images.roll((down, right), dims=(2, 3))  # digits have an empty margin of 4 pixels
    logits = classifier(images)  # (B, 1, 28, 28) -> (B, 10)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"cross_entropy": loss.detach()}
