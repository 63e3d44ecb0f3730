"""Fresh judges: what they are shown, what they see on small sets, and the stored study."""

import math

import torch

from gentutor import studies
from gentutor.studies.gan import judges


def test_shuffling_keeps_each_images_ink():
    images = torch.rand(5, 1, 28, 28)
    shuffled = judges.shuffled_pixels(images, torch.Generator().manual_seed(0))
    assert shuffled.shape == images.shape and not torch.equal(shuffled, images)
    assert torch.equal(shuffled.flatten(1).sort().values, images.flatten(1).sort().values)


def test_candidates_come_again_with_the_seed():
    first, again, other = (judges.candidates(seed, 3) for seed in (0, 0, 1))
    assert len(first) == 4
    for name, images in first.items():
        assert images.shape == (3, 1, 28, 28) and images.min() >= -1 and images.max() <= 1
        assert torch.equal(images, again[name])
        assert torch.equal(images, other[name]) == (name == "other digits by people")


def test_a_judge_sees_what_differs_and_nothing_else(monkeypatch):
    monkeypatch.setattr(judges, "TEST", 100)
    torch.manual_seed(0)
    real, same, darker = (torch.rand(400, 1, 28, 28) * 2 - 1 for _ in range(3))
    alike = judges.fresh_judge(real, same, steps=20, seed=0)
    unlike = judges.fresh_judge(real, darker - 0.5, steps=60, seed=0)
    assert alike["test_loss"] > math.log(4) - 0.1  # no better than chance
    assert unlike["test_loss"] < 0.3


def test_a_judges_answer_hangs_on_no_other_picture():
    judge = judges.new_judge()
    images = torch.rand(4, 1, 28, 28)
    torch.testing.assert_close(judge(images)[:1], judge(images[:1]))


def test_a_small_study(monkeypatch):
    monkeypatch.setattr(judges, "TEST", 10)
    found = judges.fresh_judges(seeds=(0,), fresh_seeds=(1,), steps=1, n=80)
    assert [(row["kind"], row["seed"]) for row in found["rows"]] == [
        (kind, seed) for seed in (0, 1) for kind in judges.candidates(0, 1)
    ]
    assert found["settings"] == {"seeds": (0,), "fresh_seeds": (1,), "steps": 1, "pictures": 80, "test": 10}


def test_the_order_of_the_stored_study_is_that_of_every_seed():
    study = studies.load("fresh-judges")
    kinds = list(judges.candidates(0, 1))
    seeds = study["settings"]["seeds"] + study["settings"]["fresh_seeds"]
    assert len(study["rows"]) == len(kinds) * len(seeds) and len(study["settings"]["seeds"]) == 3
    for seed in seeds:
        losses = {row["kind"]: row["test_loss"] for row in study["rows"] if row["seed"] == seed}
        assert sorted(losses, key=losses.get, reverse=True) == kinds
        assert losses[kinds[0]] > 1.386 > losses[kinds[1]]
