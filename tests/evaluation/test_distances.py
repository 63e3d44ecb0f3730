"""The distances between sets of samples: closed forms, invariances, and other libraries."""

import math

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import polynomial_kernel
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from gentutor.evaluation import frechet_distance, kernel_distance, precision_recall

DISTANCES = [frechet_distance, kernel_distance, lambda a, b: precision_recall(a, b, 3)]


def points(n: int, d: int = 6, seed: int = 0) -> torch.Tensor:
    """Correlated, skewed, away from the origin."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64).exp() @ mix + seed


def rotation(d: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(9)
    return torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q


def with_moments(mean: torch.Tensor, root: torch.Tensor, n: int = 50) -> torch.Tensor:
    """Points whose mean and unbiased covariance are exactly ``mean`` and root' root."""
    white = torch.linalg.qr(points(n, len(mean)) - points(n, len(mean)).mean(dim=0)).Q
    return mean + math.sqrt(n - 1) * white @ root


class Identity(nn.Module):
    """Features for torchmetrics: what it is given."""

    num_features = 6

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.equation("eq-frechet")
def test_frechet_distance_of_gaussians_with_a_common_basis():
    """Then it is |mu_a - mu_b|² plus the sum of (sigma_a - sigma_b)²."""
    q, s, t = rotation(3), torch.tensor([1.0, 2.0, 0.5]).double(), torch.tensor([3.0, 2.0, 0.0]).double()
    mu, nu = torch.tensor([1.0, 0.0, 2.0]).double(), torch.tensor([0.0, 0.0, 4.0]).double()
    a, b = with_moments(mu, torch.diag(s) @ q), with_moments(nu, torch.diag(t) @ q, 70)
    assert frechet_distance(a, b) == pytest.approx(5 + 4 + 0 + 0.25, rel=1e-9)


@pytest.mark.equation("eq-frechet")
def test_frechet_distance_with_scipys_matrix_root():
    a, b = points(40), points(60, seed=1)
    cov_a, cov_b = np.cov(a.numpy().T), np.cov(b.numpy().T)
    trace = np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum().item() + trace
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.equation("eq-frechet")
def test_frechet_distance_against_torchmetrics():
    a, b = points(40), points(60, seed=1)
    metric = FrechetInceptionDistance(feature=Identity(), normalize=True, input_img_size=(6,)).set_dtype(
        torch.float64
    )
    metric.update(a, real=True)
    metric.update(b, real=False)
    assert frechet_distance(a, b) == pytest.approx(metric.compute().item(), rel=1e-6)


def test_frechet_distance_with_fewer_points_than_features():
    a, b = points(4, 20), points(5, 20, seed=1)
    cov_a, cov_b = np.cov(a.numpy().T), np.cov(b.numpy().T)
    overlap = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).astype(complex)).real.sum()
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum().item() + np.trace(cov_a + cov_b) - 2 * overlap
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_is_biased_upwards_by_few_samples():
    few, many = (
        frechet_distance(torch.randn(n, 8, generator=generator), torch.randn(n, 8, generator=generator))
        for generator in [torch.Generator().manual_seed(0)]
        for n in (50, 5000)
    )
    assert few > 20 * many > 0


@pytest.mark.equation("eq-kernel-distance")
def test_kernel_distance_against_torchmetrics():
    a, b = points(40), points(40, seed=1)  # theirs wants sets of one size
    assert kernel_distance(a, b) == pytest.approx(poly_mmd(a, b).item(), rel=1e-9)


@pytest.mark.equation("eq-kernel-distance")
def test_kernel_distance_against_scikit_learns_kernel():
    a, b = points(30), points(50, seed=1)
    k = [polynomial_kernel(x, y, degree=3, coef0=1) for x, y in ((a, a), (b, b), (a, b))]
    within = [(m.sum() - m.trace()) / (len(m) * (len(m) - 1)) for m in k[:2]]
    assert kernel_distance(a, b) == pytest.approx(sum(within) - 2 * k[2].mean(), rel=1e-9)


@pytest.mark.equation("eq-kernel-distance")
def test_kernel_distance_has_no_bias():
    """Over many small pairs of sets of one distribution its mean is 0 within 4 standard errors."""
    generator = torch.Generator().manual_seed(0)
    draws = [
        kernel_distance(torch.randn(5, 3, generator=generator), torch.randn(7, 3, generator=generator))
        for _ in range(400)
    ]
    assert abs(np.mean(draws)) < 4 * np.std(draws) / math.sqrt(len(draws))
    assert min(draws) < 0


@pytest.mark.equation("eq-precision-recall")
@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_against_prdc(k):
    real, fake = points(300), points(200) * 1.2 + 3
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    precision, recall = precision_recall(real, fake, k)
    assert (precision, recall) == pytest.approx((expected["precision"], expected["recall"]), abs=1e-12)
    assert 0 < precision < 1 and 0 < recall < 1


@pytest.mark.equation("eq-precision-recall")
def test_precision_and_recall_tell_quality_from_variety():
    generator = torch.Generator().manual_seed(0)
    left, right, far = (torch.randn(500, 2, generator=generator) + shift for shift in (0, 20, 400))
    both = torch.cat([left, right])
    precision, recall = precision_recall(both, torch.randn(500, 2, generator=generator), 3)
    assert precision > 0.9 and 0.4 < recall < 0.5  # good, but one of two modes is missing
    assert precision_recall(left, far, 3) == (0, 0)
    precision, recall = precision_recall(left, both, 3)
    assert 0.45 < precision <= 0.5 and recall == 1  # all there, but half are bad


def test_precision_and_recall_in_more_than_one_chunk(monkeypatch):
    real, fake = points(70), points(50) + 0.2
    whole = precision_recall(real, fake, 3), kernel_distance(real, fake)
    monkeypatch.setattr("gentutor.evaluation.distances.CHUNK", 16)
    assert precision_recall(real, fake, 3) == whole[0]
    assert kernel_distance(real, fake) == pytest.approx(whole[1], rel=1e-12)


def test_radii_do_not_count_the_point_itself():
    real, fake = torch.tensor([[0.0], [3.0]]), torch.tensor([[2.9], [-3.0], [6.1]])
    assert precision_recall(real, fake, 1)[0] == pytest.approx(2 / 3)  # both radii are 3, not 0
    same = torch.zeros(4, 2)  # radius 0 for copies, yet a copy lies within it
    assert precision_recall(same, same, 2) == (1, 1)


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_do_not_change_under_rotation_and_order(distance):
    a, b, q = points(40), points(50) * 1.1, rotation()
    expected = distance(a, b)
    assert distance(a @ q, b @ q) == pytest.approx(expected, rel=1e-8)
    assert distance(a.flip(0), b.roll(7, 0)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("distance", DISTANCES[:2])
def test_distances_are_symmetric(distance):
    a, b = points(40), points(50, seed=1)
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-9)


def test_precision_and_recall_change_places():
    a, b = points(40), points(50) * 1.3
    assert precision_recall(a, b, 2) == precision_recall(b, a, 2)[::-1]


def test_equal_features():
    a = points(40)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-11 * a.var(dim=0).sum().item())
    assert precision_recall(a, a, 3) == (1, 1)


def test_single_precision_features_lose_nothing():
    a, b = points(40).float(), points(50, seed=1).float()
    for distance in DISTANCES[:2]:
        assert distance(a, b) == distance(a.double(), b.double())


@pytest.mark.parametrize("distance", DISTANCES)
def test_bad_features(distance):
    good = points(5)
    with pytest.raises(ValueError, match=r"of one D, each with N >= \d, got \{.*\(5, 6\).*\(5, 4\)\}"):
        distance(good, points(5, 4))
    with pytest.raises(ValueError, match=r"expected matrices \(N, D\)"):
        distance(good, good[0])
    with pytest.raises(ValueError, match=r"each with N >= \d"):
        distance(good, good[:1])
    with pytest.raises(ValueError, match="not finite"):
        distance(good, good.where(good > good.min(), torch.nan))
    with pytest.raises(TypeError, match="floating-point tensor, got torch.int64"):
        distance(good, good.long())
    with pytest.raises(TypeError, match="floating-point tensor, got ndarray"):
        distance(good.numpy(), good)


def test_bad_k():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        precision_recall(points(5), points(5), 0)
    with pytest.raises(ValueError, match="each with N >= 6"):
        precision_recall(points(9), points(5), 5)
