"""Every exercise of a notebook has a solution with a folded hint, or the page is not built."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node

from cells import place

HINT = "<summary>Hint</summary>"


def expect_hints(app: Sphinx, document: nodes.document) -> None:
    """Raise with file and cell where an exercise has none."""
    solutions = {one["target_label"]: one for one in document.findall(solution_node)}
    for kind in (exercise_node, exercise_enumerable_node):
        for exercise in document.findall(kind):
            solution, label = solutions.get(exercise["label"]), exercise["label"]
            if solution is None:
                raise ExtensionError(f"{place(exercise)}: the exercise {label} has no solution on its page")
            if not any(HINT in raw.astext() for raw in solution.findall(nodes.raw)):
                raise ExtensionError(f"{place(solution)}: the solution of {label} has no {HINT}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("doctree-read", expect_hints)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
