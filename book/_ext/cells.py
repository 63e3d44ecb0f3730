"""Where something stands in a notebook, in words: myst-nb counts ten thousand lines a cell."""

import logging
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PLACE = re.compile(r"(\.ipynb):(\d+)")


def cell_and_line(line: int) -> tuple[int, int]:
    """The number of the cell, from 0 as in the notebook's file, and the line in it."""
    cell, line = divmod(line, 10_000)
    return cell - 1, line


def place(node: nodes.Node) -> str:
    """File and line, or file, cell and line."""
    source, line = node.source, node.line
    while (source is None or line is None) and node.parent is not None:
        node = node.parent
        source, line = source or node.source or node.get("source"), line or node.line
    if str(source).endswith(".ipynb"):
        cell, line = cell_and_line(line or 10_000)
        return f"{source}, cell {cell}, line {line}"
    return f"{source}, line {line or 0}"


class NameTheCell(logging.Filter):
    """Makes of the place in Sphinx's warnings, such as a link that leads nowhere, a cell and its line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        location = getattr(record, "location", None)
        if isinstance(location, str):
            record.location = PLACE.sub(
                lambda match: "{}, cell {}, line {}".format(match[1], *cell_and_line(int(match[2]))), location
            )
        return True


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    for handler in logging.getLogger("sphinx").handlers:
        handler.addFilter(NameTheCell())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
