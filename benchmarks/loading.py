"""Loading MNIST, and one pass over it: whole tensors against a per-item DataLoader with transforms."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.measure import interleaved, median_ratio
from gentutor import data

BATCH_SIZE = 64

# In a fresh process each, so that nothing is left over from the load before.
LOAD = """
import time
from gentutor import data
wall, cpu = time.perf_counter(), time.process_time()
for split in ("train", "test"):
    data.mnist(split).images.max()  # reads every pixel
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def load_seconds(cache: str) -> tuple[float, float]:
    """(wall seconds, processor seconds) of loading all of MNIST in a fresh process."""
    environment = os.environ | {"GENTUTOR_CACHE": cache}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, check=True
    )
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def tutorial_loader(batch_size: int, normalise: bool = True) -> DataLoader[Any]:
    """MNIST as most tutorials read it: one item at a time, each through its transforms."""
    steps = [transforms.ToTensor(), *([transforms.Normalize((0.5,), (0.5,))] if normalise else [])]
    mnist = datasets.MNIST(data.torchvision_root(), train=True, transform=transforms.Compose(steps))
    return DataLoader(mnist, batch_size=batch_size, shuffle=True)


def run(rounds: int) -> dict[str, Any]:
    """Time both, and say how many times faster a pass over whole tensors is."""
    with tempfile.TemporaryDirectory() as cache:
        cold = load_seconds(cache)
        warm = [load_seconds(cache) for _ in range(rounds)]
    warm_wall, warm_cpu = (statistics.median(times) for times in zip(*warm, strict=True))

    images = data.to_signed(data.mnist("train").images)
    ours = data.batches(images, batch_size=BATCH_SIZE)
    loader = tutorial_loader(BATCH_SIZE)

    def pass_over_tensors() -> None:
        for _ in range(ours.per_pass):
            next(ours)

    def pass_over_loader() -> None:
        for _ in loader:
            pass

    torch.manual_seed(0)
    both: dict[str, Callable[[], object]] = {"batches": pass_over_tensors, "loader": pass_over_loader}
    times = interleaved(both, rounds=max(1, rounds // 3), warm_up=0)
    fast, slow = (statistics.median(times[name]) for name in ("batches", "loader"))
    ratio = median_ratio(times["loader"], times["batches"])
    return {
        "load": {"cold": cold, "warm": warm, "of each": ["wall seconds", "processor seconds"]},
        "pass": {"batch_size": BATCH_SIZE, "processor_seconds": times, "ratio": ratio},
        "tables": [
            {
                "title": "Loading MNIST: 70,000 images and labels, every pixel read once",
                "columns": ["", "wall s", "processor s"],
                "rows": [
                    ["first time, unpacked into the cache", f"{cold[0]:.2f}", f"{cold[1]:.2f}"],
                    ["from the cache", f"{warm_wall:.2f}", f"{warm_cpu:.2f}"],
                ],
            },
            {
                "title": f"One pass over the 60,000 training images, batch {BATCH_SIZE}",
                "columns": ["", "processor s", "times as long"],
                "rows": [
                    ["gentutor.data.batches", f"{fast:.3f}", "1.0"],
                    ["DataLoader, item by item, ToTensor and Normalize", f"{slow:.3f}", f"{ratio:.0f}"],
                ],
            },
        ],
    }
