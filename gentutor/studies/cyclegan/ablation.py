"""Translations without pairs, with parts of the method left out, against truths that training never saw."""

from dataclasses import replace
from typing import Any

from gentutor import recipes, settings
from gentutor.evaluation.measures.translation import translation_metrics
from gentutor.recipes import CycleGANRecipe
from gentutor.showing.samples import tile, translations
from gentutor.training import Run, fit

STAGES = 3  # of training, evenly spaced, at which validation pairs are looked at
PAIRS = 200  # how many
SHOWN = 10  # test pairs in a picture
CYCLES_FIRST = 250  # steps


def variants(recipe: CycleGANRecipe, steps: int) -> dict[str, CycleGANRecipe]:
    """The recipe for ``steps`` steps, and the same with one thing changed (cycles first need cycles)."""
    base = replace(recipe, steps=replace(recipe.steps, full=steps))
    from_the_start = replace(base, cycles_first=0)
    changed = {
        "the recipe": base,
        "no cycle loss": replace(from_the_start, cycle_weight=0.0),
        "no adversarial loss": replace(base, adversarial_weight=0.0),
        "no history pool": replace(base, pool=0),
        "no noise": replace(base, noise=0.0),
        "no jitter": replace(base, jitter=(0.0, 0.0)),
        f"{CYCLES_FIRST} steps of cycles first": replace(base, cycles_first=CYCLES_FIRST),
        "true pairs": replace(from_the_start, paired=True),
    }
    if from_the_start != base:
        changed["adversarial from the start"] = from_the_start
    a, b = recipe.model().G, recipe.model().F
    if a.in_channels == b.in_channels:  # else G cannot take images of its own target domain
        changed["with identity loss"] = replace(base, identity_weight=5.0)
    return changed


def trained(variant: str, recipe: CycleGANRecipe, stages: int = STAGES) -> dict[str, Any]:
    """Train a recipe to the end: what the test pairs say of it, with its stages and a picture."""
    run, seen = recipe.start(settings.device()), []
    for k in range(1, stages + 1):
        until = recipe.steps.full * k // stages
        run.history = fit(
            run.step, run.batches, steps=until, every=until, history=run.history, progress=False
        )
        seen.append(stage(recipe, run))
    a, b = (images[:SHOWN] for images in recipe.images("test"))
    picture = tile(translations(run.model, a, b, SHOWN), SHOWN)
    return {
        "variant": variant,
        "seed": recipe.seed,
        **_rounded(translation_metrics(recipe, run.model, "test")),
        "steps": run.history.done,
        "training_seconds": round(run.history.seconds, 1),
        "stages": seen,
        "picture": picture,
    }


def stage(recipe: CycleGANRecipe, run: Run) -> dict[str, Any]:
    """What the losses, and some of the validation pairs, say of a run as it stands."""
    losses = {name: values[-1] for name, values in run.history.values.items()}
    measured = translation_metrics(recipe, run.model, "validation", samples=PAIRS)
    return {"step": run.history.done, "losses": _rounded(losses), "validation": _rounded(measured)}


def cyclegan_ablation(
    name: str = "cyclegan-characters", seeds: tuple[int, ...] = (0, 1, 2), steps: int = 3000
) -> dict[str, Any]:
    """A CycleGAN recipe, and the same with one thing changed, once for each seed."""
    recipe: Any = recipes.get(name)
    rows = [
        trained(variant, replace(changed, seed=seed))
        for seed in seeds
        for variant, changed in variants(recipe, steps).items()
    ]
    return {"settings": {"recipe": name, "seeds": seeds, "steps": steps}, "rows": rows}


def cyclegan_training(
    name: str = "cyclegan-characters", steps: tuple[int, ...] = (150, 600, 1500, 3000, 4500, 6000, 7500, 9000)
) -> dict[str, Any]:
    """What the validation pairs say of a recipe's run after so many steps."""
    recipe: Any = recipes.get(name)
    run, rows = recipe.start(settings.device()), []
    for until in steps:
        every = until - run.history.done
        run.history = fit(
            run.step, run.batches, steps=until, every=every, history=run.history, progress=False
        )
        rows.append({"step": until, **_rounded(translation_metrics(recipe, run.model, "validation"))})
    return {"settings": {"recipe": name, "steps": steps}, "rows": rows}


def emoji_ablation(seeds: tuple[int, ...] = (0, 1, 2), steps: int = 1000) -> dict[str, Any]:
    """The CycleGAN recipe of emoji, and the same with one thing changed, once for each seed."""
    return cyclegan_ablation("cyclegan-emoji", seeds, steps)


DIGITS: dict[str, dict[str, Any]] = {  # what is changed
    "the recipe": {},
    "twice as long": {"length": 2},  # times as many steps
    "no jitter": {"jitter": (0.0, 0.0)},
    "no jitter, less noise": {"jitter": (0.0, 0.0), "noise": 0.1},
    "no jitter, identity loss": {"jitter": (0.0, 0.0), "identity_weight": 5.0},
}


def digits_variants(
    variants: tuple[str, ...] = tuple(DIGITS), steps: int = recipes.CYCLEGAN_DIGITS.steps.full
) -> dict[str, Any]:
    """What the validation digits say of the recipe of digits and of variants of it, one run each."""
    rows = []
    for variant in variants:
        changes = dict(DIGITS[variant])
        total = steps * changes.pop("length", 1)
        recipe = replace(recipes.CYCLEGAN_DIGITS, **changes)
        recipe = replace(recipe, steps=replace(recipe.steps, full=total))
        run = recipe.start(settings.device())
        fit(run.step, run.batches, steps=total, every=total, progress=False)
        measured = _rounded(translation_metrics(recipe, run.model, "validation"))
        rows.append({"variant": variant, "steps": total, **measured})
    return {"settings": {"variants": variants, "steps": steps}, "rows": rows}


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in numbers.items()}
