"""The checks of the appendix on data parallelism: right forms pass, mistakes have their hints."""

import pytest
import torch

from gentutor.exercises.scaling import whole_mean, whole_variance

MEAN, VARIANCE, BYTES = "scaling.whole_mean", "scaling.whole_variance", "scaling.bytes"
RIGHT = [
    (MEAN, lambda m, n: (n[:, None] * m).sum(dim=0) / n.sum()),
    (MEAN, lambda m, n: torch.einsum("n,np->p", n.to(m.dtype), m) / n.sum()),
    (VARIANCE, lambda m, v: (v + (m - m.mean(dim=0)).square()).mean(dim=0)),
    (VARIANCE, lambda m, v: v.mean(dim=0) + m.var(dim=0, unbiased=False)),
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
