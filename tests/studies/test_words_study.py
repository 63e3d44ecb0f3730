"""The study of names against z, made small: the weight of the KL term is what differs."""

import dataclasses

import pytest
import torch

from gentutor import recipes, studies
from gentutor.studies.conditional import words


def test_every_weight_trains_and_is_measured():
    result = words.emoji_beta(seeds=(0, 1), betas=(1.0, 10.0), steps=2)
    rows = result["rows"]
    assert [(row["beta"], row["seed"]) for row in rows] == [(1.0, 0), (1.0, 1), (10.0, 0), (10.0, 1)]
    for row in rows:
        assert 0 <= row["top1"] <= row["top5"] <= 1 and 0 <= row["top5_train"] <= 1
        assert row["kl"] >= 0 and row["kl_train"] >= 0 and row["variety"] >= 0
        assert row["negative_elbo"] > row["kl"]


def test_the_weight_reaches_the_loss():
    """Twice the weight adds the KL term once more to the gradient of the first step."""
    gradients = []
    for beta in (1.0, 2.0, 3.0):
        recipe = dataclasses.replace(recipes.get("cvae-emoji"), beta=beta, batch_size=4, learning_rate=0.0)
        run = recipe.start(torch.device("cpu"))
        torch.manual_seed(1)
        run.step(next(run.batches))
        gradients.append(torch.cat([p.grad.flatten() for p in run.parts["model"].parameters()]))
    one, two, three = gradients
    assert not torch.allclose(one, two)
    torch.testing.assert_close(two - one, three - two, rtol=1e-3, atol=1e-4)


def test_numbers_of_an_untrained_model():
    torch.manual_seed(0)
    numbers = words.held_out(recipes.get("cvae-emoji").model())
    assert numbers["top5"] < 0.3 and numbers["negative_elbo"] == pytest.approx(3 * 1024 * 0.693, rel=0.05)


def test_the_stored_study_has_every_weight_and_seed():
    study = studies.load("emoji-beta")
    settings = study["settings"]
    seen = [(row["beta"], row["seed"]) for row in study["rows"]]
    assert seen == [(beta, seed) for beta in settings["betas"] for seed in settings["seeds"]]
