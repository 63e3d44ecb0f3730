"""The domains between which the book translates, by name."""

from torch import Tensor

from gentutor import _checks as check
from gentutor.data.glyphs import characters, emoji
from gentutor.data.images import Images, mnist, to_signed
from gentutor.data.printed import printed_digits

CHANNELS = {"printed": 1, "brush": 1, "openmoji-black": 1, "noto": 3, "handwritten": 1, "printed-digits": 1}


def domain_images(domain: str, split: str) -> Tensor:
    """The images of a domain, (N, C, H, W) in [-1, 1].

    Args:
        domain: "printed" or "brush" (characters), "openmoji-black" or "noto" (emoji), "handwritten" or
            "printed-digits" (digits, of which no pairs exist).
        split: "train", "validation", "test"; of characters and emoji also "paired". Handwritten digits
            that are not MNIST's test set are all for training: their "validation" is a part of it.

    Raises:
        ValueError: there is no such domain or split.
    """
    check.known(CHANNELS, domain=domain)
    if domain in ("printed", "brush"):
        return to_signed(characters(domain, split).images)
    if domain in ("openmoji-black", "noto"):
        return to_signed(emoji(domain, split).images)
    return to_signed(domain_digits(domain, split).images)


def domain_digits(domain: str, split: str) -> Images:
    """Handwritten or printed digits with their labels; for the splits see ``domain_images``."""
    if split == "paired":
        raise ValueError(f"no pairs of digits exist: {domain!r} has no split 'paired'")
    if domain == "printed-digits":
        return printed_digits(split)
    if split == "test":
        return mnist("test")
    train = mnist("train")
    part = {"train": slice(0, 58_000), "validation": slice(58_000, None)}
    if split not in part:
        raise ValueError(f"unknown split {split!r}; known: train, validation, test")
    return Images(train.images[part[split]], train.labels[part[split]])
