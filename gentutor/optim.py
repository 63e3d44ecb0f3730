"""Learning rates that fall, and the state of an optimiser, on whatever device it was saved."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR


def linear_decay(optimizer: torch.optim.Optimizer, steps: int) -> LambdaLR:
    """A learning rate that stays for the first half of ``steps`` and then falls linearly to zero.

    It is a function of the steps taken and of ``steps`` alone. A run that goes on with another number of
    steps than it was begun with has from its next step on the rate of a run of that length
    (``recipes.lasting``), which may be higher than it was.

    Args:
        optimizer: its rates are the ones at the start.
        steps: of the whole run; afterwards the rate is zero.

    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
    >>> schedule, rates = linear_decay(optimizer, 4), []
    >>> for _ in range(4):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.8, 0.8, 0.8, 0.4]
    """
    return LambdaLR(optimizer, lambda done: max(0.0, min(1.0, 2 * (1 - done / steps))))


def load_part(part: Any, state: dict[str, Any]) -> None:
    """Load the state of a part of a run: a network, an average, a schedule, or an optimiser.

    An optimiser keeps what belongs to the device it runs on here, whichever device the state is from: a
    learning rate that is a tensor stays the same tensor, with the saved value, since a CUDA graph may read
    it; and ``capturable`` stays as it is. A schedule, loaded after its optimiser, sets the rate that it has
    after the steps taken, whatever rate the optimiser was saved with.

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
        if isinstance(part, LambdaLR):
            _set_rates(part)
        return
    before = [dict(group) for group in part.param_groups]
    part.load_state_dict(state)
    for group, own in zip(part.param_groups, before, strict=True):
        rate = own["lr"]
        group["lr"] = rate.fill_(group["lr"]) if isinstance(rate, Tensor) else float(group["lr"])
        if "capturable" in own:
            group["capturable"] = own["capturable"]


def _set_rates(schedule: LambdaLR) -> None:
    """Give the optimiser the rates that its schedule has after the steps taken."""
    groups = schedule.optimizer.param_groups
    for group, base, factor in zip(groups, schedule.base_lrs, schedule.lr_lambdas, strict=True):
        rate = base * factor(schedule.last_epoch)
        group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], Tensor) else float(rate)
    schedule._last_lr = [group["lr"] for group in groups]
