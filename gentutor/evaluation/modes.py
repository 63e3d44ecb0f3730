"""Variety and quality counted apart, where the kinds of data are known: the modes of a mixture.

Samples or means that are no floating-point tensor raise ``TypeError``; no matrices of the same D, a ``std``
that is not positive, a mode given twice, or values that are not finite raise ``ValueError``.
"""

from torch import Tensor

from gentutor.evaluation.distances import _features, exact_distances


def mode_count(samples: Tensor, means: Tensor, std: float) -> tuple[int, float]:
    r"""How many of a mixture's equal modes the samples cover, and the share of good samples.

    A sample is good if it lies within three standard deviations of the nearest mode, and is then a hit
    of that mode. A mode is covered if it has at least a quarter of its fair share of N samples,

    .. math:: \mathrm{hits}_k \ge \frac{N}{4K}.

    One hit is not enough where N is much larger than K: stray points, scattered evenly, hit most modes.
    Quality and variety are counted apart.

    Args:
        samples: (N, D), points, N >= 1.
        means: (K, D), the mixture's modes, equally likely.
        std: their common standard deviation, in the unit of the points, above 0.

    Returns:
        (modes, share): a whole number in 0 ... K, and a number in [0, 1].

    Source:
        Srivastava et al. 2017, section 4.1, where one hit is enough.

    >>> import torch
    >>> means = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    >>> mode_count(torch.tensor([[0.2, 0.0], [0.0, 0.1], [5.0, 0.0], [9.0, 9.0]]), means, std=0.1)
    (1, 0.5)
    """
    hits = mode_hits(samples, means, std)
    covered = hits >= len(samples) / (4 * len(means))
    return int(covered.sum()), hits.sum().item() / len(samples)


def mode_hits(samples: Tensor, means: Tensor, std: float) -> Tensor:
    """How many good samples each mode has: those within three standard deviations whose nearest it is.

    Args:
        samples: (N, D), points, N >= 1.
        means: (K, D), the mixture's modes.
        std: their common standard deviation, in the unit of the points, above 0.

    Returns:
        (K,), int64; the sum is the number of good samples.

    >>> import torch
    >>> mode_hits(torch.tensor([[0.2], [0.1], [5.0]]), torch.tensor([[0.0], [10.0]]), std=0.1)
    tensor([2, 0])
    """
    if not std > 0:
        raise ValueError(f"std must be positive, got {std}")
    samples, means = _features(1, samples=samples, means=means)
    if len(means.unique(dim=0)) < len(means):
        raise ValueError("means holds a mode twice: no sample could be told to be of one of the two")
    distance, mode = exact_distances(samples, means).min(dim=1)
    return mode[distance <= 3 * std].bincount(minlength=len(means))
