"""A training step recorded once on a GPU and replayed: one launch instead of a thousand small ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from gentutor.optim import Step, and_then
from gentutor.running import distributed
from gentutor.training import Losses

EAGER = 3  # steps taken as usual first: libraries choose their algorithms, optimisers make their state
PRODUCTS = "high"  # float32 matrix products round their factors to TF32, as convolutions do by default


class CapturedStep:
    """What ``captured`` returns on a GPU."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.taken = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.stream = torch.cuda.Stream()

    def __call__(self, batch: tuple[Tensor, ...]) -> Losses:
        if self.taken < EAGER:
            losses = self._eagerly(batch)
        else:
            if self.graph is None:
                self.graph = self._record(batch)
            for recorded, tensor in zip(self.inputs, batch, strict=True):
                recorded.copy_(tensor)
            self.graph.replay()
            losses = {name: loss.clone() for name, loss in self.losses.items()}  # the next replay overwrites
        self.taken += 1
        return losses

    def _eagerly(self, batch: tuple[Tensor, ...]) -> Losses:
        """A usual step, on the stream on which the recording will be made."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream), _rounded_products():
            losses = self.step(batch)
        torch.cuda.current_stream().wait_stream(self.stream)
        return losses

    def _record(self, batch: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        """Record the step; nothing is computed yet."""
        self.inputs = tuple(tensor.clone() for tensor in batch)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream), _rounded_products():
            self.losses = self.step(self.inputs)
        return graph


def captured(step: Step, device: torch.device, schedules: Sequence[LRScheduler] = ()) -> Step:
    """The same step, on a GPU as one CUDA graph; on a processor it stays as it is.

    What the processor decides in the step, and Python numbers in it, are recorded as they are at the
    fourth step: learning rates must be tensors on the device, optimisers ``capturable``, and the shape of
    the batch always the same. Random numbers go on: each replay draws new ones. Matrix products round
    their factors to TF32 (10 bits behind the binary point). Where several processes share a run, the step
    stays as it is.

    Args:
        step: from a batch to its losses, without anything that waits for the device.
        device: where its networks are.
        schedules: of the learning rates, stepped after each step.

    Returns:
        A step to hand to ``training.fit``.
    """
    alone = distributed.world_size() == 1
    recorded = CapturedStep(step) if device.type == "cuda" and alone else step
    return and_then(recorded, *(schedule.step for schedule in schedules))


@contextmanager
def _rounded_products() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(PRODUCTS)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
