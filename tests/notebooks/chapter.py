"""What the tests of the notebooks read out of them."""

import ast
import json
import re
from dataclasses import dataclass

CHECK = re.compile(
    r"^(?:\w+ = )?(?:gentutor\.exercises\.)?check\(\s*[\"'](?P<id>[\w.]+)[\"'],\s*(?P<answer>\w+)\s*\)",
    re.MULTILINE,
)
SOLUTION = re.compile(r"^:{3,}\{solution\}.*?^:{3,}\s*$", re.MULTILINE | re.DOTALL)
PYTHON_BLOCK = re.compile(r"^`{3,}python\n(?P<code>.*?)^`{3,}\s*$", re.MULTILINE | re.DOTALL)
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


@dataclass
class Exercise:
    """One exercise as it stands in a notebook."""

    id: str
    stub: str
    solution: str


def read(path):
    """The notebook's contents, every cell's source as one text."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def code_cells(path):
    """The notebook's code cells."""
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def printed(cell):
    """All text that a cell has printed."""
    return "".join("".join(output.get("text", [])) for output in cell["outputs"])


def exercises(cells):
    """The exercises in order, each with the solution that follows its stub and precedes the next one."""
    found, waiting = [], None
    for cell in cells:
        if "exercise" in cell["metadata"]:
            assert waiting is None, f"{waiting.id} has no solution before the next exercise"
            waiting = Exercise(cell["metadata"]["exercise"], cell["source"], "")
        elif cell["cell_type"] == "markdown" and waiting and (solution := SOLUTION.search(cell["source"])):
            block = PYTHON_BLOCK.search(solution[0])
            assert block, f"the solution of {waiting.id} has no ```python block"
            waiting.solution = block["code"].rstrip()
            found.append(waiting)
            waiting = None
    assert waiting is None, f"{waiting.id} has no solution"
    return found


def imports(cells):
    """Every import statement at the top level of the code cells, once, in order."""
    lines = []
    for cell in cells:
        if cell["cell_type"] == "code":
            for node in ast.parse(MAGIC.sub(r"\1pass", cell["source"])).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    lines.append(ast.unparse(node))
    return "\n".join(dict.fromkeys(lines))


def looks_closer(notebook):
    """Whether a lesson is marked ◇: it may do without exercises and predictions."""
    return (
        json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("gentutor", {}).get("closer", False)
    )
