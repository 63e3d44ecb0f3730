"""The study of unlabelled digits: a small version runs and is what it says, the stored one is whole."""

import pytest
import torch

from gentutor import studies
from gentutor.classical import BernoulliNaiveBayes
from gentutor.studies.generative.classifiers import binary_digits
from gentutor.studies.generative.unlabelled import unlabelled_digits


@pytest.fixture(scope="module")
def small():
    return unlabelled_digits(
        seeds=(0, 1), labels=(30,), smoothings=(0.1,), components=(1, 2), unlabelled=200, rounds=2
    )


def test_every_model_is_there(small):
    rows = {(row["components"], row["unlabelled"]): row for row in small["rows"]}
    assert set(rows) == {(1, 0), (1, 200), (2, 0), (2, 200)} and len(small["rows"]) == 4
    for row in rows.values():
        assert row["labels"] == 30 and len(row["errors"]) == 2 and 0.2 < row["error"] < 0.8
    assert len({tuple(row["errors"]) for row in rows.values()}) == 4  # neither dial is ignored


def test_labels_alone_are_a_plain_fit(small):
    (x, y), (x_test, y_test) = binary_digits("train"), binary_digits("test")
    (errors,) = (row["errors"] for row in small["rows"] if (row["components"], row["unlabelled"]) == (1, 0))
    for seed, expected in enumerate(errors):
        known = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))[:30]
        model = BernoulliNaiveBayes.fit(x[known], y[known], 10, 0.1)
        wrong = (model.log_joint(x_test[::2]).argmax(dim=1) != y_test[::2]).double().mean()
        assert wrong.item() == pytest.approx(expected, abs=1e-5)


def test_the_stored_study_is_whole():
    result = studies.load("unlabelled-digits")
    settings = result["settings"]
    assert len(settings["seeds"]) >= 8 and settings["components"] == [1, 10]
    cells = {(r["labels"], r["smoothing"], r["components"], r["unlabelled"]) for r in result["rows"]}
    expected = 2 * len(settings["labels"]) * len(settings["smoothings"]) * len(settings["components"])
    assert len(cells) == len(result["rows"]) == expected
    assert all(len(row["errors"]) == len(settings["seeds"]) for row in result["rows"])
