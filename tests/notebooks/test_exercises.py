"""Every exercise's printed solution, put in the place of its stub, is found correct by its check.

The notebook is the only source: the solution is the first Python block of the ``:::{solution}`` that
follows the stub. Only what the exercises need is run: the notebook's imports, cells tagged
``needed-by-exercises``, the solutions and the checks.
"""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebooks.chapter import CHECK, exercises, imports, looks_closer, read
from tools import build

names = pytest.mark.parametrize("notebook", build.notebooks(), ids=build.page_name)


def solved(cells):
    """A short notebook: what the exercises need, and each solution in its stub's place."""
    answers = {exercise.id: exercise.solution for exercise in exercises(cells)}
    sources = [f"import torch\n{imports(cells)}\ntorch.manual_seed(0);"]
    for cell in cells:
        if "exercise" in cell["metadata"]:
            sources.append(answers[cell["metadata"]["exercise"]])
        elif cell["cell_type"] == "code" and (
            CHECK.search(cell["source"]) or "needed-by-exercises" in cell["metadata"].get("tags", [])
        ):
            sources.append(cell["source"])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def run(notebook, folder, monkeypatch):
    """Run it as a reader would, but so that a check that is not passed ends the run; id -> verdict."""
    monkeypatch.setenv("GENTUTOR_STRICT", "1")
    monkeypatch.setenv("PYTHONPATH", str(build.ROOT))
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    verdicts = {}
    for cell in notebook.cells:
        text = "".join(output.get("text", "") for output in cell.outputs)
        verdicts |= {match["id"]: text for match in CHECK.finditer(cell.source)}
    return verdicts


@names
def test_each_exercise_has_one_stub_and_one_check(notebook):
    cells = read(notebook)["cells"]
    stubs = [exercise.id for exercise in exercises(cells)]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    checks = [match["id"] for source in code for match in CHECK.finditer(source)]
    assert (stubs or looks_closer(notebook)) and checks == stubs
    assert len(set(stubs)) == len(stubs)


def test_each_chapter_has_six_exercises_and_an_appendix_three():
    found = {}
    for notebook in build.notebooks():
        chapter = build.page_name(notebook).split("/")[0]
        found.setdefault(chapter, []).extend(exercise.id for exercise in exercises(read(notebook)["cells"]))
    for chapter, ids in found.items():
        assert len(ids) >= (6 if chapter.startswith("ch") else 3), chapter
        assert len(set(ids)) == len(ids), chapter


@names
def test_no_stub_is_its_own_solution(notebook):
    for exercise in exercises(read(notebook)["cells"]):
        assert "NotImplementedError" in exercise.stub or "..." in exercise.stub, exercise.id
        assert exercise.solution != exercise.stub
        assert "NotImplementedError" not in exercise.solution


@names
def test_every_check_accepts_the_printed_solution(notebook, monkeypatch, tmp_path):
    cells = read(notebook)["cells"]
    verdicts = run(solved(cells), tmp_path, monkeypatch)
    assert verdicts.keys() == {exercise.id for exercise in exercises(cells)}
    for name, text in verdicts.items():
        assert text.startswith("correct"), f"{name}: {text}"
