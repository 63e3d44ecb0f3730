"""The page "Equations and code": a table, built with the book, of equation -> function -> tests.

The directive ``equation-table`` leaves a placeholder; when all pages have been read it becomes one
table per chapter. Whatever does not fit together is a warning, and the build treats those as errors.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from api_links import documented_name
from equation_index import LABEL, Index, Place, build_index

logger = logging.getLogger(__name__)
HEADINGS = ("Number", "Equation", "Function and its tests")


class equation_table(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Where the tables will stand."""


class EquationTable(SphinxDirective):
    """``equation-table``, without arguments."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        return [equation_table()]


def fill_tables(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replace each placeholder by the tables, once every page's equations are known."""
    placeholders = list(doctree.findall(equation_table))
    if not placeholders:
        return
    index = build_index(Path(app.srcdir))
    chapters = equations_by_chapter(app)
    known = [label for equations in chapters.values() for label in equations]
    for problem in index.problems(known):
        logger.warning(problem, location=docname, type="equations")
    app.env.get_domain("math").data["has_equations"][docname] = True  # so that the page loads MathJax
    for placeholder in placeholders:
        sections = [
            chapter_section(app, docname, chapter, equations, index)
            for chapter, equations in chapters.items()
        ]
        placeholder.replace_self(sections)


def equations_by_chapter(app: Sphinx) -> dict[str, dict[str, nodes.math_block]]:
    """Page -> label -> the equation, in the book's order."""
    order = {name: position for position, name in enumerate(reading_order(app))}
    labels = app.env.get_domain("math").data["objects"]  # label -> (page, number)
    chapters: dict[str, dict[str, nodes.math_block]] = {}
    for page in sorted({page for page, _ in labels.values()}, key=lambda page: order.get(page, len(order))):
        blocks = app.env.get_doctree(page).findall(nodes.math_block)
        found = {block["label"]: block for block in blocks if LABEL.fullmatch(block.get("label") or "")}
        if found:
            chapters[page] = found
    return chapters


def reading_order(app: Sphinx) -> list[str]:
    """All pages, as a reader meets them."""
    pages = [app.config.root_doc]
    for page in pages:
        pages += [name for name in app.env.toctree_includes.get(page, []) if name not in pages]
    return pages


def chapter_section(
    app: Sphinx, docname: str, chapter: str, equations: dict[str, nodes.math_block], index: Index
) -> nodes.section:
    """One chapter's title and table."""
    title = app.env.titles[chapter].astext()
    section = nodes.section(ids=[nodes.make_id(f"equations-of-{chapter}")])
    section += nodes.title("", title)
    rows = []
    for label, block in equations.items():
        number = resolved(app, docname, "math", "eq", label) or nodes.Text(label)
        formula = nodes.math_block("", block.astext(), nowrap=False, number=None, label=None)
        functions = [function_link(app, docname, place) for place in index.functions.get(label, [])]
        tests = [
            nodes.list_item("", nodes.paragraph("", "", test_link(app, place)))
            for place in index.tests.get(label, [])
        ]
        rows.append([[number], [formula], [*functions, nodes.bullet_list("", *tests)]])
    section += table(rows)
    return section


def function_link(app: Sphinx, docname: str, place: Place) -> nodes.Node:
    """The function's short name, linked to its entry in the reference."""
    content = nodes.literal("", place.name.rsplit(".", 1)[-1], classes=["py"])
    link = resolved(app, docname, "py", "func", documented_name(app.env, place.name), content)
    if link is None:
        logger.warning("%s is missing from the package's reference", place.name, location=docname)
    return link or content


def resolved(
    app: Sphinx, docname: str, domain: str, role: str, target: str, content: nodes.Node | None = None
) -> nodes.Node | None:
    """What the role would become on this page, or None where the target is unknown."""
    pending = addnodes.pending_xref("", refdoc=docname, refexplicit=False)
    content = content or nodes.Text(target)
    return app.env.get_domain(domain).resolve_xref(
        app.env, docname, app.builder, role, target, pending, content
    )


def test_link(app: Sphinx, place: Place) -> nodes.Node:
    """The test's name, linked to its line in the repository."""
    options = app.config.html_theme_options
    link = f"{options['repository_url']}/blob/{options['repository_branch']}/{place.path}#L{place.line}"
    text = place.name.removeprefix("test_").replace("_", " ")
    return nodes.reference("", text, refuri=link)


def table(rows: list[list[list[nodes.Node]]]) -> nodes.container:
    """A table whose cells hold their contents one below another; it scrolls on a narrow screen."""
    group = nodes.tgroup(cols=len(HEADINGS))
    group += [nodes.colspec(colwidth=1) for _ in HEADINGS]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([[nodes.Text(heading)] for heading in HEADINGS])
    body += [_row(row) for row in rows]
    group += [head, body]
    return nodes.table("", group, classes=["equation-table"])


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    row = nodes.row()
    for contents in cells:
        blocks = [
            content
            if isinstance(content, nodes.bullet_list | nodes.math_block)
            else nodes.paragraph("", "", content)
            for content in contents
        ]
        row += nodes.entry("", *blocks)
    return row


def keep_placeholder(self: object, node: equation_table) -> None:
    """Only reached by builders that skip the replacing event."""
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and its events."""
    app.add_node(equation_table, html=(keep_placeholder, None))
    app.add_directive("equation-table", EquationTable)
    app.connect("doctree-resolved", fill_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
