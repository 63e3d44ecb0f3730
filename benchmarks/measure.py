"""Timing by processor time, interleaved, and the tables and files of the results.

Each round times every variant once, one after the other, so that all of them see the same machine.
A ratio is taken within each round, and the median over the rounds is reported: what slows the
machine down for a while slows both of its sides. Processor time (of all threads) is counted, so
that other programs' share of the machine does not count.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"
Times = dict[str, list[float]]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds that one call takes, over all threads."""
    started = time.process_time()
    work()
    return time.process_time() - started


def interleaved(variants: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 1) -> Times:
    """Processor seconds of each variant in each round."""
    for _ in range(warm_up):
        for work in variants.values():
            work()
    times: Times = {name: [] for name in variants}
    for _ in range(rounds):
        for name, work in variants.items():
            times[name].append(cpu_seconds(work))
    return times


def median_ratio(slower: list[float], faster: list[float]) -> float:
    """The median over rounds of the first time over the second."""
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def square_product(size: int = 2048) -> tuple[Callable[[], object], float]:
    """A float32 product of two square matrices, and its floating-point operations."""
    a, b, out = (torch.randn(size, size) for _ in range(3))
    return lambda: torch.mm(a, b, out=out), 2.0 * size**3


def hardware() -> dict[str, Any]:
    """What the numbers were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    facts = {
        "processor": model,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
    }
    text = "{processor}, {cores} cores, threads used: {threads}, Python {python}, PyTorch {torch}"
    return facts | {"text": text.format(**facts)}


def table(part: dict[str, Any]) -> str:
    """A titled table in aligned columns; ``part`` holds ``title``, ``columns`` and ``rows``."""
    rows = [[str(cell) for cell in row] for row in (part["columns"], *part["rows"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(part["columns"]))]
    lines = ["  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([part["title"], lines[0], "-" * len(lines[0]), *lines[1:]])


def save(name: str, result: dict[str, Any]) -> str:
    """Write the result with the hardware's name; returns the file, relative to the repository."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {"hardware": hardware(), "measured": time.strftime("%Y-%m-%d"), **result}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
