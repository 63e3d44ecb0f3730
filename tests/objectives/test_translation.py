"""The losses of translation against expectations known in closed form; toys in which they cannot tell."""

import math

import pytest
import torch
import torch.nn.functional as F

from gentutor.objectives.translation import cycle_consistency_loss, cyclegan_objective, identity_loss

BOTH = pytest.mark.parametrize(
    "loss",
    [
        cycle_consistency_loss,
        identity_loss,
    ],
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.equation("eq-cycle-consistency")
@pytest.mark.equation("eq-identity-loss")
@BOTH
@pytest.mark.parametrize("shape", [(5, 1, 4, 4), (7,), (2, 3), (1, 3, 2, 6), ()])
def test_against_pytorchs_l1_loss_with_gradients(loss, shape):
    mapped, original = normal(*shape).requires_grad_(), normal(*shape, seed=1).requires_grad_()
    value = loss(mapped, original)
    assert value.shape == ()
    expected = F.l1_loss(mapped, original)
    torch.testing.assert_close(value, expected)
    got = torch.autograd.grad(value, (mapped, original))
    torch.testing.assert_close(got, torch.autograd.grad(expected, (mapped, original)))


@pytest.mark.equation("eq-cycle-consistency")
@pytest.mark.equation("eq-identity-loss")
@BOTH
def test_the_expectation_of_a_normal_difference(loss):
    """E |x - y| of two independent N(0, 1) is 2 / sqrt(pi)."""
    value = loss(normal(400, 1000), normal(400, 1000, seed=1)).item()
    deviation = math.sqrt(2 - 4 / math.pi) / math.sqrt(400_000)
    assert abs(value - 2 / math.sqrt(math.pi)) < 5 * deviation


@BOTH
def test_a_distance(loss):
    x, y, z = (normal(6, 3, seed=seed) for seed in range(3))
    assert loss(x, x) == 0 and loss(x, y) == loss(y, x) > 0
    assert loss(x, z) <= loss(x, y) + loss(y, z)
    torch.testing.assert_close(loss(3 * x, 3 * y), 3 * loss(x, y))
    torch.testing.assert_close(loss(torch.cat([x, x]), torch.cat([y, y])), loss(x, y))  # any batch size


@BOTH
def test_wrong_input(loss):
    with pytest.raises(ValueError, match=r"expected tensors of one shape.*\(2, 3\).*\(2, 1\)"):
        loss(torch.zeros(2, 3), torch.zeros(2, 1))
    with pytest.raises(TypeError, match="must be a floating-point tensor, got torch.uint8"):
        loss(torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="is empty"):
        loss(torch.zeros(0, 3), torch.zeros(0, 3))


@pytest.mark.equation("eq-cyclegan-objective")
def test_the_objective_is_linear_in_its_parts_with_the_weights_as_slopes():
    parts = [normal(seed=seed).requires_grad_() for seed in range(3)]
    value = cyclegan_objective(*parts, cycle_weight=7.0, identity_weight=2.0, adversarial_weight=3.0)
    slopes = torch.autograd.grad(value, parts)
    assert [slope.item() for slope in slopes] == [3.0, 7.0, 2.0]
    assert cyclegan_objective(*[torch.zeros(())] * 3) == 0
    defaults = torch.autograd.grad(cyclegan_objective(*parts), parts)
    assert [slope.item() for slope in defaults] == [1.0, 10.0, 5.0]  # Zhu et al. 2017, section 5


def test_wrong_parts_and_weights():
    zero = torch.zeros(())
    with pytest.raises(ValueError, match=r"cycle must be a scalar, got shape \(3,\)"):
        cyclegan_objective(zero, torch.zeros(3), zero)
    with pytest.raises(TypeError, match="identity must be a tensor, got float"):
        cyclegan_objective(zero, zero, 0.0)
    for name in ("adversarial", "cycle", "identity"):
        with pytest.raises(ValueError, match=f"{name}_weight must be at least 0, got -1"):
            cyclegan_objective(zero, zero, zero, **{f"{name}_weight": -1.0})


# What the objective can and cannot tell apart. A and B are both uniform on [-1, 1], and a sample of A
# that is evenly spread is evenly spread again under a map that keeps the distribution.

A = torch.linspace(-1, 1, 2001, dtype=torch.float64)[:, None]


def distance(x: torch.Tensor, y: torch.Tensor) -> float:
    """The 1-Wasserstein distance of two samples of equal size."""
    return (x.flatten().sort().values - y.flatten().sort().values).abs().mean().item()


def tent(a: torch.Tensor) -> torch.Tensor:
    return 2 * a.abs() - 1


def test_a_mirror_image_is_cycle_consistent_and_only_the_identity_loss_sees_it():
    for there, back in ((A, A), (-A, A)):  # G(a) and F(G(a)): the true map, and G(a) = -a, F(b) = -b
        assert distance(there, A) < 1e-12
        assert cycle_consistency_loss(back, A) == 0
    assert identity_loss(A, A) == 0
    assert identity_loss(-A, A).item() == pytest.approx(1.0, abs=1e-3)  # E |2 b| = 1


def test_a_folded_map_has_the_right_distribution_and_no_way_back():
    """The tent map: of the two inputs of each output, F can give back their middle or one of them."""
    assert distance(tent(A), A) < 1e-3
    for back in (torch.zeros_like(A), (tent(A) + 1) / 2, -(tent(A) + 1) / 2):  # the middle, one, the other
        assert cycle_consistency_loss(back, A).item() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 100.0, 180.0])
def test_any_rotation_of_a_round_distribution_is_cycle_consistent(degrees):
    """G(a) = L R a with the Cholesky factor L of B's covariance: exact for every rotation R."""
    covariance = torch.tensor([[2.0, 0.8], [0.8, 0.7]], dtype=torch.float64)
    factor = torch.linalg.cholesky(covariance)
    angle = math.radians(degrees)
    rotation = torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64
    )
    map_to_b = factor @ rotation
    torch.testing.assert_close(map_to_b @ map_to_b.T, covariance)  # G(a) ~ N(0, covariance) for a ~ N(0, I)
    a = normal(100, 2)
    assert cycle_consistency_loss(a @ map_to_b.T @ torch.linalg.inv(map_to_b).T, a) < 1e-12
    true_partner = a @ factor.T
    assert (degrees == 0) == bool((a @ map_to_b.T - true_partner).abs().max() < 1e-12)
