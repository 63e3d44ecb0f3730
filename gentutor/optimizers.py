"""The state of an optimiser, on whatever device it was saved."""

from typing import Any

import torch
from torch import Tensor


def load_part(part: Any, state: dict[str, Any]) -> None:
    """Load the state of a part of a run: a network, an average, a schedule, or an optimiser.

    An optimiser keeps what belongs to the device it runs on here, whichever device the state is from: a
    learning rate that is a tensor stays the same tensor, with the saved value, since a CUDA graph may read
    it; and ``capturable`` stays as it is.

    Args:
        part: has ``load_state_dict``.
        state: from its ``state_dict``, on any device.

    Raises:
        RuntimeError, ValueError, KeyError: the state is of another network or optimiser.

    >>> def adam(rate):
    ...     return torch.optim.Adam([torch.zeros(2, requires_grad=True)], rate)
    >>> optimizer, rate = adam(0.1), torch.tensor(0.5)
    >>> load_part(optimizer, adam(rate).state_dict())
    >>> optimizer.param_groups[0]["lr"]  # a number here, though a tensor there
    0.5
    """
    if not isinstance(part, torch.optim.Optimizer):
        part.load_state_dict(state)
        return
    before = [dict(group) for group in part.param_groups]
    part.load_state_dict(state)
    for group, own in zip(part.param_groups, before, strict=True):
        rate = own["lr"]
        group["lr"] = rate.fill_(group["lr"]) if isinstance(rate, Tensor) else float(group["lr"])
        if "capturable" in own:
            group["capturable"] = own["capturable"]
