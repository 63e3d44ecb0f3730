"""Figures of notebooks: numbered, captioned, described, and films as files beside the page.

``gentutor.showing`` shows a plot as one SVG and a film as one piece of HTML. Here the first becomes a
``<figure>`` with a number, a link to itself, the cell's caption and its alternative text, which must be
there; a lesson's figures must have a caption as well. Of the second, the frames become files.
"""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from cells import place
from lessons import NAME
from typeset import prefix

PLOT = '<svg class="plot"'
FRAME = re.compile(r"""(?<=['"])(?<!href=")data:image/png;base64,([A-Za-z0-9+/=]+)""")


def number_figures(app: Sphinx, document: nodes.document) -> None:
    """Make figures of a page's plots; raise where one lacks its description."""
    page, count = app.env.docname, 0
    for cell in document.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        about = cell["cell_metadata"].get("mystnb", {})
        for raw in list(cell.findall(nodes.raw)):
            if not raw.astext().startswith(PLOT):
                continue
            count += 1
            alt, caption = about.get("image", {}).get("alt"), cell["cell_metadata"].get("caption", "")
            for what, value in (("mystnb.image.alt", alt), ("caption", caption or not NAME.fullmatch(page))):
                if not value:
                    raise ExtensionError(f"{place(cell)}: the figure lacks {what} in the cell's metadata")
            text = figure(raw.astext(), f"{prefix(page)}{count}", alt, caption)
            raw.parent.replace(raw, nodes.raw("", text, format="html"))


def figure(svg: str, number: str, alt: str, caption: str) -> str:
    """A plot with all that belongs to it."""
    name = "figure-" + number.replace(".", "-").lower()
    described = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt)}"', 1)
    link = f'<a class="figure-number" href="#{name}">Figure {number}</a>'
    below = f"<figcaption>{link} {html.escape(caption)}</figcaption>"
    return f'<figure class="plot" id="{name}">{described}{below}</figure>'


def frames_to_files(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Write a page's pictures and the frames of its films beside the pages, which then load them."""
    if not FRAME.search(context.get("body", "")):
        return
    folder = Path(app.outdir) / "_images"
    folder.mkdir(exist_ok=True)

    def to_file(match: re.Match[str]) -> str:
        content = base64.b64decode(match[1])
        file = f"film-{hashlib.sha256(content).hexdigest()[:16]}.png"
        (folder / file).write_bytes(content)
        return str(context["pathto"](f"_images/{file}", resource=True))

    context["body"] = FRAME.sub(to_file, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("doctree-read", number_figures)
    app.connect("html-page-context", frames_to_files)
    app.add_css_file("figures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": False}
