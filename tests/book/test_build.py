"""The build runs each notebook once, notices what has changed, and fails loudly."""

import json

import pytest

from tools import build


def write_notebook(path, *sources):
    cells = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for i, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A book of one notebook and a package of one file."""
    for name in ("book", "gentutor", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n- file: book/ch01\n")
    (tmp_path / "book" / "intro.md").write_text("# Intro")
    (tmp_path / "gentutor" / "code.py").write_text("x = 1")
    write_notebook(tmp_path / "book" / "ch01.ipynb", "print(1 + 1)")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    return tmp_path


def outputs(project):
    copy = build.executed_copy(build.notebooks()[0], "ci")
    return [cell["outputs"] for cell in json.loads(copy.read_text())["cells"]]


def test_pages_come_in_reading_order(project):
    assert [path.name for path in build.toc_files()] == ["intro.md", "ch01.ipynb"]


def test_a_page_that_does_not_exist_is_named(project):
    (project / "book" / "intro.md").unlink()
    with pytest.raises(build.BuildError, match="book/intro"):
        build.toc_files()


def test_a_notebook_runs_once_until_something_changes(project):
    notebook = build.notebooks()[0]
    assert not build.is_executed(notebook, "ci")
    build.execute("ci")
    assert outputs(project)[0][0]["text"] == ["2\n"]
    assert build.is_executed(notebook, "ci")
    assert json.loads(notebook.read_text())["cells"][0]["outputs"] == []

    build.executed_copy(notebook, "ci").write_text("untouched")
    build.execute("ci")
    assert build.executed_copy(notebook, "ci").read_text() == "untouched"

    assert not build.is_executed(notebook, "cpu")
    (project / "gentutor" / "code.py").write_text("x = 2")
    assert not build.is_executed(notebook, "ci")


def test_lessons_of_two_chapters_may_share_a_name(project):
    for chapter, source in (("ch01", "print('one')"), ("ch02", "print('two')")):
        (project / "book" / chapter).mkdir()
        write_notebook(project / "book" / chapter / "1_start.ipynb", source)
    (project / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: book/ch01/1_start\n- file: book/ch02/1_start\n"
    )
    build.execute("ci")
    copies = [build.executed_copy(notebook, "ci") for notebook in build.notebooks()]
    printed = [json.loads(copy.read_text())["cells"][0]["outputs"][0]["text"] for copy in copies]
    assert printed == [["one\n"], ["two\n"]]
    assert [build.page_name(notebook) for notebook in build.notebooks()] == ["ch01/1_start", "ch02/1_start"]


def test_time_stamps_are_dropped(project):
    build.execute("ci")
    copy = build.executed_copy(build.notebooks()[0], "ci")
    assert json.loads(copy.read_text())["cells"][0]["metadata"] == {}


def test_a_failing_cell_fails_the_build_and_shows_why(project):
    write_notebook(project / "book" / "ch01.ipynb", "x = 1", "1 / 0", "print('never')")
    with pytest.raises(build.BuildError, match="ZeroDivisionError"):
        build.execute("ci")
    assert not build.is_executed(build.notebooks()[0], "ci")


def test_the_profile_reaches_the_notebook(project):
    write_notebook(project / "book" / "ch01.ipynb", "import os; print(os.environ['GENTUTOR_PROFILE'])")
    build.execute("cpu")
    copy = build.executed_copy(build.notebooks()[0], "cpu")
    assert json.loads(copy.read_text())["cells"][0]["outputs"][0]["text"] == ["cpu\n"]
