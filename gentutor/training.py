"""The training loop, its history, and a run that can resume."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from gentutor.optim import load_part

Losses = dict[str, Tensor]  # 0-d, detached, by name
Report = Callable[[int, dict[str, float]], None]


class Batches(Protocol):
    """An endless iterator of batches that can be stopped and continued (``data.batches``)."""

    def __next__(self) -> tuple[Tensor, ...]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass
class History:
    """Losses over training: ``values[name][i]`` is the mean over the steps up to ``steps[i]``.

    ``done`` counts the steps taken and ``sums`` holds the losses of those not recorded yet, so that
    a run that was stopped between two records goes on without losing any.
    """

    steps: list[int] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    done: int = 0
    sums: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.done = max(self.done, self.last_step)

    def append(self, step: int, losses: dict[str, float]) -> None:
        """Record the mean losses of the steps since the last record."""
        self.done, self.sums = step, {}
        self.steps.append(step)
        for name, value in losses.items():
            self.values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.values:
            raise KeyError(f"no loss {name!r} in this history; it has {', '.join(self.values)}")
        return self.values[name]

    @property
    def last_step(self) -> int:
        """The step of the last record, 0 before the first."""
        return self.steps[-1] if self.steps else 0


def fit(
    step: Callable[[tuple[Tensor, ...]], dict[str, Tensor]],
    batches: Iterator[tuple[Tensor, ...]],
    *,
    steps: int,
    every: int = 100,
    report: Report | None = None,
    history: History | None = None,
    progress: bool = True,
    stop: Callable[[], bool] | None = None,
) -> History:
    """Call ``step`` on batch after batch and record the mean losses.

    Losses are summed on the device and read only at a report, so that the processor never waits
    for a GPU in between.

    Args:
        step: one optimisation step, from a batch to its losses as detached scalars.
        batches: an endless iterator, e.g. ``data.batches``.
        steps: the step to stop after, counted from the start of ``history``.
        every: steps between reports; the last step always reports.
        report: called as ``report(step, losses)`` with floats.
        history: an earlier one to continue.
        progress: show a progress bar with the losses.
        stop: called after every step; training ends early once it returns True.

    Returns:
        The history, with one record per report and the seconds spent.

    Raises:
        ValueError: steps or every is not positive.
        FloatingPointError: a loss is nan or infinite at a report.
    """
    if steps < 1 or every < 1:
        raise ValueError(f"steps and every must be at least 1, got {steps} and {every}")
    history = History() if history is None else history
    mark = time.perf_counter()
    bar = tqdm(total=steps, initial=history.done, unit="step", disable=not progress, mininterval=0.5)
    with bar:
        while history.done < steps:
            for name, value in step(next(batches)).items():
                history.sums[name] = history.sums[name] + value if name in history.sums else value
            history.done += 1
            if history.done % every == 0 or history.done == steps:
                counted = history.done - history.last_step
                means = {name: float(value) / counted for name, value in history.sums.items()}
                expect_finite(means, f"at step {history.done}")
                history.append(history.done, means)
                history.seconds, mark = history.seconds + time.perf_counter() - mark, time.perf_counter()
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
                bar.update(history.done - bar.n)
                if report is not None:
                    report(history.done, means)
            if stop is not None and stop():
                break
    history.seconds += time.perf_counter() - mark
    return history


@dataclass
class Run:
    """A training run in progress: all that must be saved so that it can go on as if never stopped."""

    model: Any  # the network that is stored in the end, e.g. the averaged generator
    step: Callable[[tuple[Tensor, ...]], dict[str, Tensor]]
    batches: Any
    parts: dict[str, Any]  # networks, averages and optimisers, by name
    history: History = field(default_factory=History)
    examples: tuple[Tensor, Tensor] | None = None  # images to show, of both domains of a translation

    def state_dict(self) -> dict[str, Any]:
        """The state of networks, optimisers, batches, random numbers and history."""
        return {
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
            "batches": self.batches.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "history": copy.deepcopy(vars(self.history)),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a saved state, random numbers included."""
        for name, part in self.parts.items():
            load_part(part, state["parts"][name])
        self.batches.load_state_dict(state["batches"])
        self.history = History(**copy.deepcopy(state["history"]))
        torch.set_rng_state(state["random"])
        if state["random_cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random_cuda"][: torch.cuda.device_count()])


def expect_finite(losses: dict[str, float], where: str) -> None:
    """Raise ``FloatingPointError`` if a loss is nan or infinite."""
    for name, value in losses.items():
        if not -float("inf") < value < float("inf"):
            raise FloatingPointError(f"the loss {name!r} is {value} {where}")
