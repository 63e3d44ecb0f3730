"""The page on speed: what the benchmarks stored, read from their results with each build.

``benchmark-summary`` compares the training steps in one table; ``benchmark NAME`` shows all tables of one
benchmark, with the machine and the command that measures it again.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stored_runs import fields, table

FOLDER = Path("benchmarks") / "results"
ON_GPU = ("gpu", "precision")
TIMES = "processor_seconds_per_step"  # what a result of ``benchmarks.training.compare`` holds


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The stored results by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def summary(results: dict[str, dict[str, Any]]) -> nodes.table:
    """One row for each recipe whose step was compared with others on a processor."""
    rows = [
        [
            recipe,
            *(f"{ratio:.2f}" for ratio in entry["ratios"].values()),
            f"{100 * entry['share_of_peak']:.0f} %",
            result["hardware"]["processor"],
        ]
        for result in results.values()
        for recipe, entry in result.items()
        if isinstance(entry, dict) and TIMES in entry
    ]
    return table(["recipe", "by hand", "usual loop", "of a matrix product's speed", "processor"], rows)


def benchmark(name: str, result: dict[str, Any] | None) -> list[nodes.Node]:
    """The tables of a benchmark; where it has not been run, the command that runs it."""
    one_thread = "" if name in ON_GPU else "OMP_NUM_THREADS=1 "  # waiting threads would be counted too
    again = nodes.literal("", f"{one_thread}python -m benchmarks {name}")
    if result is None:
        return [fields({"Not measured yet": again})]
    made: list[nodes.Node] = []
    for part in result["tables"]:
        shown = table(part["columns"], part["rows"], code=name == "gpu")
        shown.insert(0, nodes.title("", part["title"].replace("%", " %")))
        made.append(shown)
    about = {"Measured": result["measured"], "On": result["hardware"]["text"], "Measure it again": again}
    return [*made, fields(about)]


class _Directive(SphinxDirective):
    def results(self) -> dict[str, dict[str, Any]]:
        folder = Path(self.env.srcdir) / FOLDER
        for path in folder.glob("*.json"):
            self.env.note_dependency(str(path))
        self.env.note_reread()
        return read(folder)


class BenchmarkSummary(_Directive):
    """``benchmark-summary``, without arguments."""

    def run(self) -> list[nodes.Node]:
        return [summary(self.results())]


class Benchmark(_Directive):
    """``benchmark NAME``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        return benchmark(name, self.results().get(name))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("benchmark-summary", BenchmarkSummary)
    app.add_directive("benchmark", Benchmark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
