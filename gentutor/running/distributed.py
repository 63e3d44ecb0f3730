"""One run on many processes: each takes its part of every batch, and all take the same step.

``torchrun --nproc-per-node N -m gentutor train NAME`` starts N processes, which know each other by
``torch.distributed``. All of them draw the same batch and the same noise, from the same seeds; process r
of N keeps rows r, r + N, r + 2N, ... of both, and before an optimiser steps, its gradients are averaged
over the processes. Since the slices are equally long, the mean of the N mean losses is the mean loss of
the whole batch, and so are the gradients: the run is that of one process with the same batch. A CycleGAN
with a history pool is the exception: each process has a pool of its own, filled from its slice.

Why not PyTorch's ``DistributedDataParallel``: it averages gradients during the backward pass that follows
a call of the wrapped module. For the book's GANs, whose steps call both networks by their ``forward``, it
gives the same weights, with a penalty too. But a VAE's step calls ``encode`` and ``decode``, which go past
the wrapper, and then nothing is averaged. A hook on an optimiser, which PyTorch offers too, does not ask how
the gradients came about, so that one way serves all steps as they are. It does not overlap communication
with the backward pass, which pays for large networks.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode

from gentutor.running._rows import rows_of_whole
from gentutor.settings import device
from gentutor.training import Losses, Run


@contextmanager
def group() -> Iterator[None]:
    """Within the block, this process and the others that torchrun started know each other.

    A process that was not started by torchrun is alone, and nothing happens.

    Raises:
        ValueError: there are more processes on this machine than GPUs, where there are any.
    """
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        yield
        return
    if torch.cuda.is_available():
        local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local >= gpus:
            raise ValueError(f"this machine has {gpus} GPUs, too few for process {local} (--nproc-per-node)")
        torch.cuda.set_device(local)
        dist.init_process_group("nccl", device_id=torch.device("cuda", local))
    else:
        dist.init_process_group("gloo")
    yield  # after an error the group stays: the others may be waiting in it until torchrun ends them
    dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0; 0 if it is alone."""
    return dist.get_rank() if world_size() > 1 else 0


def world_size() -> int:
    """How many processes share a run; 1 if this one is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def wait() -> None:
    """Wait until all processes are here."""
    if world_size() > 1:
        with _contact():
            dist.barrier()


def from_first(value: Any) -> Any:
    """The value that process 0 has, in every process; anything that can be pickled."""
    if world_size() == 1:
        return value
    values = [value]
    with _contact():
        dist.broadcast_object_list(values, src=0)
    return values[0]


def mean(losses: dict[str, float]) -> dict[str, float]:
    """The mean over the processes of each loss."""
    if world_size() == 1:
        return losses
    values = torch.tensor(list(losses.values()), dtype=torch.float64, device=device())
    return dict(zip(losses, _averaged(values).tolist(), strict=True))


def sliced(batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The rows of a batch that are this process's: rank, rank + N, rank + 2N, ...

    Args:
        batch: tensors (B, ...), the same in every process.

    Returns:
        Tensors (B / N, ...), N the number of processes.

    Raises:
        ValueError: N does not divide B: the mean over the processes would not be that over the batch.

    >>> sliced((torch.arange(4),))  # a process that is alone keeps all
    (tensor([0, 1, 2, 3]),)
    """
    for tensor in batch:
        if len(tensor) % world_size():
            raise ValueError(f"a batch of {len(tensor)} cannot be shared equally by {world_size()} processes")
    return tuple(tensor[rank() :: world_size()] for tensor in batch)


class SlicedNoise(TorchDispatchMode):
    """Within it, random numbers for a slice of a batch are drawn for the whole batch, then sliced.

    All processes draw the same numbers, so that their generators stay in step, and each keeps its rows:
    the numbers are those that one process would draw, also of a generator of one's own that has the same
    state everywhere. The first dimension is taken for the batch; a tensor that has it elsewhere gets its
    part of independent numbers, though not those of one process. A number without dimensions is the same
    for all.

    Raises:
        ValueError: an operation draws numbers that cannot be told apart by rows, e.g. ``randperm``.
    """

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if torch.Tag.nondeterministic_seeded in function.tags:
            return rows_of_whole(function, args, kwargs or {}, rank(), world_size())
        return function(*args, **kwargs or {})


def shared(run: Run, sync_batch_norm: bool = False) -> Run:
    """A run whose steps all processes take together; the same run for a process that is alone.

    Every process starts from the weights and the random state of process 0.

    Args:
        run: fresh or resumed, the same in every process.
        sync_batch_norm: let BatchNorm use the statistics of the whole batch, not those of the slice;
            on GPUs only, where PyTorch has it.

    Raises:
        ValueError: sync_batch_norm without GPUs.
    """
    if sync_batch_norm and not torch.cuda.is_available():
        raise ValueError("PyTorch's SyncBatchNorm runs on GPUs only, and there is none")
    if world_size() == 1:
        return run
    torch.set_rng_state(from_first(torch.get_rng_state()))
    if torch.cuda.is_available():  # of the GPU that each process uses
        torch.cuda.set_rng_state(from_first(torch.cuda.get_rng_state()))
    step = run.step
    for name, part in run.parts.items():
        if isinstance(part, nn.Module):
            _take_from_first(part)
            if sync_batch_norm and name != "ema":  # the average is only evaluated, by one process
                nn.SyncBatchNorm.convert_sync_batchnorm(part)
        if isinstance(part, Optimizer):
            part.register_step_pre_hook(average_gradients)

    def step_together(batch: tuple[Tensor, ...]) -> Losses:
        with SlicedNoise():
            return step(sliced(batch))

    return replace(run, step=step_together)


@torch.no_grad()
def average_gradients(optimizer: Optimizer, args: Any = (), kwargs: Any = None) -> None:
    """Replace the gradients that an optimiser is about to use by their means over the processes.

    All of them travel as one tensor. It is a hook for ``Optimizer.register_step_pre_hook``, which passes
    the arguments of ``step``.
    """
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    means = _averaged(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, part in zip(gradients, means.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def _averaged(values: Tensor) -> Tensor:
    with _contact():
        dist.all_reduce(values)
    return values / world_size()


@torch.no_grad()
def _take_from_first(module: nn.Module) -> None:
    for tensor in module.state_dict().values():
        if tensor.numel():  # an untouched history pool is empty
            first = tensor.contiguous()
            with _contact():
                dist.broadcast(first, src=0)
            tensor.copy_(first)


@contextmanager
def _contact() -> Iterator[None]:
    """Within the block, a lost process is an error that a user can read."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(
            f"process {rank()} lost contact with the others; when one of them has ended, the job ends, "
            f"and goes on from its last saved state with --resume ({str(error).splitlines()[0]})"
        ) from error
