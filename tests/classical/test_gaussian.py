"""Gaussian discriminant analysis, against scikit-learn and torch.distributions."""

import math

import pytest
import torch
from sklearn.covariance import empirical_covariance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from torch.distributions import MultivariateNormal

from gentutor.classical import GaussianClassifier


@pytest.fixture(scope="module")
def points():
    random = torch.Generator().manual_seed(0)
    y = torch.randint(3, (400,), generator=random)
    roots = torch.randn(3, 2, 2, generator=random, dtype=torch.float64)
    means = torch.tensor([[0.0, 0.0], [3.0, 1.0], [-1.0, 4.0]], dtype=torch.float64)
    noise = torch.randn(400, 2, 1, generator=random, dtype=torch.float64)
    return means[y] + (roots[y] @ noise).squeeze(2), y


@pytest.mark.equation("eq-linear-discriminant")
def test_with_a_shared_covariance_the_posterior_is_scikit_learns_and_softmax_of_linear(points):
    x, y = points
    model = GaussianClassifier.fit(x, y, 3, shared=True)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(x.numpy(), y.numpy())
    expected = torch.from_numpy(theirs.predict_proba(x.numpy()))
    torch.testing.assert_close(model.log_posterior(x).exp(), expected, rtol=1e-6, atol=1e-9)
    weight, bias = model.linear()
    torch.testing.assert_close((x @ weight.T + bias).softmax(dim=1), expected, rtol=1e-6, atol=1e-9)


def test_with_a_covariance_for_each_class_it_is_scikit_learns(points):
    x, y = points
    model = GaussianClassifier.fit(x, y, 3)
    expected = [empirical_covariance(x[y == k].numpy()) for k in range(3)]  # divides by n
    torch.testing.assert_close(model.covariances, torch.stack([torch.from_numpy(one) for one in expected]))
    theirs = QuadraticDiscriminantAnalysis().fit(x.numpy(), y.numpy())  # may divide by n - 1
    torch.testing.assert_close(model.means, torch.from_numpy(theirs.means_))
    torch.testing.assert_close(model.prior, torch.from_numpy(theirs.priors_))
    posterior = torch.from_numpy(theirs.predict_proba(x.numpy()))
    torch.testing.assert_close(model.log_posterior(x).exp(), posterior, rtol=0, atol=0.01)
    with pytest.raises(ValueError, match="different covariances"):
        model.linear()


def test_densities_are_those_of_torch(points):
    x, y = points
    model = GaussianClassifier.fit(x, y, 3)
    joint = torch.stack(
        [
            MultivariateNormal(mean, covariance).log_prob(x) + weight.log()
            for weight, mean, covariance in zip(model.prior, model.means, model.covariances, strict=True)
        ],
        dim=1,
    )
    torch.testing.assert_close(model.log_joint(x), joint)
    torch.testing.assert_close(model.log_prob(x), joint.exp().sum(dim=1).log())
    torch.testing.assert_close(model.log_posterior(x).exp().sum(dim=1), torch.ones(400, dtype=torch.float64))


@pytest.mark.parametrize("shared", [True, False])
def test_no_other_parameters_are_more_likely(points, shared):
    x, y = points
    model = GaussianClassifier.fit(x, y, 3, shared=shared)

    def log_likelihood(prior, means, covariances):
        return GaussianClassifier(prior, means, covariances).log_joint(x).gather(1, y[:, None]).sum()

    best = log_likelihood(model.prior, model.means, model.covariances)
    for factor in (0.97, 1.03):
        assert log_likelihood(model.prior, model.means + factor - 1, model.covariances) < best
        assert log_likelihood(model.prior, model.means, model.covariances * factor) < best
        other = model.prior * torch.tensor([factor, 1, 1])
        assert log_likelihood(other / other.sum(), model.means, model.covariances) < best


def test_samples_have_the_models_moments_and_repeat(points):
    model = GaussianClassifier.fit(*points, 3)
    x, y = model.sample(100_000, torch.Generator().manual_seed(1))
    assert x.shape == (100_000, 2) and y.dtype == torch.int64
    again = GaussianClassifier.fit(x, y, 3)
    torch.testing.assert_close(again.prior, model.prior, atol=0.01, rtol=0)
    torch.testing.assert_close(again.means, model.means, atol=0.05, rtol=0)
    torch.testing.assert_close(again.covariances, model.covariances, atol=0.1, rtol=0.05)
    assert torch.equal(x[:9], model.sample(100_000, torch.Generator().manual_seed(1))[0][:9])


def test_it_keeps_the_type_that_it_is_given_but_fits_in_float64(points):
    x, y = points
    far = (x + 1000).float()
    model = GaussianClassifier.fit(far, y, 3)
    assert {model.prior.dtype, model.means.dtype, model.covariances.dtype} == {torch.float32}
    assert model.sample(3)[0].dtype == torch.float32
    exact = GaussianClassifier.fit(far.double(), y, 3)
    torch.testing.assert_close(model.covariances.double(), exact.covariances, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shared", [False, True])
def test_a_singular_covariance_is_refused_however_it_is_rounded(dtype, shared):
    random = torch.Generator().manual_seed(0)
    for _ in range(20):
        x = torch.randn(40, 4, generator=random, dtype=dtype)
        x = torch.cat([x, x @ torch.randn(4, 2, generator=random, dtype=dtype)], dim=1)
        with pytest.raises(ValueError, match="a covariance is singular"):
            GaussianClassifier.fit(x, torch.arange(40) % 2, 2, shared)


def test_fit_refuses(points):
    x, y = points
    for bad_x, bad_y, classes, error, message in (
        (x, y, 4, ValueError, "every class needs examples"),
        (x, y, 2, ValueError, "labels must lie in 0 to 1, got 0 to 2"),
        (x, y - 1, 3, ValueError, "labels must lie in 0 to 2, got -1 to 1"),
        (x, y[:9], 3, ValueError, "one label per example"),
        (x, y.double(), 3, TypeError, "y must be an int64 tensor"),
        (x.long(), y, 3, TypeError, "x must be a floating-point tensor"),
        (x[:, 0], y, 3, ValueError, r"x must have shape \(N, D\)"),
        (x * math.nan, y, 3, ValueError, "not finite"),
        (x[:4], torch.tensor([0, 0, 1, 2]), 3, ValueError, "a covariance is singular"),
        (x * torch.tensor([1.0, 0.0]), y, 3, ValueError, "a coordinate never varies"),
        (x, y, 0, ValueError, "num_classes must be at least 1"),
        (x, y, 3.0, TypeError, "num_classes must be an integer"),
    ):
        with pytest.raises(error, match=message):
            GaussianClassifier.fit(bad_x, bad_y, classes)
    model = GaussianClassifier.fit(x, y, 3)
    with pytest.raises(ValueError, match=r"x must have shape \(N, 2\)"):
        model.log_joint(torch.zeros(5, 3))
    with pytest.raises(ValueError, match="n must be at least 1"):
        model.sample(0)
