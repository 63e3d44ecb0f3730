"""What is measured of a model that draws emoji from their names."""

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation import active_units, retrieval_ranks
from gentutor.metrics.base import measure
from gentutor.models.cvae import CVAE
from gentutor.objectives import variational
from gentutor.recipes.text import EmojiRecipe, emoji_names, emoji_words, name_tokens
from gentutor.sampling import evaluating, sample_images
from gentutor.steps import binarize

ANSWERS = 10  # pictures of each name, whose mean is compared
CANDIDATES = 200  # emoji to find the right one among: all of the test split


def mean_pictures(model: nn.Module, names: Tensor, seed: int = 0) -> Tensor:
    """The mean of ten samples for each name: what the model expects of it.

    Args:
        model: a conditional model of pictures.
        names: (N, T), int64, tokens.
        seed: of the noise.

    Returns:
        (N, C, H, W) in [0, 1], on the processor.
    """
    rounds = range(ANSWERS * seed, ANSWERS * (seed + 1))
    return torch.stack([sample_images(model, len(names), r, condition=names).cpu() for r in rounds]).mean(
        dim=0
    )


@measure.register
@torch.no_grad()
def _measure_emoji(
    recipe: EmojiRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, CVAE)
    random = torch.Generator().manual_seed(seed)
    numbers: dict[str, float] = {}
    for split, suffix in (("test", ""), ("paired", "_train")):
        names = emoji_names(split)[: min(samples, CANDIDATES)]
        told, pictures = name_tokens(names), data.to_unit(data.emoji("noto", split).images[: len(names)])
        ranks = retrieval_ranks(mean_pictures(model, told, seed), pictures)
        numbers |= _shares(ranks, suffix)
        if split == "test":
            known = torch.tensor([set(data.words(name)) <= set(emoji_words()) for name in names])
            numbers |= {**_shares(ranks[known], "_known"), "known": int(known.sum())}
        x = binarize(pictures, random)
        with evaluating(model):
            mean, log_var = model.encode(x, told)
            z = variational.reparameterize(mean, log_var, random)
            bound = variational.elbo(model.log_px_z(x, z, told), variational.gaussian_kl(mean, log_var))
        numbers |= {f"negative_elbo{suffix}": -bound.mean().item(), f"active{suffix}": active_units(mean)}
    return numbers


def _shares(ranks: Tensor, suffix: str) -> dict[str, float]:
    """Retrieval accuracy at 1 and at 5, and the median rank; nan where there are no ranks."""
    exact = ranks.double()
    shares = {f"top{k}{suffix}": (exact <= k).double().mean().item() for k in (1, 5)}
    return {**shares, f"median_rank{suffix}": exact.median().item()}
