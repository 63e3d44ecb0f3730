"""Emoji from their names: a conditional VAE whose condition is a bag of words."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from gentutor import data
from gentutor.models.text import text_cvae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes.conditional import CVAERecipe
from gentutor.settings import Steps

SHOWN = (  # never seen in training, each made of words that were
    "orange heart",
    "black heart",
    "yellow circle",
    "green square",
    "purple square",
    "angry face",
    "frowning face with open mouth",
    "man raising hand",
)


@functools.cache
def emoji_words() -> tuple[str, ...]:
    """The vocabulary: every word of the names of the training emoji."""
    return data.vocabulary(emoji_names("paired"))


def emoji_names(split: str) -> list[str]:
    """The English names of the emoji of a split ("paired", "validation", "test"), in its order."""
    table = data.emoji_table()
    return [table[item].name_en for item in data.emoji("noto", split).items.tolist()]


def name_tokens(names: list[str]) -> Tensor:
    """Names as conditions for the model of ``cvae-emoji``: (N, 8), int64, unknown words 0."""
    return data.tokens(names, emoji_words())


@dataclass(frozen=True)
class EmojiRecipe(CVAERecipe):
    """A conditional VAE of emoji given their names: 32 x 32, three colours, each of them binarised."""

    beta: float = 1.0  # weight of the KL term in the loss

    def model(self) -> nn.Module:
        """An untrained conditional VAE."""
        examples = name_tokens(list(SHOWN))
        return text_cvae(bernoulli_log_prob, len(emoji_words()), examples, self.latent_dim, self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: pictures in [0, 1], and their names as tokens."""
        return data.to_unit(data.emoji("noto", "paired").images), name_tokens(emoji_names("paired"))

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return super().step(model, beta=self.beta, **parts)


CVAE_EMOJI = EmojiRecipe(
    name="cvae-emoji",
    source="a small network of the book's own; text as condition as in Mansimov et al. 2016",
    latent_dim=4,
    hidden=(128,),
    batch_size=64,
    learning_rate=2e-3,
    ema_decay=0.99,
    steps=Steps(ci=20, cpu=800, gpu=1500, full=1500),
    beta=5.0,
)
