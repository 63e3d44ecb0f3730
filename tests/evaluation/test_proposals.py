"""Importance sampling from a given proposal: against probabilistic PCA, whose log p(x) is known exactly."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gentutor.classical import ProbabilisticPCA
from gentutor.evaluation import effective_sample_size, importance_sampling, log_likelihood, refit, widened
from gentutor.objectives.variational import gaussian_log_prob

LATENTS = 8


@dataclass
class Linear:
    """A linear VAE: x|z ~ N(W z + m, variance), and an encoder whose answer is off and too narrow."""

    truth: ProbabilisticPCA
    narrow: float = 1.0  # times the standard deviations of the best diagonal q
    off: float = 0.0  # added to its means

    def best(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The best Gaussian without correlations: the posterior's mean, variances 1 / (S⁻¹)_ii."""
        mean, covariance = self.truth.posterior(x)
        return mean, -torch.linalg.inv(covariance).diagonal().log().expand_as(mean)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.best(x)
        return mean + self.off, log_var + 2 * torch.tensor(self.narrow).double().log()

    def decode(self, z: Tensor) -> Tensor:
        return z @ self.truth.weight.T + self.truth.mean

    def log_px_z(self, x: Tensor, z: Tensor) -> Tensor:
        mean = self.decode(z)
        flat = mean.reshape(-1, x.shape[1])
        return gaussian_log_prob(flat, x.expand_as(mean).reshape_as(flat), self.truth.variance**0.5).view(
            z.shape[:-1]
        )


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pca(correlated: bool) -> tuple[ProbabilisticPCA, Tensor]:
    """A model of 12 coordinates and 8 latents, two of them without use, and 6 draws of it."""
    weight = torch.randn(12, LATENTS, generator=seeded(), dtype=torch.float64)
    if not correlated:
        weight = torch.linalg.qr(weight).Q
    weight[:, -2:] = 0
    model = ProbabilisticPCA(torch.arange(12).double(), weight, 0.5)
    return model, model.sample(6, generator=seeded(1))


@pytest.mark.equation("eq-log-likelihood")
@pytest.mark.parametrize(("samples", "chunk"), [(1, 100), (7, 4), (50, 13)])
def test_the_posterior_as_proposal_gives_the_exact_value_and_wastes_no_draw(samples, chunk):
    truth, x = pca(correlated=False)
    model = Linear(truth)
    log_px, effective = importance_sampling(model, x, *model.best(x), samples, chunk, seeded())
    torch.testing.assert_close(log_px, truth.log_prob(x), rtol=0, atol=1e-9)
    torch.testing.assert_close(effective, torch.full((6,), samples).double())


@pytest.mark.equation("eq-log-likelihood")
def test_a_narrow_proposal_is_wrong_and_refitting_cures_it():
    truth, x = pca(correlated=True)
    model, exact = Linear(truth, narrow=0.3, off=0.1), truth.log_prob(x)
    answers = [log_likelihood(model, x, 2000, 20_000, seeded(seed)) for seed in range(3)]
    _, effective = importance_sampling(model, x, *model.encode(x), 2000, 20_000, seeded())
    assert all((exact - answer).mean() > 0.5 for answer in answers)
    spread = torch.stack([answer.mean() for answer in answers])
    assert spread.max() - spread.min() < (exact - answers[0]).mean()  # repetitions do not show the bias
    assert (effective < 0.02 * 2000).all()

    mean, log_var = refit(model, x, steps=1500, generator=seeded())
    better, effective = importance_sampling(model, x, mean, widened(log_var, 1.3), 2000, 20_000, seeded())
    torch.testing.assert_close(better, exact, rtol=0, atol=0.15)
    assert (better - exact).mean().abs() < 0.05
    assert (effective > 0.1 * 2000).all()


def test_refitting_finds_the_best_diagonal_gaussian():
    truth, x = pca(correlated=True)
    mean, log_var = refit(Linear(truth, narrow=0.3, off=0.5), x, steps=3000, generator=seeded())
    best_mean, best_log_var = Linear(truth).best(x)
    assert ((mean - best_mean).abs() < 0.2 * (best_log_var / 2).exp()).all()
    assert (log_var - best_log_var).abs().max() < 0.2
    assert not mean.requires_grad and not log_var.requires_grad
    one, two = (refit(Linear(truth, off=0.5), x, steps=20, generator=seeded()) for _ in range(2))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


@pytest.mark.equation("eq-log-likelihood")
def test_with_the_encoders_answer_it_is_the_log_likelihood():
    truth, x = pca(correlated=True)
    model = Linear(truth, off=0.2)
    log_px, _ = importance_sampling(model, x, *model.encode(x), 30, 7, seeded())
    torch.testing.assert_close(log_px[:6], log_likelihood(model, x, 30, 7, seeded()))


@pytest.mark.equation("eq-effective-sample-size")
def test_effective_sample_size_is_the_squared_sum_over_the_sum_of_squares():
    log_w = 3 * torch.randn(500, 4, generator=seeded(), dtype=torch.float64)
    w = log_w.exp()
    expected = w.sum(dim=0).square() / w.square().sum(dim=0)
    torch.testing.assert_close(effective_sample_size(log_w), expected)
    torch.testing.assert_close(effective_sample_size(log_w - 900), expected)  # any common factor
    assert ((expected >= 1) & (expected <= 500)).all()


@pytest.mark.equation("eq-effective-sample-size")
def test_effective_sample_size_of_a_wide_gaussian_in_closed_form():
    """q = N(0, c²) for the target N(0, 1): K / K_eff tends to E[w²] / E[w]² = c² / sqrt(2 c² - 1)."""
    c = 1.3
    z = c * torch.randn(400_000, 1, generator=seeded(), dtype=torch.float64)
    log_w = -z.square() / 2 + (z / c).square() / 2
    share = effective_sample_size(log_w) / len(z)
    assert share.item() == pytest.approx((2 * c**2 - 1) ** 0.5 / c**2, abs=0.005)
    assert effective_sample_size(torch.zeros(7, 2)).tolist() == pytest.approx([7, 7])
    assert effective_sample_size(torch.tensor([[0.0], [-800.0]])).item() == 1


@pytest.mark.equation("eq-effective-sample-size")
def test_both_say_the_same_whatever_the_chunk():
    truth, x = pca(correlated=True)
    model = Linear(truth, off=0.3)
    mean, log_var = model.encode(x)
    z = mean + (log_var / 2).exp() * torch.randn(40, *mean.shape, generator=seeded(), dtype=torch.float64)
    log_q = torch.distributions.Normal(mean, (log_var / 2).exp()).log_prob(z).sum(dim=2)
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=2)
    log_w = model.log_px_z(x, z) + log_prior - log_q
    seen = importance_sampling(model, x, mean, log_var, 40, 240, seeded())
    torch.testing.assert_close(seen[0], log_w.exp().mean(dim=0).log())
    torch.testing.assert_close(seen[1], effective_sample_size(log_w))
    assert importance_sampling(model, x, mean, log_var, 40, 3, seeded())[1].shape == (6,)


def test_widening_stops_at_the_prior_and_never_narrows():
    log_var = torch.linspace(-6, 2, 50)
    wide = widened(log_var, 1.3)
    assert (wide >= log_var).all() and (wide[log_var < 0] <= 0).all()
    assert torch.equal(wide[log_var >= 0], log_var[log_var >= 0])
    narrow = log_var < -1
    torch.testing.assert_close((wide - log_var)[narrow].exp().sqrt(), torch.full((int(narrow.sum()),), 1.3))


def test_wrong_input_is_refused():
    truth, x = pca(correlated=True)
    model = Linear(truth)
    mean, log_var = model.encode(x)
    with pytest.raises(ValueError, match="samples and chunk must be at least 1, got 0 and 5"):
        importance_sampling(model, x, mean, log_var, 0, 5)
    with pytest.raises(ValueError, match="a proposal for each of 6 examples, got 5 and 6"):
        importance_sampling(model, x, mean[:5], log_var, 1, 5)
    with pytest.raises(ValueError, match=r"x is empty: its shape is \(0, 12\)"):
        importance_sampling(model, x[:0], mean[:0], log_var[:0], 1, 5)
    with pytest.raises(ValueError, match=r"shape \(K, B\), got \(3,\)"):
        effective_sample_size(torch.zeros(3))
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        refit(model, x, steps=0)
    with pytest.raises(ValueError, match=r"factor must be at least 1, got 0.5"):
        widened(log_var, 0.5)
