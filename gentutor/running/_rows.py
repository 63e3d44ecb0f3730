"""A random operation on the rows of one process, with the numbers that one process alone would draw."""

from typing import Any

import torch
from torch import Tensor

# Operations that use as many random numbers for each row of their result, whatever their arguments hold.
ROW_BY_ROW = {
    *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like"),
    *("bernoulli", "multinomial", "native_dropout", "normal"),
    *("bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_"),
}


def rows_of_whole(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], rank: int, processes: int
) -> Any:
    """What a random operation gives for the rows of one of several processes, done for the whole batch.

    Args:
        function: an operation of ``torch.ops.aten``, tagged ``nondeterministic_seeded``.
        args, kwargs: of its call for this process's rows, the first dimension of each tensor or size.
        rank: of this process; its rows are rank, rank + processes, ...
        processes: how many there are.

    Raises:
        ValueError: it draws numbers that cannot be told apart by rows.
    """
    name = function._schema.name.removeprefix("aten::")
    given = {argument.name: value for argument, value in zip(function._schema.arguments, args, strict=False)}
    given |= kwargs
    tensors = [name for name, value in given.items() if isinstance(value, Tensor)]
    rows = torch.broadcast_tensors(*(given[name] for name in tensors))
    if not (rows[0].shape if rows else given.get("size", (1,))):
        return function(*args, **kwargs)
    draws = name == "multinomial" and rows[0].dim() == 1  # from one distribution
    if name not in ROW_BY_ROW or "out" in given or (draws and not given.get("replacement")):
        return _without_a_draw(function, args, kwargs, processes)
    if draws:
        given["num_samples"] *= processes
    elif rows:
        given |= {name: _for_all(part, processes) for name, part in zip(tensors, rows, strict=True)}
    else:
        given["size"] = [given["size"][0] * processes, *given["size"][1:]]
    whole = function(*list(given.values())[: len(args)], **{name: given[name] for name in kwargs})
    if name.endswith("_"):
        return args[0].copy_(whole[rank::processes])
    parts = [part[rank::processes].clone() for part in (whole if isinstance(whole, tuple) else (whole,))]
    return tuple(parts) if isinstance(whole, tuple) else parts[0]


def _for_all(slice_: Tensor, processes: int) -> Tensor:
    """A tensor for the whole batch (N B, ...), laid out in memory as the slice: row i holds row i // N."""
    dense = torch.empty_like(slice_)
    order = sorted(range(dense.dim()), key=dense.stride, reverse=True)
    shape = len(slice_) * processes, *slice_.shape[1:]
    whole = torch.empty_permuted(shape, order, dtype=slice_.dtype, device=slice_.device)
    whole.unflatten(0, (len(slice_), processes)).copy_(slice_[:, None])
    return whole


def _without_a_draw(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], processes: int) -> Any:
    """Do an operation that may draw random numbers, e.g. attention, which does so only with dropout."""
    before = _random_states(kwargs)
    result = function(*args, **kwargs)
    if not all(map(torch.equal, before, _random_states(kwargs))):
        raise ValueError(
            f"{processes} processes cannot share the random numbers of {function}: they are not drawn "
            "row by row, as those of torch.rand, randn, randint, normal, bernoulli and dropout are"
        )
    return result


def _random_states(kwargs: dict[str, Any]) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())
    return states if kwargs.get("generator") is None else [*states, kwargs["generator"].get_state()]
