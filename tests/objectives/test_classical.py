"""The formulas of the classical models, each against something independent."""

import itertools
import math

import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import BernoulliNB
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal

from gentutor.objectives.classical import (
    linear_discriminant,
    low_rank_gaussian_log_prob,
    naive_bayes_log_joint,
)

RANDOM = torch.Generator().manual_seed(3)


def rand(*shape):
    return torch.rand(*shape, generator=RANDOM, dtype=torch.float64)


def randn(*shape):
    return torch.randn(*shape, generator=RANDOM, dtype=torch.float64)


MEANS, ROOT = randn(3, 4), randn(4, 4)
COVARIANCE = ROOT @ ROOT.T + 0.1 * torch.eye(4, dtype=torch.float64)
PRIOR = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


@pytest.mark.equation("eq-linear-discriminant")
def test_softmax_of_the_linear_discriminant_is_the_posterior():
    weight, bias = linear_discriminant(MEANS, COVARIANCE, PRIOR)
    x = 3 * randn(50, 4)
    joint = torch.stack([MultivariateNormal(mean, COVARIANCE).log_prob(x) for mean in MEANS], dim=1)
    expected = (joint + PRIOR.log()).softmax(dim=1)
    torch.testing.assert_close((x @ weight.T + bias).softmax(dim=1), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.equation("eq-linear-discriminant")
def test_linear_discriminant_is_scikit_learns():
    x = randn(300, 4) @ ROOT.T
    y = torch.arange(300) % 3
    x = x + MEANS[y]
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(x.numpy(), y.numpy())
    means = torch.stack([x[y == k].mean(dim=0) for k in range(3)])
    centred = x - means[y]
    weight, bias = linear_discriminant(
        means, centred.T @ centred / 300, torch.full((3,), 1 / 3, dtype=torch.float64)
    )
    torch.testing.assert_close(weight, torch.from_numpy(theirs.coef_), rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(bias, torch.from_numpy(theirs.intercept_), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"means": MEANS[0]}, r"means \(K, D\)"),
        ({"covariance": COVARIANCE[:3, :3]}, r"covariance \(D, D\)"),
        ({"covariance": -COVARIANCE}, "positive definite"),
        ({"covariance": COVARIANCE + torch.triu(torch.ones(4, 4), 1)}, "symmetric"),
        ({"prior": PRIOR[:2]}, "one prior probability per class"),
        ({"prior": PRIOR.log()}, "sum to 1"),
        ({"prior": 2 * PRIOR}, "sum is 2.0000"),
    ],
)
def test_linear_discriminant_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        linear_discriminant(**{"means": MEANS, "covariance": COVARIANCE, "prior": PRIOR, **change})


PIXEL = 0.05 + 0.9 * rand(3, 6)
X = (rand(40, 6) > 0.5).double()


@pytest.mark.equation("eq-naive-bayes")
def test_naive_bayes_is_scikit_learns():
    y = torch.arange(40) % 3
    theirs = BernoulliNB(alpha=0.7).fit(X.numpy(), y.numpy())
    pixel = torch.from_numpy(theirs.feature_log_prob_).exp()
    prior = torch.from_numpy(theirs.class_log_prior_).exp()
    expected = torch.from_numpy(theirs.predict_joint_log_proba(X.numpy()))
    torch.testing.assert_close(naive_bayes_log_joint(X, prior, pixel), expected, rtol=1e-10, atol=0)


@pytest.mark.equation("eq-naive-bayes")
def test_joint_probabilities_of_all_images_and_classes_sum_to_1():
    everything = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6)), dtype=torch.float64)
    assert naive_bayes_log_joint(everything, PRIOR, PIXEL).exp().sum().item() == pytest.approx(1, abs=1e-12)


@pytest.mark.equation("eq-naive-bayes")
@pytest.mark.parametrize("missing", [[0], [1, 4], [0, 1, 2, 3, 4, 5]])
def test_a_missing_pixel_is_summed_out(missing):
    """The sum over all ways to fill in the missing pixels, term by term."""
    x = X[:5].clone()
    x[:, missing] = math.nan
    total = torch.zeros(5, 3, dtype=torch.float64)
    for values in itertools.product([0.0, 1.0], repeat=len(missing)):
        filled = X[:5].clone()
        filled[:, missing] = torch.tensor(values, dtype=torch.float64)
        total += naive_bayes_log_joint(filled, PRIOR, PIXEL).exp()
    torch.testing.assert_close(naive_bayes_log_joint(x, PRIOR, PIXEL), total.log())


@pytest.mark.equation("eq-naive-bayes")
def test_784_pixels_do_not_underflow_in_float32():
    pixel = torch.full((2, 784), 0.01)
    log_joint = naive_bayes_log_joint(torch.ones(1, 784), torch.tensor([1.0, 0.0]), pixel)
    assert log_joint[0, 0].item() == pytest.approx(784 * math.log(0.01), rel=1e-6)
    assert log_joint[0, 1].item() == -math.inf  # a class of probability 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X[:, :5]}, r"pixel probabilities \(K, D\)"),
        ({"x": X[0]}, r"x \(N, D\)"),
        ({"x": X / 2}, "binarise"),
        ({"x": X + 1}, "binarise"),
        ({"pixel": (PIXEL > 0.5).double()}, "smooth the counts"),
        ({"pixel": PIXEL.log()}, "smooth the counts"),
        ({"prior": PRIOR[:2]}, "one prior probability per class"),
        ({"prior": PRIOR.log()}, "sum to 1"),
    ],
)
def test_naive_bayes_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        naive_bayes_log_joint(**{"x": X, "prior": PRIOR, "pixel": PIXEL, **change})


def test_naive_bayes_demands_floating_point_images():
    with pytest.raises(TypeError, match="x must be a floating-point tensor, got torch.uint8"):
        naive_bayes_log_joint(X.byte(), PRIOR, PIXEL)


WEIGHT, MEAN, POINTS = randn(5, 2), randn(5), randn(7, 5)


@pytest.mark.equation("eq-ppca")
@pytest.mark.parametrize("variance", [1e-3, 0.5, 20.0])
def test_low_rank_gaussian_is_torchs(variance):
    ours = low_rank_gaussian_log_prob(POINTS, MEAN, WEIGHT, variance)
    low_rank = LowRankMultivariateNormal(MEAN, WEIGHT, torch.full((5,), variance, dtype=torch.float64))
    full = MultivariateNormal(MEAN, WEIGHT @ WEIGHT.T + variance * torch.eye(5, dtype=torch.float64))
    torch.testing.assert_close(ours, low_rank.log_prob(POINTS), rtol=1e-7, atol=0)
    torch.testing.assert_close(ours, full.log_prob(POINTS), rtol=1e-7, atol=0)


@pytest.mark.equation("eq-ppca")
def test_low_rank_gaussian_is_the_integral_over_the_latent():
    """By quadrature: p(x) is the integral of N(z; 0, 1) N(x; W z + mean, variance I)."""
    weight, variance = WEIGHT[:, :1], 0.3
    dz = 0.001
    z = torch.arange(-9, 9, dz, dtype=torch.float64)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z)
    given_z = torch.distributions.Normal(MEAN + z[:, None, None] * weight.T, variance**0.5)  # (Z, 1, D)
    log_joint = prior[:, None] + given_z.log_prob(POINTS).sum(dim=2)  # (Z, N)
    expected = log_joint.logsumexp(dim=0) + math.log(dz)
    ours = low_rank_gaussian_log_prob(POINTS, MEAN, weight, variance)
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.equation("eq-ppca")
def test_low_rank_gaussian_keeps_its_precision_in_float32():
    """Images in [0, 1] with little noise: the Woodbury form is a sum of squares, so nothing cancels."""
    weight, mean, x = randn(784, 10), rand(784), rand(20, 784)
    exact = low_rank_gaussian_log_prob(x, mean, weight, 1e-3)
    rough = low_rank_gaussian_log_prob(x.float(), mean.float(), weight.float(), torch.tensor(1e-3))
    torch.testing.assert_close(rough.double(), exact, rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": POINTS[:, :4]}, r"x \(N, D\), mean \(D,\) and weight \(D, Q\)"),
        ({"x": POINTS[0]}, r"x \(N, D\)"),
        ({"weight": WEIGHT.T}, r"weight \(D, Q\)"),
        ({"weight": MEAN}, r"weight \(D, Q\)"),
        ({"variance": 0.0}, "variance must be one positive number"),
        ({"variance": torch.ones(5)}, "variance must be one positive number"),
        ({"variance": math.nan}, "variance must be one positive number"),
    ],
)
def test_low_rank_gaussian_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        low_rank_gaussian_log_prob(**{"x": POINTS, "mean": MEAN, "weight": WEIGHT, "variance": 0.5, **change})
