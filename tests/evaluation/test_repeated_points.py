"""Every metric with points that repeat, and with points that are all the same: right, or one line."""

import math

import pytest
import torch

from gentutor import data
from gentutor.evaluation import (
    active_units,
    class_frechet_distance,
    class_metrics,
    completion_metrics,
    density_coverage,
    expected_calibration_error,
    frechet_distance,
    kernel_distance,
    latent_information,
    mode_count,
    mode_hits,
    monte_carlo,
    nearest_neighbours,
    neighbour_radii,
    precision_recall,
    reliability,
    retrieval_ranks,
    within_class_variance,
)
from gentutor.evaluation.distances import CHUNK
from gentutor.evaluation.measures.styles import style_correlation

TIMES = 4  # that each point occurs


def shuffled(x: torch.Tensor, seed: int = 1) -> torch.Tensor:
    return x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]


def random(*shape: int, offset: float = 0.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)) + offset


@pytest.fixture(params=[0.0, 1e6], ids=["near 0", "far from 0"])
def repeated(request) -> torch.Tensor:
    """100 points, each four times."""
    return random(100, 64, offset=request.param).repeat(TIMES, 1)


@pytest.mark.parametrize("k", [1, TIMES - 1, TIMES, 2 * TIMES])
def test_a_set_and_its_permutation_cover_each_other(repeated, k):
    assert len(repeated) > CHUNK
    assert precision_recall(repeated, shuffled(repeated), k) == (1, 1)
    assert density_coverage(repeated, shuffled(repeated), k)[1] == 1


def test_balls_around_copies_hold_copies_alone(repeated):
    assert torch.equal(neighbour_radii(repeated, TIMES - 1), torch.zeros(len(repeated)).double())
    assert (neighbour_radii(repeated, TIMES) > 1).all()
    density, coverage = density_coverage(repeated, shuffled(repeated), TIMES - 1)
    assert (density, coverage) == (pytest.approx(TIMES / (TIMES - 1)), 1)
    half = repeated[:50]  # half of the kinds, each once
    assert precision_recall(repeated, half, TIMES - 1)[0] == 1
    assert density_coverage(repeated, half, TIMES - 1) == (pytest.approx(TIMES / (TIMES - 1)), 1 / 2)
    assert precision_recall(repeated, half + 1, TIMES - 1)[0] == 0


@pytest.mark.parametrize("place", [0.0, 1e6])
def test_points_that_are_all_the_same(place):
    same, other = torch.full((300, 8), place), torch.full((300, 8), place + 1)
    assert frechet_distance(same, same.clone()) == 0
    assert kernel_distance(same, same.clone()) == pytest.approx(0, abs=1e-12 * (place**2 + 1) ** 3)
    assert frechet_distance(same, other) == 8
    assert precision_recall(same, same.clone()) == density_coverage(same, same.clone(), 3)[1:] * 2 == (1, 1)
    assert density_coverage(same, same.clone(), 3)[0] == 100  # N / k: every sample lies in every ball
    assert precision_recall(same, other) == density_coverage(same, other) == (0, 0)
    assert not neighbour_radii(same).any()


def test_copies_change_no_distance_of_gaussians():
    a, b = random(50, 6), 2 * random(60, 6) + 1
    unbiased = [(len(x) * TIMES - 1) / ((len(x) - 1) * TIMES) for x in (a, b)]  # what copies do to a variance
    wider = [
        x.mean(dim=0) + (x - x.mean(dim=0)) * factor**0.5 for x, factor in zip((a, b), unbiased, strict=True)
    ]
    copies = frechet_distance(*(shuffled(x.double().repeat(TIMES, 1)) for x in wider))
    assert copies == pytest.approx(frechet_distance(a, b), rel=1e-5)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_neighbours_among_copies_are_the_first_of_them(repeated, k):
    indices, distances = nearest_neighbours(repeated[100:110], repeated, k)
    copies = torch.arange(10)[:, None] + 100 * torch.arange(TIMES)
    assert torch.equal(indices[:, :TIMES], copies[:, :k])
    assert not distances[:, :TIMES].any() and (distances[:, TIMES:] > 1).all()


def test_neighbours_where_all_are_the_same():
    indices, distances = nearest_neighbours(torch.zeros(2, 3), torch.ones(500, 3), 4)
    assert indices.tolist() == [[0, 1, 2, 3]] * 2 and (distances == math.sqrt(3)).all()


def test_a_copy_is_nearer_than_its_neighbour_however_near_that_is():
    """By a matrix product the two are equally far: they differ in the last bit."""
    reference = random(40, 64, offset=1e3).double()
    reference = torch.cat([reference * (1 + 2**-52), reference])
    indices, distances = nearest_neighbours(reference[40:], reference)
    assert torch.equal(indices[:, 0], torch.arange(40, 80)) and not distances.any()


def test_a_candidate_that_repeats_is_not_found_alone():
    candidates = random(50, 3, 4, 4).repeat(2, 1, 1, 1)
    assert (retrieval_ranks(candidates, candidates.clone()) == 2).all()
    assert (retrieval_ranks(torch.zeros(300, 5), torch.ones(300, 5)) == 300).all()


def test_samples_on_a_mode_are_its_hits_however_narrow_it_is():
    means = random(30, 8, offset=1e3).double()
    samples = shuffled(means.repeat(TIMES, 1))
    assert (mode_hits(samples, means, std=1e-12) == TIMES).all()
    assert mode_count(samples, means, std=1e-12) == (30, 1)
    assert mode_count(means[:1].repeat(60, 1), means, std=0.1) == (1, 1)


def test_a_mode_that_stands_twice_is_refused():
    for metric in (mode_hits, mode_count):
        with pytest.raises(ValueError, match="means holds a mode twice"):
            metric(random(5, 2), torch.ones(2, 2), 0.1)


def test_classes_of_one_picture_each():
    x, labels = torch.eye(10).repeat_interleave(3, dim=0), torch.arange(10).repeat_interleave(3)
    assert within_class_variance(x, labels) == 0
    assert class_frechet_distance(x, labels, shuffled(x), shuffled(labels)) == pytest.approx(0, abs=1e-9)


def test_samples_of_one_picture_and_data_of_one_picture():
    images, labels = (part[:400] for part in data.mnist("test"))
    real, one = data.to_unit(images), data.to_unit(images[:1]).expand(400, -1, -1, -1)
    collapsed = class_metrics(one, labels, real, labels)
    assert collapsed["variance"] == pytest.approx(0, abs=1e-12) and collapsed["information"] == 0
    assert collapsed["precision"] == 1 and collapsed["recall"] < 0.05
    same = class_metrics(real, labels, shuffled(real), shuffled(labels))
    assert same["variance"] == pytest.approx(1) and same["precision"] == same["recall"] == 1
    assert same["frechet"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="the real images of each class are all the same"):
        class_metrics(real, labels, one, labels)


def test_answers_that_are_all_the_same():
    images, labels = (part[:40] for part in data.mnist("test"))
    visible, hidden = data.to_unit(images).split(14, dim=2)
    numbers = completion_metrics(hidden.expand(5, -1, -1, -1, -1), hidden, visible, labels)
    assert numbers["error"] == numbers["error_best"] == 0
    for name in ("error_mean", "variety", "frechet"):
        assert numbers[name] == pytest.approx(0, abs=1e-9)


def test_styles_that_are_all_the_same_have_no_correlation():
    own, style = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([1.0, 2.0, 4.0, 3.0, 1.0, 2.0])
    flat = torch.tensor([1.0, 2.0, 3.0, 0.1, 0.1, 0.1])
    assert style_correlation(style, style.repeat(1), own, 1 - own) == pytest.approx(1)
    for given in ((style, flat), (flat, style)):
        with pytest.raises(ValueError, match=r"labels \[1, 0\]: all styles before or after are the same"):
            style_correlation(*given, own, 1 - own)


def test_numbers_that_are_all_the_same():
    assert monte_carlo(torch.full((7,), 0.1)) == (pytest.approx(0.1), 0)
    assert active_units(torch.ones(5, 3)) == 0
    information, misfit = latent_information(torch.ones(20, 3), torch.zeros(20, 3))
    assert information == pytest.approx(0, abs=1e-6) and misfit == pytest.approx(1.5)
    sure, right = torch.full((8,), 0.75), torch.tensor([True, True, True, False] * 2)
    assert expected_calibration_error(sure, right) == 0
    assert reliability(sure, right)[2].tolist() == [0] * 7 + [8, 0, 0]
