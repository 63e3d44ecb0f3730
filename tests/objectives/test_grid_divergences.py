"""KL divergence and total variation on a grid: closed forms, identities, gradients, refusals."""

import math

import pytest
import torch

from gentutor.objectives.divergences import kl_divergence, total_variation

DX = 0.01
GRID = torch.arange(-14, 14, DX, dtype=torch.float64)


def normal(mean=0.0, std=1.0):
    return torch.exp(-(((GRID - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def box(left, right):
    density = ((left <= GRID) & (right > GRID)).double()
    return density / (density.sum() * DX)


@pytest.mark.equation("eq-kl")
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.0, 1.0), (-0.5, 0.7), (2.0, 1.5)])
def test_kl_of_two_gaussians_is_the_closed_form(mean, std):
    ours = kl_divergence(normal(mean, std), normal(), DX)
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, std), torch.distributions.Normal(0.0, 1.0)
    )
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.equation("eq-kl")
def test_the_order_of_the_arguments_matters():
    p, q = normal(), normal(0.0, 2.0)
    assert kl_divergence(p, q, DX).item() == pytest.approx(math.log(2) - 3 / 8, abs=1e-9)
    assert kl_divergence(q, p, DX).item() == pytest.approx(3 / 2 - math.log(2), abs=1e-9)


@pytest.mark.equation("eq-kl")
def test_kl_where_a_density_vanishes():
    narrow, wide, elsewhere = box(0, 1), box(0, 4), box(6, 7)
    assert kl_divergence(narrow, wide, DX).item() == pytest.approx(math.log(4))
    assert kl_divergence(wide, narrow, DX).item() == math.inf
    assert kl_divergence(narrow, elsewhere, DX).item() == math.inf
    assert kl_divergence(narrow, narrow, DX).item() == 0


@pytest.mark.equation("eq-kl")
def test_the_gradient_of_either_kl_is_finite_where_densities_vanish():
    """Both are minimised over a Gaussian in the chapter; here the slope in its mean has a closed form."""
    mean = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    p = normal().masked_fill(GRID.abs() > 9, 0.0)
    (forward,) = torch.autograd.grad(kl_divergence(p, normal(mean, 1.0), DX), mean)
    assert forward.item() == pytest.approx(0.3, abs=1e-8)  # KL = mean² / 2
    q = torch.where(GRID.abs() > 9, 0.0, normal(mean, 1.0))
    (reverse,) = torch.autograd.grad(kl_divergence(q, p, DX), mean)
    assert reverse.item() == pytest.approx(0.3, abs=1e-8)


@pytest.mark.equation("eq-kl")
@pytest.mark.equation("eq-total-variation")
@pytest.mark.parametrize("other", [normal(1.0, 2.0), normal(4.0, 0.5), (normal(-2.0) + normal(2.0)) / 2])
def test_pinsker_bounds_total_variation_by_kl(other):
    """TV² <= KL / 2, whichever way round; and TV <= 1."""
    distance = total_variation(normal(), other, DX)
    for kl in (kl_divergence(normal(), other, DX), kl_divergence(other, normal(), DX)):
        assert 0 < distance.square() <= min(1.0, kl / 2)


@pytest.mark.equation("eq-total-variation")
@pytest.mark.parametrize("gap", [0.5, 2.0, 6.0])
def test_total_variation_of_shifted_gaussians_is_the_closed_form(gap):
    """The densities cross half way, so TV = P(x < gap / 2) - P(x - gap < gap / 2) = erf(gap / sqrt 8)."""
    ours = total_variation(normal(), normal(gap), DX)
    assert ours.item() == pytest.approx(math.erf(gap / math.sqrt(8)), abs=1e-5)
    torch.testing.assert_close(ours, total_variation(normal(gap), normal(), DX))


@pytest.mark.equation("eq-total-variation")
def test_total_variation_runs_from_0_to_1():
    assert total_variation(normal(), normal(), DX).item() == 0
    assert total_variation(box(0, 1), box(2, 3), DX).item() == pytest.approx(1)
    assert total_variation(box(0, 1), box(0, 2), DX).item() == pytest.approx(0.5)


@pytest.mark.parametrize("divergence", [kl_divergence, total_variation])
def test_what_is_no_density_is_refused(divergence):
    good = torch.tensor([0.5, 0.5])
    for bad, dx, message in (
        (torch.tensor([0.5, 0.3, 0.2]), 1.0, "one shape"),
        (torch.tensor([1.5, -0.5]), 1.0, "nowhere negative"),
        (good.log(), 1.0, "nowhere negative"),
        (good, 0.1, "has mass 0.100"),
        (good, -1.0, "dx"),
    ):
        with pytest.raises(ValueError, match=message):
            divergence(good, bad, dx)
    with pytest.raises(TypeError, match="int64"):
        divergence(good, torch.tensor([1, 0]), 1.0)
