"""The KL terms, free bits and the reparametrised sample against torch.distributions and closed forms."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from gentutor.objectives.variational import (
    free_bits_kl,
    gaussian_kl,
    gaussian_kl_terms,
    gaussian_log_prob,
    reparameterize,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def posterior(mean: torch.Tensor, log_var: torch.Tensor) -> Normal:
    return Normal(mean, (log_var / 2).exp())


PRIOR = Normal(torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64))


@pytest.mark.equation("eq-gaussian-kl-terms")
def test_kl_terms_against_torch_distributions():
    mean, log_var = random(6, 4), random(6, 4, seed=1)
    terms = gaussian_kl_terms(mean, log_var)
    torch.testing.assert_close(terms, kl_divergence(posterior(mean, log_var), PRIOR), rtol=1e-12, atol=1e-14)
    assert terms.shape == (6, 4) and (terms > 0).all()


@pytest.mark.equation("eq-gaussian-kl-terms")
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.3, 0.4), (-2.0, 2.5)])
def test_a_kl_term_by_quadrature(mean, std):
    z = torch.linspace(-40, 40, 80_001, dtype=torch.float64)
    log_q = Normal(mean, std).log_prob(z)
    expected = torch.trapezoid(log_q.exp() * (log_q - PRIOR.log_prob(z)), z).item()
    seen = gaussian_kl_terms(torch.tensor([[mean]]).double(), torch.tensor([[2 * math.log(std)]]).double())
    assert seen.item() == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.equation("eq-gaussian-kl-terms")
def test_near_the_prior_a_kl_term_keeps_its_digits():
    """For a small log-variance v it is v²/4: v and exp(v) - 1 nearly cancel, in float32 above all."""
    log_var = torch.tensor([[1e-3]])
    expected = (math.expm1(1e-3) - 1e-3) / 2
    assert expected == pytest.approx(1e-6 / 4, rel=1e-3)
    assert gaussian_kl_terms(torch.zeros(1, 1), log_var).item() == pytest.approx(expected, rel=1e-3)
    assert gaussian_kl_terms(torch.zeros(1, 1), torch.zeros(1, 1)).item() == 0


@pytest.mark.equation("eq-gaussian-kl")
def test_kl_against_torch_distributions():
    mean, log_var = random(6, 4), random(6, 4, seed=1)
    prior = Independent(Normal(torch.zeros(4).double(), torch.ones(4).double()), 1)
    expected = kl_divergence(Independent(posterior(mean, log_var), 1), prior)
    torch.testing.assert_close(gaussian_kl(mean, log_var), expected, rtol=1e-12, atol=0)


@pytest.mark.equation("eq-gaussian-kl")
def test_kl_is_a_sum_over_dimensions_for_each_example():
    mean, log_var = random(5, 7), random(5, 7, seed=1)
    values = gaussian_kl(mean, log_var)
    assert values.shape == (5,)
    singly = [gaussian_kl(mean[[i]], log_var[[i]]) for i in range(5)]
    torch.testing.assert_close(torch.cat(singly), values)
    torch.testing.assert_close(gaussian_kl_terms(mean, log_var).sum(dim=1), values)
    twice = gaussian_kl(torch.cat([mean, mean], dim=1), torch.cat([log_var, log_var], dim=1))
    torch.testing.assert_close(twice, 2 * values)


@pytest.mark.equation("eq-gaussian-kl")
@pytest.mark.parametrize("log_var", [-100.0, -20.0, 0.0, 20.0])
def test_kl_gradients_of_any_log_variance(log_var):
    """mean for the mean, (sigma² - 1) / 2 for the log-variance."""
    mean, v = random(1, 3).requires_grad_(), torch.full((1, 3), log_var).double().requires_grad_()
    gaussian_kl(mean, v).sum().backward()
    torch.testing.assert_close(mean.grad, mean.detach())
    torch.testing.assert_close(v.grad, (v.detach().exp() - 1) / 2)


@pytest.mark.equation("eq-free-bits")
def test_free_bits_take_the_maximum_after_the_mean_over_the_batch():
    mean = torch.tensor([[2.0, 0.0, 0.1], [0.0, 0.0, 0.1]], dtype=torch.float64)
    # KL: (2, 0), (0, 0), (0.005, 0.005); their means 1, 0, 0.005. An early maximum would give 1.25 first.
    value = free_bits_kl(mean, torch.zeros(2, 3).double(), floor=0.5)
    assert value.shape == ()
    assert value.item() == pytest.approx(1.0 + 0.5 + 0.5, rel=1e-14)


@pytest.mark.equation("eq-free-bits")
def test_free_bits_between_their_limits():
    mean, log_var = random(8, 5), random(8, 5, seed=1)
    kl = gaussian_kl(mean, log_var).mean()
    torch.testing.assert_close(free_bits_kl(mean, log_var, 0.0), kl)
    torch.testing.assert_close(free_bits_kl(mean, log_var, 100.0), torch.tensor(500.0).double())
    means = kl_divergence(posterior(mean, log_var), PRIOR).mean(dim=0)
    for floor in means.tolist():
        expected = sum(max(floor, one) for one in means.tolist())
        assert free_bits_kl(mean, log_var, floor).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.equation("eq-free-bits")
def test_below_the_floor_there_is_no_gradient_and_above_it_the_kls():
    mean = torch.tensor([[2.0, 0.1], [1.0, 0.2]], dtype=torch.float64, requires_grad=True)
    log_var = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    free_bits_kl(mean, log_var, floor=0.5).backward()
    torch.testing.assert_close(mean.grad, torch.tensor([[1.0, 0.0], [0.5, 0.0]]).double())  # mean / B
    assert (log_var.grad == 0).all()


@pytest.mark.parametrize("floor", [-0.1, float("nan")])
def test_a_negative_floor(floor):
    with pytest.raises(ValueError, match=f"floor must be at least 0, got {floor}"):
        free_bits_kl(torch.zeros(2, 3), torch.zeros(2, 3), floor)


@pytest.mark.equation("eq-reparameterize")
def test_the_sample_is_the_mean_plus_sigma_times_the_noise():
    mean, log_var = random(3, 4), random(3, 4, seed=1)
    z = reparameterize(mean, log_var, torch.Generator().manual_seed(5))
    noise = torch.randn(3, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    torch.testing.assert_close(z, mean + (log_var / 2).exp() * noise, rtol=1e-14, atol=0)
    torch.manual_seed(5)
    torch.testing.assert_close(reparameterize(mean, log_var), z)  # PyTorch's own random numbers


@pytest.mark.equation("eq-reparameterize")
def test_the_samples_have_the_distribution_of_q():
    n, generator = 100_000, torch.Generator().manual_seed(0)
    mean, log_var = torch.tensor([3.0, -1.0]).double(), torch.tensor([2.0, -4.0]).double()
    z = reparameterize(mean.expand(n, 2), log_var.expand(n, 2), generator)
    standard = (z - mean) / (log_var / 2).exp()
    for moment, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        error = 4 * math.sqrt(variance / n)
        assert (standard**moment).mean(dim=0).tolist() == pytest.approx([expected] * 2, abs=error)
    assert abs((standard[:, 0] * standard[:, 1]).mean()) < 4 / math.sqrt(n)  # noise of its own each


@pytest.mark.equation("eq-reparameterize")
def test_gradients_reach_mean_and_log_variance():
    """dz/dmean = 1 and dz/dlog_var = (z - mean) / 2."""
    mean, log_var = random(3, 4).requires_grad_(), random(3, 4, seed=1).requires_grad_()
    z = reparameterize(mean, log_var)
    z.sum().backward()
    assert (mean.grad == 1).all()
    torch.testing.assert_close(log_var.grad, ((z - mean) / 2).detach())


@pytest.mark.equation("eq-gaussian-kl")
@pytest.mark.equation("eq-reparameterize")
def test_the_kl_is_the_mean_log_ratio_at_samples():
    mean, log_var = torch.tensor([[1.0, -0.5]]).double(), torch.tensor([[-1.0, 0.7]]).double()
    n = 100_000
    many = mean.expand(n, 2), log_var.expand(n, 2)
    z = reparameterize(*many, torch.Generator().manual_seed(0))
    ratio = gaussian_log_prob(many[0], z, (log_var / 2).exp()) - gaussian_log_prob(
        torch.zeros_like(z), z, 1.0
    )
    error = 4 * ratio.std().item() / math.sqrt(n)
    assert ratio.mean().item() == pytest.approx(gaussian_kl(mean, log_var).item(), abs=error)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_of_numbers_is_kept(dtype):
    mean, log_var = torch.zeros(2, 3, dtype=dtype), torch.zeros(2, 3, dtype=dtype)
    for value in (
        gaussian_kl_terms(mean, log_var),
        gaussian_kl(mean, log_var),
        free_bits_kl(mean, log_var, 0.1),
        reparameterize(mean, log_var),
    ):
        assert value.dtype == dtype


@pytest.mark.parametrize(
    "function", [gaussian_kl_terms, gaussian_kl, lambda m, v: free_bits_kl(m, v, 0.1), reparameterize]
)
def test_bad_arguments(function):
    good = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"one shape, got \{'mean': \(2, 3\), 'log_var': \(2, 1\)\}"):
        function(good, torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"mean is empty: its shape is \(0, 3\)"):
        function(torch.zeros(0, 3), torch.zeros(0, 3))
    with pytest.raises(TypeError, match="log_var must be a floating-point tensor, got torch.int64"):
        function(good, torch.zeros(2, 3, dtype=torch.int64))
    with pytest.raises(TypeError, match="mean must be a tensor, got float"):
        function(0.0, good)


@pytest.mark.parametrize("function", [gaussian_kl_terms, gaussian_kl, lambda m, v: free_bits_kl(m, v, 0.1)])
def test_a_kl_needs_a_batch(function):
    with pytest.raises(ValueError, match=r"mean must have shape \(B, ...\), .* got \(3,\)"):
        function(torch.zeros(3), torch.zeros(3))
