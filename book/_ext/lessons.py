"""Lessons: how long they may be, what their pages say of time, and the cards on a chapter's door.

A lesson is a notebook ``book/chNN_topic/N_name.ipynb``. Its metadata has an entry ``gentutor`` with ``line``,
what the lesson is about in one line; ``minutes``, the median that newcomers took for all of it, exercises
included; and ``closer: true`` if it is marked ◇. Words are counted, runs are measured (``tools.timing``).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

LIMITS = {"words": 2500, "cells": 35, "exercises": 4, "predictions": 2}
WORDS_PER_MINUTE = 200  # of a text with formulas
NAME = re.compile(r"book/ch(?P<chapter>\d+)_\w+/(?P<number>\d+)_\w+")
SOLUTION = re.compile(r"^(?P<fence>:{3,})\{solution\}.*?^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$(?: \([\w-]+\))?|\$[^$\n]+\$", re.DOTALL)
TIMES = Path("gentutor/checkpoints/studies/chapter-times.json")


@dataclass(frozen=True)
class Lesson:
    """What a lesson's file says of it."""

    page: str  # its path from the root, without ending
    title: str
    line: str
    minutes: int | None  # with its exercises, measured
    closer: bool  # marked ◇
    words: int
    seconds: float | None  # of its run on two cores, measured

    @property
    def number(self) -> str:
        """Chapter and place in it, such as 2.1."""
        match = NAME.fullmatch(self.page)
        if match is None:
            raise ExtensionError(f"{self.page}: a lesson is called book/chNN_topic/N_name")
        return f"{int(match['chapter'])}.{int(match['number'])}"

    @property
    def name(self) -> str:
        """As it stands in the navigation."""
        return f"{self.number} {self.title}" + (" ◇" if self.closer else "")

    def times(self) -> list[str]:
        """Minutes to read, to do, to run."""
        found = [f"{max(1, round(self.words / WORDS_PER_MINUTE))} minutes to read"]
        if self.minutes:
            found.append(f"{self.minutes} with its exercises")
        if self.seconds:
            found.append(f"runs in {_duration(self.seconds)} on two cores")
        return found


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def sizes(cell: dict[str, Any]) -> dict[str, int]:
    """What a cell adds to each of ``LIMITS``: solutions are no text, a formula is one word."""
    source = "".join(cell["source"])
    is_text = cell["cell_type"] == "markdown"
    text = FORMULA.sub(" formula ", SOLUTION.sub("", source)) if is_text else ""
    return {
        "words": len(text.split()),
        "cells": 1,
        "exercises": len(re.findall(r"^:{3,}\{exercise\}", text, re.MULTILINE)),
        "predictions": len(re.findall(r"^\*\*Predict", text, re.MULTILINE)),
    }


def excess(notebook: dict[str, Any]) -> str:
    """Where a lesson grows too long, "" if it does not: what, how much, and the cell with which it does."""
    total = dict.fromkeys(LIMITS, 0)
    for index, cell in enumerate(notebook["cells"]):
        for what, size in sizes(cell).items():
            total[what] += size
            if total[what] > LIMITS[what]:
                start = "".join(cell["source"]).strip().splitlines()[0][:70]
                return f"more than {LIMITS[what]} {what} ({total[what]}) with cell {index}: {start}"
    return ""


def lesson(root: Path, page: str) -> Lesson:
    """Read one; raises if its metadata lack what a card needs."""
    path = root / f"{page}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    about = notebook["metadata"].get("gentutor", {})
    heading = next(
        (match for cell in notebook["cells"] if (match := re.match(r"# (.+)", "".join(cell["source"])))), None
    )
    if heading is None or not about.get("line"):
        raise ExtensionError(
            f'{path}: a lesson has a heading "# ..." and metadata {{"gentutor": {{"line": "..."}}}}'
        )
    times = json.loads((root / TIMES).read_text(encoding="utf-8")) if (root / TIMES).exists() else {}
    run = times.get(page.removeprefix("book/"), {}).get("cpu")
    return Lesson(
        page,
        heading[1].strip(),
        about["line"],
        about.get("minutes"),
        about.get("closer", False),
        sum(sizes(cell)["words"] for cell in notebook["cells"]),
        run and 60 * run["minutes"],
    )


def of_chapter(root: Path, folder: str) -> list[Lesson]:
    """The lessons of a chapter, in their order."""
    pages = [f"{folder}/{path.stem}" for path in (root / folder).glob("[0-9]*_*.ipynb")]
    found = [lesson(root, page) for page in pages]
    return sorted(found, key=lambda one: int(one.number.split(".")[1]))


class Cards(SphinxDirective):
    """``{lessons}``: a card for each lesson of the folder that the page stands in."""

    def run(self) -> list[nodes.Node]:
        """A list of links, with a line and the minutes of each."""
        folder = self.env.docname.rpartition("/")[0]
        found = of_chapter(Path(self.env.srcdir), folder)
        if not found:
            raise self.error(f"{folder} has no lessons")
        cards = nodes.bullet_list(classes=["lesson-cards"])
        for one in found:
            self.env.note_dependency(f"{one.page}.ipynb")
            link = addnodes.pending_xref(
                "",
                nodes.inline("", one.name),
                refdomain="std",
                reftype="doc",
                reftarget=f"/{one.page}",
                refexplicit=True,
                refwarn=True,
                refdoc=self.env.docname,
            )
            item = nodes.list_item("", nodes.paragraph("", "", link, classes=["lesson-name"]))
            item += nodes.paragraph("", one.line)
            item += nodes.paragraph("", " · ".join(one.times()), classes=["lesson-time"])
            cards += item
        return [cards]


def say_times(app: Sphinx, document: nodes.document) -> None:
    """Write the minutes under a lesson's title."""
    page = app.env.docname
    if NAME.fullmatch(page):
        title = next(iter(document.findall(nodes.title)))
        one = lesson(Path(app.srcdir), page)
        said = ["◇ looking closer"] if one.closer else []
        line = nodes.paragraph("", " · ".join(said + one.times()), classes=["lesson-time"])
        title.parent.insert(title.parent.index(title) + 1, line)


def fold_setup(app: Sphinx, document: nodes.document) -> None:
    """The setup cell, which a reader of the page does not need, goes below the first screen and is folded."""
    for cell in list(document.findall(nodes.container)):
        if cell.get("nb_element") == "cell_code" and cell["cell_metadata"].get("gentutor") == "setup":
            section = cell.parent
            section.remove(cell)
            cell.attributes.pop("hide_mode", None)
            parts = [child for child in section if isinstance(child, nodes.section)]
            place = section.index(parts[0]) if parts else len(section)
            opening = '<details class="setup"><summary>How this page was made</summary>'
            section[place:place] = [
                nodes.raw("", opening, format="html"),
                cell,
                nodes.raw("", "</details>", format="html"),
            ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("lessons", Cards)
    app.connect("doctree-read", say_times)
    app.connect("doctree-read", fold_setup)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
