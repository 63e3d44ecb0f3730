"""The study of labels told wrongly, made small: every variant makes the mistake that its name says."""

import pytest
import torch

from gentutor import data, studies
from gentutor.models.conditional import OneHot, one_hot
from gentutor.models.gan import DCGANGenerator
from gentutor.studies.conditional import ignored
from gentutor.studies.conditional.ignored import VARIANTS


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def pairs():
    return torch.randn(4, 1, 28, 28), torch.tensor([3, 0, 3, 9])


def test_every_variant_trains_and_is_measured(monkeypatch):
    whole = data.mnist
    monkeypatch.setattr(data, "mnist", lambda split: data.Images(*(part[:200] for part in whole(split))))
    result = ignored.ignored_condition(seeds=(0, 1), steps=2, samples=120)
    rows = result["rows"]
    assert [(row["seed"], row["variant"]) for row in rows] == [(s, v) for s in (0, 1) for v in VARIANTS]
    for row in rows:
        assert 0 <= row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] <= 1
        assert 0 <= row["information"] <= 2.303 and row["discriminator_loss"] > 0
        assert ("pictures" in row) == (row["seed"] == 0)


def test_a_judge_that_is_not_told_says_the_same_for_every_label(pairs):
    x, y = pairs
    for name in VARIANTS:
        judge = VARIANTS[name].discriminator()
        assert torch.equal(judge(x, y), judge(x, (y + 1) % 10)) == (name == "judge not told")


def test_scattered_maps_hold_the_right_numbers_in_the_wrong_places(pairs):
    x, y = pairs
    seen = []
    judge = ignored.ScatteredDiscriminator(width=4)
    judge.body.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 1:]))
    judge(x, y)
    right = one_hot(y, 10)[:, :, None, None].expand(-1, -1, 28, 28)
    assert seen[0].shape == right.shape and torch.equal(seen[0].sum(dim=(1, 2, 3)), right.sum(dim=(1, 2, 3)))
    assert (seen[0].flatten(2).std(dim=2) > 0).all() and not torch.equal(seen[0], right)


def test_other_labels_are_told_in_training_alone():
    net = DCGANGenerator(5 + 10, width=4)
    generator = ignored.OtherLabelsGenerator(net, OneHot(10), 5, torch.arange(10))
    z, y, told = torch.randn(10, 5), torch.arange(10), []
    net.register_forward_pre_hook(lambda _, inputs: told.append(inputs[0][:, 5:].argmax(dim=1)))
    generator(z, y)
    generator.eval()(z, y)
    assert not torch.equal(told[0], y) and torch.equal(told[0].sort().values, y)
    assert torch.equal(told[1], y)


def test_noise_is_multiplied():
    recipe = VARIANTS["projection, noise multiplied by a code"]
    generator = recipe.generator().eval()
    z, y, given = torch.randn(3, recipe.latent_dim), torch.tensor([1, 1, 4]), []
    generator.net.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    generator(z, y)
    torch.testing.assert_close(given[0], z * generator.condition.table[y])


def test_the_stored_study_has_every_variant_and_seed():
    study = studies.load("ignored-condition")
    seen = [(row["variant"], row["seed"]) for row in study["rows"]]
    assert sorted(seen) == sorted((v, s) for v in VARIANTS for s in study["settings"]["seeds"])
    information = {row["variant"]: [] for row in study["rows"]}
    for row in study["rows"]:
        information[row["variant"]].append(row["information"])
    ignored_by = {name for name, values in information.items() if max(values) < 0.1}
    assert ignored_by == {"projection, fakes under other labels", "judge not told"}
