"""The controls of the study of characters: they change one thing, and the stored ones stand beside it."""

import copy
from dataclasses import replace

import pytest
import torch

from gentutor import recipes, steps, studies
from gentutor.models.gan import GaussianNoise
from gentutor.objectives.translation import identity_loss
from gentutor.recipes import CYCLEGAN_CHARACTERS, hyper_parameters
from gentutor.studies.cyclegan import ablation as cyclegan
from gentutor.studies.cyclegan import controls
from tests.steps.small_cyclegan import batch, expect_same, networks, sgd


def noisy_networks(std: float):
    generators, discriminators = networks()
    for layer in generators.modules():
        if isinstance(layer, GaussianNoise):
            layer.std = std
    return generators, discriminators


def stepped(step, std: float):
    generators, discriminators = noisy_networks(std)
    losses = None
    for seed in range(3):
        torch.manual_seed(seed)
        losses = step(batch(seed), generators, discriminators, sgd(generators), sgd(discriminators))
    return generators, discriminators, losses


def test_without_noise_the_step_is_the_usual_one():
    one, other = (stepped(step, 0.0) for step in (controls.clean_identity_step, steps.cyclegan_step))
    for mine, usual in zip(one[:2], other[:2], strict=True):
        expect_same(mine, usual)
    torch.testing.assert_close(one[2], other[2])


def test_with_noise_only_the_identity_loss_is_without():
    generators, discriminators = noisy_networks(0.4)
    a, b = batch()
    before = copy.deepcopy(generators).eval()
    expected = identity_loss(before.G(b), b) + identity_loss(before.F(a), a)
    found = {}
    for step in (controls.clean_identity_step, steps.cyclegan_step):
        copies = copy.deepcopy(generators), copy.deepcopy(discriminators)
        torch.manual_seed(0)
        found[step.__name__] = step((a, b), *copies, *map(sgd, copies))
    clean, usual = found["clean_identity_step"], found["cyclegan_step"]
    torch.testing.assert_close(clean["identity"], expected.detach())
    assert (usual["identity"] - expected).abs() > 1e-3
    for name in ("adversarial", "cycle"):  # of the same noise
        torch.testing.assert_close(clean[name], usual[name])


def test_noise_is_back_afterwards():
    generators, _ = noisy_networks(0.4)
    a, _ = batch()
    with pytest.raises(KeyError), controls.noiseless(generators):
        assert torch.equal(generators.G(a), generators.G(a))
        raise KeyError
    assert not torch.equal(generators.G(a), generators.G(a))


def test_controls_change_one_thing():
    studied = cyclegan.variants(CYCLEGAN_CHARACTERS, 77)
    known = controls.controls(CYCLEGAN_CHARACTERS, 77)
    assert {name: known[name] for name in studied} == studied
    clean, few = (known[name] for name in known if name not in studied)
    assert hyper_parameters(clean) == hyper_parameters(studied["with identity loss"])
    assert clean.step_function().func is controls.clean_identity_step
    assert clean.step_function().keywords == {
        "cycle_weight": 10.0,
        "identity_weight": 5.0,
        "adversarial_weight": 1.0,
    }
    assert hyper_parameters(few) == hyper_parameters(studied["true pairs"])
    assert [len(images) for images in few.images("paired")] == [1500, 1500]
    assert [len(images) for images in few.images("train")] == [1500, 1500]
    for fewer, all_of_them in zip(few.images("paired"), CYCLEGAN_CHARACTERS.images("paired"), strict=True):
        assert torch.equal(fewer, all_of_them[:1500]) and len(all_of_them) == 3000


def test_a_small_study(monkeypatch):
    small = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1, batch_size=2)
    monkeypatch.setattr(recipes, "CYCLEGAN_CHARACTERS", small)
    monkeypatch.setattr(controls.settings, "device", lambda: torch.device("cpu"))
    monkeypatch.setattr(cyclegan, "translation_metrics", lambda *_, **__: {"gain_b": 0.5})
    runs = (("true pairs", 4), ("identity loss without noise", 0), ("1,500 true pairs", 2))
    result = controls.cyclegan_controls(runs=runs, steps=3)
    assert result["settings"]["runs"] == runs
    assert [(row["variant"], row["seed"], row["step"]) for row in result["rows"]] == [
        (*run, 1) for run in runs
    ]
    assert all(row["validation"] == {"gain_b": 0.5} for row in result["rows"])
    assert "identity" in result["rows"][1]["losses"] and "pair" in result["rows"][2]["losses"]


def test_what_the_chapter_concludes_from_the_stored_ones():
    stored, study = studies.load("cyclegan-controls"), studies.load("cyclegan-characters")
    assert [tuple(run) for run in stored["settings"]["runs"]] == list(controls.RUNS)
    thirds = {(row["variant"], row["seed"]): row["stages"][0] for row in study["rows"]}
    again, *rest = stored["rows"]
    before = thirds[again["variant"], again["seed"]]
    for name, value in before["losses"].items():  # another machine, the same run up to rounding
        assert again["losses"][name] == pytest.approx(value, abs=0.01)
    recipe = [stage["validation"]["gain_b"] for (name, _), stage in thirds.items() if name == "the recipe"]
    for row in rest:
        assert row["step"] == before["step"]
        gain, cycle = row["validation"]["gain_b"], row["validation"]["cycle"]
        if row["variant"] == "identity loss without noise":
            assert gain < 0 < min(recipe)
        elif row["variant"] == "1,500 true pairs":
            assert gain > 0.5
        else:  # right, with a cycle loss among those of the right runs
            assert gain > 0.1 and cycle < 0.28
