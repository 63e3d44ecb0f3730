"""What a model of noise is to make: from which data, out of what it is given, and how that is shown."""

import functools
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor import data
from gentutor.models.completion import HALF, halves
from gentutor.models.sampling import sample_images
from gentutor.showing.samples import Pictures

EMOJI_NAMES = (  # never seen in training, each made of words that were
    "orange heart",
    "black heart",
    "yellow circle",
    "green square",
    "purple square",
    "angry face",
    "frowning face with open mouth",
    "man raising hand",
)


class Task(Protocol):
    """What a recipe's model is to make."""

    takes: ClassVar[tuple[str, ...]]  # what can be given to ``sample``: "label", "picture", "sentence"
    columns: ClassVar[int]  # samples in a row of a picture

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: images in [0, 1], and what is told of each."""

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """What the model makes, see ``recipes.Recipe.sample``."""


@dataclass(frozen=True)
class Digits:
    """Digits of MNIST, of noise alone."""

    takes: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 8

    def tensors(self) -> tuple[Tensor, ...]:
        """Images in [0, 1]."""
        return (data.to_unit(data.mnist("train").images),)

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n images; of a VAE each is the mean of p(x|z) for a z from the prior."""
        return Pictures(sample_images(model, n, seed), f"{n} images", self.columns)


@dataclass(frozen=True)
class LabelledDigits:
    """Digits of MNIST, told the label."""

    takes: ClassVar[tuple[str, ...]] = ("label",)
    columns: ClassVar[int] = 10

    def tensors(self) -> tuple[Tensor, ...]:
        """Images in [0, 1], and their labels."""
        train = data.mnist("train")
        return data.to_unit(train.images), train.labels

    def sample(self, model: Any, n: int, seed: int = 0, given: int | Tensor | None = None) -> Pictures:
        """n images of the digits that are given, by default of 0, 1, ..., 9, 0, ...

        Raises:
            ValueError: a label is not 0 to 9, or there are not n labels.
        """
        labels = torch.full((n,), given) if isinstance(given, int) else given
        if labels is not None:
            check.within(0, 9, slack=0, label=labels)
        return Pictures(sample_images(model, n, seed, condition=labels), f"{n} images", self.columns)


@dataclass(frozen=True)
class LowerHalves:
    """The lower half of a digit, shown the upper one."""

    takes: ClassVar[tuple[str, ...]] = ("picture",)
    columns: ClassVar[int] = 10

    def tensors(self) -> tuple[Tensor, ...]:
        """The lower, hidden halves of the training digits, and the visible ones, (N, 1, 14, 28) in [0, 1]."""
        visible, hidden = halves(data.to_unit(data.mnist("train").images))
        return hidden, visible

    def sample(self, model: Any, n: int, seed: int = 0, given: Tensor | None = None) -> Pictures:
        """n whole digits, their lower halves made for the upper one that is given, or for the examples.

        Raises:
            ValueError: what is given has not the shape (1, 14, 28) or (n, 1, 14, 28), or lies outside of
                [0, 1].
        """
        visible = given if given is None or given.dim() == 4 else given.expand(n, -1, -1, -1)
        if visible is not None:
            if visible.shape != (n, *HALF):
                raise ValueError(f"expected upper halves of shape {(n, *HALF)}, got {tuple(visible.shape)}")
            check.within(0, 1, check.ROUNDING, **{"upper halves": visible})
        images = sample_images(model, n, seed, condition=visible)
        (told,) = model.conditions(n, visible)
        return Pictures(torch.cat([told.to(images), images], dim=2), f"{n} images", self.columns)


@dataclass(frozen=True)
class NamedEmoji:
    """Emoji in colour, told their names."""

    takes: ClassVar[tuple[str, ...]] = ("sentence",)
    columns: ClassVar[int] = len(EMOJI_NAMES)

    def tensors(self) -> tuple[Tensor, ...]:
        """Pictures in [0, 1], and their names as tokens."""
        return data.to_unit(data.emoji("noto", "paired").images), data.name_tokens(data.emoji_names("paired"))

    def sample(self, model: Any, n: int, seed: int = 0, given: str | Tensor | None = None) -> Pictures:
        """n pictures of the name given, or of names as tokens (n, 8); by default of ``EMOJI_NAMES`` in turn.

        Raises:
            ValueError: the model knows no word of the name.
        """
        told = _tokens(given).expand(n, -1) if isinstance(given, str) else given
        return Pictures(sample_images(model, n, seed, condition=told), f"{n} images", self.columns)


def _tokens(name: str) -> Tensor:
    tokens = data.name_tokens([name])
    if not bool(tokens.any()):
        raise ValueError(f"no word of {name!r} occurs in the names of the training emoji")
    return tokens


@functools.cache
def upper_halves() -> Tensor:
    """The upper halves of the first test image of each digit, (10, 1, 14, 28) in [0, 1]: what grids show."""
    images, labels = data.mnist("test")
    first = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    return halves(data.to_unit(images[first]))[0]
