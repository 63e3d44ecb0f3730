"""Which function computes an equation, and which tests pin it: read from the sources, importing nothing.

An equation is ``$$ ... $$ (eq-label)`` in a chapter; its function names the label under ``Source:``
in its docstring; a test carries ``@pytest.mark.equation("eq-label")``.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LABEL = re.compile(r"\beq-[a-z0-9]+(?:-[a-z0-9]+)*\b")
EQUATION = re.compile(r"\$\$[^$]+\$\$\s*\((?P<label>eq-[^)\s]+)\)")
SOURCE_SECTION = re.compile(r"^Source:\n(?P<text>(?:[ \t]+.*\n?|\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A function in a file: ``name`` is dotted for the package, plain for tests."""

    name: str
    path: str
    line: int


@dataclass
class Index:
    """Label -> where it is used, for functions and for tests."""

    functions: dict[str, list[Place]] = field(default_factory=dict)
    tests: dict[str, list[Place]] = field(default_factory=dict)

    def problems(self, equations: Iterable[str]) -> list[str]:
        """What does not fit together, as sentences; an empty list if everything does."""
        known = set(equations)
        found = []
        for label in sorted(known):
            if label not in self.functions:
                found.append(f"equation {label}: no function names it under 'Source:'")
            if label not in self.tests:
                found.append(f'equation {label}: no test carries @pytest.mark.equation("{label}")')
        for kind, uses in (("function", self.functions), ("test", self.tests)):
            for label in sorted(set(uses) - known):
                where = ", ".join(f"{place.path}:{place.line}" for place in uses[label])
                found.append(f"{kind} at {where} names {label}, an equation that no chapter has")
        return found


def build_index(root: Path) -> Index:
    """Read the package and the tests under ``root``."""
    index = Index()
    for path, function in _functions(root, "gentutor"):
        for label in labels_of_source(ast.get_docstring(function) or ""):
            module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            place = Place(f"{module}.{function.name}", path.as_posix(), function.lineno)
            index.functions.setdefault(label, []).append(place)
    for path, function in _functions(root, "tests"):
        for label in _marked_labels(function):
            index.tests.setdefault(label, []).append(Place(function.name, path.as_posix(), function.lineno))
    return index


def labels_of_source(docstring: str) -> list[str]:
    """The equation labels in a docstring's ``Source:`` section, in order, each once."""
    section = SOURCE_SECTION.search(docstring)
    return list(dict.fromkeys(LABEL.findall(section["text"]))) if section else []


def labels_in_chapters(pages: Iterable[Path]) -> dict[str, str]:
    """Label -> file name, for every labelled equation in these notebooks and Markdown files."""
    found: dict[str, str] = {}
    for page in pages:
        for match in EQUATION.finditer(_markdown(page)):
            label = match["label"]
            if label in found:
                raise ValueError(f"equation {label} stands in both {found[label]} and {page.name}")
            found[label] = page.name
    return found


def _markdown(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def _functions(root: Path, folder: str) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted((root / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, ast.FunctionDef):
                yield path.relative_to(root), node


def _marked_labels(function: ast.FunctionDef) -> list[str]:
    labels = []
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.equation":
            labels += [argument.value for argument in decorator.args if isinstance(argument, ast.Constant)]
    return labels
