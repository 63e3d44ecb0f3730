"""Counting modes of a known mixture, and finding the nearest training examples."""

import math

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gentutor.data import toy
from gentutor.evaluation import mode_count, mode_hits, nearest_neighbours

GRID = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0))  # 25 modes, 1 apart
STD = 0.05


def draw(modes: torch.Tensor, n: int, std: float = STD) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    chosen = modes[torch.randint(len(modes), (n,), generator=generator)]
    return chosen + std * torch.randn(n, 2, generator=generator)


def test_the_mixture_itself_covers_all_modes():
    modes, share = mode_count(draw(GRID, 20_000), GRID, STD)
    assert modes == 25
    within = 1 - math.exp(-(3**2) / 2)  # in two dimensions the radius is Rayleigh distributed
    assert share == pytest.approx(within, abs=4 * math.sqrt(within * (1 - within) / 20_000))


@pytest.mark.parametrize("kept", [1, 7])
def test_collapse_costs_modes_and_not_quality(kept):
    modes, share = mode_count(draw(GRID[:kept], 2000), GRID, STD)
    assert modes == kept
    assert share > 0.98


def test_blur_costs_quality_first_and_modes_once_less_than_a_quarter_is_good():
    for blur, all_modes in ((2, 25), (8, 0)):
        modes, share = mode_count(draw(GRID, 20_000, std=blur * STD), GRID, STD)
        assert modes == all_modes
        assert share == pytest.approx(1 - math.exp(-((3 / blur) ** 2) / 2), abs=0.02)


def test_even_scatter_hits_most_modes_and_covers_none():
    density = toy.grid()
    points = 5 * (2 * torch.rand(2500, 2, generator=torch.Generator().manual_seed(0)) - 1)
    std = float(density.std[0])
    hits = mode_hits(points, density.means, std)
    area = 25 * math.pi * (3 * std) ** 2 / 10**2  # of the discs, by that of the square
    assert mode_count(points, density.means, std) == (0, hits.sum().item() / 2500)
    assert hits.sum().item() / 2500 == pytest.approx(area, abs=4 * math.sqrt(area / 2500))
    assert (hits > 0).sum() > 15


def test_a_mode_is_covered_from_a_quarter_of_its_fair_share_on():
    means = torch.tensor([[0.0], [10.0]])
    for bad, modes in ((11, 2), (12, 1)):  # N / (4 K) is 2, then 2.125: the second mode has 2 hits
        samples = torch.tensor([0.0] * 3 + [10.0] * 2 + [1000.0] * bad)[:, None]
        assert mode_count(samples, means, 1.0) == (modes, 5 / (5 + bad))


def test_a_sample_counts_within_three_standard_deviations():
    means = torch.tensor([[0.0], [10.0]])
    assert mode_count(torch.tensor([[2.99]]), means, 1.0) == (1, 1.0)
    assert mode_count(torch.tensor([[3.01]]), means, 1.0) == (0, 0.0)
    assert mode_count(torch.tensor([[3.0], [4.0], [6.9], [7.1]]), means, 1.0) == (2, 0.5)


def test_hits_of_each_mode():
    means = torch.tensor([[0.0], [10.0], [20.0]])
    samples = torch.tensor([[0.1], [-2.9], [3.1], [5.0], [21.0]])
    assert mode_hits(samples, means, 1.0).tolist() == [2, 0, 1]


def test_bad_arguments_of_mode_count():
    with pytest.raises(ValueError, match="std must be positive, got 0"):
        mode_count(GRID, GRID, 0)
    with pytest.raises(ValueError, match=r"'samples': \(25, 1\), 'means': \(25, 2\)"):
        mode_count(GRID[:, :1], GRID, STD)
    with pytest.raises(ValueError, match="N >= 1"):
        mode_count(GRID[:0], GRID, STD)
    with pytest.raises(ValueError, match="samples holds values that are not finite"):
        mode_count(GRID / 0, GRID, STD)
    with pytest.raises(TypeError, match="means must be a floating-point tensor, got torch.int64"):
        mode_count(GRID, GRID.long(), STD)


@pytest.mark.parametrize("chunk", [1, 7, 100])
@pytest.mark.parametrize("k", [1, 4])
def test_neighbours_against_scikit_learn(k, chunk):
    generator = torch.Generator().manual_seed(0)
    queries = torch.rand(20, 1, 5, 6, generator=generator)
    reference = torch.rand(300, 1, 5, 6, generator=generator)
    indices, distances = nearest_neighbours(queries, reference, k, chunk)
    search = NearestNeighbors(n_neighbors=k).fit(reference.flatten(1))
    expected_distances, expected_indices = search.kneighbors(queries.flatten(1))
    assert indices.tolist() == expected_indices.tolist()
    torch.testing.assert_close(distances.double(), torch.from_numpy(expected_distances).double())
    assert indices.shape == distances.shape == (20, k)


def test_a_copy_of_a_training_example_is_found_at_distance_0():
    generator = torch.Generator().manual_seed(0)
    reference = 100 + torch.rand(500, 784, generator=generator)  # far from the origin: hard to tell apart
    indices, distances = nearest_neighbours(reference[[3, 77]], reference, 2)
    assert indices[:, 0].tolist() == [3, 77]
    assert distances[:, 0].tolist() == [0, 0]
    assert (distances[:, 1] > 5).all()


def test_neighbours_far_from_the_origin_are_told_apart():
    reference = torch.tensor([[1000.02, 1000.0], [1000.0, 1000.01], [1000.3, 1000.0]])
    query = torch.tensor([[1000.0, 1000.0]])
    indices, distances = nearest_neighbours(query, reference, 3)
    assert indices.tolist() == [[1, 0, 2]]
    expected = (reference.double() - query.double()).norm(dim=1)[indices]
    assert distances.dtype == torch.float64 and torch.allclose(distances, expected, rtol=1e-9)
    assert torch.equal(nearest_neighbours(query.double(), reference, 3)[0], indices)  # types may differ


def test_bad_arguments_of_neighbours():
    with pytest.raises(ValueError, match=r"got \(5,\) and \(5,\)"):
        nearest_neighbours(GRID[:5, 0], GRID[:5, 0])
    with pytest.raises(ValueError, match=r"got \(\) and \(\)"):
        nearest_neighbours(torch.tensor(1.0), torch.tensor(1.0))
    with pytest.raises(ValueError, match="k and chunk must be at least 1, got 0 and 100"):
        nearest_neighbours(GRID, GRID, 0)
    with pytest.raises(ValueError, match=r"N >= 26, got \(25, 2\) and \(25, 2\)"):
        nearest_neighbours(GRID, GRID, 26)
    with pytest.raises(ValueError, match=r"got \(25, 1\) and \(25, 2\)"):
        nearest_neighbours(GRID[:, :1], GRID)
    with pytest.raises(ValueError, match="queries holds values that are not finite"):
        nearest_neighbours(GRID / 0, GRID)
    with pytest.raises(TypeError, match="reference must be a floating-point tensor, got torch.uint8"):
        nearest_neighbours(GRID, GRID.to(torch.uint8))
