"""Studies: small versions run, stored results are whole."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gentutor import studies
from gentutor.data import toy
from gentutor.studies.gan.digits import half_overlaid
from gentutor.studies.gan.mode_collapse import BASE, REFERENCES, VARIANTS, reference, train_toy


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains(name):
    gan = replace(VARIANTS[name], hidden=(8,), batch_size=16)
    result = train_toy(gan, toy.grid(), steps=20, seed=0, name=name)
    assert result.variant == name and result.steps == list(range(1, 21))
    assert result.modes == result.modes_over_time[-1] == sum(hits >= 25 for hits in result.hits)
    assert 0 <= result.good <= 1 and len(result.samples) == 500
    assert all(len(values) == 20 for values in result.losses.values())


def test_a_toy_run_depends_on_its_seed_alone():
    gan = replace(BASE, hidden=(8,), batch_size=16)
    torch.manual_seed(1)
    first = train_toy(gan, toy.grid(), steps=20, seed=5)
    torch.manual_seed(2)
    again, other = (train_toy(gan, toy.grid(), steps=20, seed=seed) for seed in (5, 6))
    assert first.samples == again.samples and first.losses == again.losses
    assert first.samples != other.samples


def test_variants_that_should_differ_do():
    gans = {name: replace(gan, hidden=(8,), batch_size=16) for name, gan in VARIANTS.items()}
    curves = {
        name: json.dumps(train_toy(gan, toy.grid(), steps=20, seed=0).samples) for name, gan in gans.items()
    }
    assert len(set(curves.values())) == len(curves)


def test_unknown_names_are_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="no stored study"):
        studies.load("mode-colapse")
    with pytest.raises(ValueError, match="dcgan-ablation"):
        studies.run("ablation", tmp_path)


def test_run_stores_result_and_provenance(tmp_path, monkeypatch):
    monkeypatch.setitem(studies.STUDIES, "small", lambda: {"settings": {"seeds": (0,)}, "rows": [1, 2]})
    path = studies.run("small", tmp_path)
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["rows"] == [1, 2] and result["settings"] == {"seeds": [0]}
    assert {"study", "device", "versions", "seconds"} <= set(result)


ONE_RUN = {  # they follow single runs, and say so
    "cyclegan-training": "steps",
    "cyclegan-digits": "variants",
    "vae-measurements": "names",
    "cyclegan-controls": "runs",
}


@pytest.mark.parametrize("name", studies.STUDIES)
def test_stored_results_say_how_they_were_made(name):
    result = studies.load(name)
    assert result["study"] == name and result["seconds"] > 0 and result["device"]
    if name in ONE_RUN:
        assert result["versions"]["torch"] and len(result["rows"]) == len(result["settings"][ONE_RUN[name]])
        return
    settings = result["settings"]
    seeds = settings.get("seeds", range(settings.get("draws", 0)))  # measured on one stored run: fresh draws
    assert result["versions"]["torch"] and len(seeds) >= 3


def test_the_two_ends_of_the_scale():
    scatter, fresh = (reference(name, toy.grid(), seed=3) for name in REFERENCES)
    assert scatter.modes == 0 and sum(hits > 0 for hits in scatter.hits) > 15 and scatter.good < 0.05
    assert fresh.modes == 25 and min(fresh.hits) > 50 and fresh.good > 0.97


def test_stored_mode_collapse_has_every_variant_and_seed():
    study = studies.load("mode-collapse")
    settings, rows = study["settings"], study["rows"]
    seeds = settings["seeds"] + settings["fresh_seeds"]
    assert len(settings["seeds"]) >= 5 and settings["fresh_seeds"]
    names = [*VARIANTS, *REFERENCES]
    assert sorted((r["variant"], r["seed"]) for r in rows) == sorted((v, s) for v in names for s in seeds)
    for row in rows:
        n = settings["samples"]
        assert row["modes"] == sum(100 * hits >= n for hits in row["hits"])
        assert sum(row["hits"]) / n == pytest.approx(row["good"])


def test_spoilt_digits_are_two_at_once_in_the_first_half():
    images = torch.rand(10, 1, 3, 3)
    spoilt = half_overlaid(images)
    assert torch.equal(spoilt[5:], images[5:])
    assert torch.equal(spoilt[:5], images[:5].where(images[:5] > images[5:], images[5:]))


def test_stored_gan_measurements_say_what_is_known_of_known_sets():
    study = studies.load("gan-measurements")
    seeds, rows = study["settings"]["seeds"], study["rows"]
    assert all(len(values) == len(seeds) for row in rows.values() for values in row.values())
    for values in zip(*(rows[name]["coverage"] for name in rows), strict=True):
        assert dict(zip(rows, values, strict=True))["train"] == max(values)
    for coverage, density in zip(rows["train"]["coverage"], rows["train"]["density"], strict=True):
        assert coverage == pytest.approx(1 - 2**-3, abs=0.04) and density == pytest.approx(1, abs=0.06)
    assert max(rows["0 to 7"]["coverage"]) < 0.9 * min(rows["train"]["coverage"])
    assert max(rows["0 to 7, half overlaid"]["coverage"]) < min(rows["0 to 7"]["coverage"])


def test_pictures_are_stored_beside_a_result_and_come_back(tmp_path, monkeypatch):
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rows = [{"picture": picture, "seed": 0}, {"seed": 1}, {"picture": 255 - picture, "seed": 2}]
    monkeypatch.setitem(studies.STUDIES, "small", lambda: {"settings": {}, "rows": copy.deepcopy(rows)})
    monkeypatch.setattr(studies, "FOLDER", tmp_path)
    studies.run("small", tmp_path)
    found = studies.load("small")["rows"]
    assert [row["seed"] for row in found] == [0, 1, 2] and "picture" not in found[1]
    assert all(np.array_equal(found[i]["picture"], rows[i]["picture"]) for i in (0, 2))
