"""What the stored classifier sees in digits, and the stored embeddings in glyphs.

Distances between sets of digits are taken between these 64 features, not those of a network trained
on photographs: compare them with each other, never with published values.
"""

import functools

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor import data, settings
from gentutor._modes import plain_modes
from gentutor.models.classifier import DigitClassifier, GlyphEmbedding
from gentutor.models.sampling import evaluating
from gentutor.running import checkpoint


@plain_modes()
@torch.no_grad()
def digit_features(images: Tensor, chunk: int = 500) -> Tensor:
    """What the stored digit classifier sees in images: its last hidden layer, without unit.

    Args:
        images: (N, 1, 28, 28), floating point in [0, 1], ink is 1.
        chunk: images passed through the network at once.

    Returns:
        (N, 64), float32 in [-1, 1] also within autocast, on the device of the images, without gradient.

    Raises:
        TypeError: the images are no floating-point tensor (``data.to_unit`` makes one of uint8).
        ValueError: another shape, no images, or values outside [0, 1].

    >>> digit_features(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 64])
    """
    _expect_digits(images)
    classifier = _classifier(images.device)
    return torch.cat([classifier.features(part.float()) for part in images.split(chunk)])


@plain_modes()
@torch.no_grad()
def digit_logits(images: Tensor, chunk: int = 500) -> Tensor:
    """The stored classifier's logits of the ten digits, in nats: whoever made the images has not seen it.

    Args:
        images: (N, 1, 28, 28), floating point in [0, 1], ink is 1.
        chunk: images passed through the network at once.

    Returns:
        (N, 10), float32, on the device of the images, without gradient; ``argmax(dim=1)`` is the label read.

    Raises:
        TypeError, ValueError: as for ``digit_features``.

    >>> from gentutor import data
    >>> images, labels = data.mnist("test")
    >>> digit_logits(data.to_unit(images[:3])).argmax(dim=1), labels[:3]
    (tensor([7, 2, 1]), tensor([7, 2, 1]))
    """
    features = digit_features(images, chunk)
    return _classifier(features.device).head(features)


@plain_modes()
def glyph_features(domain: str, images: Tensor) -> Tensor:
    """Images in the stored embedding of a domain of glyphs, in which retrieval is measured.

    Args:
        domain: "printed", "brush", "openmoji-black" or "noto".
        images: (N, C, H, W) in [-1, 1]; of another number of channels they are repeated or averaged.

    Returns:
        (N, 64), float64, on the processor.

    Raises:
        TypeError: the images are no floating-point tensor.
        ValueError: no embedding of the domain is stored, or the images lie outside of [-1, 1].

    >>> glyph_features("brush", data.domain_images("printed", "test")[:3]).shape
    torch.Size([3, 64])
    """
    check.floats(images=images)
    check.within(-1, 1, images=images)
    embedding, _ = glyph_embedding(domain)
    return embedded(embedding, with_channels(images, data.CHANNELS[domain]))


def with_channels(images: Tensor, channels: int) -> Tensor:
    """Images with another number of channels: grey ones repeated, colours averaged."""
    if images.shape[1] == channels:
        return images
    return images.mean(dim=1, keepdim=True).expand(-1, channels, -1, -1)


@functools.cache
def glyph_embedding(domain: str) -> tuple[nn.Module, float]:
    """The stored embedding of a domain, and the strength of deformations that it was trained with."""
    model, card = checkpoint.load(
        f"embedding-{domain}", lambda card: GlyphEmbedding(data.CHANNELS[card.recipe["domain"]])
    )
    return model.to(settings.device()), float(card.recipe["strength"])


@torch.no_grad()
def embedded(embedding: nn.Module, images: Tensor) -> Tensor:
    """Glyphs in an embedding, (N, 64), float64, on the processor."""
    weight = next(embedding.parameters())
    with evaluating(embedding):
        return torch.cat([embedding(part.to(weight)).cpu().double() for part in images.split(500)])


def _expect_digits(images: Tensor) -> None:
    check.floats(images=images)
    if images.dim() != 4 or tuple(images.shape[1:]) != (1, 28, 28) or len(images) == 0:
        raise ValueError(f"expected images of shape (N, 1, 28, 28), got {tuple(images.shape)}")
    check.within(0, 1, images=images)


@functools.cache
def _classifier(device: torch.device) -> DigitClassifier:
    model, _ = checkpoint.load("digit-classifier", lambda card: DigitClassifier())
    return model.to(device)
