"""What stands around an optimiser: Adam, falling rates, frozen networks, averaged weights, saved states."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.optimizer import register_optimizer_step_post_hook

Step = Callable[[tuple[Tensor, ...]], dict[str, Tensor]]  # from a batch to its losses

# Autocast keeps the weights that it has cast until its block ends; after an optimiser's step they are old.
register_optimizer_step_post_hook(lambda *_: torch.clear_autocast_cache())


def adam(
    module: nn.Module, learning_rate: float, device: torch.device, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Adam for a module on the device, ready to be part of a captured step."""
    on_gpu = device.type == "cuda"
    rate = torch.tensor(learning_rate, device=device) if on_gpu else learning_rate
    return torch.optim.Adam(module.parameters(), rate, betas, fused=True, capturable=on_gpu)


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


@contextmanager
def frozen(module: nn.Module) -> Iterator[nn.Module]:
    """Within the block, no parameter of ``module`` asks for a gradient; its inputs still may."""
    trainable = [p for p in module.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield module
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


class EMA(nn.Module):
    """An exponential moving average of a network's weights, warmed up over the first updates.

    After update k = 1, 2, ... the decay used is min(decay, (1 + k) / (10 + k)), so that the start is
    forgotten quickly. Buffers (BatchNorm's statistics) are copied.

    Args:
        module: the network to follow.
        decay: in [0, 1); the average remembers about 1 / (1 - decay) updates.
    """

    updates: Tensor

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"decay must lie in [0, 1), got {decay}")
        self.decay = decay
        self.average = copy.deepcopy(module).requires_grad_(False)
        device = next(module.parameters()).device
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64, device=device))

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the weights of ``module``."""
        k = self.updates.add_(1).double()  # on the device: nobody waits for it
        weight = 1 - ((1 + k) / (10 + k)).clamp(max=self.decay)
        for average, parameter in zip(self.average.parameters(), module.parameters(), strict=True):
            average.lerp_(parameter, weight.to(average.dtype))
        for kept, buffer in zip(self.average.buffers(), module.buffers(), strict=True):
            kept.copy_(buffer)


def and_then(step: Step, *actions: Callable[[], object]) -> Step:
    """The same step, and after each call of it these, e.g. ``functools.partial(ema.update, vae)``.

    >>> log = []
    >>> step = and_then(lambda batch: {"loss": batch[0]}, lambda: log.append("a"), lambda: log.append("b"))
    >>> step((torch.tensor(1.0),)), log
    ({'loss': tensor(1.)}, ['a', 'b'])
    """

    def step_and_actions(batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        losses = step(batch)
        for action in actions:
            action()
        return losses

    return step_and_actions


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
