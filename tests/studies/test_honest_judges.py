"""The comparison of judges on digits: every variant trains and is watched; the measures know chance."""

import math

import pytest
import torch
from torch import nn

from gentutor.studies.gan import honest


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(honest, "IMAGES", 200)
    monkeypatch.setattr(honest, "WATCHED", 100)
    monkeypatch.setattr(honest, "MOMENTS", 2)


def test_every_variant_trains_and_is_watched_between_the_two_ends(small):
    result = honest.honest_judges(seeds=(0,), steps=2)
    rows = {row["variant"]: row for row in result["rows"]}
    ends = [rows.pop("training images"), rows.pop("uniform noise")]
    assert list(rows) == [recipe.name for recipe in honest.VARIANTS]
    assert ends[0]["frechet"] < ends[1]["frechet"] and ends[0]["coverage"] > 0.7 > ends[1]["coverage"]
    for row in rows.values():
        watched = row["watched"]
        assert watched["step"] == [1, 2] and row["seed"] == 0
        assert all(math.isfinite(v) for key in ("frechet", "frechet_last") for v in watched[key])
        assert watched["frechet"] != watched["frechet_last"]  # averaged weights are others
        assert all(0 <= share <= 1 for share in watched["remembered"])


def test_the_judges_differ_and_the_generators_do_not(small):
    torch.manual_seed(0)
    generators = {str(recipe.generator()) for recipe in honest.VARIANTS}
    judges = {str(recipe.discriminator()) for recipe in honest.VARIANTS}
    assert len(generators) == 1 and len(judges) == 3  # with batch norm, with spectral norm, with neither
    assert {recipe.batch_size // 5 for recipe in honest.VARIANTS if "Wasserstein" in recipe.name} == {64}
    assert {recipe.batch_size for recipe in honest.VARIANTS if "Wasserstein" not in recipe.name} == {64}


class Ink(nn.Module):
    """Scores an image by some multiple of its ink."""

    def __init__(self, sign):
        super().__init__()
        self.sign = sign

    def forward(self, x):
        return self.sign * x.flatten(1).mean(dim=1)


@pytest.mark.parametrize(("sign", "share"), [(1, 1.0), (-1, 0.0), (0, 0.5)])
def test_remembered_is_the_share_of_pairs_and_one_half_by_chance(small, sign, share):
    measure = honest.Measure(seed=0)
    measure.train, measure.test = torch.full((50, 1, 28, 28), 0.9), torch.full((40, 1, 28, 28), 0.1)
    assert measure.remembered(Ink(sign)) == share
