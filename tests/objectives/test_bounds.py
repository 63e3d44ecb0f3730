"""The bounds on log p(x) in a linear-Gaussian model, where the posterior and log p(x) are known exactly.

z ~ N(0, I), x | z ~ N(W z + b, s² I). Expectations over q(z|x) are exact too: Gauss-Hermite nodes.
"""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from gentutor.objectives.variational import (
    elbo,
    gaussian_kl,
    gaussian_log_prob,
    importance_log_weights,
    iwae_bound,
    reparameterize,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


W, B, S = random(5, 2), random(5, seed=1), 0.7
X = 2 * random(3, 5, seed=2)
MEAN, LOG_VAR = random(3, 2, seed=3), random(3, 2, seed=4) - 1  # a q(z|x) that is not the posterior
LOG_PX = MultivariateNormal(B, W @ W.T + S**2 * torch.eye(5).double()).log_prob(X)


def posterior() -> MultivariateNormal:
    covariance = torch.linalg.inv(torch.eye(2).double() + W.T @ W / S**2)
    return MultivariateNormal((X - B) @ W @ covariance / S**2, covariance)


def log_px_z(z: torch.Tensor) -> torch.Tensor:
    """(K, B, D) -> (K, B)."""
    mean = z @ W.T + B
    return gaussian_log_prob(mean.flatten(0, 1), X.expand_as(mean).flatten(0, 1), S).view(z.shape[:2])


def nodes(order: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes (K, 2) and weights (K,) for expectations over two standard normal variables."""
    points, weights = map(torch.from_numpy, np.polynomial.hermite_e.hermegauss(order))
    weights = weights / weights.sum()
    return torch.cartesian_prod(points, points), torch.outer(weights, weights).flatten()


def at_nodes(order: int, mean=MEAN, log_var=LOG_VAR) -> tuple[torch.Tensor, torch.Tensor]:
    """z (K, B, D) at the nodes for q, and their weights (K,)."""
    noise, weights = nodes(order)
    return mean + (log_var / 2).exp() * noise[:, None], weights


@pytest.mark.equation("eq-elbo")
def test_elbo_plus_the_kl_from_q_to_the_posterior_is_log_px():
    z, weights = at_nodes(3)
    values = torch.stack([elbo(one, gaussian_kl(MEAN, LOG_VAR)) for one in log_px_z(z)])
    gap = kl_divergence(MultivariateNormal(MEAN, torch.diag_embed(LOG_VAR.exp())), posterior())
    torch.testing.assert_close(weights @ values + gap, LOG_PX, rtol=0, atol=1e-10)
    assert (gap > 0.1).all()


@pytest.mark.equation("eq-elbo")
def test_the_gap_of_the_chapters_toy():
    """z ~ N(0, 1), x|z ~ N(z, 1), x = 1.5, q = prior: -2.544 + 0.716 = -1.828."""
    points, weights = map(torch.from_numpy, np.polynomial.hermite_e.hermegauss(3))
    value = (weights / weights.sum()) @ elbo(
        gaussian_log_prob(points[:, None], torch.full((3, 1), 1.5).double(), 1.0), torch.zeros(3).double()
    )
    exact = Normal(0, math.sqrt(2)).log_prob(torch.tensor(1.5).double()).item()
    assert value.item() == pytest.approx(-math.log(2 * math.pi) / 2 - (1.5**2 + 1) / 2, rel=1e-12)
    assert (round(value.item(), 3), round(exact, 3)) == (-2.544, -1.828)
    gap = kl_divergence(Normal(0.0, 1.0), Normal(0.75, math.sqrt(0.5))).item()
    assert exact - value.item() == pytest.approx(gap, rel=1e-6)


@pytest.mark.equation("eq-elbo")
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_beta_weighs_the_kl_alone(beta):
    log_likelihood, kl = random(6), random(6, seed=1).exp()
    torch.testing.assert_close(elbo(log_likelihood, kl, beta=beta), log_likelihood - beta * kl)
    likelihood, kl = log_likelihood.requires_grad_(), kl.requires_grad_()
    elbo(likelihood, kl, beta).sum().backward()
    assert (likelihood.grad == 1).all() and (kl.grad == -beta).all()


@pytest.mark.equation("eq-importance-weights")
def test_log_weights_against_torch_distributions():
    z = random(4, 3, 2, seed=5)
    q = Independent(Normal(MEAN, (LOG_VAR / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros(2).double(), torch.ones(2).double()), 1)
    expected = log_px_z(z) + prior.log_prob(z) - q.log_prob(z)
    seen = importance_log_weights(log_px_z(z), z, MEAN, LOG_VAR)
    assert seen.shape == (4, 3)
    torch.testing.assert_close(seen, expected, rtol=1e-12, atol=0)


@pytest.mark.equation("eq-importance-weights")
def test_log_weights_of_a_very_narrow_q_are_finite():
    """At log_var = -90 the variance's inverse is beyond float32."""
    mean, log_var = torch.zeros(1, 1), torch.full((1, 1), -90.0)
    z = torch.stack([mean, mean + 2 * (log_var / 2).exp()])  # 0 and 2 standard deviations from the mean
    seen = importance_log_weights(torch.zeros(2, 1), z, mean, log_var)
    torch.testing.assert_close(seen, torch.tensor([[-45.0], [-43.0]]))


@pytest.mark.equation("eq-importance-weights")
def test_weights_of_any_q_average_to_px():
    """No bias: the integral of q(z|x) w over a grid is p(x), though q is nowhere near the posterior."""
    side = torch.linspace(-15, 15, 301, dtype=torch.float64)
    z = torch.cartesian_prod(side, side)[:, None].expand(-1, 3, 2)
    log_q = Independent(Normal(MEAN, (LOG_VAR / 2).exp()), 1).log_prob(z)
    log_w = importance_log_weights(log_px_z(z), z, MEAN, LOG_VAR)
    mass = (log_q + log_w).exp().sum(dim=0) * (side[1] - side[0]) ** 2
    torch.testing.assert_close(mass, LOG_PX.exp(), rtol=1e-8, atol=0)


@pytest.mark.equation("eq-importance-weights")
def test_weights_of_the_posterior_do_not_vary():
    """With q the exact posterior (here of orthogonal columns, so that it is diagonal), each is p(x)."""
    columns = torch.linalg.qr(random(5, 2)).Q * torch.tensor([2.0, 0.5]).double()
    variance = 1 / (1 + columns.square().sum(dim=0) / S**2)
    mean, log_var = (X - B) @ columns * variance / S**2, variance.log().expand(3, 2)
    z = 3 * random(6, 3, 2, seed=7)
    decoded = z @ columns.T + B
    likelihood = torch.stack([gaussian_log_prob(one, X, S) for one in decoded])
    exact = MultivariateNormal(B, columns @ columns.T + S**2 * torch.eye(5).double()).log_prob(X)
    seen = importance_log_weights(likelihood, z, mean, log_var)
    torch.testing.assert_close(seen, exact.expand(6, 3), rtol=0, atol=1e-10)


@pytest.mark.equation("eq-iwae-bound")
def test_the_bound_is_the_log_of_the_mean_weight():
    log_w = random(7, 4)
    torch.testing.assert_close(iwae_bound(log_w), log_w.exp().mean(dim=0).log(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(iwae_bound(log_w[:1]), log_w[0])
    torch.testing.assert_close(iwae_bound(log_w[:, :1].expand(7, 4)), iwae_bound(log_w)[:1].expand(4))
    shuffled = log_w[torch.tensor([3, 1, 0, 6, 2, 5, 4])]
    torch.testing.assert_close(iwae_bound(shuffled), iwae_bound(log_w))


@pytest.mark.equation("eq-iwae-bound")
@pytest.mark.parametrize("level", [-20_000.0, -100.0, 100.0])
def test_the_bound_is_stable_and_its_gradient_are_the_normalised_weights(level):
    """Neither exp(-20,000) nor a difference of 100 between two weights is lost."""
    log_w = (random(5, 3) + level).requires_grad_()
    torch.testing.assert_close(iwae_bound(log_w), level + iwae_bound(log_w - level), rtol=1e-12, atol=0)
    (slope,) = torch.autograd.grad(iwae_bound(log_w).sum(), log_w)
    share = (log_w - level).exp() / (log_w - level).exp().sum(dim=0)
    torch.testing.assert_close(slope, share.detach(), rtol=1e-8, atol=0)
    apart = iwae_bound(torch.tensor([[level], [level + 100]]))
    assert apart.item() == pytest.approx(level + 100 - math.log(2), rel=1e-6)


@pytest.mark.equation("eq-iwae-bound")
def test_one_sample_gives_the_elbo_two_more_and_none_exceeds_log_px():
    """E[L_1] and E[L_2] by quadrature over one and two independent samples of q."""
    z, weights = at_nodes(24, MEAN, LOG_VAR.abs())
    log_w = importance_log_weights(log_px_z(z), z, MEAN, LOG_VAR.abs())  # (K, B)
    one = weights @ iwae_bound(log_w[None].flatten(1)).view_as(log_w)
    kl = gaussian_kl(MEAN, LOG_VAR.abs())
    torch.testing.assert_close(one, weights @ (log_px_z(z) - kl), rtol=1e-10, atol=0)
    for i in range(3):
        pairs = torch.stack(torch.broadcast_tensors(log_w[:, None, i], log_w[None, :, i])).flatten(1)
        two = torch.outer(weights, weights).flatten() @ iwae_bound(pairs)
        assert one[i] + 0.1 < two < LOG_PX[i] - 0.01


@pytest.mark.equation("eq-iwae-bound")
def test_the_bound_grows_with_the_number_of_samples():
    """Means over 4,000 draws, each step up by more than four standard errors, towards log p(x)."""
    generator, n, means = torch.Generator().manual_seed(0), 4000, []
    wide = LOG_VAR.abs() + 1  # an upper bound on the weights: the estimate's variance is finite
    for k in (1, 2, 5, 50):
        shape = (k * n, 3, 2)
        z = reparameterize(MEAN.expand(shape), wide.expand(shape), generator)
        log_w = importance_log_weights(log_px_z(z), z, MEAN, wide).view(k, n * 3)
        values = iwae_bound(log_w).view(n, 3)
        error = values.std(dim=0) / math.sqrt(n)
        if means:
            assert (values.mean(dim=0) > means[-1] + 4 * error).all()
        means.append(values.mean(dim=0))
        assert (means[-1] < LOG_PX + 4 * error).all()
    assert (LOG_PX - means[-1] < (LOG_PX - means[0]) / 10).all()


@pytest.mark.parametrize("shapes", [((3,), (3, 1)), ((3, 1), (3, 1)), ((), ()), ((3,), (4,))])
def test_the_elbo_wants_one_number_per_example(shapes):
    with pytest.raises(ValueError, match=r"one shape, got \{|must have shape \(B,\), one number per example"):
        elbo(*(torch.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 1), ()])
def test_the_importance_weighted_bound_wants_a_matrix(shape):
    with pytest.raises(ValueError, match=r"expected log weights of shape \(K, B\), got \("):
        iwae_bound(torch.zeros(shape))


@pytest.mark.parametrize(
    "shapes",
    [
        ((3,), (4, 3, 2), (3, 2), (3, 2)),
        ((4, 3), (4, 3), (3, 2), (3, 2)),
        ((4, 3), (3, 4, 2), (3, 2), (3, 2)),
        ((4, 3), (4, 3, 2), (1, 2), (1, 2)),  # would broadcast
        ((4, 3), (4, 3, 2), (7, 2), (7, 2)),
        ((4, 3), (4, 3, 2), (3, 2), (3, 1)),
        ((4, 3), (4, 3, 2, 2), (3, 2, 2), (3, 2, 2)),
    ],
)
def test_importance_weights_of_shapes_that_do_not_fit(shapes):
    with pytest.raises(
        ValueError, match=r"expected log_px_z \(K, B\), z \(K, B, D\), mean and log_var \(B, D\)"
    ):
        importance_log_weights(*(torch.zeros(shape) for shape in shapes))


def test_integers_are_no_log_weights():
    with pytest.raises(TypeError, match="log_w must be a floating-point tensor, got torch.int64"):
        iwae_bound(torch.zeros(2, 3, dtype=torch.int64))
    with pytest.raises(TypeError, match="kl must be a tensor, got float"):
        elbo(torch.zeros(3), 0.0)
    with pytest.raises(TypeError, match="z must be a tensor, got NoneType"):
        importance_log_weights(torch.zeros(4, 3), None, torch.zeros(3, 2), torch.zeros(3, 2))
