"""Emoji from their names: a conditional VAE whose condition is a bag of words."""

from torch import nn

from gentutor import data
from gentutor.evaluation.measures.text import measure_emoji
from gentutor.models.text import text_cvae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes.conditional import CVAEDesign, CVAERecipe
from gentutor.recipes.tasks import EMOJI_NAMES, NamedEmoji
from gentutor.settings import Steps


def emoji_cvae(latent_dim: int, hidden: tuple[int, ...]) -> nn.Module:
    """A conditional VAE of emoji given their names: 32 x 32, three colours, each of them binarised."""
    examples = data.name_tokens(list(EMOJI_NAMES))
    return text_cvae(bernoulli_log_prob, len(data.emoji_words()), examples, latent_dim, hidden)


CVAE_EMOJI = CVAERecipe(
    name="cvae-emoji",
    source="a small network of the book's own; text as condition as in Mansimov et al. 2016",
    design=CVAEDesign(emoji_cvae, NamedEmoji(), measure_emoji),
    latent_dim=4,
    hidden=(128,),
    batch_size=64,
    learning_rate=2e-3,
    ema_decay=0.99,
    steps=Steps(ci=20, cpu=800, gpu=1500, full=1500),
    beta=5.0,
)
