"""Density and coverage: another library, the value for fresh data, outliers and repeated points."""

import math

import pytest
import torch
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

from gentutor.evaluation import density_coverage, neighbour_radii, precision_recall
from tests.evaluation.test_distances import points, rotation


@pytest.mark.equation("eq-density-coverage")
@pytest.mark.parametrize("k", [1, 3, 5])
def test_density_and_coverage_against_prdc(k):
    real, fake = points(300), points(200) * 1.2 + 3
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    found = density_coverage(real, fake, k)
    assert found == pytest.approx((expected["density"], expected["coverage"]), abs=1e-12)
    assert 0 < found[0] < 1 and 0 < found[1] < 1


@pytest.mark.equation("eq-density-coverage")
@pytest.mark.parametrize("k", [1, 3])
def test_what_fresh_data_score(k):
    """A ball is empty if the k nearest of all N - 1 + M others are data; a sample lies in about k balls."""
    random = torch.Generator().manual_seed(0)
    n, m, repeats = 60, 40, 200
    draws = [
        density_coverage(torch.randn(n, 3, generator=random), torch.randn(m, 3, generator=random), k)
        for _ in range(repeats)
    ]
    density, coverage = torch.tensor(draws, dtype=torch.float64).T
    empty = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    assert abs(coverage.mean() - (1 - empty)) < 4 * coverage.std() / repeats**0.5
    assert abs(density.mean() - n / (n - 1)) < 4 * density.std() / repeats**0.5


@pytest.mark.equation("eq-density-coverage")
def test_quality_costs_density_and_variety_costs_coverage():
    random = torch.Generator().manual_seed(0)
    left, right, far = (torch.randn(500, 2, generator=random) + shift for shift in (0, 20, 400))
    both = torch.cat([left, right])
    _, coverage = density_coverage(both, torch.randn(500, 2, generator=random), 3)
    assert 0.3 < coverage < 0.5  # one of two modes is missing
    density, coverage = density_coverage(left, torch.cat([left, far]), 3)
    assert coverage == 1 and density == pytest.approx(0.5 * density_coverage(left, left, 3)[0])
    assert density_coverage(left, far, 3) == (0, 0)


def test_sparse_samples_raise_recall_and_not_coverage():
    """Four samples far from each other have balls that hold all data, and none of the data's balls."""
    real = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    fake = 30 * torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert precision_recall(real, fake, 3) == (0, 1)
    assert density_coverage(real, fake, 3) == (0, 0)


def test_one_outlier_among_the_data_raises_precision_and_hardly_coverage():
    random = torch.Generator().manual_seed(0)
    real = torch.cat([torch.randn(200, 2, generator=random), torch.tensor([[50.0, 0.0]])])
    fake = torch.tensor([60.0, 0.0]) + torch.randn(200, 2, generator=random)
    assert precision_recall(real, fake, 3)[0] == 1
    density, coverage = density_coverage(real, fake, 3)
    assert density == pytest.approx(1 / 3) and coverage == pytest.approx(1 / 201)


def test_repeated_points_have_balls_of_radius_0_that_hold_their_copies():
    random = torch.Generator().manual_seed(0)
    real = torch.randn(100, 64, generator=random).repeat(4, 1)
    fake = real[torch.randperm(400, generator=random)]
    assert neighbour_radii(real, 3).eq(0).all()
    assert density_coverage(real, fake, 3) == (pytest.approx(4 / 3), 1)
    assert density_coverage(real, fake + 1e-3, 3) == (0, 0)


def test_rotation_shift_scale_and_chunks_change_nothing(monkeypatch):
    real, fake = points(70), points(50) * 1.2
    whole = density_coverage(real, fake, 3)
    moved = [3 * x @ rotation() + 7 for x in (real, fake)]
    assert density_coverage(*moved, 3) == pytest.approx(whole)
    monkeypatch.setattr("gentutor.evaluation.neighbours.CHUNK", 16)
    assert density_coverage(real, fake, 3) == whole


@pytest.mark.parametrize("k", [1, 4])
def test_radii_against_scikit_learn(k):
    x = points(80)
    distances, _ = NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)
    torch.testing.assert_close(neighbour_radii(x, k), torch.from_numpy(distances[:, k].copy()))


def test_bad_arguments():
    x = torch.randn(5, 2)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        density_coverage(x, x, 0)
    with pytest.raises(ValueError, match=r"N >= 6, got {'points': \(5, 2\)}"):
        density_coverage(x, x, 5)
    with pytest.raises(ValueError, match=r"'real': \(5, 2\), 'fake': \(5, 1\)"):
        density_coverage(x, x[:, :1], 3)
    with pytest.raises(ValueError, match="fake holds values that are not finite"):
        density_coverage(x, x / 0, 3)
    with pytest.raises(TypeError, match="points must be a floating-point tensor, got torch.int64"):
        neighbour_radii(x.long())
