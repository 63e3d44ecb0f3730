"""Every notebook runs from top to bottom as it is, with the exercises' stubs in place."""

import re

import pytest

from tests.notebooks.chapter import CHECK, code_cells, looks_closer, printed, read
from tools import build, sync

NOTEBOOKS = build.notebooks()
names = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=build.page_name)


def test_there_is_a_notebook():
    assert NOTEBOOKS


@names
def test_runs_from_top_to_bottom(notebook, executed_notebooks):
    assert build.is_executed(notebook, "ci"), executed_notebooks
    for cell in code_cells(build.executed_copy(notebook, "ci")):
        errors = [output for output in cell["outputs"] if output["output_type"] == "error"]
        assert not errors or "raises-exception" in cell["metadata"].get("tags", [])


@names
def test_unattempted_exercises_say_so(notebook, executed_notebooks):
    assert build.is_executed(notebook, "ci"), executed_notebooks
    cells = code_cells(build.executed_copy(notebook, "ci"))
    checks = [cell for cell in cells if CHECK.search(cell["source"])]
    assert checks or looks_closer(notebook)
    for cell in checks:
        assert "not attempted yet" in printed(cell), cell["source"]


@names
def test_carries_no_outputs(notebook):
    for cell in code_cells(notebook):
        assert cell["outputs"] == [], "make strip removes the outputs"
        assert cell["execution_count"] is None, "make strip removes the execution counts"
        assert "execution" not in cell["metadata"], "make strip removes the time stamps"


@names
def test_asks_for_the_plain_kernel(notebook):
    metadata = read(notebook)["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert "version" not in metadata.get("language_info", {}), "make strip removes the version"


@names
def test_first_code_cell_sets_up(notebook):
    first = code_cells(notebook)[0]
    assert first["metadata"].get("gentutor") == "setup"
    assert first["source"] == sync.repository().setup_cell(), "make sync writes it"


@names
def test_figures_have_alternative_text(notebook, executed_notebooks):
    assert build.is_executed(notebook, "ci"), executed_notebooks
    for cell in code_cells(build.executed_copy(notebook, "ci")):
        data = [output.get("data", {}) for output in cell["outputs"]]
        shows = any("image/png" in one or '<svg class="plot"' in str(one.get("text/html")) for one in data)
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        assert not shows or len(alt) > 20, cell["source"]


@names
def test_films_and_pictures_in_html_have_alternative_text(notebook, executed_notebooks):
    assert build.is_executed(notebook, "ci"), executed_notebooks
    for cell in code_cells(build.executed_copy(notebook, "ci")):
        for output in cell["outputs"]:
            for image in re.findall(r"<img[^>]*>", "".join(output.get("data", {}).get("text/html", ""))):
                assert re.search(r'alt="[^"]{20,}"', image), cell["source"]
