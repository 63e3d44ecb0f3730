"""The answers that the notebooks print as solutions."""

from functools import cache
from typing import Any

from tests.notebooks.chapter import CHECK, exercises, imports, read
from tools import build


@cache
def solutions() -> dict[str, Any]:
    """Every exercise's printed solution, by id, each run in a namespace of its own."""
    found = {}
    for notebook in build.notebooks():
        cells = read(notebook)["cells"]
        start: dict[str, Any] = {}
        exec(f"import torch\n{imports(cells)}", start)
        checks = (CHECK.search(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        names = {check["id"]: check["answer"] for check in checks if check}
        for exercise in exercises(cells):
            namespace = dict(start)
            exec(compile(exercise.solution, f"<solution of {exercise.id}>", "exec"), namespace)
            found[exercise.id] = namespace[names[exercise.id]]
    return found


def solution(id: str) -> Any:
    """The printed solution of one exercise."""
    return solutions()[id]
