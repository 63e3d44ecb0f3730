"""The page on speed: its tables are the stored results, and the ratios follow from the stored times."""

import json
import re
import statistics

import benchmark_tables
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

from benchmarks.__main__ import BENCHMARKS, DEFAULT
from benchmarks.measure import RESULTS
from benchmarks.training import HAND, OURS, TUTORIAL
from gentutor import recipes
from tools import build

STORED = benchmark_tables.read(RESULTS)
COMPARED = {
    name: entry
    for result in STORED.values()
    for name, entry in result.items()
    if isinstance(entry, dict) and benchmark_tables.TIMES in entry
}


@pytest.fixture(scope="module")
def tables(html):
    page = BeautifulSoup((html / "book" / "performance.html").read_text(encoding="utf-8"), "html.parser")
    return [
        [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tr")]
        for table in page.select("article table")
    ]


def test_every_benchmark_is_shown_as_stored(tables):
    assert set(STORED) <= set(BENCHMARKS) and set(STORED) >= {*DEFAULT, "scaling"}
    for name, result in STORED.items():
        for part in result["tables"]:
            assert [part["columns"], *part["rows"]] in tables, name
    assert len(tables) == 1 + sum(len(result["tables"]) for result in STORED.values())


def test_the_summary_has_every_compared_recipe(tables):
    first = {row[0]: row[1:] for row in tables[0][1:]}
    assert set(first) == set(COMPARED) >= {"mlp-gan-mnist", "dcgan-mnist", "vae-mnist", "cyclegan-characters"}
    for name, (hand, usual, share, processor) in first.items():
        entry = COMPARED[name]
        assert [hand, usual] == [f"{entry['ratios'][way]:.2f}" for way in (HAND, TUTORIAL)]
        assert share == f"{100 * entry['share_of_peak']:.0f} %"
        assert processor in {result["hardware"]["processor"] for result in STORED.values()}


@pytest.mark.parametrize("name", COMPARED)
def test_ratios_are_medians_within_rounds_at_the_recipes_batch(name):
    entry = COMPARED[name]
    times = entry[benchmark_tables.TIMES]
    for way in (HAND, TUTORIAL):
        ratios = [theirs / ours for theirs, ours in zip(times[way], times[OURS], strict=True)]
        assert entry["ratios"][way] == statistics.median(ratios)
    assert entry["batch_size"] == recipes.get(name).batch_size


def test_what_was_not_measured_says_so():
    (shown,) = benchmark_tables.benchmark("gpu", None)
    text = shown.astext()
    assert "Not measured yet" in text and "python -m benchmarks gpu" in text
    assert not list(shown.findall(nodes.table))


def test_no_ratio_is_typed_into_the_page():
    source = (build.ROOT / "book" / "performance.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\d+\.\d+", source)) == {"1.00"}
    named = re.findall(r"```\{benchmark\} (\w+)", source)
    assert sorted(named) == sorted(BENCHMARKS)


def test_a_result_is_shown_with_its_machine(tmp_path):
    result = {
        "measured": "2026-01-02",
        "hardware": {"text": "a machine"},
        "tables": [{"title": "it: 50% of it", "columns": ["a", "b"], "rows": [["x", "1"]]}],
    }
    (tmp_path / "it.json").write_text(json.dumps(result), encoding="utf-8")
    shown = benchmark_tables.benchmark("it", benchmark_tables.read(tmp_path)["it"])
    text = " ".join(node.astext() for node in shown)
    assert "50 % of it" in text and "a machine" in text and "python -m benchmarks it" in text
