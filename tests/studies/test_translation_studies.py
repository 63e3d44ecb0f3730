"""The study of translated points, made small, and what the chapter reads out of the stored one."""

import math

import pytest
import torch

from gentutor import studies
from gentutor.evaluation import mode_count
from gentutor.studies.cyclegan import translation
from gentutor.studies.cyclegan.translation import CLUSTERS, TURN, VARIANTS, WIDTH, ResidualMap, ring


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_and_is_measured(name):
    row = translation.interval_row(VARIANTS[name], seed=0, steps=2)
    assert len(row["curve"]) == len(row["there_and_back"]) == 41
    assert min(row[key] for key in ("distance", "cycle", "error", "error_mirrored")) >= 0
    row = translation.ring_row(VARIANTS[name], seed=0, steps=2)
    assert len(row["points"]) == len(row["clusters"]) == 240 and len(row["goes_to"]) == CLUSTERS
    assert 0 <= row["in_cluster"] <= 1 and 0 <= row["same_cluster"] <= 1


def test_a_row_depends_on_its_seed_alone():
    torch.manual_seed(1)
    first = translation.interval_row(VARIANTS["with cycles"], seed=5, steps=3)
    torch.manual_seed(2)
    again, other = (translation.interval_row(VARIANTS["with cycles"], seed=s, steps=3) for s in (5, 6))
    assert first == again != other


def test_a_residual_map_starts_as_the_identity():
    x = torch.randn(7, 2)
    assert torch.equal(ResidualMap(2, (8,))(x), x)
    row = translation.interval_row(VARIANTS["with cycles, residual start"], seed=0, steps=1)
    assert row["error"] < 0.02 and row["error_mirrored"] > 0.9


def test_the_ring_is_what_the_text_says():
    torch.manual_seed(0)
    points, cluster = ring(6000, TURN)
    angles = 2 * math.pi * torch.arange(CLUSTERS) / CLUSTERS + math.radians(15)
    centres = torch.stack([angles.cos(), angles.sin()], dim=1)
    modes, good = mode_count(points, centres, WIDTH)
    assert modes == CLUSTERS and good == pytest.approx(1 - math.exp(-4.5), abs=0.006)
    assert torch.equal(torch.cdist(points, centres).argmin(dim=1), cluster)


def test_a_perfect_map_has_error_zero_and_keeps_every_cluster(monkeypatch):
    class Turn(torch.nn.Module):
        def __init__(self, angle):
            super().__init__()
            c, s = math.cos(angle), math.sin(angle)
            self.register_buffer("matrix", torch.tensor([[c, s], [-s, c]]))

        def forward(self, x):
            return x @ self.matrix

    for extra, goes_to in ((0, [0, 1, 2, 3, 4, 5]), (2, [2, 3, 4, 5, 0, 1])):
        angle = TURN + extra * math.pi / 3
        maps = translation.Generators(Turn(angle), Turn(-angle))
        monkeypatch.setattr(translation, "train_maps", lambda *_, maps=maps, **__: maps)
        row = translation.ring_row(VARIANTS["with cycles"], seed=0)
        assert row["goes_to"] == goes_to and row["cycle"] < 1e-4 and row["in_cluster"] > 0.98
        assert (row["error"] < 1e-4) == (row["same_cluster"] == 1) == (extra == 0)


def test_the_stored_study_shows_what_the_chapter_concludes():
    study = studies.load("translation-toys")
    rows = {(row["toy"], row["variant"], row["seed"]): row for row in study["rows"]}
    assert len(rows) == 2 * len(VARIANTS) * len(study["settings"]["seeds"])
    for (toy, variant, _), row in rows.items():
        if variant != "adversarial alone":
            assert row["cycle"] < 0.1
        if variant in ("with cycles, residual start", "with cycles and identity"):
            assert row["error"] < 0.1
        if variant == "with cycles" and toy == "interval":
            assert min(row["error"], row["error_mirrored"]) < 0.1
        if variant == "with cycles" and toy == "ring":
            assert sorted(row["goes_to"]) == list(range(CLUSTERS)) and row["error"] > 0.5
