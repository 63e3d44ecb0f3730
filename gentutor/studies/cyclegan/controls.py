"""Controls of the study of characters: what it changed together, changed alone, in first thirds of runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from gentutor import recipes, settings
from gentutor.data import domain_images
from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.models.gan import GaussianNoise
from gentutor.objectives.adversarial import least_squares_generator_loss
from gentutor.objectives.translation import cycle_consistency_loss, cyclegan_objective, identity_loss
from gentutor.optim import EMA, frozen
from gentutor.recipes import CycleGANRecipe
from gentutor.steps.cyclegan import discriminator_update
from gentutor.studies.cyclegan.ablation import STAGES, stage, variants
from gentutor.training import Losses, fit

CHARACTERS = 1500  # in each set of the unpaired training
RUNS = (
    ("true pairs", 0),  # the study holds it
    ("identity loss without noise", 0),
    ("identity loss without noise", 1),
    ("identity loss without noise", 2),
    ("1,500 true pairs", 0),
    ("1,500 true pairs", 1),
    ("adversarial from the start", 3),  # seeds that the study has not
    ("adversarial from the start", 4),
)


def few_pairs(domain: str, split: str) -> Tensor:
    """The images of a domain, of the pairs as many as either unpaired set has characters."""
    images = domain_images(domain, split)
    return images[:CHARACTERS] if split == "paired" else images


def clean_identity_step(
    batch: tuple[Tensor, ...],
    generators: Generators,
    discriminators: Discriminators,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
    adversarial_weight: float = 1.0,
    ema: EMA | None = None,
) -> Losses:
    """``cyclegan_step``, but for the identity loss the generators take images without noise."""
    a, b = batch
    G, F, D_A, D_B = generators.G, generators.F, discriminators.D_A, discriminators.D_B
    fake_b, fake_a = G(a), F(b)
    with frozen(discriminators):
        adversarial = least_squares_generator_loss(D_B(fake_b)) + least_squares_generator_loss(D_A(fake_a))
    cycle = cycle_consistency_loss(F(fake_b), a) + cycle_consistency_loss(G(fake_a), b)
    with noiseless(generators):
        identity = identity_loss(G(b), b) + identity_loss(F(a), a)
    g_loss = cyclegan_objective(
        adversarial, cycle, identity, cycle_weight, identity_weight, adversarial_weight
    )
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    d_loss = discriminator_update(batch, (fake_a, fake_b), discriminators, d_optimizer)
    if ema is not None:
        ema.update(generators)
    return {
        "adversarial": adversarial.detach(),
        "cycle": cycle.detach(),
        "identity": identity.detach(),
        "discriminator": d_loss,
    }


@contextmanager
def noiseless(generators: Generators) -> Iterator[None]:
    """Within it the generators add no noise to what they take."""
    layers = [layer for layer in generators.modules() if isinstance(layer, GaussianNoise)]
    before = [layer.std for layer in layers]
    try:
        for layer in layers:
            layer.std = 0.0
        yield
    finally:
        for layer, std in zip(layers, before, strict=True):
            layer.std = std


def controls(recipe: CycleGANRecipe, steps: int) -> dict[str, CycleGANRecipe]:
    """The variants of the study of characters, and two more with one thing changed in each."""
    studied = variants(recipe, steps)
    return {
        **studied,
        "identity loss without noise": replace(
            studied["with identity loss"], design=replace(recipe.design, step=clean_identity_step)
        ),
        f"{CHARACTERS:,} true pairs": replace(
            studied["true pairs"], design=replace(recipe.design, images=few_pairs)
        ),
    }


def cyclegan_controls(runs: tuple[tuple[str, int], ...] = RUNS, steps: int = 3000) -> dict[str, Any]:
    """First thirds of runs of so many steps, as the study of characters has them: variants and seeds.

    A run that the study holds, too, shows how far two machines differ.
    """
    recipe = recipes.CYCLEGAN_CHARACTERS
    known = controls(recipe, steps)
    rows = [first_stage(variant, replace(known[variant], seed=seed)) for variant, seed in runs]
    return {"settings": {"recipe": recipe.name, "runs": runs, "steps": steps}, "rows": rows}


def first_stage(variant: str, recipe: CycleGANRecipe) -> dict[str, Any]:
    """The losses and some of the validation pairs after the first of the stages of a run."""
    run, until = recipe.start(settings.device()), recipe.steps.full // STAGES
    run.history = fit(run.step, run.batches, steps=until, every=until, progress=False)
    return {"variant": variant, "seed": recipe.seed, **stage(recipe, run)}
