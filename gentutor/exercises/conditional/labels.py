"""The exercises on telling a network a label: what is appended to its features."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.models.conditional import concat_condition

MAPS = (
    "To a map (B, C, H, W) each of the K numbers is appended as a constant map: (B, K) -> (B, K, 1, 1) -> "
    "(B, K, H, W), then torch.cat along dimension 1."
)
WIDTH = (
    "The number of columns is num_classes, not what happens to occur in this batch: "
    "F.one_hot(y, num_classes)."
)
CRASHES = {
    "sizes of tensors must match": MAPS,
    "dimensions: got 4": MAPS,
    "dimensions: got 2 and 1": "The code of the labels is a matrix, (B, K): F.one_hot(y, num_classes).",
    "dimension out of range": MAPS,
    "applicable only to index tensor": "F.one_hot wants int64 labels, as y has: do not convert them.",
}


def _code(y: Tensor, num_classes: int) -> Tensor:
    return F.one_hot(y, num_classes).float()


def _cases() -> list[Case]:
    h, y = torch.tensor([[0.5, -1.5], [2.0, 0.3], [-0.7, 1.1]]), torch.tensor([2, 0, 3])

    def case(h: Tensor, y: Tensor, num_classes: int, hint: str) -> Case:
        return Case({"h": h, "y": y, "num_classes": num_classes}, hint)

    return [
        case(h, y, 5, "Append the one-hot vector of each label to its features, along dimension 1."),
        case(torch.randn(3, 2, 4, 5), y, 5, MAPS),
        case(h[:1], y[:1], 5, WIDTH),
        case(torch.randn(4, 3, 4, 4), torch.tensor([1, 1, 0, 2]), 4, MAPS),
        case(h, y, 4, WIDTH),
    ]


def _append(code: Callable[[Tensor, int], Tensor], place: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """Append a code of the labels at a place, to features and maps alike."""

    def answer(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
        extra = code(y, num_classes).to(h)
        if h.dim() == 4:
            extra = extra[:, :, None, None].expand(-1, -1, *h.shape[2:])
        return place(h, extra)

    return answer


def _after(h: Tensor, extra: Tensor) -> Tensor:
    return torch.cat([h, extra], dim=1)


def _corner(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    code = _code(y, num_classes)
    if h.dim() == 2:
        return _after(h, code)
    maps = h.new_zeros(len(h), num_classes, *h.shape[2:])
    maps[:, :, 0, 0] = code
    return _after(h, maps)


def _reshaped(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """The codes, repeated, but in the order of memory of another shape."""
    code = _code(y, num_classes)
    if h.dim() == 2:
        return _after(h, code)
    pixels = h.shape[2] * h.shape[3]
    return _after(h, code.repeat(1, pixels).view(len(h), num_classes, *h.shape[2:]))


def _one_label(h: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return _append(lambda y, k: _code(y[:1], k).expand(len(y), -1), _after)(h, y, num_classes)


MISTAKES: list[Row] = [
    (_append(lambda y, k: y[:, None].float(), _after),
     "You append the label as a number: then class 3 is between 2 and 4, though classes have no order. "
     "Append its one-hot vector."),
    (_append(lambda y, k: y[:, None] / k, _after),
     "You append the label as a fraction of num_classes; classes have no order. Append one-hot."),
    (_append(_code, lambda h, e: torch.cat([e, h], dim=1)),
     "The one-hot vector goes behind the features, not before them."),
    (lambda h, y, k: h * (y + 1).view(-1, *[1] * (h.dim() - 1)),
     "You multiply the features by something of the label, as some tutorials multiply noise by an embedding: "
     "a number near 0 then hides the label. Append."),
    (lambda h, y, k: h * 1, "The features are returned as they are: where is the label?"),
    (_append(_code, lambda h, e: e + 0 * h.sum()),
     "The one-hot vector alone is returned: the features are missing."),
    (_one_label, "Every example is told the first one's label."),
    (_append(lambda y, k: _code((y + 1) % k, k), _after), "The 1 is one place too far: label 0 is column 0."),
    (_append(lambda y, k: 1 - _code(y, k), _after), "Where the label is you put 0, and 1 elsewhere."),
    (_append(lambda y, k: F.one_hot(y).float(), _after), WIDTH),
    (_corner, "Each map must be constant: you set one pixel alone, and a convolution sees it at one place."),
    (_reshaped, "The one-hot numbers are scattered over the maps: .view or .reshape after .repeat takes them "
                "in the order of memory. Add the dimensions first, code[:, :, None, None], then expand."),
]  # fmt: skip

CONCAT = Exercise(
    SameFunction(concat_condition, _cases, MISTAKES, crashes=CRASHES),
    "features get one-hot numbers, maps get constant maps.",
)
