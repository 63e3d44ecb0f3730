"""The log-likelihoods against torch.distributions, sums over all outcomes, and exact gradients."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, Normal

from gentutor.objectives import likelihood, variational
from gentutor.objectives.likelihood import bernoulli_log_prob, gaussian_log_prob

SHAPES = [(5, 3), (5, 1, 4, 4), (1, 784), (2, 1)]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bits(*shape: int, seed: int = 1) -> torch.Tensor:
    return (random(*shape, seed=seed) > 0).double()


def unit(mean: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return gaussian_log_prob(mean, x, 1.0)


BOTH = [bernoulli_log_prob, unit]


@pytest.mark.equation("eq-bernoulli-log-prob")
@pytest.mark.parametrize("shape", SHAPES)
def test_bernoulli_against_torch_distributions(shape):
    logits, x = random(*shape), bits(*shape)
    expected = Independent(Bernoulli(logits=logits), len(shape) - 1).log_prob(x)
    assert expected.shape == (shape[0],)
    torch.testing.assert_close(bernoulli_log_prob(logits, x), expected, rtol=1e-12, atol=0)


@pytest.mark.equation("eq-bernoulli-log-prob")
def test_bernoulli_is_minus_the_summed_cross_entropy_of_grey_values_too():
    logits, x = random(4, 1, 6, 6), torch.rand(4, 1, 6, 6, dtype=torch.float64)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=(1, 2, 3))
    torch.testing.assert_close(bernoulli_log_prob(logits, x), -bce, rtol=1e-12, atol=0)


@pytest.mark.equation("eq-bernoulli-log-prob")
def test_the_probabilities_of_all_binary_images_sum_to_one():
    images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 6)
    logits = random(6).expand(len(images), 6)
    assert bernoulli_log_prob(logits, images).exp().sum().item() == pytest.approx(1, rel=1e-12)


@pytest.mark.equation("eq-bernoulli-log-prob")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-100.0, -40.0, 0.0, 40.0, 100.0])
@pytest.mark.parametrize("bit", [0.0, 1.0])
def test_bernoulli_values_and_gradients_at_extreme_logits(logit, bit, dtype):
    """The value is -log(1 + exp(-l)) for a 1 and -log(1 + exp(l)) for a 0, its slope x - sigmoid(l)."""
    eps = torch.finfo(dtype).eps
    logits = torch.tensor([[logit]], dtype=dtype, requires_grad=True)
    value = bernoulli_log_prob(logits, torch.full((1, 1), bit, dtype=dtype))
    (slope,) = torch.autograd.grad(value.sum(), logits)
    wrong = -logit if bit else logit  # how far the logit lies on the wrong side
    expected = -max(wrong, 0) - math.log1p(math.exp(-abs(wrong)))
    assert value.item() == pytest.approx(expected, rel=4 * eps, abs=4 * eps)
    assert slope.item() == pytest.approx(bit - 1 / (1 + math.exp(-logit)), rel=4 * eps, abs=4 * eps)


@pytest.mark.equation("eq-gaussian-log-prob")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("std", [0.1, 1.0, 7.0, 2])
def test_gaussian_against_torch_distributions(shape, std):
    mean, x = random(*shape), random(*shape, seed=1)
    expected = Independent(Normal(mean, std), len(shape) - 1).log_prob(x)
    torch.testing.assert_close(gaussian_log_prob(mean, x, std), expected, rtol=1e-12, atol=0)


@pytest.mark.equation("eq-gaussian-log-prob")
@pytest.mark.parametrize("std_shape", [(), (1,), (4,), (3, 4), (5, 1, 1), (5, 3, 4)])
def test_a_standard_deviation_for_each_number(std_shape):
    mean, x, std = random(5, 3, 4), random(5, 3, 4, seed=1), random(*std_shape, seed=2).exp()
    expected = Independent(Normal(mean, std.expand(5, 3, 4)), 2).log_prob(x)
    torch.testing.assert_close(gaussian_log_prob(mean, x, std), expected, rtol=1e-11, atol=0)


@pytest.mark.equation("eq-gaussian-log-prob")
def test_the_gaussian_density_integrates_to_one():
    x = torch.linspace(-30, 40, 20_001, dtype=torch.float64)[:, None]
    density = gaussian_log_prob(torch.full_like(x, 2.0), x, 1.7).exp()
    assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1, rel=1e-9)


@pytest.mark.equation("eq-gaussian-log-prob")
def test_gaussian_gradients():
    """(x - mean) / std² for the mean, (x - mean)² / std³ - 1 / std for the standard deviation."""
    mean, x = random(3, 2).requires_grad_(), random(3, 2, seed=1)
    std = random(3, 2, seed=2).exp().requires_grad_()
    gaussian_log_prob(mean, x, std).sum().backward()
    torch.testing.assert_close(mean.grad, ((x - mean) / std**2).detach())
    torch.testing.assert_close(std.grad, ((x - mean) ** 2 / std**3 - 1 / std).detach())


def test_the_gaussian_of_another_unit_is_another_number():
    """Ten times the unit adds log 10 for each number: densities of other units do not compare."""
    mean, x = random(4, 9), random(4, 9, seed=1)
    shift = gaussian_log_prob(mean, x, 2.0) - gaussian_log_prob(10 * mean, 10 * x, 20.0)
    torch.testing.assert_close(shift, torch.full((4,), 9 * math.log(10), dtype=torch.float64))


@pytest.mark.parametrize("log_prob", BOTH)
def test_each_example_is_a_sum_of_its_own(log_prob):
    a, x = random(5, 2, 3), bits(5, 2, 3)
    values = log_prob(a, x)
    assert values.shape == (5,)
    torch.testing.assert_close(torch.cat([log_prob(a[[i]], x[[i]]) for i in range(5)]), values)
    torch.testing.assert_close(log_prob(a.flatten(1), x.flatten(1)), values)
    twice = log_prob(torch.cat([a, a], dim=2), torch.cat([x, x], dim=2))
    torch.testing.assert_close(twice, 2 * values)  # a sum: twice as many numbers, twice the nats


@pytest.mark.parametrize("log_prob", BOTH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_of_numbers_is_kept(log_prob, dtype):
    assert log_prob(torch.zeros(2, 3, dtype=dtype), torch.zeros(2, 3, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("log_prob", BOTH)
def test_bad_arguments(log_prob):
    good = torch.zeros(2, 3)
    for a, x, message in (
        (good, torch.zeros(2, 1), r"one shape, got \{.*\(2, 3\).*'x': \(2, 1\)\}"),
        (torch.zeros(3), torch.zeros(3), r"must have shape \(B, ...\), .* got \(3,\)"),
        (torch.tensor(0.0), torch.tensor(0.0), r"must have shape \(B, ...\), .* got \(\)"),
        (torch.zeros(0, 3), torch.zeros(0, 3), r"is empty: its shape is \(0, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            log_prob(a, x)
    with pytest.raises(TypeError, match="x must be a floating-point tensor, got torch.uint8"):
        log_prob(good, good.to(torch.uint8))
    with pytest.raises(TypeError, match="x must be a tensor, got list"):
        log_prob(good, [[0.0] * 3] * 2)


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan"), torch.tensor([1.0, 0.0, 1.0])])
def test_a_standard_deviation_that_is_not_positive(std):
    with pytest.raises(ValueError, match="std must be positive, got"):
        gaussian_log_prob(torch.zeros(2, 3), torch.zeros(2, 3), std)


@pytest.mark.parametrize("shape", [(2,), (4, 2, 3), (2, 4)])
def test_a_standard_deviation_that_does_not_fit(shape):
    with pytest.raises(ValueError, match=r"std of shape \(.*\) does not broadcast to x, \(2, 3\)"):
        gaussian_log_prob(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(shape))


def test_the_chapters_module_has_the_likelihoods_too():
    assert variational.bernoulli_log_prob is likelihood.bernoulli_log_prob
    assert variational.gaussian_log_prob is likelihood.gaussian_log_prob
