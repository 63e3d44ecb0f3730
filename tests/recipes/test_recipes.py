import dataclasses

import pytest
import torch

from gentutor import recipes
from gentutor.models.sampling import sample_images
from gentutor.recipes import ALL, Recipe
from gentutor.training import Run, fit

CPU = torch.device("cpu")
EACH = pytest.mark.parametrize("recipe", ALL.values(), ids=list(ALL))


def small(recipe: Recipe, **changes) -> Recipe:
    return dataclasses.replace(recipe, batch_size=8, **changes)


def train(run: Run, steps: int) -> None:
    fit(run.step, run.batches, steps=steps, every=2, history=run.history, progress=False)


def everything(run: Run) -> dict[str, torch.Tensor]:
    """All tensors of a run's networks and optimisers, by name, and the steps of its learning rate."""
    found = {}
    for part, item in run.parts.items():
        state = item.state_dict()
        if "param_groups" in state:
            state = {f"{i}.{k}": v for i, values in state["state"].items() for k, v in values.items()}
        elif "base_lrs" in state:
            state = {"rate": torch.tensor(item.get_last_lr()), "done": torch.tensor(state["last_epoch"])}
        found |= {f"{part}.{name}": value.clone() for name, value in state.items()}
    return found


def test_names():
    assert all(name == recipe.name for name, recipe in ALL.items())
    assert all(recipes.get(name) is recipe for name, recipe in ALL.items())
    assert {"digit-classifier", "mlp-gan-mnist", "dcgan-mnist"} <= ALL.keys()


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown recipe 'dcgan'; known: .*dcgan-mnist"):
        recipes.get("dcgan")


@EACH
def test_a_recipe_says_where_it_is_from_and_cannot_change(recipe):
    assert recipe.source
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1


@EACH
def test_profiles_take_ever_more_steps(recipe):
    steps = recipe.steps
    assert 0 < steps.ci < steps.cpu < steps.gpu <= steps.full


@EACH
def test_a_run_trains_every_network_and_stores_the_recipes_model(recipe):
    run = small(recipe).start(CPU)
    before = everything(run)
    train(run, 2)
    after = everything(run)
    for name in run.parts:
        changed = [key for key in after if key.startswith(f"{name}.") and not key.endswith(".step")]
        assert any(key not in before or not torch.equal(before[key], after[key]) for key in changed), name
    assert run.history.steps == [2]
    assert all(torch.isfinite(torch.tensor(values)).all() for values in run.history.values.values())
    recipe.model().load_state_dict(run.model.state_dict())


@EACH
def test_the_seed_gives_the_run(recipe):
    losses, weights = [], []
    for seed in (0, 0, 1):
        run = small(recipe, seed=seed).start(CPU)
        train(run, 2)
        losses.append(run.history.values)
        weights.append(torch.cat([p.flatten() for p in run.model.parameters()]))
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert losses[0] == losses[1] != losses[2]


@EACH
def test_an_interrupted_run_goes_on_as_if_it_never_was(recipe):
    straight = small(recipe).start(CPU)
    train(straight, 5)

    first = small(recipe).start(CPU)
    taken = []
    fit(  # stopped after three steps, between two records
        first.step,
        first.batches,
        steps=5,
        every=2,
        history=first.history,
        progress=False,
        stop=lambda: taken.append(1) or len(taken) == 3,
    )
    state = first.state_dict()
    assert state["history"]["done"] == 3 and state["history"]["steps"] == [2]

    second = small(recipe).start(CPU)
    second.load_state_dict(state)
    train(second, 5)
    assert second.history.steps == straight.history.steps == [2, 4, 5]
    assert second.history.values == straight.history.values
    ours, theirs = everything(second), everything(straight)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_sampling_does_not_disturb_training():
    recipe = small(recipes.DCGAN)
    runs = []
    for shows in (False, True):
        run = recipe.start(CPU)
        for steps in (1, 2):
            train(run, steps)
            if shows:
                sample_images(run.model, 4)
        runs.append(everything(run))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
