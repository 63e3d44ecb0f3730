"""Emoji from their names: a conditional VAE whose condition is a bag of words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation.text import measure_emoji
from gentutor.models.sampling import sample_images
from gentutor.models.text import text_cvae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes.conditional import CVAERecipe
from gentutor.settings import Steps
from gentutor.showing.samples import Pictures

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


@dataclass(frozen=True)
class EmojiRecipe(CVAERecipe):
    """A conditional VAE of emoji given their names: 32 x 32, three colours, each of them binarised."""

    beta: float = 1.0  # weight of the KL term in the loss
    takes: ClassVar[tuple[str, ...]] = ("sentence",)
    columns: ClassVar[int] = len(SHOWN)

    def model(self) -> nn.Module:
        """An untrained conditional VAE."""
        examples = data.name_tokens(list(SHOWN))
        return text_cvae(bernoulli_log_prob, len(data.emoji_words()), examples, self.latent_dim, self.hidden)

    def tensors(self) -> tuple[Tensor, ...]:
        """The training data that a batch is drawn from: pictures in [0, 1], and their names as tokens."""
        return data.to_unit(data.emoji("noto", "paired").images), data.name_tokens(data.emoji_names("paired"))

    def step(self, model: Any, **parts: Any) -> Callable[[tuple[Tensor, ...]], dict[str, Tensor]]:
        """The optimisation step of a model with its optimiser filled in."""
        return super().step(model, beta=self.beta, **parts)

    def sample(self, model: Any, n: int, seed: int = 0, given: Any = None) -> Pictures:
        """n pictures of the name given, or of names as tokens (n, 8); by default of ``SHOWN`` in turn.

        Raises:
            ValueError: the model knows no word of the name.
        """
        told = given
        if isinstance(given, str):
            told = data.name_tokens([given]).expand(n, -1)
            if not bool(told.any()):
                raise ValueError(f"no word of {given!r} occurs in the names of the training emoji")
        return Pictures(sample_images(model, n, seed, condition=told), f"{n} images", self.columns)

    def measure(self, model: Any, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        """See ``measure_emoji``."""
        return measure_emoji(model, n, seed)


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
