"""Monte Carlo estimates and calibration."""

import math

import pytest
import torch
from scipy.stats import sem
from sklearn.calibration import calibration_curve

from gentutor.evaluation import expected_calibration_error, monte_carlo, reliability


def rand(n, seed):
    return torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.equation("eq-monte-carlo")
@pytest.mark.parametrize("n", [2, 3, 1000])
def test_mean_and_standard_error_are_scipys(n):
    values = rand(n, seed=n)
    mean, error = monte_carlo(values)
    assert mean == pytest.approx(values.numpy().mean()) and error == pytest.approx(sem(values.numpy()))


@pytest.mark.equation("eq-monte-carlo")
def test_two_standard_errors_cover_the_truth_19_times_in_20():
    """A quarter circle's area by 2,000 estimates of 400 points each."""
    points = rand(2 * 2000 * 400, seed=0).view(2000, 400, 2)
    inside = 4 * (points.square().sum(dim=2) < 1).double()
    covered = [abs(mean - math.pi) < 1.96 * error for mean, error in map(monte_carlo, inside)]
    assert 0.93 < sum(covered) / len(covered) < 0.965


@pytest.mark.equation("eq-monte-carlo")
def test_four_times_the_draws_halve_the_error():
    values = rand(64_000, seed=1)
    assert monte_carlo(values[:16_000])[1] / monte_carlo(values)[1] == pytest.approx(2, rel=0.03)


def test_float32_draws_far_from_zero_keep_their_error():
    values = 1000 + rand(10_000, seed=2)
    assert monte_carlo(values.float())[1] == pytest.approx(monte_carlo(values)[1], rel=1e-2)


def test_monte_carlo_refuses():
    for bad in (torch.tensor([1.0]), torch.zeros(3, 2), torch.tensor(1.0)):
        with pytest.raises(ValueError, match=r"values of shape \(N,\), N >= 2"):
            monte_carlo(bad)
    with pytest.raises(ValueError, match="expected finite values, got 2 that are not"):
        monte_carlo(torch.tensor([1.0, math.inf, math.nan, 2.0]))
    for bad, seen in (([1.0, 2.0], "list"), (torch.tensor([1, 2]), "int64")):
        with pytest.raises(TypeError, match=seen):
            monte_carlo(bad)


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
def test_reliability_is_scikit_learns(bins):
    confidence = rand(3000, seed=3).pow(0.5)
    correct = rand(3000, seed=4) < confidence.square()
    mean, accuracy, count = reliability(confidence, correct, bins)
    theirs = calibration_curve(correct.numpy(), confidence.numpy(), n_bins=bins)
    seen = count > 0
    torch.testing.assert_close(accuracy[seen], torch.from_numpy(theirs[0]))
    torch.testing.assert_close(mean[seen], torch.from_numpy(theirs[1]))
    assert count.sum() == 3000 and count.shape == (bins,)


def test_a_bin_holds_its_upper_end_and_empty_bins_are_nan():
    confidence = torch.tensor([0.0, 0.5, 0.5000001, 1.0], dtype=torch.float64)
    mean, accuracy, count = reliability(confidence, torch.tensor([True, False, True, True]), bins=4)
    assert count.tolist() == [1, 1, 1, 1]
    assert accuracy.tolist() == [1, 0, 1, 1]
    mean, accuracy, count = reliability(confidence[:1], torch.tensor([True]), bins=2)
    assert count.tolist() == [1, 0] and mean[1].isnan() and accuracy[1].isnan()


@pytest.mark.equation("eq-calibration")
def test_calibration_error_is_torchmetrics():
    from torchmetrics.functional.classification import binary_calibration_error

    confidence = rand(2000, seed=5)
    correct = rand(2000, seed=6) < confidence.sqrt()
    theirs = binary_calibration_error(confidence, correct.long(), n_bins=10, norm="l1")
    assert expected_calibration_error(confidence, correct, 10) == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.equation("eq-calibration")
def test_calibration_error_by_hand():
    sure = torch.ones(10)
    right = torch.tensor([True] * 7 + [False] * 3)
    assert expected_calibration_error(sure, right) == pytest.approx(0.3)  # says 1, right 7 times in 10
    assert expected_calibration_error(0.7 * sure.double(), right) == pytest.approx(0)
    both = expected_calibration_error(torch.cat([sure, 0.7 * sure]), torch.cat([right, right]))
    assert both == pytest.approx(0.15, abs=1e-6)  # two bins of ten, weighted by their size


@pytest.mark.parametrize("measure", [reliability, expected_calibration_error])
def test_calibration_refuses(measure):
    good, right = torch.tensor([0.5, 0.9]), torch.tensor([True, False])
    for bad, correct, bins, message in (
        (good[:, None], right, 10, r"one shape \(N,\)"),
        (good, right[:1], 10, r"one shape \(N,\)"),
        (good[:0], right[:0], 10, r"one shape \(N,\)"),
        (good.log(), right, 10, "probabilities, not logits"),
        (2 * good, right, 10, "probabilities, not logits"),
        (good * math.nan, right, 10, "probabilities, not logits"),
        (good, right, 0, "bins must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            measure(bad, correct, bins)
    with pytest.raises(TypeError, match="correct must be a bool tensor, got torch.float32"):
        measure(good, right.float())
    with pytest.raises(TypeError, match="confidence must be a floating-point tensor, got list"):
        measure([0.5, 0.9], right)
