"""The check of the count of modes, with right and wrong counts."""

import pytest
import torch

from gentutor import evaluation
from gentutor.exercises.gan.modes import _mode_cases

MODES = "gan.count_modes"


def quarter(hits, samples):
    return hits >= samples / (4 * len(hits))


def counter(
    distance=torch.cdist,
    radius=lambda std: 3 * std,
    covered=quarter,
    result=lambda modes, share, good: (modes, share),
):
    """An answer that measures, cuts, counts and reports in its own way."""

    def count(samples, means, std):
        nearest, mode = distance(samples, means).min(dim=1)
        good = nearest <= radius(std)
        hits = mode[good].bincount(minlength=len(means))
        return result(covered(hits, len(samples)).sum().item(), good.double().mean().item(), good)

    return count


def by_loop(samples, means, std):
    hits, good = [0] * len(means), 0
    for point in samples:
        distance = (point - means).square().sum(dim=1).sqrt()
        if distance.min() < 3 * std:
            good += 1
            hits[int(distance.argmin())] += 1
    return [sum(4 * len(means) * h >= len(samples) for h in hits), good / len(samples)]


def by_counts(samples, means, std):
    squared, mode = (samples[:, None] - means).square().sum(dim=2).min(dim=1)
    good = squared < (3 * std) ** 2
    hits = torch.nn.functional.one_hot(mode[good], len(means)).sum(dim=0)
    return (hits / len(samples) >= 1 / (4 * len(means))).sum(), good.float().mean()


def any_sample(samples, means, std):
    _, share = counter()(samples, means, std)
    near = torch.cdist(samples, means).argmin(dim=1).bincount(minlength=len(means))
    return quarter(near, len(samples)).sum(), share


def any_mode(samples, means, std):
    close = torch.cdist(samples, means) <= 3 * std
    return quarter(close.sum(dim=0), len(samples)).sum(), close.any(dim=1).double().mean()


def share_of_modes(samples, means, std):
    modes, _ = counter()(samples, means, std)
    return modes, modes / len(means)


@pytest.mark.parametrize("answer", [counter(), by_loop, by_counts])
def test_right_counts(answer, accepts):
    accepts(MODES, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (counter(covered=lambda hits, n: hits > 0), "One stray hit covers a mode"),
        (counter(covered=lambda hits, n: hits >= n // (4 * len(hits))), "not rounded down"),
        (counter(covered=lambda hits, n: hits > n / (4 * len(hits))), "exactly N / (4 K) hits is covered"),
        (counter(covered=lambda hits, n: (hits > 0) & quarter(hits, hits.sum())), "of the good ones alone"),
        (counter(covered=lambda hits, n: hits >= n / len(hits)), "the whole of it"),
        (any_sample, "Bad samples count, too"),
        (share_of_modes, "share of modes covered"),
        (counter(radius=lambda std: 3 * std**2), "not three variances"),
        (counter(radius=lambda std: std), "not one"),
        (counter(distance=lambda s, m: torch.cdist(s, m).square()), "compare squared distances"),
        (counter(distance=lambda s, m: torch.cdist(s, m, p=1)), "adds the two coordinates"),
        (counter(distance=lambda s, m: (s[:, None] - m).abs().amax(dim=2)), "larger of the two coordinates"),
        (counter(result=lambda modes, share, good: (modes, 100 * share)), "not in percent"),
        (counter(result=lambda modes, share, good: (modes, good.sum())), "number of good samples"),
        (counter(result=lambda modes, share, good: (share, modes)), "wrong way round"),
        (counter(result=lambda modes, share, good: modes), "Two numbers are expected"),
        (counter(result=lambda modes, share, good: (modes, share, good)), "a tuple of 3"),
        (counter(result=lambda modes, share, good: (modes, good)), "Two numbers are expected"),
        (counter(radius=lambda std: 0.3), "within 3 std"),
        (any_mode, "hit of the nearer one only"),
    ],
)
def test_wrong_counts(answer, phrase, rejects):
    rejects(MODES, answer, phrase)


def test_no_sample_lies_at_the_edge_of_a_mode():
    torch.manual_seed(0)
    for case in _mode_cases():
        samples, means, std = case.arguments.values()
        distance = (samples[:, None].double() - means.double()).norm(dim=2).amin(dim=1)
        assert ((distance / std - 3).abs() > 1e-3).all()
        modes, share = by_loop(samples, means, std)
        assert (modes, share) == pytest.approx(evaluation.mode_count(samples, means, std))
