"""The gradient penalties: known slopes, norms per example, and gradients of gradients."""

import math

import pytest
import torch
from torch import nn

from gentutor.objectives.adversarial import gradient_penalty, r1_penalty, r2_penalty


def images(n: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(n, 2, 3, 4, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def smooth_critic() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 1)).double()


@pytest.mark.equation("eq-gradient-penalty")
@pytest.mark.equation("eq-r1")
@pytest.mark.parametrize("slope", [0.1, 1.0, 3.0])
def test_a_linear_critic_has_its_slope_everywhere(slope):
    """C(x) = slope · sum(x) over D = 24 numbers has the gradient norm slope · √24, at every x."""

    def critic(x: torch.Tensor) -> torch.Tensor:
        return slope * x.flatten(1).sum(dim=1)

    norm = slope * math.sqrt(24)
    assert gradient_penalty(critic, images(5), images(5, 1)).item() == pytest.approx((norm - 1) ** 2)
    assert r1_penalty(critic, images(5)).item() == pytest.approx(norm**2)


@pytest.mark.equation("eq-gradient-penalty")
@pytest.mark.equation("eq-r1")
def test_examples_may_be_single_numbers():
    x = torch.tensor([0.0, 1.0, 2.0])
    assert gradient_penalty(lambda x: 3 * x, x, x + 1).item() == pytest.approx(4)
    assert r1_penalty(lambda x: x.square(), x).item() == pytest.approx((0 + 4 + 16) / 3)


@pytest.mark.equation("eq-gradient-penalty")
@pytest.mark.equation("eq-r1")
def test_norms_are_per_example():
    """C(x) = a · x with a = 1 for one example and 4 for another, told apart by their first pixel."""
    x = torch.tensor([[1.0, 0.0], [4.0, 0.0]], dtype=torch.float64)

    def critic(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0].detach() * x[:, 1]

    assert gradient_penalty(critic, x, x).item() == pytest.approx((0 + 9) / 2)
    assert r1_penalty(critic, x).item() == pytest.approx((1 + 16) / 2)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (-1, 1, 1, 1)])
def test_scores_may_have_any_shape(shape):
    critic = smooth_critic()
    expected = gradient_penalty(critic, images(5), images(5, 1), torch.Generator().manual_seed(3))
    reshaped = gradient_penalty(
        lambda x: critic(x).view(shape), images(5), images(5, 1), torch.Generator().manual_seed(3)
    )
    assert reshaped == expected
    assert expected.shape == ()


@pytest.mark.equation("eq-gradient-penalty")
def test_points_lie_uniformly_on_lines_between_data_and_samples():
    seen = []

    def critic(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.detach().clone())
        return x.sum(dim=(1, 2, 3))

    n = 4000
    real, fake = torch.ones(n, 2, 3, 4), torch.zeros(n, 2, 3, 4)  # the point is epsilon itself
    gradient_penalty(critic, real, fake, torch.Generator().manual_seed(0))
    epsilon = seen[0].flatten(1)
    assert (epsilon == epsilon[:, :1]).all()  # one number per example, for all its pixels
    share = epsilon[:, 0].sort().values
    uniform = (torch.arange(n) + 0.5) / n
    assert (share - uniform).abs().max() < 1.95 / math.sqrt(n)  # Kolmogorov-Smirnov, 0.1 % level
    assert share[0] >= 0 and share[-1] <= 1


def test_a_generator_of_random_numbers_makes_it_reproducible():
    critic, real, fake = smooth_critic(), images(5), images(5, 1)

    def once(seed: int) -> float:
        return gradient_penalty(critic, real, fake, torch.Generator().manual_seed(seed)).item()

    state = torch.get_rng_state()
    assert once(1) == once(1) != once(2)
    assert torch.equal(torch.get_rng_state(), state)  # the global random numbers are untouched
    torch.manual_seed(1)
    first = gradient_penalty(critic, real, fake).item()
    torch.manual_seed(1)
    assert gradient_penalty(critic, real, fake).item() == first


@pytest.mark.equation("eq-gradient-penalty")
def test_gradient_of_the_penalty_against_finite_differences():
    critic, real, fake = smooth_critic(), images(6), images(6, 1)
    weight = critic[1].weight

    def penalty() -> torch.Tensor:
        return gradient_penalty(critic, real, fake, torch.Generator().manual_seed(0))

    check_one_weight(penalty, weight)


@pytest.mark.equation("eq-r1")
def test_gradient_of_r1_against_finite_differences():
    critic = smooth_critic()
    check_one_weight(lambda: r1_penalty(critic, images(6)), critic[1].weight)


def check_one_weight(penalty, weight: torch.Tensor, step: float = 1e-5) -> None:
    exact = torch.autograd.grad(penalty(), weight)[0][2, 5].item()
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[2, 5] += sign * step
        values.append(penalty().item())
        with torch.no_grad():
            weight[2, 5] -= sign * step
    assert exact == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-6)
    assert abs(exact) > 1e-4


def test_no_gradient_reaches_the_generator_or_the_data():
    critic, real = smooth_critic(), images(5).requires_grad_()
    fake = images(5, 1).requires_grad_()
    (gradient_penalty(critic, real, fake) + r1_penalty(critic, real)).backward()
    assert real.grad is None and fake.grad is None
    assert critic[1].weight.grad is not None


@pytest.mark.equation("eq-gradient-penalty")
def test_a_flat_critic_is_penalised_by_1_with_finite_gradients():
    critic = smooth_critic()
    with torch.no_grad():
        critic[3].weight.zero_()
    penalty = gradient_penalty(critic, images(5), images(5, 1))
    assert penalty.item() == 1
    penalty.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in critic.parameters())


def test_bad_arguments():
    critic = smooth_critic()
    with pytest.raises(ValueError, match=r"\{'real': \(5, 2, 3, 4\), 'fake': \(4, 2, 3, 4\)\}"):
        gradient_penalty(critic, images(5), images(4))
    with pytest.raises(ValueError, match="real is empty"):
        r1_penalty(critic, images(0))
    with pytest.raises(TypeError, match="torch.uint8"):
        r1_penalty(critic, images(5).to(torch.uint8))
    with pytest.raises(TypeError, match="torch.uint8"):
        gradient_penalty(critic, images(5), images(5).to(torch.uint8))


def test_r2_is_the_squared_slope_on_samples_and_gives_the_generator_nothing():
    critic, fake = smooth_critic(), images(4, seed=2).requires_grad_()
    penalty = r2_penalty(critic, fake)
    jacobians = [torch.autograd.functional.jacobian(critic, row[None]) for row in fake.detach()]
    torch.testing.assert_close(penalty, sum(slope.square().sum() for slope in jacobians) / 4)
    penalty.backward()
    assert fake.grad is None and critic[1].weight.grad.abs().sum() > 0
    with pytest.raises(ValueError, match="fake"):
        r2_penalty(critic, fake[:0])
