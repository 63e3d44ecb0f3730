"""What is measured of a model that draws emoji from their names."""

import torch
from torch import Tensor, nn

from gentutor import data
from gentutor.evaluation.classes import wilson_interval
from gentutor.evaluation.likelihood import active_units
from gentutor.evaluation.measures.drawing import measuring, on_device_of
from gentutor.evaluation.retrieval import retrieval_ranks
from gentutor.models.cvae import CVAE
from gentutor.models.sampling import evaluating, sample_images
from gentutor.objectives import variational
from gentutor.steps import binarize

ANSWERS = 10  # pictures of each name, whose mean is compared
CANDIDATES = 200  # emoji to find the right one among: all of the test split
COLOURS = frozenset(
    ("red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "grey", "pink")
)


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


def name_groups(names: list[str]) -> dict[str, Tensor]:
    """Which names a model can be expected to know something of.

    Args:
        names: N names of emoji that training has not seen.

    Returns:
        By name of the group (N,), bool. ``unknown``: no word occurs in a training name; ``known``: every word
        does; ``new``: besides, it has two words or more, and no training name has the same bag of words;
        ``colour`` and ``face``: those of the new ones with a word for a colour, and with the word "face".
    """
    vocabulary = set(data.emoji_words())
    trained = {tuple(sorted(data.words(name))) for name in data.emoji_names("paired")}
    bags = [tuple(sorted(data.words(name))) for name in names]
    known = torch.tensor([set(bag) <= vocabulary for bag in bags])
    new = known & torch.tensor([len(bag) > 1 and bag not in trained for bag in bags])
    return {
        "unknown": torch.tensor([not set(bag) & vocabulary for bag in bags]),
        "known": known,
        "new": new,
        "colour": new & torch.tensor([bool(set(bag) & COLOURS) for bag in bags]),
        "face": new & torch.tensor(["face" in bag for bag in bags]),
    }


@measuring
def measure_emoji(model: CVAE, samples: int, seed: int) -> dict[str, float]:
    """Of a model that draws emoji from their names.

    Returns:
        Of the ``names`` (at most 200) of test emoji ``top1``, ``top5`` and ``median_rank``, how often, and
        how far up, the mean of ten pictures of a name finds its emoji among as many candidates by the
        distance of pixels, with 95 % intervals, ``top1_low`` and so on; the same for the groups of
        ``name_groups``, e.g. with ``_known``, and with ``_train`` for as many training emoji; and
        ``negative_elbo``, nats, and ``active`` of both.
    """
    random = torch.Generator().manual_seed(seed)
    numbers: dict[str, float] = {}
    for split, suffix in (("test", ""), ("paired", "_train")):
        names = data.emoji_names(split)[: min(samples, CANDIDATES)]
        told, pictures = data.name_tokens(names), data.to_unit(data.emoji("noto", split).images[: len(names)])
        ranks = retrieval_ranks(mean_pictures(model, told, seed), pictures)
        groups = name_groups(names) if split == "test" else {}
        numbers |= _shares(ranks, suffix)
        for group, members in groups.items():
            numbers |= _shares(ranks[members], f"_{group}")
        x, told = on_device_of(model, binarize(pictures, random), told)
        with evaluating(model):
            mean, log_var = model.encode(x, told)
            z = variational.reparameterize(mean, log_var, random)
            bound = variational.elbo(model.log_px_z(x, z, told), variational.gaussian_kl(mean, log_var))
        numbers |= {f"negative_elbo{suffix}": -bound.mean().item(), f"active{suffix}": active_units(mean)}
    return numbers


def _shares(ranks: Tensor, suffix: str) -> dict[str, float]:
    """How many ranks there are, how many of them are at most 1 and 5, and their median; nothing of none."""
    numbers: dict[str, float] = {f"names{suffix}": len(ranks)}
    if len(ranks) == 0:
        return numbers
    for k in (1, 5):
        found = int((ranks <= k).sum())
        low, high = wilson_interval(found, len(ranks))
        shares = {"": found / len(ranks), "_low": low, "_high": high}
        numbers |= {f"top{k}{end}{suffix}": share for end, share in shares.items()}
    return {**numbers, f"median_rank{suffix}": ranks.double().median().item()}
