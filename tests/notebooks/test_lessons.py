"""Lessons: within their sizes, numbered as in the navigation, with all that their cards show."""

import json
import re

import lessons
import pytest
import yaml
from sphinx.errors import ExtensionError

from tools import build

PAGES = [f"book/{build.page_name(path)}" for path in build.notebooks()]
LESSONS = [page for page in PAGES if lessons.NAME.fullmatch(page)]
names = pytest.mark.parametrize("page", LESSONS)


def read(page):
    return json.loads((build.ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))


def test_there_is_a_lesson():
    assert LESSONS


@names
def test_a_lesson_is_one_sitting(page):
    assert lessons.excess(read(page)) == ""


@names
def test_the_navigation_has_number_and_title(page):
    def entries(node):
        if isinstance(node, dict):
            yield node
        for child in node.values() if isinstance(node, dict) else node:
            if isinstance(child, dict | list):
                yield from entries(child)

    toc = yaml.safe_load((build.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    titles = {entry["file"]: entry.get("title") for entry in entries(toc) if "file" in entry}
    assert titles[page] == lessons.lesson(build.ROOT, page).name


@names
def test_the_time_of_its_run_was_measured(page):
    assert lessons.lesson(build.ROOT, page).seconds, f"python -m tools.timing {page}.ipynb"


def cell(source, kind="markdown"):
    return {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": {}}


EXERCISE = ":::{exercise} One\n:label: ex\nWrite it.\n:::"
SOLUTION = ":::{solution} ex\n" + 3000 * "word " + "\n:::"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [cell("# Title"), cell(2497 * "word "), cell("## Too much")],
            r"2500 words \(2502\) with cell 2: ## Too much",
        ),
        ([cell("x = 1", "code")] * 36, r"35 cells \(36\) with cell 35: x = 1"),
        ([cell(EXERCISE)] * 5, r"4 exercises \(5\) with cell 4: :::\{exercise\} One"),
        ([cell("**Predict before you run:** what?")] * 3, r"2 predictions \(3\) with cell 2"),
    ],
)
def test_the_cell_with_which_a_lesson_grows_too_long_is_named(cells, message):
    assert re.search(message, lessons.excess({"cells": cells}))


@pytest.mark.parametrize(
    "source", [SOLUTION, 2000 * "$a + b + c$ ", f"$$\n{3000 * 'a + '}\n$$ (eq-x)", ":::" + SOLUTION + ":::"]
)
def test_solutions_are_no_text_and_a_formula_is_a_word(source):
    assert lessons.excess({"cells": [cell("# Title"), cell(source)]}) == ""


def write(folder, name, metadata, *sources):
    path = folder / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = {
        "cells": [cell(source) for source in sources],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_a_lesson_says_its_times(tmp_path):
    name = "book/ch07_flows/10_bends"
    write(
        tmp_path,
        name,
        {"gentutor": {"line": "How.", "minutes": 30, "closer": True}},
        "# Bends\n" + 598 * "word ",
    )
    times = {"ch07_flows/10_bends": {"cpu": {"minutes": 0.5}, "gpu": {"minutes": 9}}}
    (tmp_path / lessons.TIMES).parent.mkdir(parents=True)
    (tmp_path / lessons.TIMES).write_text(json.dumps(times), encoding="utf-8")
    found = lessons.lesson(tmp_path, name)
    assert found.name == "7.10 Bends ◇"
    assert found.times() == ["3 minutes to read", "30 with its exercises", "runs in 30 seconds on two cores"]


@pytest.mark.parametrize(
    ("metadata", "source"),
    [({}, "# Title"), ({"gentutor": {"line": "How."}}, "No title"), ({"gentutor": {}}, "# Title")],
)
def test_a_lesson_without_title_or_line_fails_with_its_file(tmp_path, metadata, source):
    write(tmp_path, "book/ch07_flows/1_start", metadata, source)
    with pytest.raises(ExtensionError, match=r"1_start\.ipynb: a lesson has"):
        lessons.lesson(tmp_path, "book/ch07_flows/1_start")


def test_lessons_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 1):
        write(tmp_path, f"book/ch07_flows/{number}_part", {"gentutor": {"line": "How."}}, f"# Part {number}")
    write(tmp_path, "book/ch07_flows/chapter", {}, "# The rest")
    found = lessons.of_chapter(tmp_path, "book/ch07_flows")
    assert [one.number for one in found] == ["7.1", "7.2", "7.10"]
