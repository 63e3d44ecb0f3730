"""Two moons: the quadrature against an adaptive one, limits, symmetry, and where the samples fall."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import chisquare

from gentutor import data


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def moons_by_quad(x: np.ndarray, std: float) -> float:
    """The two moons' density by adaptive quadrature, told where each integrand peaks."""
    total = 0.0
    for p in (x, np.array([1.0, 0.5]) - x):
        peak = min(max(math.atan2(p[1], p[0]) % (2 * math.pi), 1e-3), math.pi - 1e-3)
        total += quad(
            lambda t, p=p: math.exp(-((p[0] - math.cos(t)) ** 2 + (p[1] - math.sin(t)) ** 2) / (2 * std**2)),
            0,
            math.pi,
            points=[peak],
            epsabs=0,
            epsrel=1e-12,
            limit=500,
        )[0]
    return total / (2 * math.pi) / (2 * math.pi * std**2)


SPECIAL = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [0, 0.5], [1, -0.5], [1, 0.5], [0.5, 0.25], [-1, -0.0]]


@pytest.mark.parametrize("noise", [0.05, 0.2, 1.0])
def test_moons_log_prob_is_the_integral(noise):
    near = torch.randn(30, 2, dtype=torch.float64, generator=seeded(0)) * noise * 3
    near = near + data.two_moons(noise).sample(30, seeded(1)).double()
    x = torch.cat([near, torch.tensor(SPECIAL, dtype=torch.float64)])
    expected = torch.tensor([moons_by_quad(row, noise) for row in x.numpy()], dtype=torch.float64).log()
    torch.testing.assert_close(data.two_moons(noise).log_prob(x), expected, rtol=0, atol=1e-9)


def test_narrow_moons_have_the_density_of_their_curve():
    # At distance d from the middle of an arc of radius 1, as std -> 0: exp(-d^2 / (2 std^2)) over
    # std sqrt(2 pi), times 1 / (2 pi) per unit length of arc, times 1 / (1 + d) as the lines spread.
    std = 1e-3
    d = torch.tensor([-2 * std, 0.0, std], dtype=torch.float64)
    top = torch.stack([torch.zeros_like(d), 1 + d], dim=1)
    expected = -(d**2) / (2 * std**2) - math.log(std * math.sqrt(2 * math.pi)) - math.log(2 * math.pi)
    torch.testing.assert_close(
        data.two_moons(std).log_prob(top), expected - torch.log1p(d) / 2, rtol=0, atol=1e-6
    )


def test_far_away_the_moons_are_a_gaussian_around_their_nearest_point():
    x = torch.tensor([[0.0, 1000.0]], dtype=torch.float64, requires_grad=True)
    log_prob = data.two_moons(0.5).log_prob(x)
    (gradient,) = torch.autograd.grad(log_prob.sum(), x)
    assert log_prob.item() == pytest.approx(-(999**2) / (2 * 0.25), rel=1e-4)
    torch.testing.assert_close(
        gradient, torch.tensor([[0.0, -999 / 0.25]], dtype=torch.float64), rtol=1e-5, atol=1e-5
    )


def test_turning_the_plane_by_half_a_turn_swaps_the_moons():
    x = torch.randn(50, 2, dtype=torch.float64, generator=seeded(0))
    moons = data.two_moons(0.2)
    turned = torch.tensor([1.0, 0.5]) - x
    torch.testing.assert_close(moons.log_prob(turned), moons.log_prob(x), rtol=0, atol=1e-12)


def test_gradients_are_finite_at_special_points():
    x = torch.tensor(SPECIAL, requires_grad=True)
    data.two_moons(0.1).log_prob(x).sum().backward()
    assert bool(torch.isfinite(x.grad).all())


def test_samples_fall_where_the_density_is():
    moons, n = data.two_moons(0.3), 20_000
    line = (torch.arange(100, dtype=torch.float64) + 0.5) * 0.06 - 3
    density = moons.log_prob(torch.cartesian_prod(line, line)).exp()
    expected = n * density.view(10, 10, 10, 10).sum(dim=(1, 3)).flatten() * 0.06**2  # in 10 x 10 boxes
    box = ((moons.sample(n, seeded(0)) + 3) / 0.6).floor().long().clamp(0, 9)
    observed = torch.bincount(box[:, 0] * 10 + box[:, 1], minlength=100).double()
    often = expected > 5
    observed = torch.cat([observed[often], observed[~often].sum()[None]])
    expected = torch.cat([expected[often], expected[~often].sum()[None]])
    assert chisquare(observed, expected * n / expected.sum()).pvalue > 1e-3


def test_samples_have_the_mean_and_variance_of_the_moons():
    # One moon: mean (0, 2/pi), E[cos^2] = E[sin^2] = 1/2. The other is its turned copy, so that
    # the pair has its mean at (1/2, 1/4), the point of symmetry.
    n, noise = 100_000, 0.1
    x = data.two_moons(noise).sample(n, seeded(0)) - torch.tensor([0.5, 0.25])
    variance = torch.tensor([0.5 + 0.25, 0.5 - 1 / math.pi + 1 / 16]) + noise**2
    assert bool((x.mean(dim=0).abs() < 5 * (variance / n).sqrt()).all())
    error = (x.square().var(dim=0) / n).sqrt()
    assert bool(((x.square().mean(dim=0) - variance).abs() < 5 * error).all())
