"""The input checks: what is right passes, and what is wrong is named with what was seen."""

import pytest
import torch

from gentutor import _checks as check

NAN, HALF = float("nan"), torch.tensor([0.5])
REFUSED = {
    "x must be a floating-point tensor, got torch.int64": lambda: check.floats(x=torch.tensor([1])),
    "x must be a floating-point tensor, got list": lambda: check.floats(x=[1.0]),
    "x must be a tensor, got float": lambda: check.not_empty(x=0.5),
    "x is empty: its shape is (0,)": lambda: check.not_empty(x=torch.empty(0)),
    "x must be float32 or float64, got torch.bfloat16": lambda: check.precise(x=HALF.bfloat16()),
    "c must be a tensor of numbers, got torch.bool": lambda: check.numbers(c=HALF > 0),
    "y must be an int64 tensor, got torch.int32": lambda: check.int64(y=torch.tensor([1]).int()),
    "n must be an integer, got True": lambda: check.count(n=True),
    "n must be at least 1, got 0": lambda: check.count(n=0),
    "floor must be at least 0, got nan": lambda: check.at_least(0, floor=NAN),
    "std must be positive and finite, got inf": lambda: check.positive(std=float("inf")),
    "unknown split 'x'; known: train, test": lambda: check.known(("train", "test"), split="x"),
    "{'p': (1,), 'q': (2,)}": lambda: check.same_shape(p=HALF, q=HALF.expand(2)),
    "x must have shape (B, ...)": lambda: check.per_example(x=HALF),
    "x must have shape (N, 2), not empty; got (1, 1)": lambda: check.points(dims=2, x=HALF[None]),
    "shape (B, 1, 2, 2), got (1, 1)": lambda: check.images(HALF[None], (1, 2, 2)),
    "labels must lie in 0 to 2, got 0 to 3": lambda: check.below(3, labels=torch.tensor([0, 3])),
    "x must lie in [0, 1], got nan": lambda: check.within(0, 1, x=torch.tensor([0.5, NAN])),
    "x must lie in [0, 1], got 2": lambda: check.unit_interval(x=torch.tensor([2.0])),
    "x holds values that are not finite": lambda: check.finite(x=torch.tensor([NAN])),
    "p has mass 0.500": lambda: check.densities(1.0, p=HALF, q=HALF),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_wrong_is_refused_with_what_was_seen(message):
    with pytest.raises((TypeError, ValueError)) as refused:
        REFUSED[message]()
    assert message in str(refused.value)


def test_what_is_right_passes():
    check.not_empty(x=HALF)
    check.precise(x=HALF)
    check.numbers(counts=torch.tensor([1]))
    check.labels(torch.tensor([0, 2]), 2, 3)
    check.below(3, none=torch.empty(0, dtype=torch.int64))
    check.count(n=1)
    check.at_least(0, floor=0)
    check.positive(std=1)
    check.known({"train": 0}, split="train")
    check.per_example(x=HALF[None], y=HALF[None])
    check.examples(HALF[None], dims=1)
    check.images(torch.zeros(3, 1, 2, 2), (1, 2, 2))
    check.within(0, 1, x=torch.tensor([1 + check.ROUNDING / 2]))
    check.within(0, 1, slack=9, x=torch.tensor([10.0]))
    check.densities(0.5, p=torch.ones(2), q=torch.ones(2))
