"""Losses on unbounded scores: closed forms, minimisers, and the bound on the Wasserstein distance."""

import pytest
import torch
import torch.nn.functional as F

from gentutor.objectives import adversarial as objective
from gentutor.objectives import critics


def random_scores(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.equation("eq-ls-discriminator")
def test_least_squares_discriminator_is_squared_error_to_1_and_0():
    real, fake = random_scores(7), random_scores(11, seed=1)
    expected = F.mse_loss(real, torch.ones_like(real)) + F.mse_loss(fake, torch.zeros_like(fake))
    torch.testing.assert_close(objective.least_squares_discriminator_loss(real, fake), expected)
    half = torch.full((3,), 0.5)
    assert objective.least_squares_discriminator_loss(half, half).item() == 0.5


@pytest.mark.equation("eq-ls-generator")
def test_least_squares_generator_is_squared_error_to_1():
    fake = random_scores(11).requires_grad_()
    loss = objective.least_squares_generator_loss(fake)
    torch.testing.assert_close(loss, F.mse_loss(fake, torch.ones_like(fake)))
    torch.testing.assert_close(torch.autograd.grad(loss, fake)[0], 2 * (fake - 1).detach() / 11)


@pytest.mark.equation("eq-ls-discriminator")
@pytest.mark.parametrize(("data", "samples"), [(1, 1), (3, 1), (1, 4)])
def test_the_least_squares_optimum_is_the_share_of_data(data, samples):
    """At a point with so many examples of each, p D² falls until D = p / (p + q)."""
    score = torch.zeros((), dtype=torch.float64, requires_grad=True)
    elsewhere = torch.tensor([1.0], dtype=torch.float64)  # examples of data that are scored perfectly
    real = torch.cat([score.expand(data), elsewhere.expand(5 - data)])
    fake = torch.cat([score.expand(samples), 0 * elsewhere.expand(5 - samples)])
    loss = objective.least_squares_discriminator_loss(real, fake)
    (slope,) = torch.autograd.grad(loss, score, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, score)
    minimiser = score - slope / curvature  # one step of Newton's method: the loss is a parabola
    assert minimiser.item() == pytest.approx(data / (data + samples), rel=1e-14)


@pytest.mark.equation("eq-hinge-discriminator")
def test_hinge_costs_what_falls_short_of_the_margin():
    real = torch.tensor([-3.0, 0.0, 0.5, 1.0, 7.0], dtype=torch.float64, requires_grad=True)
    fake = torch.tensor([-3.0, -1.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    loss = objective.hinge_discriminator_loss(real, fake)
    assert loss.item() == pytest.approx((4 + 1 + 0.5 + 0 + 0) / 5 + (0 + 0 + 1 + 3) / 4)
    on_real, on_fake = torch.autograd.grad(loss, (real, fake))
    assert (5 * on_real[[0, 1, 2, 4]]).tolist() == pytest.approx([-1, -1, -1, 0])
    assert (4 * on_fake[[0, 2, 3]]).tolist() == pytest.approx([0, 1, 1])
    assert objective.hinge_discriminator_loss(torch.zeros(3), torch.zeros(2)).item() == 2


@pytest.mark.equation("eq-hinge-discriminator")
def test_hinge_agrees_with_the_critic_inside_the_margin():
    real, fake = random_scores(7).tanh(), random_scores(11, seed=1).tanh()
    torch.testing.assert_close(
        objective.hinge_discriminator_loss(real, fake), 2 + objective.critic_loss(real, fake)
    )


@pytest.mark.equation("eq-critic-loss")
@pytest.mark.equation("eq-critic-generator")
def test_the_critic_sees_only_differences_of_scores():
    real, fake = random_scores(7), random_scores(11, seed=1)
    loss = objective.critic_loss(real, fake)
    torch.testing.assert_close(objective.critic_loss(real + 5, fake + 5), loss)
    torch.testing.assert_close(objective.critic_loss(fake, real), -loss)
    torch.testing.assert_close(objective.critic_loss(3 * real, 3 * fake), 3 * loss)
    torch.testing.assert_close(loss, -objective.critic_generator_loss(fake) - real.mean())


@pytest.mark.equation("eq-critic-loss")
def test_a_1_lipschitz_critic_bounds_the_wasserstein_distance_from_below():
    """In one dimension the distance is the mean gap of the sorted samples."""
    real, fake = random_scores(200), random_scores(200, seed=1) + 1.5
    distance = (real.sort().values - fake.sort().values).abs().mean()
    for critic in (torch.sin, torch.abs, torch.tanh, lambda x: x, lambda x: -x):
        assert -objective.critic_loss(critic(real), critic(fake)) <= distance + 1e-12
    shifted = real + 1.5  # moved to the right: there C(x) = -x is the best critic
    assert -objective.critic_loss(-real, -shifted).item() == pytest.approx(1.5)


@pytest.mark.equation("eq-critic-generator")
def test_the_generator_loss_of_a_critic_has_the_gradient_minus_1_over_n():
    fake = (100 * random_scores(4)).requires_grad_()
    loss = objective.critic_generator_loss(fake)
    assert loss.item() == pytest.approx(-fake.mean().item())
    assert torch.autograd.grad(loss, fake)[0].tolist() == [-0.25] * 4


def test_everything_can_be_imported_from_adversarial():
    public = {name for name in vars(critics) if name.endswith(("_loss", "_penalty"))}
    assert public <= set(objective.__all__)
    assert all(getattr(objective, name) is getattr(critics, name) for name in public)
