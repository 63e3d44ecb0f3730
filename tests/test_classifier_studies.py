"""The studies of naive Bayes and logistic regression: small versions run, theory and measurement agree."""

import math

import pytest
import torch

from gentutor import studies
from gentutor.studies.classifiers import (
    LOGISTIC,
    NAIVE,
    _crossings,
    _error,
    _predicted,
    _toy,
    naive_bayes_or_logistic,
    two_gaussians,
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
    assert _crossings({10: 0.2, 100: 0.3, 1000: 0.3}, logistic) == [32]  # half way from 10 to 100
    assert _crossings({10: 0.2, 100: 0.1, 1000: 0.3}, logistic) == [215]  # a third of the way
    assert _crossings({10: 0.4, 100: 0.3, 1000: 0.3}, logistic) == []
    assert _crossings({10: 0.4, 100: 0.1, 1000: 0.3}, logistic) == [215]  # into the lead is no crossing out


def test_the_toys_exact_error_is_what_samples_show():
    mean, covariance = _toy(5, 0.3)
    weight, bias = torch.arange(1.0, 6.0, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64)
    gaussian = torch.distributions.MultivariateNormal(mean, covariance)
    torch.manual_seed(0)
    x = gaussian.sample((200_000,))
    missed = (x @ weight + bias <= 0).double().mean()
    false = ((x - 2 * mean) @ weight + bias > 0).double().mean()
    assert _error(weight, bias, mean, covariance) == pytest.approx((missed + false).item() / 2, abs=2e-3)
    best = torch.linalg.solve(covariance, mean)
    distance = 2 * (mean @ best).sqrt()
    expected = torch.special.ndtr(-distance / 2).item()
    assert _error(best, 0 * bias, mean, covariance) == pytest.approx(expected, rel=1e-9)


def test_the_toy_follows_the_theory():
    result = two_gaussians(seeds=tuple(range(20)), sizes=(20, 500, 2000))
    asymptotic = result["asymptotic"]
    assert asymptotic[NAIVE] > asymptotic[LOGISTIC] + 0.02
    rows = {(row["model"], row["size"]): row for row in result["rows"]}
    assert rows[NAIVE, 20]["error"] < rows[LOGISTIC, 20]["error"] - 0.03  # naive Bayes wins at first
    assert rows[NAIVE, 500]["error"] > rows[LOGISTIC, 500]["error"] + 0.02  # and loses later
    for (name, size), row in rows.items():
        assert min(row["errors"]) >= asymptotic[LOGISTIC] - 1e-4  # no rule beats the best one
        if size >= 500:
            assert row["predicted"] == pytest.approx(row["error"], abs=4 * row["standard_error"] + 5e-4)
            assert row["error"] == pytest.approx(asymptotic[name], abs=0.015)


def test_predictions_end_at_the_asymptotic_errors():
    mean, covariance = _toy(16, 0.2)
    asymptotic = two_gaussians(seeds=(0, 1), sizes=(50,))["asymptotic"]
    for name, value in _predicted(mean, covariance, 1e9).items():
        assert value == pytest.approx(asymptotic[name], abs=1e-5)


def test_stored_curves_have_every_cell():
    result = studies.load("ng-jordan")
    settings = result["settings"]
    assert settings["sizes"][0] == 20 and settings["sizes"][-1] == 60_000 and len(settings["seeds"]) >= 10
    models = len(settings["smoothings"]) + len(settings["l2s"])
    assert len(result["rows"]) == models * len(settings["sizes"])
    for row in result["rows"]:
        assert len(row["errors"]) == (1 if row["size"] == 60_000 else len(settings["seeds"]))
    assert len(result["crossings"]) == len(settings["smoothings"]) * len(settings["l2s"])
    assert len(result["calibration"]) == models


def test_the_stored_toy_crosses_where_theory_says():
    result = studies.load("ng-jordan-toy")
    assert len(result["settings"]["seeds"]) >= 50
    (crossing,) = result["crossings"]
    assert abs(math.log(crossing / result["predicted_crossing"])) < 0.25
