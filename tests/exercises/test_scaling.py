"""The checks of the appendix on data parallelism: right forms pass, mistakes have their hints."""

import numpy as np
import pytest
import torch

from gentutor.exercises.scaling import whole_mean, whole_variance

MEAN, VARIANCE, BYTES = "scaling.whole_mean", "scaling.whole_variance", "scaling.bytes"


def two_at_a_time(means, variances):
    """Chan's update: each slice joins those before it."""
    mean, variance = means[0], variances[0]
    for n, (m, v) in enumerate(zip(means[1:], variances[1:], strict=True), start=1):
        step = m - mean
        variance = (n * variance + v) / (n + 1) + n * step**2 / (n + 1) ** 2
        mean = mean + step / (n + 1)
    return variance


RIGHT = [
    (MEAN, lambda m, n: (n[:, None] * m).sum(dim=0) / n.sum()),
    (MEAN, lambda m, n: torch.einsum("n,np->p", n.to(m.dtype), m) / n.sum()),
    (VARIANCE, lambda m, v: (v + (m - m.mean(dim=0)).square()).mean(dim=0)),
    (VARIANCE, lambda m, v: v.mean(dim=0) + m.var(dim=0, unbiased=False)),
    (MEAN, lambda m, n: n.float() @ m / n.sum()),
    (MEAN, lambda m, n: np.average(m.numpy(), axis=0, weights=n.numpy())),
    (MEAN, lambda m, n: m.repeat_interleave(n, dim=0).mean(dim=0)),
    (MEAN, lambda m, n: sum(mean * size.item() for mean, size in zip(m, n, strict=True)) / sum(n.tolist())),
    (MEAN, lambda m, n: (n.double() / n.sum()) @ m.double()),
    (VARIANCE, lambda m, v: v.numpy().mean(axis=0) + m.numpy().var(axis=0)),
    (VARIANCE, lambda m, v: (v + m**2).mean(dim=0) - m.mean(dim=0) ** 2),
    (VARIANCE, two_at_a_time),
    (BYTES, 6.0),
    (BYTES, lambda: 2 * 3 / 4 * 4),
]
WRONG = [
    (MEAN, lambda m, n: m.mean(dim=0), "right for equal slices only"),
    (MEAN, lambda m, n: (n[:, None] * m).sum(dim=0), "the sum over all examples"),
    (MEAN, lambda m, n: m.sum(dim=0), "add up to 1"),
    (MEAN, lambda m, n: (n[:, None] * m).mean(dim=0), "divide by the number of slices"),
    (VARIANCE, lambda m, v: v.mean(dim=0), "between their means is missing"),
    (VARIANCE, lambda m, v: m.var(dim=0, correction=0), "within the slices is missing"),
    (VARIANCE, lambda m, v: v.mean(dim=0) + m.var(dim=0), "not by N - 1"),
    (VARIANCE, lambda m, v: (v + m.square()).mean(dim=0), "subtract the square"),
    (MEAN, lambda m, n: n @ m / n.sum(), "sizes.to(means)"),
    (MEAN, lambda m, n: (m[0] * n[0] + m[1] * n[1]) / n.sum(), "more than two slices"),
    (VARIANCE, lambda m, v: v.mean(dim=0) + (m[0] - m[1]) ** 2 / 4, "that of the means"),
    (BYTES, 6e6, "a megabyte is a million of them"),
    (BYTES, 5.72, "not 2²⁰"),
    (BYTES, 4.0, "the gradients' own bytes"),
    (BYTES, 8, "nobody sends to itself"),
    (BYTES, 3.0, "travel back"),
    (BYTES, 100.0, "too large"),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers_are_accepted(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers_have_their_hint(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_the_references_agree_with_the_whole_batch():
    x = torch.randn(12, 3, dtype=torch.float64)
    slices = x.split([5, 4, 3])
    means, sizes = torch.stack([s.mean(dim=0) for s in slices]), torch.tensor([5, 4, 3])
    torch.testing.assert_close(whole_mean(means, sizes), x.mean(dim=0))
    halves = x.view(2, 6, 3)
    torch.testing.assert_close(
        whole_variance(halves.mean(dim=1), halves.var(dim=1, correction=0)), x.var(dim=0, correction=0)
    )
