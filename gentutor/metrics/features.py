"""What the stored digit classifier sees in images: its features, and the labels that it reads.

Distances between sets of digits are taken between these 64 features, not those of a network trained
on photographs: compare them with each other, never with published values.
"""

import functools

import torch
from torch import Tensor

from gentutor._checks import expect_floats, expect_range
from gentutor._modes import plain_modes
from gentutor.models.classifier import DigitClassifier
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


def _expect_digits(images: Tensor) -> None:
    expect_floats("images", images)
    if images.dim() != 4 or tuple(images.shape[1:]) != (1, 28, 28) or len(images) == 0:
        raise ValueError(f"expected images of shape (N, 1, 28, 28), got {tuple(images.shape)}")
    expect_range("images", images, 0, 1)


@functools.cache
def _classifier(device: torch.device) -> DigitClassifier:
    model, _ = checkpoint.pretrained("digit-classifier")
    assert isinstance(model, DigitClassifier)
    return model.to(device)
