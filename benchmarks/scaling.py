"""Weak scaling on the processor: one process with a batch, two processes with twice the batch.

Two processes are started once. In each round, in turns, (1) the first trains alone while the other waits,
(2) both train, each on its own, without a word to the other, and (3) both share one run of twice the
batch. So (2) against (1) is what two programs cost each other on this machine, and (3) against (2) what
sharing a run costs: the exchange of gradients, waiting for the slower process, and noise that both draw
for the whole batch. Wall-clock time is counted, since waiting is part of it; the load of the machine is
stored with the result. It goes into ``results/`` and, for the appendix of the book, into the package's
stored studies.
"""

import json
import os
import socket
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.spawn import spawn

from benchmarks.measure import hardware
from gentutor import recipes
from gentutor.running import distributed
from gentutor.studies import FOLDER
from gentutor.training import Run

RECIPES = {"vae-mnist": 40, "mlp-gan-mnist": 8, "dcgan-mnist": 4}  # steps per timing
ALONE, SIDE_BY_SIDE, SHARED = "one process", "two, each alone", "two, sharing a run"


def seconds_per_step(run: Run, steps: int) -> float:
    """Wall-clock seconds of one step."""
    started = time.perf_counter()
    for _ in range(steps):
        run.step(next(run.batches))
    return (time.perf_counter() - started) / steps


def work(process: int, rounds: int, port: int, folder: str) -> None:
    """One of two processes; the first writes what it measured."""
    os.environ.update(RANK=f"{process}", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=f"{port}")
    torch.set_num_threads(1)
    device, results = torch.device("cpu"), {}
    with distributed.group():
        for name, steps in RECIPES.items():
            recipe = recipes.get(name)
            single = recipe.start(device)
            double = distributed.shared(replace(recipe, batch_size=2 * recipe.batch_size).start(device))
            times: dict[str, list[float]] = {ALONE: [], SIDE_BY_SIDE: [], SHARED: []}
            for _ in range(rounds + 1):  # the first warms up
                distributed.wait()
                if process == 0:
                    times[ALONE].append(seconds_per_step(single, steps))
                distributed.wait()
                times[SIDE_BY_SIDE].append(seconds_per_step(single, steps))
                distributed.wait()
                times[SHARED].append(seconds_per_step(double, steps))
            results[name] = {
                "batch_per_process": recipe.batch_size,
                "parameters": optimised(double),
                "seconds_per_step": {variant: values[1:] for variant, values in times.items()},
            }
        distributed.wait()
    if process == 0:
        Path(folder, "times.json").write_text(json.dumps(results), encoding="utf-8")


def optimised(run: Run) -> int:
    """The numbers whose gradients are exchanged in a step."""
    optimizers = [part for part in run.parts.values() if isinstance(part, torch.optim.Optimizer)]
    return sum(p.numel() for o in optimizers for group in o.param_groups for p in group["params"])


def efficiency(times: dict[str, list[float]], variant: str) -> float:
    """Images a second per process, as a share of what one process reaches: the median over rounds."""
    return statistics.median(a / b for a, b in zip(times[ALONE], times[variant], strict=True))


def run(rounds: int) -> dict[str, Any]:
    """Measure, and store a copy for the book."""
    load = [os.getloadavg()[0]]
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        spawn(work, (rounds, port, folder), nprocs=2)
        results = json.loads(Path(folder, "times.json").read_text(encoding="utf-8"))
    load.append(os.getloadavg()[0])
    for result in results.values():
        times = result["seconds_per_step"]
        result["efficiency"] = {variant: efficiency(times, variant) for variant in (SIDE_BY_SIDE, SHARED)}
    result = {"recipes": results, "rounds": rounds, "load_before_and_after": load}
    study = {"study": "scaling", "hardware": hardware(), "measured": time.strftime("%Y-%m-%d"), **result}
    (FOLDER / "scaling.json").write_text(json.dumps(study) + "\n", encoding="utf-8")
    return {**result, "tables": [as_table(name, entry) for name, entry in results.items()]}


def as_table(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """The printed form."""
    rows = []
    for variant, seconds in result["seconds_per_step"].items():
        median = statistics.median(seconds)
        images = result["batch_per_process"] * (1 if variant == ALONE else 2) / median
        share = result["efficiency"].get(variant, 1.0)
        rows.append([variant, f"{1e3 * median:.1f}", f"{images:.0f}", f"{share:.2f}"])
    columns = ["", "ms a step", "images a second", "efficiency"]
    return {
        "title": f"{name}, batch {result['batch_per_process']} per process",
        "columns": columns,
        "rows": rows,
    }
