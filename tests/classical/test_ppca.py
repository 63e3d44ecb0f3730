"""Probabilistic PCA, against scikit-learn, conditional Gaussians, and its own samples."""

import math

import pytest
import torch
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal

from gentutor import data
from gentutor.classical import ProbabilisticPCA


@pytest.fixture(scope="module")
def points():
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(500, 3, generator=random, dtype=torch.float64)
    noise = torch.randn(500, 8, generator=random, dtype=torch.float64)
    return 2 + latents @ torch.randn(3, 8, generator=random, dtype=torch.float64) + 0.3 * noise


@pytest.mark.equation("eq-ppca")
@pytest.mark.parametrize("latent_dim", [1, 3, 7])
def test_log_likelihood_is_scikit_learns(points, latent_dim):
    """Scikit-learn's covariance divides by N - 1: the data are stretched to make it that of N."""
    n = len(points)
    centre = points.mean(dim=0)
    stretched = centre + (points - centre) * (n / (n - 1)) ** -0.5
    theirs = PCA(n_components=latent_dim, svd_solver="full").fit(points.numpy())
    ours = ProbabilisticPCA.fit(points, latent_dim)
    theirs_stretched = PCA(n_components=latent_dim, svd_solver="full").fit(
        (centre + (points - centre) * ((n - 1) / n) ** 0.5).numpy()
    )
    assert torch.allclose(stretched, centre + (points - centre) * ((n - 1) / n) ** 0.5)
    expected = torch.from_numpy(theirs_stretched.score_samples(points.numpy()))
    torch.testing.assert_close(ours.log_prob(points), expected, rtol=1e-8, atol=1e-8)
    assert ours.variance == pytest.approx(theirs.noise_variance_ * (n - 1) / n)


def test_the_fit_is_the_most_likely_model(points):
    model = ProbabilisticPCA.fit(points, 2)
    best = model.log_prob(points).sum()
    random = torch.Generator().manual_seed(1)
    for _ in range(5):
        turn = torch.randn(model.weight.shape, generator=random, dtype=torch.float64)
        other = ProbabilisticPCA(model.mean, model.weight + 0.02 * turn, model.variance)
        assert other.log_prob(points).sum() < best
    for factor in (0.97, 1.03):
        other = ProbabilisticPCA(model.mean, model.weight, model.variance * factor)
        assert other.log_prob(points).sum() < best


def test_the_posterior_is_the_conditional_of_the_joint_gaussian(points):
    model = ProbabilisticPCA.fit(points, 3)
    covariance = model.weight @ model.weight.T + model.variance * torch.eye(8, dtype=torch.float64)
    gain = model.weight.T @ torch.linalg.inv(covariance)  # of z on x
    mean, spread = model.posterior(points[:20])
    torch.testing.assert_close(mean, (points[:20] - model.mean) @ gain.T)
    torch.testing.assert_close(spread, torch.eye(3, dtype=torch.float64) - gain @ model.weight)


def test_bayes_rule_holds_at_any_latent(points):
    """log p(x) = log p(x|z) + log p(z) - log p(z|x), the identity that the VAE chapter starts from."""
    model = ProbabilisticPCA.fit(points, 3)
    x, z = points[:1], torch.randn(1, 3, dtype=torch.float64)
    mean, spread = model.posterior(x)
    given_z = torch.distributions.Normal(model.mean + z @ model.weight.T, model.variance**0.5)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
    right = given_z.log_prob(x).sum() + prior - MultivariateNormal(mean, spread).log_prob(z)
    torch.testing.assert_close(model.log_prob(x), right)


def test_samples_have_the_models_moments_and_repeat(points):
    model = ProbabilisticPCA.fit(points, 3)
    x = model.sample(200_000, torch.Generator().manual_seed(2))
    covariance = model.weight @ model.weight.T + model.variance * torch.eye(8, dtype=torch.float64)
    torch.testing.assert_close(x.mean(dim=0), model.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(x.T.cov(), covariance, atol=0.06, rtol=0.02)
    assert torch.equal(x, model.sample(200_000, torch.Generator().manual_seed(2)))


def test_a_marginal_drops_coordinates(points):
    model = ProbabilisticPCA.fit(points, 3)
    seen = torch.tensor([True, False, True, True, False, True, True, False])
    covariance = model.weight @ model.weight.T + model.variance * torch.eye(8, dtype=torch.float64)
    expected = MultivariateNormal(model.mean[seen], covariance[seen][:, seen]).log_prob(points[:, seen])
    torch.testing.assert_close(model.marginal(seen).log_prob(points[:, seen]), expected)


def test_digits_in_float32():
    """784 pixels, many of which are always blank, keep a finite density thanks to the noise."""
    images, labels = data.mnist("test")
    threes = data.to_unit(images[labels == 3]).flatten(1)
    model = ProbabilisticPCA.fit(threes[:800], 20)
    assert model.weight.dtype == torch.float32 and model.weight.shape == (784, 20)
    norms = model.weight.norm(dim=0)
    assert bool((norms.diff() <= 0).all())  # the largest direction first
    exact = ProbabilisticPCA.fit(threes[:800].double(), 20)
    torch.testing.assert_close(
        model.log_prob(threes[800:]).double(), exact.log_prob(threes[800:].double()), rtol=1e-4, atol=0.05
    )
    assert model.sample(4).shape == (4, 784) and model.sample(4).dtype == torch.float32


def test_fit_refuses(points):
    flat = points[:, :2] @ torch.randn(2, 8, dtype=torch.float64)
    for bad, latent_dim, error, message in (
        (points, 8, ValueError, "latent_dim below 8"),
        (points, 0, ValueError, "latent_dim must be at least 1"),
        (points, 2.0, TypeError, "latent_dim must be an integer"),
        (points[:1], 2, ValueError, "two points or more"),
        (flat, 2, ValueError, "no noise is left"),
        (flat[0], 2, ValueError, r"shape \(N, D\)"),
        (points.long(), 2, TypeError, "floating-point"),
        (points / 0, 2, ValueError, "not finite"),
    ):
        with pytest.raises(error, match=message):
            ProbabilisticPCA.fit(bad, latent_dim)


def test_methods_refuse(points):
    model = ProbabilisticPCA.fit(points, 2)
    with pytest.raises(ValueError, match=r"shape \(N, 8\)"):
        model.posterior(points[:, :4])
    with pytest.raises(ValueError, match=r"x \(N, D\)"):
        model.log_prob(points[0])
    with pytest.raises(TypeError, match="bool tensor, got torch.int64"):
        model.marginal(torch.arange(8))
    for seen in (torch.zeros(8, dtype=torch.bool), torch.ones(5, dtype=torch.bool)):
        with pytest.raises(ValueError, match=r"seen of shape \(8,\) with a True"):
            model.marginal(seen)
    with pytest.raises(ValueError, match="n must be at least 1"):
        model.sample(0)
    assert math.isfinite(model.variance)
