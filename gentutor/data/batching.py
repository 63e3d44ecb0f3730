"""Batches of whole tensors: a permutation and an ``index_select``, no loader and no workers."""

from collections.abc import Iterator

import torch
from torch import Tensor

from gentutor import _checks as check


class Batches(Iterator[tuple[Tensor, ...]]):
    """What ``batches`` returns: an endless iterator that can be stopped and continued exactly."""

    def __init__(
        self,
        *tensors: Tensor,
        batch_size: int,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        _expect_batchable(tensors, batch_size)
        self.tensors = tensors
        self.batch_size = batch_size
        self.device = device
        self.per_pass = len(tensors[0]) // batch_size
        self._seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
        self._pass = 0
        self._start_pass(position=0)

    def __next__(self) -> tuple[Tensor, ...]:
        if self._position == self.per_pass:
            self._pass += 1
            self._start_pass(position=0)
        here = slice(self._position * self.batch_size, (self._position + 1) * self.batch_size)
        self._position += 1
        batch = (t.index_select(0, self._orders[t.device][here]) for t in self.tensors)
        return tuple(b if self.device is None else b.to(self.device, non_blocking=True) for b in batch)

    def _start_pass(self, position: int) -> None:
        random = torch.Generator().manual_seed(self._seed + self._pass)
        order = torch.randperm(len(self.tensors[0]), generator=random, device="cpu")
        self._orders = {device: order.to(device) for device in {t.device for t in self.tensors}}
        self._position = position

    def state_dict(self) -> dict[str, int]:
        """Where the iterator stands, as plain integers."""
        return {
            "seed": self._seed,
            "pass": self._pass,
            "position": self._position,
            "examples": len(self.tensors[0]),
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where ``state`` was taken, with the same batches in the same order.

        Raises:
            ValueError: the state is of another batch size or number of examples.
        """
        mine = self.state_dict()
        if state.keys() != mine.keys():
            raise ValueError(f"expected a state with {list(mine)}, got {list(state)}")
        for name in ("examples", "batch_size"):
            if state[name] != mine[name]:
                raise ValueError(f"the state is of {name} = {state[name]}, but here it is {mine[name]}")
        self._seed, self._pass = state["seed"], state["pass"]
        self._start_pass(state["position"])


def batches(
    *tensors: Tensor,
    batch_size: int,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> Batches:
    """An endless iterator of batches, in a new random order at each pass.

    A pass takes every example at most once; its last, short batch is dropped. The order comes from
    the processor's random numbers, so that a seed gives the same batches on every device.

    Args:
        tensors: one or more, each (N, ...), any dtype and device; row i of all belong together.
        batch_size: B, 1 to N.
        generator: on the processor; gives one number, the seed of all orders. None: PyTorch's global one.
        device: where to put each batch; None leaves it where its tensor is.

    Returns:
        An iterator of tuples of tensors (B, ...), one per argument, copies of the rows; its
        ``state_dict`` and ``load_state_dict`` continue an interrupted run exactly, and
        ``per_pass`` is the number of batches in a pass.

    >>> twos = batches(torch.arange(5), batch_size=2)
    >>> one_pass = torch.cat([next(twos)[0] for _ in range(twos.per_pass)])
    >>> len(one_pass), len(one_pass.unique())  # the fifth waits for another pass
    (4, 4)
    """
    return Batches(*tensors, batch_size=batch_size, generator=generator, device=device)


class UnpairedBatches(Iterator[tuple[Tensor, ...]]):
    """What ``unpaired`` returns: two iterators side by side, each with its own order."""

    def __init__(
        self,
        a: Tensor,
        b: Tensor,
        batch_size: int,
        generator: torch.Generator | None,
        device: torch.device | str | None,
    ) -> None:
        self.a = batches(a, batch_size=batch_size, generator=generator, device=device)
        self.b = batches(b, batch_size=batch_size, generator=generator, device=device)

    def __next__(self) -> tuple[Tensor, ...]:
        return (*next(self.a), *next(self.b))

    def state_dict(self) -> dict[str, dict[str, int]]:
        """Where both iterators stand."""
        return {"a": self.a.state_dict(), "b": self.b.state_dict()}

    def load_state_dict(self, state: dict[str, dict[str, int]]) -> None:
        """Go on where ``state`` was taken.

        Raises:
            ValueError: the state is of another batch size or number of examples.
        """
        self.a.load_state_dict(state["a"])
        self.b.load_state_dict(state["b"])


def unpaired(
    a: Tensor,
    b: Tensor,
    *,
    batch_size: int,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> UnpairedBatches:
    """An endless iterator of batches of two domains: row i of one has nothing to do with row i of the other.

    Args:
        a: (N, ...), examples of one domain.
        b: (M, ...), of the other; each domain starts a new pass when its own is over.
        batch_size: 1 to the smaller of N and M.
        generator: as for ``batches``.
        device: as for ``batches``.

    Returns:
        An iterator of pairs of tensors (batch_size, ...), with ``state_dict`` and ``load_state_dict``.

    >>> twos = unpaired(torch.arange(4), 10 * torch.arange(6), batch_size=2)
    >>> firsts, seconds = zip(*(next(twos) for _ in range(6)))
    >>> sorted(torch.cat(firsts).tolist()), sorted(torch.cat(seconds).tolist())  # three passes, two passes
    ([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], [0, 0, 10, 10, 20, 20, 30, 30, 40, 40, 50, 50])
    """
    return UnpairedBatches(a, b, batch_size, generator, device)


def _expect_batchable(tensors: tuple[Tensor, ...], batch_size: int) -> None:
    if not tensors:
        raise ValueError("expected at least one tensor, got none")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"expected tensors, got {type(tensor).__name__}; give a tuple's parts as batches(*parts, ...)"
            )
        if tensor.ndim == 0:
            raise ValueError("expected tensors of shape (N, ...), got a scalar")
    lengths = [len(tensor) for tensor in tensors]
    if len(set(lengths)) > 1:
        raise ValueError(f"expected tensors of one length, got lengths {lengths}")
    check.integer(batch_size=batch_size)
    if not 1 <= batch_size <= lengths[0]:
        raise ValueError(f"batch_size must lie in 1 to {lengths[0]} (the examples), got {batch_size}")
