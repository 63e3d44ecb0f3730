"""Whether information is hidden in translations: what their readers say to noise and to erased faint ink."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gentutor import recipes, settings
from gentutor.evaluation.measures.translation import DISTURBANCE
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import translate
from gentutor.studies.cyclegan.ablation import variants
from gentutor.training import fit

VARIANTS = ("the recipe", "no noise")
FAINT = -0.8  # a tenth of the range from black to white


def hidden_information(seeds: tuple[int, ...] = (0, 1, 2), steps: int = 3000) -> dict[str, Any]:
    """How much noise, and erased faint ink, disturb F and G on translations and on real images."""
    recipe = recipes.CYCLEGAN_CHARACTERS
    rows = []
    for seed in seeds:
        for variant in VARIANTS:
            run = replace(variants(recipe, steps)[variant], seed=seed).start(settings.device())
            fit(run.step, run.batches, steps=steps, every=steps, progress=False)
            rows.append({"variant": variant, "seed": seed, **reactions(run.model, *recipe.images("test"))})
    return {"settings": {"recipe": recipe.name, "seeds": seeds, "steps": steps}, "rows": rows}


def reactions(model: Generators, a: Tensor, b: Tensor) -> dict[str, float]:
    """How much each generator's output changes with its input: with translations and with real images.

    Args:
        model: both generators.
        a: (N, C, H, W), real images of A in [-1, 1].
        b: those of B.

    Returns:
        Mean absolute changes of the output: ``F_translated_noise`` of F on G(a), ``F_real_noise`` of F on
        b, as noise of standard deviation 0.1 is added; ``..._erased``, as ink fainter than a tenth of the
        range from black to white becomes black; and the same of G.
    """
    inputs = {
        "F_translated": (model.F, translate(model.G, a)),
        "F_real": (model.F, b),
        "G_translated": (model.G, translate(model.F, b)),
        "G_real": (model.G, a),
    }
    changes = {"noise": noisy, "erased": erased}
    return {
        f"{who}_{how}": (translate(network, change(images)) - translate(network, images)).abs().mean().item()
        for who, (network, images) in inputs.items()
        for how, change in changes.items()
    }


def noisy(images: Tensor, seed: int = 0) -> Tensor:
    """Images with noise of standard deviation 0.1."""
    return images + DISTURBANCE * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))


def erased(images: Tensor) -> Tensor:
    """Images whose faint ink is gone."""
    return torch.where(images < FAINT, -1.0, images)
