"""The stored measurement of weak scaling: the book's copy is the benchmark's, its ratios follow from it."""

import json
import statistics
from pathlib import Path

import pytest

from benchmarks.measure import RESULTS
from benchmarks.scaling import ALONE, RECIPES, SHARED, SIDE_BY_SIDE
from gentutor import recipes, studies

STORED = studies.load("scaling")


def test_the_book_shows_what_the_benchmark_stored():
    result = json.loads(Path(RESULTS, "scaling.json").read_text(encoding="utf-8"))
    for name in ("hardware", "measured", "rounds", "load_before_and_after", "recipes"):
        assert STORED[name] == result[name], name
    assert set(STORED["recipes"]) == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_efficiencies_are_medians_of_the_ratios_within_rounds(name):
    entry = STORED["recipes"][name]
    times = entry["seconds_per_step"]
    assert all(len(values) == STORED["rounds"] for values in times.values())
    for variant in (SIDE_BY_SIDE, SHARED):
        ratios = [alone / two for alone, two in zip(times[ALONE], times[variant], strict=True)]
        assert entry["efficiency"][variant] == statistics.median(ratios)
    assert entry["batch_per_process"] == recipes.get(name).batch_size


def test_all_weights_are_exchanged():
    counted = {
        "vae-mnist": [recipes.VAE_MNIST.model()],
        "mlp-gan-mnist": [recipes.MLP_GAN.generator(), recipes.MLP_GAN.discriminator()],
        "dcgan-mnist": [recipes.DCGAN.generator(), recipes.DCGAN.discriminator()],
    }
    for name, networks in counted.items():
        parameters = sum(p.numel() for network in networks for p in network.parameters())
        assert STORED["recipes"][name]["parameters"] == parameters
