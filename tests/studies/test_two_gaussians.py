"""Two Gaussian classes: exact errors, and the expansion of both rules' errors against simulated draws."""

import math

import pytest
import torch

from gentutor import studies
from gentutor.studies.generative.classifiers import LOGISTIC, NAIVE
from gentutor.studies.generative.two_gaussians import (
    _error,
    _gaussian_naive_bayes,
    _logistic_rules,
    _toy,
    expected_errors,
    two_gaussians,
)

MEAN = torch.tensor([0.6, -0.1, 0.3], dtype=torch.float64)
COVARIANCE = torch.tensor([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]], dtype=torch.float64)


def draws(number, size, seed):
    """Training sets of both classes: x (number, size, 3), y (number, size)."""
    random = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (number, size), generator=random)
    noise = torch.randn(number, size, 3, generator=random, dtype=torch.float64)
    return noise @ torch.linalg.cholesky(COVARIANCE).T + (2 * y - 1)[:, :, None] * MEAN, y


def errors(rules):
    return torch.tensor([_error(weight, bias, MEAN, COVARIANCE) for weight, bias in rules]).double()


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


def test_naive_bayes_error_grows_as_the_expansion_says():
    """The first-order part of each draw's error, whose mean is 0, is subtracted: so its noise is small."""
    size = 400
    x, y = draws(3000, size, seed=0)
    rules = [_gaussian_naive_bayes(*draw) for draw in zip(x, y, strict=True)]
    weights = torch.stack([weight for weight, _ in rules])
    limit, slope = expected_errors(MEAN, COVARIANCE)
    w = (2 * MEAN).requires_grad_()
    share = torch.special.ndtr(-(w @ MEAN) / (w @ COVARIANCE @ w).sqrt())
    (gradient,) = torch.autograd.grad(share, w)
    signs = (2 * y - 1).double()
    estimates = []
    for k in (0, 1):  # the linear part of the weights: twice the noise of the mean, and that of the variances
        of_class = (y == k).double() / (y == k).sum(dim=1, keepdim=True)
        estimates.append((of_class[:, :, None] * x).sum(dim=1))
    difference = estimates[1] - estimates[0] - 2 * MEAN
    centred = x - signs[:, :, None] * MEAN
    excess = centred.square().mean(dim=1) - 1
    linear = (difference - 2 * MEAN * excess) @ gradient
    torch.testing.assert_close(weights.mean(dim=0), 2 * MEAN, atol=0.05, rtol=0.05)
    found = size * (errors(rules) - limit[NAIVE] - linear)
    standard_error = found.std() / len(found) ** 0.5
    assert standard_error < 0.03 * slope[NAIVE]
    assert found.mean().item() == pytest.approx(slope[NAIVE], rel=0.1)

    # to insert the averages of w'mu and w'Sigma w into the exact error is not enough
    spread = 4 * MEAN @ COVARIANCE @ MEAN + 4 / size * COVARIANCE.square().sum()
    inserted = torch.special.ndtr(-2 * MEAN @ MEAN / (spread * (1 + 1 / size)).sqrt())
    assert abs(size * (inserted - limit[NAIVE]) - found.mean()) > 20 * standard_error


def test_logistic_regressions_error_grows_as_efron_says():
    size = 400
    limit, slope = expected_errors(MEAN, COVARIANCE)
    found = size * (errors(_logistic_rules(*draws(1000, size, seed=1), l2=0.0)) - limit[LOGISTIC])
    assert found.min() > -1e-6  # no rule beats the best one
    assert found.mean().item() == pytest.approx(slope[LOGISTIC], abs=3 * found.std().item() / 1000**0.5)
    assert found.mean().item() == pytest.approx(slope[LOGISTIC], rel=0.1)


def test_in_one_dimension_the_expansion_is_that_of_the_border():
    """The error of a border t is (ndtr(-m - t) + ndtr(-m + t)) / 2; only the variance of t counts."""
    m = 0.7
    limit, slope = expected_errors(torch.tensor([m]), torch.ones(1, 1))
    density = math.exp(-m * m / 2) / math.sqrt(2 * math.pi)
    variance = 1 + 1 / m**2  # times 1 / n: of the mid-point; of log(n_1 / n_0), 4, over the weight 2 m
    assert slope[NAIVE] == pytest.approx(m * density * variance / 2)
    assert limit[NAIVE] == pytest.approx(limit[LOGISTIC])
    assert slope[LOGISTIC] > slope[NAIVE]  # which ignores where the points lie


def test_the_order_of_the_features_does_not_matter():
    order = [2, 0, 1]
    limit, slope = expected_errors(MEAN, COVARIANCE)
    shuffled = expected_errors(MEAN[order], COVARIANCE[order][:, order])
    assert shuffled[0] == pytest.approx(limit) and shuffled[1] == pytest.approx(slope)
    mirrored = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)  # neither does a feature's sign
    turned = expected_errors(MEAN * mirrored, COVARIANCE * torch.outer(mirrored, mirrored))
    assert turned[0] == pytest.approx(limit) and turned[1] == pytest.approx(slope)


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


def test_the_stored_toy_crosses_where_theory_says():
    result = studies.load("ng-jordan-toy")
    assert len(result["settings"]["seeds"]) >= 50
    limit, slope = expected_errors(*_toy(result["settings"]["dims"], result["settings"]["correlation"]))
    assert result["asymptotic"] == pytest.approx(limit) and result["slope"] == pytest.approx(slope)
    for row in result["rows"]:
        if row["size"] >= 200:
            assert row["predicted"] == pytest.approx(row["error"], abs=4 * row["standard_error"])
    (crossing,) = result["crossings"]
    assert abs(math.log(crossing / result["predicted_crossing"])) < 0.1
