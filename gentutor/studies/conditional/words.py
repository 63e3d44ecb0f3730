"""Who says what a picture looks like, the name or z: one conditional VAE of emoji under several weights."""

import time
from dataclasses import replace
from typing import Any

import torch

from gentutor import data
from gentutor.data import emoji_names, name_tokens
from gentutor.evaluation import retrieval_ranks
from gentutor.evaluation.measures.text import mean_pictures, name_groups
from gentutor.models.cvae import CVAE
from gentutor.models.sampling import evaluating, sample_images
from gentutor.objectives import variational
from gentutor.recipes.text import CVAE_EMOJI
from gentutor.steps import binarize
from gentutor.training import fit

DEVICE = torch.device("cpu")
BETAS = (1.0, 5.0, 20.0)


@torch.no_grad()
def held_out(model: CVAE, seed: int = 0) -> dict[str, float]:
    """A model on the validation emoji whose names have known words only, and on as many training emoji.

    Returns:
        ``top1`` and ``top5``: how often the mean of ten pictures finds the emoji among all 144 of the split;
        ``variety``: the variance of pictures of one name, summed over pixels and colours; ``kl`` and
        ``negative_elbo``, nats per picture; ``top5_train``, of the first 144 training emoji.
    """
    names = emoji_names("validation")
    told, pictures = name_tokens(names), data.to_unit(data.emoji("noto", "validation").images)
    known = name_groups(names)["known"]
    ranks = retrieval_ranks(mean_pictures(model, told, seed), pictures)[known]
    seen, shown = name_tokens(emoji_names("paired")[: len(names)]), data.emoji("noto", "paired").images
    of_seen = retrieval_ranks(mean_pictures(model, seen, seed), data.to_unit(shown[: len(names)]))
    draws = torch.stack([sample_images(model, len(names), seed=s, condition=told) for s in range(10)])
    random = torch.Generator().manual_seed(seed)
    x = binarize(pictures, random)
    with evaluating(model):
        mean, log_var = model.encode(x, told)
        z = variational.reparameterize(mean, log_var, random)
        kl = variational.gaussian_kl(mean, log_var)
        bound = variational.elbo(model.log_px_z(x, z, told), kl)
    return {
        "top1": (ranks <= 1).double().mean().item(),
        "top5": (ranks <= 5).double().mean().item(),
        "top5_train": (of_seen <= 5).double().mean().item(),
        "variety": draws.var(dim=0).sum(dim=(1, 2, 3))[known].mean().item(),
        "kl": kl[known].mean().item(),
        "negative_elbo": -bound[known].mean().item(),
    }


def emoji_beta(
    seeds: tuple[int, ...] = (0, 1, 2), betas: tuple[float, ...] = BETAS, steps: int = 1000
) -> dict[str, Any]:
    """The recipe ``cvae-emoji`` with each weight of the KL term, ``steps`` steps, once for each seed."""
    rows = []
    for beta in betas:
        for seed in seeds:
            recipe = replace(CVAE_EMOJI, seed=seed, beta=beta, steps=replace(CVAE_EMOJI.steps, full=steps))
            run = recipe.start(DEVICE)
            started = time.process_time()
            history = fit(run.step, run.batches, steps=steps, every=100, progress=False)
            seconds = time.process_time() - started
            measured = {
                **held_out(run.model, seed),
                "kl_train": history["kl"][-1],
                "negative_elbo_train": history["negative_elbo"][-1],
            }
            rounded = {key: round(value, 4) for key, value in measured.items()}
            rows.append({"beta": beta, "seed": seed, **rounded, "cpu_seconds": round(seconds, 1)})
    return {"settings": {"seeds": seeds, "betas": betas, "steps": steps}, "rows": rows}
