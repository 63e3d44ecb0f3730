"""Every run stored in the package: complete, small, and as good as its card says."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from gentutor import recipes
from gentutor.recipes import pretrained
from gentutor.running import checkpoint
from gentutor.running.checkpoint import read_card, stored


def shown_now(name, model):
    """The grid of eight rows that the last of a card's frames shows; None of a model without images."""
    recipe = recipes.get(name)
    if isinstance(recipe, recipes.CycleGANRecipe):
        a, b = (images[:20] for images in recipe.images("validation"))
        return recipe.sample(model, 20, given=(a, b)).preview()
    return recipe.sample(model, 8 * recipe.columns).preview() if recipe.columns else None


@pytest.mark.parametrize("name", stored())
def test_stored_card_is_complete(name):
    model, card = pretrained(name)
    assert card.name == name and card.profile == "full"
    assert card.steps == recipes.get(name).steps.full == card.history.last_step
    assert card.seconds > 0 and card.device and {"python", "torch", "gentutor"} <= card.versions.keys()
    assert 2 <= len(card.history.steps) <= 200
    assert card.metrics and card.check["values"].keys() == card.metrics.keys()
    assert card.dtype == "float16" and len(card.sha256) == 64
    frames, now = card.frames(), shown_now(name, model)
    if now is None:
        assert frames == []
    else:
        assert 5 <= len(frames) <= 9
        assert frames[0][0] == 0 and frames[-1][0] == card.steps
        assert all(picture.shape == now.shape for _, picture in frames)


@pytest.mark.parametrize("name", stored())
def test_stored_recipe_is_the_packages(name):
    card = read_card(name)
    recipe = json.loads(json.dumps(recipes.hyper_parameters(recipes.get(name))))

    def made_by(fields):  # what a full run depends on; the live runs of the profiles may change
        return {**fields, "seed": 0, "source": "", "steps": fields["steps"]["full"]}

    assert made_by(card.recipe) == made_by(recipe)
    assert card.seed == card.recipe["seed"]


@pytest.mark.parametrize("name", stored())
def test_stored_metrics_are_those_of_the_stored_weights(name):
    model, card = pretrained(name)
    check = card.check
    values = recipes.get(name).measure(model, n=check["samples"], seed=check["seed"])
    assert values == pytest.approx(check["values"], rel=5e-3, abs=5e-3)


@pytest.mark.parametrize("name", [name for name in stored() if read_card(name).grids])
def test_last_stored_grid_shows_the_stored_model(name):
    model, card = pretrained(name)
    last = card.frames()[-1][1].astype(float)
    now = shown_now(name, model).astype(float)
    assert np.abs(last - now).mean() < 2  # of 255: what float16 changes


def test_stored_weights_are_small():
    total = sum((checkpoint.FOLDER / f"{name}.safetensors").stat().st_size for name in stored())
    assert total < 21e6


def test_stored_names_are_recipes():
    assert set(stored()) <= set(recipes.ALL)
    for name in stored():
        tensors = safetensors.torch.load_file(checkpoint.FOLDER / f"{name}.safetensors")
        assert all(value.dtype == torch.float16 for value in tensors.values() if value.is_floating_point())
