"""The exercise on the history pool: exchanging new images for stored ones, without a loop."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gentutor.exercises._calls import NOTHING, a
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise, Wrong

ATTACHED = (
    "What you return still hangs on the generator's graph: detach the fakes first. The discriminator's loss "
    "must not reach the generator, and a stored image would keep its whole graph in memory."
)
EDGE = "No swap at all and a swap of every image are possible, too, and a batch may hold one image."
SHAPES = "Images may have any shape (B, ...): a condition of shape (B,) must be given its dimensions."
CRASHES = {
    "must match the size of tensor": SHAPES,
    "nonetype": "torch.where(condition, x, y) takes three arguments.",
    "used as indices must be": "place holds positions (int64), swap holds conditions (bool).",
}


def exchange(fake: Tensor, past: Tensor, swap: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """What the discriminator is shown, (B, ...), and the past afterwards, (K, ...)."""
    fake = fake.detach()
    shown, after = fake.clone(), past.clone()
    shown[swap] = past[place[swap]]
    after[place[swap]] = fake[swap]
    return shown, after


def _read(result: Any) -> Tensor:
    """The rows that are shown, and below them those of the past."""
    if result is None:
        raise Wrong(NOTHING)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(f"Two tensors are expected, (shown, after), but your function returns {a(result)}.")
    result = [torch.from_numpy(part) if isinstance(part, np.ndarray) else part for part in result]
    for tensor in result:
        if not isinstance(tensor, Tensor):
            raise Wrong(f"Two tensors are expected, (shown, after), but one of yours is {a(tensor)}.")
        if tensor.requires_grad:
            raise Wrong(ATTACHED)
    shown, past = result
    if shown.shape[1:] != past.shape[1:]:
        raise Wrong(
            f"Both hold images of one shape, but shown has the shape {tuple(shown.shape)}, after "
            f"{tuple(past.shape)}. {SHAPES}"
        )
    return torch.cat([shown, past])


def _case(fake: Tensor, past: Tensor, swap: list[int], place: list[int], hint: str) -> Case:
    arguments = {
        "fake": fake.requires_grad_(),
        "past": past,
        "swap": torch.tensor(swap) == 1,
        "place": torch.tensor(place),
    }
    return Case(arguments, hint, gradients=False)


def _column(*values: float) -> Tensor:
    return torch.tensor(values)[:, None]


def _cases() -> list[Case]:
    new, old = _column(1.0, 2.0, 3.0, 4.0), _column(-1.0, -2.0, -3.0, -4.0, -5.0, -6.0)
    compare = "Follow one swapped image: the old one from its place is shown, and it takes that place."
    return [
        _case(new, old, [1, 0, 1, 0], [4, 1, 2, 0], compare),
        _case(new.clone(), old, [0, 0, 0, 0], [4, 1, 2, 0], EDGE),
        _case(new.clone(), old, [1, 1, 1, 1], [3, 5, 0, 2], EDGE),
        _case(_column(7.0), old, [1], [5], EDGE),
        _case(_column(7.0), _column(-7.0), [1], [0], EDGE),
        _case(torch.randn(4, 3, 4, 4), torch.randn(5, 3, 4, 4), [0, 1, 1, 0], [0, 3, 1, 4], SHAPES),
        _case(torch.randn(5, 5), torch.randn(5, 5), [0, 1, 1, 0, 1], [0, 3, 1, 4, 2], SHAPES),
    ]


def _after(fake: Tensor, past: Tensor, swap: Tensor, place: Tensor) -> Tensor:
    return exchange(fake, past, swap, place)[1]


def _shown(fake: Tensor, past: Tensor, swap: Tensor, place: Tensor) -> Tensor:
    return exchange(fake, past, swap, place)[0]


def _everything_stored(fake: Tensor, past: Tensor, swap: Tensor, place: Tensor) -> Tensor:
    return past.index_copy(0, place, fake.detach())


ORDER = "The order is lost: row i that is shown belongs to fake i."
MISTAKES: list[Row] = [
    (lambda f, p, s, i: (f.detach(), _after(f, p, s, i)),
     "Only new images are shown. Where swap is True, an old one is: read it from the past before you write "
     "the new one into its place."),
    (lambda f, p, s, i: exchange(f, p, ~s, i), "You swap where swap is False, and keep where it is True."),
    (lambda f, p, s, i: (_shown(f, p, ~s, i), _after(f, p, s, i)),
     "The swap is turned round for what is shown: where swap is True, the old image is shown."),
    (lambda f, p, s, i: (_shown(f, p, s, i), _after(f, p, ~s, i)),
     "The swap is turned round for the past: where swap is True, the new image takes the place."),
    (lambda f, p, s, i: (_shown(f, p, s, i), p),
     "The past does not change: the images that are not shown now must take the places of those that are."),
    (lambda f, p, s, i: (_shown(f, p, s, i), _everything_stored(f, p, s, i)),
     "You store every new image. One that is shown now is not stored: only the swapped ones take a place."),
    (lambda f, p, s, i: exchange(f, p, torch.ones_like(s), i),
     "You store every new image and show only old ones: where swap is False, the new image is shown and the "
     "past is left alone."),
    (lambda f, p, s, i: (p[i], _after(f, p, s, i)),
     "Only old images are shown: where swap is False, the new one is."),
    (lambda f, p, s, i: (torch.cat([p[i[s]], f.detach()[~s]]), _after(f, p, s, i)), ORDER),
    (lambda f, p, s, i: (torch.cat([f.detach()[~s], p[i[s]]]), _after(f, p, s, i)), ORDER),
    (lambda f, p, s, i: exchange(f, p, s, i)[::-1], "The two results are swapped: (shown, after)."),
    (lambda f, p, s, i: (_shown(f, p, s, i), torch.cat([p, f.detach()[s]])),
     "The pool grows: each swapped image takes the place of an old one."),
    (lambda f, p, s, i: exchange(f, p, s, torch.arange(len(f))),
     "The argument place is not used: image i goes to place[i], not to i."),
]  # fmt: skip

HISTORY_POOL = Exercise(
    SameFunction(exchange, _cases, MISTAKES, read=_read, crashes=CRASHES),
    "what is shown and what stays are right for every image, and nothing hangs on the generator.",
)
