"""What the losses mean: identities between the game's value, the best discriminator and divergences.

Densities live on a grid, where an expectation is a weighted sum over the loss of one point at a time.
"""

import math

import pytest
import torch

from gentutor.objectives import adversarial as objective

DX = 0.05
GRID = torch.arange(-12, 12, DX, dtype=torch.float64)


def normal(mean: torch.Tensor | float, std: float = 1.0) -> torch.Tensor:
    return torch.exp(-(((GRID - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return (p * (p / q).log()).sum() * DX


def value(p: torch.Tensor, q: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """V(D, G) as an integral: p-weighted log D plus q-weighted log(1 - D), both from minimax_value."""
    sure = torch.full((), 80.0, dtype=torch.float64)  # log D = log(1 - D) = 0 to 35 digits
    log_d = torch.stack([objective.minimax_value(one, -sure) for one in logits])
    log_not_d = torch.stack([objective.minimax_value(sure, one) for one in logits])
    return ((p * log_d + q * log_not_d) * DX).sum()


P, Q = normal(0.0), 0.5 * normal(-1.0, 0.7) + 0.5 * normal(2.0, 1.5)


@pytest.mark.equation("eq-optimal-discriminator")
def test_the_optimal_discriminator_is_the_share_of_p():
    logits = objective.optimal_discriminator_logits(P.log(), Q.log())
    torch.testing.assert_close(torch.sigmoid(logits), P / (P + Q))


@pytest.mark.equation("eq-optimal-discriminator")
@pytest.mark.parametrize("x", [160, 200, 240, 300])
def test_gradient_of_the_game_vanishes_at_the_optimal_discriminator_alone(x):
    best = objective.optimal_discriminator_logits(P.log(), Q.log())[x]
    for offset, sign in ((-0.1, 1), (0.0, 0), (0.1, -1)):
        logit = (best + offset).clone().requires_grad_()
        here = value(P[[x]], Q[[x]], logit[None]) / (DX * (P[x] + Q[x]))
        slope = torch.autograd.grad(here, logit)[0].item()
        assert slope == pytest.approx(0, abs=1e-12) if sign == 0 else slope * sign > 1e-9


@pytest.mark.equation("eq-minimax-value")
@pytest.mark.equation("eq-jsd")
def test_value_at_the_optimum_is_twice_the_jsd_minus_log_4():
    best = objective.optimal_discriminator_logits(P.log(), Q.log())
    expected = 2 * objective.jensen_shannon_divergence(P, Q, DX) - math.log(4)
    torch.testing.assert_close(value(P, Q, best), expected, rtol=1e-10, atol=0)


@pytest.mark.equation("eq-minimax-value")
@pytest.mark.parametrize("seed", range(5))
def test_any_discriminator_gives_a_lower_bound(seed):
    generator = torch.Generator().manual_seed(seed)
    best = objective.optimal_discriminator_logits(P.log(), Q.log())
    noise = torch.randn(len(GRID), generator=generator, dtype=torch.float64)
    bound = 2 * objective.jensen_shannon_divergence(P, Q, DX) - math.log(4)
    assert value(P, Q, best + noise) < bound - 1e-3
    assert value(P, Q, noise) < bound - 1e-3


@pytest.mark.equation("eq-discriminator-loss")
def test_a_weak_discriminator_and_equality_give_the_same_loss():
    ignorant = torch.zeros_like(GRID)
    for p, q in ((P, P), (P, normal(-5.0))):
        assert -value(p, q, ignorant).item() == pytest.approx(math.log(4), abs=1e-9)


@pytest.mark.equation("eq-generator-loss")
def test_non_saturating_gradient_is_that_of_reverse_kl_minus_twice_jsd():
    """At the optimal D, held fixed (Arjovsky & Bottou 2017, Theorem 2.5)."""
    theta = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    q = normal(theta)
    logits = objective.optimal_discriminator_logits(P.log(), q.detach().log())
    per_point = torch.stack([objective.generator_loss(one) for one in logits])
    of_loss = torch.autograd.grad((q * per_point).sum() * DX, theta, retain_graph=True)[0]
    divergence = kl(q, P) - 2 * objective.jensen_shannon_divergence(P, q, DX)
    of_divergence = torch.autograd.grad(divergence, theta)[0]
    torch.testing.assert_close(of_loss, of_divergence, rtol=1e-8, atol=0)


@pytest.mark.equation("eq-saturating-generator-loss")
def test_saturating_gradient_is_that_of_twice_the_jsd():
    theta = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    q = normal(theta)
    logits = objective.optimal_discriminator_logits(P.log(), q.detach().log())
    per_point = torch.stack([objective.saturating_generator_loss(one) for one in logits])
    of_loss = torch.autograd.grad((q * per_point).sum() * DX, theta, retain_graph=True)[0]
    of_divergence = torch.autograd.grad(2 * objective.jensen_shannon_divergence(P, q, DX), theta)[0]
    torch.testing.assert_close(of_loss, of_divergence, rtol=1e-8, atol=0)


@pytest.mark.equation("eq-smoothed-discriminator-loss")
@pytest.mark.parametrize(("a", "b"), [(0.9, 0.0), (0.9, 0.1)])
def test_smoothing_moves_the_optimal_discriminator(a, b):
    """D* = (a p + b q) / (p + q): two-sided smoothing lifts it where there is no data."""
    p, q = 0.01, 1.0  # a region with a hundred times as many samples as data
    d_star = (a * p + b * q) / (p + q)
    assert round(d_star, 3) == {0.0: 0.009, 0.1: 0.108}[b]
    logit = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

    def loss(one: torch.Tensor) -> torch.Tensor:
        """p times the term of data plus q times the term of samples (which is half of b against b)."""
        both = objective.smoothed_discriminator_loss(one, one, a, b)
        of_samples = objective.smoothed_discriminator_loss(one, one, b, b) / 2
        return p * both + (q - p) * of_samples

    for _ in range(50):  # Newton's method on a convex function of one variable
        (slope,) = torch.autograd.grad(loss(logit), logit, create_graph=True)
        (curvature,) = torch.autograd.grad(slope, logit)
        logit = (logit - (slope / curvature).clamp(-1, 1)).detach().requires_grad_()
    assert torch.sigmoid(logit).item() == pytest.approx(d_star, rel=1e-9)


@pytest.mark.equation("eq-jsd")
def test_jsd_is_symmetric_bounded_and_zero_for_equal_densities():
    there = objective.jensen_shannon_divergence(P, Q, DX)
    torch.testing.assert_close(there, objective.jensen_shannon_divergence(Q, P, DX))
    assert 0 < there < math.log(2)
    assert objective.jensen_shannon_divergence(P, P, DX).item() == pytest.approx(0, abs=1e-15)


@pytest.mark.equation("eq-jsd")
def test_jsd_from_its_two_kl_divergences():
    m = (P + Q) / 2
    expected = kl(P, m) / 2 + kl(Q, m) / 2
    torch.testing.assert_close(objective.jensen_shannon_divergence(P, Q, DX), expected)


@pytest.mark.equation("eq-jsd")
@pytest.mark.parametrize("gap", [2.0, 5.0])
def test_jsd_of_disjoint_densities_is_log_2_however_far_apart(gap):
    p, q = (((GRID - left - 0.5).abs() < 0.51).double() for left in (0.0, gap))  # boxes of width 1
    divergence = objective.jensen_shannon_divergence(p / (p.sum() * DX), q / (q.sum() * DX), DX)
    assert divergence.item() == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.equation("eq-jsd")
def test_jsd_in_two_dimensions_adds_nothing_where_a_factor_is_shared():
    side, p, q, r = DX * 2, *(density[::2] for density in (P, Q, normal(1.0)))
    plane = objective.jensen_shannon_divergence(torch.outer(p, r), torch.outer(q, r), side * side)
    line = objective.jensen_shannon_divergence(p, q, side)
    torch.testing.assert_close(plane, line, rtol=1e-9, atol=0)


def test_jsd_refuses_what_is_no_density():
    good = torch.tensor([0.5, 0.5])
    for bad, dx, message in (
        (torch.tensor([0.5, 0.3, 0.2]), 1.0, "one shape"),
        (torch.tensor([1.5, -0.5]), 1.0, "nowhere negative"),
        (torch.tensor([float("nan"), 0.5]), 1.0, "finite"),
        (torch.tensor([0.5, 0.9]), 1.0, "has mass 1.400"),
        (good, 0.0, "dx, the size of a grid cell, must be positive"),
        (good, float("nan"), "must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            objective.jensen_shannon_divergence(good, bad, dx)
    with pytest.raises(TypeError, match="floating-point"):
        objective.jensen_shannon_divergence(good, torch.tensor([1, 0]), 1.0)


def test_optimal_discriminator_refuses_two_shapes():
    with pytest.raises(ValueError, match=r"one shape, got \{'log_p': \(3,\), 'log_q': \(3, 1\)\}"):
        objective.optimal_discriminator_logits(torch.zeros(3), torch.zeros(3, 1))
