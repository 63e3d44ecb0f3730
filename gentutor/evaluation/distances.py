"""How good are the samples? Pure functions of feature tensors (N, D).

Everything is computed in float64. A distance between samples is never exactly that between the
distributions: report it with the number of samples, beside the value for real against real data.

An argument that is no floating-point tensor raises ``TypeError``; no matrices of the same D, fewer than two
rows, or values that are not finite raise ``ValueError``.
"""

import torch
from torch import Tensor

from gentutor import _checks as check

CHUNK = 250  # rows of a distance or kernel matrix held at once: 250 x 10,000 float64 are 20 MB


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    r"""The squared Fréchet (Wasserstein-2) distance of Gaussians fitted to features, in their unit squared.

    .. math:: d^2 = \|\mu_a - \mu_b\|_2^2 + \operatorname{tr}\big(A + B - 2 (AB)^{1/2}\big)

    With :math:`A = R_a^\top R_a` and :math:`B = R_b^\top R_b`, the trace of the root is the sum of
    the singular values of :math:`R_a R_b^\top`; a QR decomposition of the centred features gives
    such roots without squaring a number.

    Args:
        features_a: (N, D), any unit, N >= 2; mean mu_a, unbiased covariance A.
        features_b: (M, D), M >= 2; mean mu_b, unbiased covariance B.

    Returns:
        A number, at least 0. Biased upwards by about 1/N and 1/M.

    Source:
        eq-frechet; Heusel et al. 2017, Eq. 6; Dowson & Landau 1982.

    >>> a = torch.tensor([[-1.0], [0.0], [1.0]])  # mean 0, standard deviation 1
    >>> round(frechet_distance(a, 3 * a + 2), 6)  # mean 2, standard deviation 3: 2² + (3 - 1)²
    8.0
    """
    a, b = _features(2, features_a=features_a, features_b=features_b)
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    means = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    traces = root_a.square().sum() + root_b.square().sum()
    overlap = torch.linalg.svdvals(root_a @ root_b.T).sum()
    return max(0.0, float(means + traces - 2 * overlap))


def kernel_distance(features_a: Tensor, features_b: Tensor) -> float:
    r"""The squared maximum mean discrepancy under a cubic kernel, estimated without bias.

    .. math::
        \mathrm{MMD}^2 = \frac{1}{N(N-1)} \sum_{i \ne j} k(a_i, a_j)
        + \frac{1}{M(M-1)} \sum_{i \ne j} k(b_i, b_j) - \frac{2}{NM} \sum_{i,j} k(a_i, b_j),
        \qquad k(x, y) = \Big(\frac{x^\top y}{D} + 1\Big)^3

    Args:
        features_a: (N, D), any unit, N >= 2.
        features_b: (M, D), M >= 2.

    Returns:
        A number without unit, whose expectation is 0 for equal distributions: it can be negative.

    Source:
        eq-kernel-distance; Gretton et al. 2012, Eq. 3, with the kernel of Bińkowski et al. 2018.

    >>> a, b = torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [1.0]])
    >>> kernel_distance(a, b)  # 1 + 8 - 2
    7.0
    """
    a, b = _features(2, features_a=features_a, features_b=features_b)
    n, m = len(a), len(b)
    within_a = (_kernel_sum(a, a) - _kernel_diagonal(a)) / (n * (n - 1))
    within_b = (_kernel_sum(b, b) - _kernel_diagonal(b)) / (m * (m - 1))
    return within_a + within_b - 2 * _kernel_sum(a, b) / (n * m)


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    r"""Precision: the share of samples that lie where data are. Recall: of data, where samples are.

    .. math::
        \mathrm{precision} = \frac1M \sum_j \max_i \mathbb 1\big[\|f_j - r_i\|_2 \le \rho_k(r_i)\big],
        \qquad
        \mathrm{recall} = \frac1N \sum_i \max_j \mathbb 1\big[\|r_i - f_j\|_2 \le \rho_k(f_j)\big]

    where :math:`\rho_k(x)` is the distance from x to its k-th nearest neighbour in its own set,
    itself not counted. Lonely points have large balls: an outlier among the data raises the precision, and
    samples far apart raise the recall. ``density_coverage`` draws balls around data alone.

    Args:
        real: (N, D), features r of data, N > k.
        fake: (M, D), features f of samples, M > k.
        k: at least 1; the larger, the more forgiving.

    Returns:
        (precision, recall), each in [0, 1].

    Raises:
        ValueError: k < 1, or k >= N or M.

    Source:
        eq-precision-recall; Kynkäänniemi et al. 2019, Eq. 1 and 2.

    >>> real = torch.tensor([[0.0], [1.0], [2.0], [10.0]])
    >>> fake = torch.tensor([[0.5], [1.0], [1.5], [40.0], [41.0]])  # three are good; 10 is missed
    >>> precision_recall(real, fake, k=1)
    (0.6, 0.75)
    """
    check.at_least(1, k=k)
    real, fake = _features(k + 1, real=real, fake=fake)
    real_radii, fake_radii = radii_of(real, k), radii_of(fake, k)
    good = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    covered = []
    for rows, radii in zip(real.split(CHUNK), real_radii.split(CHUNK), strict=True):
        distances = exact_distances(rows, fake)  # (chunk, M)
        good |= (distances <= radii[:, None]).any(dim=0)
        covered.append((distances <= fake_radii).any(dim=1))
    return good.double().mean().item(), torch.cat(covered).double().mean().item()


def nearest_neighbours(
    queries: Tensor, reference: Tensor, k: int = 1, chunk: int = 100
) -> tuple[Tensor, Tensor]:
    """The k nearest reference points of every query: a look at whether a model memorises.

    Args:
        queries: (Q, ...), e.g. samples (Q, 1, 28, 28); two dimensions or more, all but the first flattened.
        reference: (N, ...), of the same shape per example, e.g. the training images; N >= k.
        k: neighbours per query.
        chunk: queries compared at once; memory grows with chunk x N.

    Returns:
        (indices, distances), each (Q, k), nearest first, of equally near ones the one that stands first;
        Euclidean, in the unit of the points, float64.

    Raises:
        ValueError: fewer than two dimensions, shapes per example differ, k or chunk < 1, or k > N.

    >>> reference = torch.tensor([[0.0, 0.0], [3.0, 4.0], [9.0, 9.0]])
    >>> nearest_neighbours(torch.zeros(1, 2), reference, k=2)
    (tensor([[0, 1]]), tensor([[0., 5.]], dtype=torch.float64))
    """
    if k < 1 or chunk < 1:
        raise ValueError(f"k and chunk must be at least 1, got {k} and {chunk}")
    check.finite(queries=queries, reference=reference)
    flat = min(queries.dim(), reference.dim()) < 2
    if flat or queries.shape[1:] != reference.shape[1:] or len(reference) < k:
        raise ValueError(
            f"expected queries (Q, ...) and a reference (N, ...) of one shape per example with N >= {k}, "
            f"got {tuple(queries.shape)} and {tuple(reference.shape)}"
        )
    queries, reference = queries.flatten(1), reference.flatten(1)
    center = reference.mean(dim=0, dtype=torch.float64)  # subtracted, since large numbers would cancel below
    queries, reference = queries - center, reference - center
    norms = reference.norm(dim=1)
    rounding = reference.shape[1] * torch.finfo(torch.float64).eps * norms.max()
    indices = torch.empty(len(queries), k, dtype=torch.int64, device=queries.device)
    distances = torch.empty(len(queries), k, dtype=torch.float64, device=queries.device)
    for start in range(0, len(queries), chunk):
        rows = queries[start : start + chunk]
        # |q - r|² / 2 = |q|² / 2 - (q.r - |r|² / 2): the nearest reference has the largest bracket
        brackets = rows @ reference.T - norms.square() / 2  # (chunk, N)
        last = brackets.topk(k).values[:, -1] - 4 * rounding * (rows.norm(dim=1) + norms.max())
        for i, (query, candidates) in enumerate(zip(rows, brackets >= last[:, None], strict=True), start):
            indices[i], distances[i] = _nearest(query, candidates, reference, k)
    return indices, distances


def _nearest(query: Tensor, candidates: Tensor, reference: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest of the candidates, a mask (N,), with exact distances; of equally near ones the first."""
    indices = candidates.nonzero()[:, 0]
    distances, order = (reference[indices] - query).norm(dim=1).sort(stable=True)
    return indices[order[:k]], distances[:k]


def _covariance_root(x: Tensor) -> Tensor:
    """(N, D) -> R of shape (min(N, D), D) with R'R the unbiased covariance."""
    return torch.linalg.qr(x - x.mean(dim=0), mode="r").R / (len(x) - 1) ** 0.5


def _kernel_sum(a: Tensor, b: Tensor) -> float:
    return sum(float((rows @ b.T / a.shape[1] + 1).pow(3).sum()) for rows in a.split(CHUNK))


def _kernel_diagonal(x: Tensor) -> float:
    return float((x.square().mean(dim=1) + 1).pow(3).sum())


def radii_of(x: Tensor, k: int) -> Tensor:
    """(N, D) -> (N,), the distance to the k-th nearest other point; the nearest of all is itself."""
    smallest = [exact_distances(rows, x).topk(k + 1, largest=False).values for rows in x.split(CHUNK)]
    return torch.cat(smallest)[:, k]


def exact_distances(a: Tensor, b: Tensor) -> Tensor:
    """(N, D), (M, D) -> (N, M), by differences, not by a matrix product: equal points have the distance 0.

    So a point on the edge of a ball, e.g. a copy of its k-th neighbour, is in it, wherever it was computed.
    """
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def _features(minimum: int, **features: Tensor) -> list[Tensor]:
    """The arguments as float64 matrices, or an error that says what was seen."""
    check.finite(**features)
    shapes = {name: tuple(value.shape) for name, value in features.items()}
    matrices = all(len(shape) == 2 and shape[0] >= minimum for shape in shapes.values())
    if not matrices or len({shape[-1] for shape in shapes.values()}) > 1:
        raise ValueError(f"expected matrices (N, D) of one D, each with N >= {minimum}, got {shapes}")
    return [value.detach().double() for value in features.values()]
