"""The studies of naive Bayes and logistic regression on digits: small ones run, the stored one is whole."""

import pytest

from gentutor import studies
from gentutor.studies.generative.classifiers import (
    LOGISTIC,
    NAIVE,
    crossing_sizes,
    naive_bayes_or_logistic,
)


@pytest.fixture(scope="module")
def small():
    return naive_bayes_or_logistic(
        seeds=(0, 1, 2), sizes=(50, 200), smoothings=(0.1, 1.0), l2s=(1.0,), iterations=30
    )


def test_every_model_size_and_draw_is_there(small):
    rows = {(row["model"], row["strength"], row["size"]): row for row in small["rows"]}
    assert set(rows) == {
        (*model, size) for model in ((NAIVE, 0.1), (NAIVE, 1.0), (LOGISTIC, 1.0)) for size in (50, 200)
    }
    for row in rows.values():
        assert len(row["errors"]) == 3 and 0.1 < row["error"] < 0.6 and row["standard_error"] > 0
        assert row["error"] == pytest.approx(sum(row["errors"]) / 3, abs=1e-4)
    for name, strength in ((NAIVE, 1.0), (LOGISTIC, 1.0)):
        assert rows[name, strength, 200]["error"] < rows[name, strength, 50]["error"]


def test_calibration_is_that_of_the_largest_training_set(small):
    for row in small["calibration"]:
        assert sum(row["count"]) == 10_000 and len(row["count"]) == 15
        assert 0 <= row["expected_calibration_error"] <= 1
        assert [a is None for a in row["accuracy"]] == [n == 0 for n in row["count"]]
        right = sum(a * n for a, n in zip(row["accuracy"], row["count"], strict=True) if n)
        assert right / 10_000 == pytest.approx(1 - row["error"], abs=1e-3)
    naive, logistic = (row for row in small["calibration"] if row["strength"] == 1.0)
    assert naive["expected_calibration_error"] > logistic["expected_calibration_error"]


def test_a_crossing_is_read_off_on_log_axes():
    logistic = {10: 0.3, 100: 0.2, 1000: 0.1}
    assert crossing_sizes({10: 0.2, 100: 0.3, 1000: 0.3}, logistic) == [32]  # half way from 10 to 100
    assert crossing_sizes({10: 0.2, 100: 0.1, 1000: 0.3}, logistic) == [215]  # a third of the way
    assert crossing_sizes({10: 0.4, 100: 0.3, 1000: 0.3}, logistic) == []
    assert crossing_sizes({10: 0.4, 100: 0.1, 1000: 0.3}, logistic) == [
        215
    ]  # into the lead is no crossing out


def test_stored_curves_have_every_cell():
    result = studies.load("ng-jordan")
    settings = result["settings"]
    assert settings["sizes"][0] == 20 and settings["sizes"][-1] == 60_000 and len(settings["seeds"]) >= 10
    models = len(settings["smoothings"]) + len(settings["l2s"])
    assert len(result["rows"]) == models * len(settings["sizes"])
    for row in result["rows"]:
        assert len(row["errors"]) == (1 if row["size"] == 60_000 else len(settings["seeds"]))
    assert len(result["calibration"]) == models
