"""What a page says of itself to search engines and in messages: a description, a picture, one title."""

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LENGTH = 200  # of a description


def description(doctree: nodes.document) -> str:
    """The page's first paragraph of some length, shortened at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        inside = isinstance(paragraph.parent, nodes.section) and "lesson-time" not in paragraph.get(
            "classes", []
        )
        text = " ".join(paragraph.astext().split())
        if inside and len(text) > 60 and not list(paragraph.findall(nodes.math)):
            return text if len(text) <= LENGTH else text[:LENGTH].rsplit(" ", 1)[0] + " …"
    return ""


def describe(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the tags to a page's head."""
    if name == app.config.root_doc:
        context["docstitle"] = ""  # its title is the book's already
    if doctree is None:
        return
    address = app.config.html_theme_options.get("repository_url", "").rstrip("/").split("/")[-2:]
    site = f"https://{address[0].lower()}.github.io/{address[1]}" if len(address) == 2 else ""
    title = app.env.titles[name].astext()
    about = description(doctree) or f"{title}: a page of a book on deep generative models"
    tags = {
        "description": about,
        "og:title": title,
        "og:description": about,
        "og:type": "article",
        "og:url": f"{site}/{name}.html",
        "og:image": f"{site}/_static/card.png",
        "og:site_name": app.config.html_title,
    }
    kind = {tag: "property" if tag.startswith("og:") else "name" for tag in tags}
    lines = [f'<meta {kind[tag]}="{tag}" content="{html.escape(text)}">' for tag, text in tags.items()]
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
