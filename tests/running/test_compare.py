"""Trained again and compared with the stored run: what is within the spread of seeds, and what is not."""

import dataclasses
import json
import math

import pytest
import torch

from gentutor import recipes
from gentutor.running import checkpoint, compare
from gentutor.settings import Steps
from gentutor.training import History

CLASSIFIER = "digit-classifier"


def card(**changes) -> checkpoint.Card:
    made = checkpoint.Card(
        CLASSIFIER, {}, 0, "full", "", {}, 3, 1.0, History(), metrics={"nll": 86.0, "kl": 25.0}
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture(scope="module")
def package(command, tmp_path_factory):
    """A package's folder with a stored run of three steps, and the recipe that makes it."""
    folder = tmp_path_factory.mktemp("package")
    recipe = dataclasses.replace(recipes.get(CLASSIFIER), steps=Steps(ci=1, cpu=1, gpu=1, full=3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "FOLDER", folder)
        patch.setitem(recipes.ALL, CLASSIFIER, recipe)
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        run = tmp_path_factory.mktemp("run")
        command("train", CLASSIFIER, "--out", run, "--profile", "full", "--store")
        yield folder


def set_spread(folder, spread: dict[str, float]) -> None:
    path = folder / f"{CLASSIFIER}.json"
    path.write_text(dataclasses.replace(checkpoint.read_card(CLASSIFIER, folder), spread=spread).to_json())


def rows(printed: str) -> dict[str, list[str]]:
    """Metric -> the other cells of its line."""
    lines = [line.split() for line in printed.splitlines()]
    start = next(i for i, line in enumerate(lines) if line[:1] == ["metric"])
    return {line[0]: line[1:] for line in lines[start + 1 : start + 3]}


def test_a_card_without_a_spread_is_compared_without_a_verdict(command, package, tmp_path):
    set_spread(package, {})
    printed = command("train", CLASSIFIER, "--out", tmp_path, "--profile", "full", "--compare")
    stored = checkpoint.read_card(CLASSIFIER, package)
    assert "no verdict" in printed and "no seed-to-seed spread yet" in printed
    assert rows(printed).keys() == stored.metrics.keys()
    for metric, value in stored.metrics.items():  # the same seed on the same machine: the same run
        assert rows(printed)[metric] == [f"{value:.5g}", f"{value:.5g}", "0", "-"]


def test_within_the_spread_is_status_0_and_outside_it_status_1(command, package, tmp_path):
    metrics = checkpoint.read_card(CLASSIFIER, package).metrics
    arguments = ("train", CLASSIFIER, "--out", tmp_path, "--seed", 5, "--compare")
    set_spread(package, dict.fromkeys(metrics, 1e9))
    printed = command(*arguments, "--profile", "full")
    assert "every metric is within" in printed and "the stored run took" not in printed
    set_spread(package, {"accuracy": 1e9, "cross_entropy": 0.0})
    printed = command(*arguments, "--resume", status=1)
    assert "all 3 steps are done already" in printed  # nothing is trained twice
    assert rows(printed)["accuracy"][-1] == "1e+09" and rows(printed)["cross_entropy"][-1] == "outside"
    assert "outside the spread over seeds: cross_entropy" in printed
    difference = float(rows(printed)["cross_entropy"][2])
    now = compare.measure_run(CLASSIFIER, tmp_path)["cross_entropy"]
    assert difference == pytest.approx(now - metrics["cross_entropy"], rel=1e-3)


def test_a_shorter_run_is_told(command, package, tmp_path):
    set_spread(package, {})
    printed = command("train", CLASSIFIER, "--out", tmp_path, "--steps", 1, "--compare")
    assert "the stored run took 3 steps, this one 1" in printed


def test_there_must_be_something_to_compare_with(command, package, tmp_path):
    unused = tmp_path / "unused"
    assert "unknown checkpoint 'dcgan-mnist'" in command.fails(
        "train", "dcgan-mnist", "--out", unused, "--compare"
    )
    both = ("train", CLASSIFIER, "--out", unused, "--compare", "--store")
    assert "choose one of --compare and --store" in command.fails(*both)
    assert not unused.exists()


def test_the_spread_is_the_standard_deviation_over_seeds(command, package, tmp_path):
    before = json.loads((package / f"{CLASSIFIER}.json").read_text())
    arguments = ("spread", CLASSIFIER, "--seeds", "1,2,4", "--out", tmp_path)
    command(*arguments)
    after = json.loads((package / f"{CLASSIFIER}.json").read_text())
    runs = [compare.measure_run(CLASSIFIER, tmp_path / CLASSIFIER / f"seed-{seed}") for seed in (1, 2, 4)]
    assert after["spread_seeds"] == [1, 2, 4] and after["spread"].keys() == after["metrics"].keys()
    for metric in after["metrics"]:
        values = torch.tensor([run[metric] for run in runs], dtype=torch.float64)
        assert after["spread"][metric] == pytest.approx(values.std().item()) and values.std() > 0
        assert after["spread_mean"][metric] == pytest.approx(values.mean().item())
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"spread", "spread_mean", "spread_seeds"}
    assert "all 3 steps are done already" in command(*arguments)  # goes on where it stopped
    recipes.pretrained(CLASSIFIER, package)  # the card still fits its weights


@pytest.mark.parametrize("seeds", ["0", "1,1", "a,b", "", "0,-1", "0,4294967296"])
def test_wrong_seeds_are_refused_before_training(command, package, tmp_path, seeds):
    assert "at least two different seeds" in command.fails(
        "spread", CLASSIFIER, "--seeds", seeds, "--out", tmp_path
    )
    assert not any(tmp_path.iterdir())
    with pytest.raises(ValueError, match="at least two seeds, got 1"):
        compare.store_spread(CLASSIFIER, {0: checkpoint.read_card(CLASSIFIER, package).metrics}, package)


def test_cards_from_before_the_spread_still_load():
    old = json.loads(card().to_json())
    for name in ("spread", "spread_mean", "spread_seeds"):
        del old[name]
    loaded = checkpoint.Card.from_json(json.dumps(old))
    assert loaded.spread == loaded.spread_mean == {} and loaded.spread_seeds == []
    new = card(spread={"nll": 0.25}, spread_mean={"nll": 86.5}, spread_seeds=[0, 1])
    assert checkpoint.Card.from_json(new.to_json()) == new


def test_three_standard_deviations_of_a_difference_are_allowed():
    def outside(difference, spread, stored=100.0):
        return compare.Row("nll", stored, stored + difference, spread).outside

    limit = 3 * math.sqrt(2 * 4.0**2)  # the variances of two independent runs add up
    for sign in (-1, 1):
        assert not outside(sign * 0.999 * limit, 4.0) and outside(sign * 1.001 * limit, 4.0)
    assert not outside(0.49, 0.0) and outside(0.51, 0.0)  # half a percent for other arithmetic
    assert not outside(9e-5, 0.0, stored=0.0) and outside(1.1e-4, 0.0, stored=0.0)
    assert outside(math.nan, 4.0) and not outside(1e9, None)


def test_other_metrics_are_not_compared():
    with pytest.raises(ValueError, match="has the metrics frechet, kl;"):
        compare.compare(card(), {"nll": 1.0, "frechet": 1.0})
