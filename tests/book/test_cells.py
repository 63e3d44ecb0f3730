"""Faults in a notebook are told with the notebook's name and the cell."""

import io
import json
import logging
import re

import cells
import exercises
import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_exercise.nodes import exercise_node, solution_node


def page(with_solution=True, summary="Hint"):
    found = nodes.document(None, None, source="book/a.ipynb")
    exercise, solution = exercise_node(label="ex-a"), solution_node(target_label="ex-a")
    exercise.source = solution.source = "book/a.ipynb"
    exercise.line, solution.line = 40_003, 60_001
    solution += nodes.raw("", f"<details><summary>{summary}</summary>", format="html")
    found += exercise
    if with_solution:
        found += solution
    return found


def test_an_exercise_with_a_hint_passes():
    exercises.expect_hints(None, page())


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (page(with_solution=False), r"book/a\.ipynb, cell 3, line 3: the exercise ex-a has no solution"),
        (page(summary="Solution"), r"book/a\.ipynb, cell 5, line 1: the solution of ex-a has no .*Hint"),
    ],
)
def test_an_exercise_without_solution_or_hint_fails_with_file_and_cell(found, message):
    with pytest.raises(ExtensionError, match=message):
        exercises.expect_hints(None, found)


def test_a_link_to_a_lesson_that_is_gone_is_told_with_file_and_cell(tmp_path):
    texts = ["# A page", "Read [the judge](1_the_judge.ipynb) first."]
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": f"c{i}", "metadata": {}, "source": text}
            for i, text in enumerate(texts)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "index.ipynb").write_text(json.dumps(notebook))
    told = io.StringIO()
    app = Sphinx(
        srcdir=tmp_path,
        confdir=None,
        outdir=tmp_path / "out",
        doctreedir=tmp_path / "trees",
        buildername="html",
        confoverrides={"extensions": ["myst_nb", "cells"], "nb_execution_mode": "off"},
        status=None,
        warning=told,
    )
    app.build()
    assert re.search(r"index\.ipynb, cell 1, line \d+: WARNING: .*1_the_judge", told.getvalue())


def test_other_places_stay_as_they_are():
    record = logging.makeLogRecord({"location": "book/intro.md:12"})
    assert cells.NameTheCell().filter(record) and record.location == "book/intro.md:12"
