"""Whether information is hidden in translations: networks that read them, disturbed."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import recipes, settings
from gentutor.metrics.translation import DISTURBANCE
from gentutor.models.cyclegan import Generators
from gentutor.sampling import translate
from gentutor.studies.cyclegan import variants
from gentutor.training import fit

VARIANTS = ("the recipe", "no noise")


def hidden_information(seeds: tuple[int, ...] = (0, 1, 2), steps: int = 3000) -> dict[str, Any]:
    """How much faint noise disturbs F and G on translations, and on real images, once for each seed."""
    recipe = recipes.CYCLEGAN_CHARACTERS
    rows = []
    for seed in seeds:
        for variant in VARIANTS:
            run = replace(variants(recipe, steps)[variant], seed=seed).start(settings.device())
            fit(run.step, run.batches, steps=steps, every=steps, progress=False)
            assert isinstance(run.model, Generators)
            rows.append({"variant": variant, "seed": seed, **reactions(run.model, *recipe.images("test"))})
    return {"settings": {"recipe": recipe.name, "seeds": seeds, "steps": steps}, "rows": rows}


def reactions(model: Generators, a: Tensor, b: Tensor) -> dict[str, float]:
    """Of both generators, on what the other one made and on real images: their :func:`reaction`."""
    return {
        "F_translated": reaction(model.F, translate(model.G, a)),
        "F_real": reaction(model.F, b),
        "G_translated": reaction(model.G, translate(model.F, b)),
        "G_real": reaction(model.G, a),
    }


def reaction(network: nn.Module, images: Tensor, seed: int = 0) -> float:
    """Mean absolute change of a generator's output as noise of standard deviation 0.1 joins its input."""
    noise = DISTURBANCE * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return (translate(network, images + noise) - translate(network, images)).abs().mean().item()
