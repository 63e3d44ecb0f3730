"""The facts behind the exercises on generation under a condition."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import mutual_info_score
from torch.distributions import Normal

from gentutor.exercises import EXERCISES
from gentutor.exercises.conditional.information import separation, two_gaussians

ACCURACY, SEPARATION, WORTH = (
    f"conditional.{name}" for name in ("accuracy_90", "separation", "label_is_worth")
)


def test_errors_spread_evenly_cost_that_much_information():
    asked = np.repeat(np.arange(10), 900)
    seen = np.concatenate(
        [np.r_[[k] * 810, np.repeat([j for j in range(10) if j != k], 10)] for k in range(10)]
    )
    assert mutual_info_score(asked, seen) == pytest.approx(EXERCISES[ACCURACY].judge.expected, abs=5e-4)


def test_the_separation_by_another_quadrature():
    """Gauss-Hermite, and a million draws."""
    a = separation(0.5)
    x, weight = np.polynomial.hermite_e.hermegauss(80)
    expected = math.log(2) - np.sum(weight * np.log1p(np.exp(-2 * a * (x + a)))) / np.sum(weight)
    assert expected == pytest.approx(0.5, abs=1e-5)
    assert EXERCISES[SEPARATION].judge.expected == pytest.approx(a, abs=0.005)
    draws = a + torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert math.log(2) - F.softplus(-2 * a * draws).mean().item() == pytest.approx(0.5, abs=2e-3)
    assert two_gaussians(0.3) < two_gaussians(0.4)


def test_a_sequential_takes_one_input():
    net = torch.nn.Sequential(torch.nn.Linear(74, 256), torch.nn.ReLU(), torch.nn.Linear(256, 784))
    z, c = torch.randn(8, 64), torch.eye(10)[:8]
    assert net(torch.cat([z, c], dim=1)).shape == (8, 784)
    for wrong in (lambda: net(z, c), lambda: net((z, c))):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(RuntimeError):
        net(torch.cat([z, c], dim=0))


def test_what_a_label_is_worth_where_everything_is_known():
    """Ten classes that do not overlap: E[log p(x|y) - log p(x)] = log 10."""
    means = 100 * torch.arange(10, dtype=torch.float64)
    y = torch.arange(10).repeat(50)
    x = means[y] + torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    log_p = Normal(means, 1.0).log_prob(x[:, None])  # (N, 10)
    log_px = log_p.logsumexp(dim=1) - math.log(10)
    gain = (log_p[torch.arange(500), y] - log_px).mean()
    assert gain.item() == pytest.approx(EXERCISES[WORTH].judge.expected, abs=1e-3)
