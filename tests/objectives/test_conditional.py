"""What conditions add to the losses, against densities that are known and other libraries."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score
from torch.distributions import Categorical, MultivariateNormal, Normal, kl_divergence

from gentutor.objectives.conditional import (
    auxiliary_loss,
    information_bound,
    mutual_information,
    projection_logits,
)
from gentutor.objectives.variational import elbo, gaussian_kl, gaussian_log_prob


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def draw(k: int, n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(k, (n,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.equation("eq-auxiliary-loss")
def test_auxiliary_loss_is_minus_the_mean_log_probability():
    logits, y = 3 * random(20, 7), draw(7, 20)
    expected = -Categorical(logits=logits).log_prob(y).mean()
    torch.testing.assert_close(auxiliary_loss(logits, y), expected)
    assert auxiliary_loss(torch.zeros(4, 7), draw(7, 4)).item() == pytest.approx(math.log(7))
    shifted = logits + random(20, 1, seed=1)  # only differences of logits count
    torch.testing.assert_close(auxiliary_loss(shifted, y), expected)


@pytest.mark.equation("eq-auxiliary-loss")
def test_auxiliary_loss_at_extreme_logits():
    logits = torch.tensor([[100.0, -100.0, 0.0]], requires_grad=True)
    loss = auxiliary_loss(logits, torch.tensor([1]))
    loss.backward()
    assert loss.item() == pytest.approx(200)
    torch.testing.assert_close(logits.grad, torch.tensor([[1.0, -1.0, 0.0]]))


def gaussians(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Class means (K, D), a shared covariance (D, D), and log class shares (K,)."""
    root = random(3, 3, seed=seed)
    return random(4, 3, seed=seed + 1), root @ root.T + torch.eye(3).double(), random(4, seed=seed + 2)


def log_density(x: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """log p(x|y) for all y, (N, K), and log p(y), (K,)."""
    means, covariance, shares = gaussians(seed)
    classes = [MultivariateNormal(mean, covariance).log_prob(x) for mean in means]
    return torch.stack(classes, dim=1), shares.log_softmax(dim=0)


@pytest.mark.equation("eq-projection-logits")
def test_projection_logits_reach_the_optimum_where_the_densities_are_known():
    """Data and generator are Gaussian mixtures: l(x, y) with linear features is log p(x, y) - log q(x, y).

    log p(y|x) is linear in x up to a term without y (discriminant analysis), and so is log q(y|x).
    Their difference needs v_y = w_y - u_y and an offset b_y - c_y; what does not depend on y goes into
    the score, which the projection shares among the labels.
    """
    x, y = 2 * random(50, 3), draw(4, 50)
    data, made = (log_density(x, seed) for seed in (0, 10))
    joint = [(given_y + prior) for given_y, prior in (data, made)]  # log p(x, y), log q(x, y): (N, K)
    optimum = joint[0] - joint[1]

    weights, offsets = [], []
    for seed, (_, prior) in ((0, data), (10, made)):
        means, covariance, _ = gaussians(seed)
        weight = torch.linalg.solve(covariance, means.T).T
        weights.append(weight)
        offsets.append(prior - (weight * means).sum(dim=1) / 2)
    features = torch.cat([x, torch.ones(50, 1).double()], dim=1)  # the 1 carries each label's offset
    vectors = torch.cat([weights[0] - weights[1], (offsets[0] - offsets[1])[:, None]], dim=1)
    score = optimum[:, 0] - features @ vectors[0]  # whatever does not depend on the label

    logits = projection_logits(features, score, vectors[y])
    torch.testing.assert_close(logits, optimum[torch.arange(50), y], rtol=1e-9, atol=1e-9)


@pytest.mark.equation("eq-projection-logits")
def test_differences_between_labels_are_differences_of_log_posteriors():
    """If the generator ignores the label, l(x, y) - l(x, y') = log p(y|x) - log p(y'|x) (equal shares)."""
    x, vectors, score = random(50, 3), random(5, 3, seed=1), random(50, seed=2)
    log_posterior = (x @ vectors.T).log_softmax(dim=1)  # a log-linear model of p(y|x)
    logits = torch.stack([projection_logits(x, score, vectors[[y]].expand(50, 3)) for y in range(5)], dim=1)
    torch.testing.assert_close(logits - logits[:, :1], log_posterior - log_posterior[:, :1])


@pytest.mark.equation("eq-mutual-information")
@pytest.mark.parametrize("seed", range(3))
def test_mutual_information_against_scikit_learn(seed):
    a = draw(4, 500, seed)
    b = torch.where(torch.rand(500, generator=torch.Generator().manual_seed(seed)) < 0.7, a, draw(6, 500, 9))
    counts = torch.zeros(4, 6, dtype=torch.int64)
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        counts[i, j] += 1
    expected = mutual_info_score(a.numpy(), b.numpy())
    assert mutual_information(counts).item() == pytest.approx(expected, rel=1e-5)
    assert mutual_information(counts.double()).item() == pytest.approx(expected, rel=1e-12)
    assert mutual_information(counts.double() / 500).item() == pytest.approx(expected, rel=1e-12)
    assert mutual_information(counts.T.double()).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.equation("eq-mutual-information")
@pytest.mark.parametrize("accuracy", [1.0, 0.9, 0.55, 0.1])
def test_mutual_information_with_errors_spread_evenly(accuracy):
    """log K - H(accuracy) - (1 - accuracy) log(K - 1): Fano's inequality holds with equality."""
    k = 10
    joint = torch.full((k, k), (1 - accuracy) / (k - 1) / k, dtype=torch.float64)
    joint.fill_diagonal_(accuracy / k)
    binary = -sum(p * math.log(p) for p in (accuracy, 1 - accuracy) if p > 0)
    expected = math.log(k) - binary - (1 - accuracy) * math.log(k - 1)
    assert mutual_information(joint).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.equation("eq-mutual-information")
def test_mutual_information_is_between_nothing_and_the_entropies():
    independent = torch.tensor([0.2, 0.8]).outer(torch.tensor([0.5, 0.3, 0.2])).double()
    assert mutual_information(independent).item() == pytest.approx(0, abs=1e-7)
    constant = torch.zeros(3, 3)
    constant[:, 1] = 7
    assert mutual_information(constant).item() == pytest.approx(0, abs=1e-7)
    shares = torch.tensor([0.5, 0.25, 0.25])
    known = mutual_information(torch.diag(shares)).item()
    assert known == pytest.approx(Categorical(shares).entropy().item())


@pytest.mark.equation("eq-mutual-information")
def test_mutual_information_of_few_counts_is_too_high():
    """On average by (K - 1)(M - 1) / (2N) for independent variables."""
    rng = np.random.default_rng(0)
    tables = rng.multinomial(2000, np.full(12, 1 / 12), size=400).reshape(400, 3, 4)
    mean = np.mean([mutual_information(torch.from_numpy(table).double()).item() for table in tables])
    assert mean == pytest.approx(2 * 3 / (2 * 2000), rel=0.1)


@pytest.mark.equation("eq-information-bound")
def test_the_information_bound_is_tight_for_the_true_posterior():
    """Discrete x: with q(y|x) the posterior, the bound is the mutual information of the joint table."""
    counts = torch.tensor([[30, 5, 10], [2, 40, 3]])
    y, x = (counts > 0).nonzero().repeat_interleave(counts.flatten(), dim=0).unbind(dim=1)
    posterior = (counts.double() / counts.sum(dim=0)).log().T  # (x, y)
    exact = mutual_information(counts.double())
    torch.testing.assert_close(information_bound(posterior[x], y), exact)
    for seed in range(5):  # any other classifier says less
        other = posterior + 0.5 * random(3, 2, seed=seed)
        assert information_bound(other[x], y) < exact


@pytest.mark.equation("eq-information-bound")
def test_the_information_bound_of_a_guess_and_of_certainty():
    y = torch.arange(10).repeat(4)
    assert information_bound(torch.zeros(40, 10), y).item() == pytest.approx(0, abs=1e-6)
    assert information_bound(200 * torch.eye(10)[y], y).item() == pytest.approx(math.log(10), rel=1e-6)
    assert information_bound(200 * torch.eye(10)[(y + 1) % 10], y).item() < -100
    assert information_bound(torch.zeros(5, 10), torch.zeros(5, dtype=torch.int64)).item() == pytest.approx(
        -math.log(10)
    )


@pytest.mark.equation("eq-conditional-elbo")
def test_the_bound_with_a_condition_where_all_is_gaussian():
    """z ~ N(0, 1), x | z, y ~ N(a_y z + b_y, s²): log p(x|y), the posterior and the gap in closed form."""
    a, b, s = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0]), 0.7
    y, x = torch.tensor([0, 1]), torch.tensor([1.2, -0.4])
    log_px = Normal(b[y], (a[y] ** 2 + s**2).sqrt()).log_prob(x)
    posterior = Normal(a[y] * (x - b[y]) / (a[y] ** 2 + s**2), s / (a[y] ** 2 + s**2).sqrt())
    q = Normal(torch.tensor([0.3, 0.1]), torch.tensor([0.8, 0.5]))
    z = torch.linspace(-12, 12, 40_001)[:, None]
    expected_log_px_z = torch.trapezoid(
        q.log_prob(z).exp() * Normal(a[y] * z + b[y], s).log_prob(x), z, dim=0
    )
    kl = gaussian_kl(q.mean[:, None], 2 * q.stddev.log()[:, None])
    bound = elbo(expected_log_px_z, kl)
    torch.testing.assert_close(log_px - bound, kl_divergence(q, posterior), rtol=1e-3, atol=1e-4)
    one = gaussian_log_prob((a[y] * q.mean + b[y])[:, None], x[:, None], s)
    assert one.shape == kl.shape == (2,)  # per example, as the bound wants them


@pytest.mark.parametrize("function", [auxiliary_loss, information_bound])
def test_labels_and_class_logits_must_fit(function):
    logits = torch.zeros(3, 4)
    for y, error, message in (
        (torch.tensor([0, 1]), ValueError, r"\(B, K\) and labels \(B,\), got \(3, 4\) and \(2,\)"),
        (torch.zeros(3, 1, dtype=torch.int64), ValueError, r"got \(3, 4\) and \(3, 1\)"),
        (torch.tensor([0, 1, 4]), ValueError, "must lie in 0 to 3, got 0 to 4"),
        (torch.tensor([0, 1, -1]), ValueError, "must lie in 0 to 3, got -1 to 1"),
        (torch.zeros(3), TypeError, "int64 tensor, got torch.float32"),
        ([0, 1, 2], TypeError, "int64 tensor, got list"),
    ):
        with pytest.raises(error, match=message):
            function(logits, y)
    with pytest.raises(TypeError, match="floating-point"):
        function(logits.long(), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match="empty"):
        function(logits[:0], torch.zeros(0, dtype=torch.int64))


def test_projection_parts_must_fit():
    with pytest.raises(ValueError, match="tensors of one shape"):
        projection_logits(torch.zeros(3, 4), torch.zeros(3), torch.zeros(3, 5))
    with pytest.raises(ValueError, match=r"features \(B, F\) and a score \(B,\), got \(3, 4\) and \(3, 1\)"):
        projection_logits(torch.zeros(3, 4), torch.zeros(3, 1), torch.zeros(3, 4))
    with pytest.raises(TypeError, match="score must be a floating-point tensor"):
        projection_logits(torch.zeros(3, 4), torch.zeros(3).long(), torch.zeros(3, 4))


def test_tables_that_are_none():
    for bad in (torch.zeros(2, 2), torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0, math.inf]])):
        with pytest.raises(ValueError, match="finite, nowhere negative, and not all 0"):
            mutual_information(bad)
    with pytest.raises(ValueError, match=r"shape \(K, M\), got \(4,\)"):
        mutual_information(torch.ones(4))
    for bad in (torch.ones(2, 2, dtype=torch.bool), [[1, 2]]):
        with pytest.raises(TypeError, match="tensor of numbers"):
            mutual_information(bad)
