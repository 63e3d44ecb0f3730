"""Every setting of every recipe changes its run: none is dead, and none is taken for another.

Each recipe is made small (``SMALL``), started on the processor and trained for four steps; then the same
with one setting changed (``OTHER``), for each field of the dataclass but its name and its source.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gentutor import data, recipes
from gentutor.data import domain_images
from gentutor.recipes import Recipe, classifier
from gentutor.recipes.cyclegan import TranslationDesign
from gentutor.running import checkpoint
from gentutor.running.resume import new_plan
from tests.folders import images_of_all_kinds, noise
from tests.recipes.other_settings import HYPER, OTHER, REFUSED, SMALL, TAKEN

CPU = torch.device("cpu")
KEPT = ("betas", "weight_decay")
ALL = [*recipes.ALL, recipes.FOLDER]


def of(name: str) -> Any:
    """The recipe of this name; of images of one's own its class."""
    return recipes.FolderRecipe if name == recipes.FOLDER else recipes.get(name)


PAIRS = [
    (name, field.name)
    for name in ALL
    for field in fields(of(name))
    if field.name not in ("name", "source", "steps")
]


@pytest.fixture(scope="module")
def smaller(tmp_path_factory) -> Iterator[Callable[[str], Recipe]]:
    """A recipe by its name, small, with a part of the data."""
    root = images_of_all_kinds(tmp_path_factory.mktemp("own") / "one")
    for part in ("trainA", "trainB", "testA", "testB"):
        (root.with_name("other") / part).mkdir(parents=True)
        for i in range(3):
            noise("RGB", (40, 36), seed=100 + i).save(root.with_name("other") / part / f"{i}.png")

    @functools.cache
    def make(name: str) -> Recipe:
        own = name == recipes.FOLDER
        recipe: Recipe = recipes.folder_recipe(root) if own else recipes.get(name)
        changes = {field.name: SMALL[field.name] for field in fields(recipe) if field.name in SMALL}
        if "domains" in recipe.__dataclass_fields__:
            changes["design"] = TranslationDesign(images=few)
        return replace(recipe, **{**changes, "batch_size": 2 if own else 4})

    @functools.cache
    def few(domain: str, split: str) -> Tensor:
        return domain_images(domain, split)[:24]

    digits = {split: data.Images(*(part[:64] for part in data.mnist(split))) for split in ("train", "test")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "mnist", digits.__getitem__)
        patch.setattr(data, "emoji", functools.cache(data.emoji))
        patch.setattr(classifier, "domain_images", few)
        yield make


@pytest.fixture(scope="module")
def unchanged(smaller) -> Callable[[str], dict[str, Any]]:
    """What the small recipe's run is."""
    return functools.cache(lambda name: trained(smaller(name)))


def trained(recipe: Recipe) -> dict[str, Any]:
    """What a run is after its steps, by name: weights, averages, optimisers with their settings, rates."""

    def another(name: str, build: object) -> tuple[nn.Module, None]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(99)
            return recipe.model(), None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "load", another)
        run = recipe.start(CPU)
    found: dict[str, Any] = {}
    for _ in range(TAKEN):
        losses = run.step(next(run.batches))
    for part, item in run.parts.items():
        state = item.state_dict()
        if isinstance(item, Optimizer):
            (group,) = state["param_groups"]
            hyper = {"lr": group.get("initial_lr", group["lr"]), **{key: group.get(key) for key in KEPT}}
            state = {f"{i}.{key}": value for i, each in state["state"].items() for key, value in each.items()}
            found |= {f"{part}: {key}": value for key, value in hyper.items()}
        elif isinstance(item, LRScheduler):
            state = {"rate": item.get_last_lr()[0] / item.base_lrs[0]}
        found |= {f"{part}.{key}": value for key, value in state.items()}
    return found | {f"loss {name}": value for name, value in losses.items()}


def differ(run: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The names of what is not the same in two runs."""

    def same(a: Any, b: Any) -> bool:
        return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a == b

    return {name for name in run.keys() | other.keys() if not same(run.get(name), other.get(name))}


@pytest.mark.parametrize(("name", "field"), PAIRS)
def test_a_setting_changes_the_run_and_the_optimisers_it_is_for(name, field, smaller, unchanged):
    recipe, before = smaller(name), unchanged(name)
    hyper, optimizers = HYPER.get(field, ("", ()))
    meant = {f"{optimizer}: {hyper}" for optimizer in optimizers} & before.keys()
    if (name, field) in REFUSED:
        (value,) = OTHER[field](getattr(recipe, field))
        with pytest.raises(ValueError, match=REFUSED[name, field]):
            trained(replace(recipe, **{field: value}))
        return
    for value in OTHER[field](getattr(recipe, field)):
        changed = differ(before, trained(replace(recipe, **{field: value})))
        assert any("." in where for where in changed), f"{field} {value}: the run is the same"
        assert {where for where in changed if ": " in where} == meant, f"{field} {value}"


@pytest.mark.parametrize("name", ALL)
def test_each_number_of_steps_changes_the_plan_and_a_rate_that_falls(name, smaller, unchanged):
    recipe = smaller(name)
    for profile in ("ci", "cpu", "gpu", "full"):
        other = replace(recipe, steps=replace(recipe.steps, **{profile: 9}))
        plans = [new_plan(each, profile, None, None).steps for each in (recipe, other)]
        assert plans == [getattr(SMALL["steps"], profile), 9]
    schedules = {where for where in unchanged(name) if where.endswith("schedule.rate")}
    if schedules:  # the last of the changed recipes has another full number
        assert schedules <= differ(unchanged(name), trained(other))


@pytest.mark.parametrize("name", [name for name, field in PAIRS if field == "design"])
def test_a_recipe_is_measured_as_its_design_says(name):
    recipe = recipes.get(name)
    if "metrics" in recipe.design.__dataclass_fields__:
        design = replace(recipe.design, metrics=lambda model, n, seed: {"n": n, "seed": seed})
        assert replace(recipe, design=design).measure(None, 5, 7) == {"n": 5, "seed": 7}


def test_no_setting_is_left_out():
    assert {field for _, field in PAIRS} == OTHER.keys()
    assert {name for name, _ in PAIRS} == {*recipes.ALL, recipes.FOLDER}


@pytest.mark.gpu
def test_mixed_precision_changes_a_run_on_a_gpu(smaller):
    recipe, losses = smaller(recipes.FOLDER), []
    for kind in ("cuda", ""):
        run = replace(recipe, mixed_precision=kind).start(torch.device("cuda"))
        losses.append([run.step(next(run.batches))["cycle"].item() for _ in range(TAKEN)])
    assert losses[0] != losses[1]
