"""Links to pages of before still lead to where their parts stand now.

``book/redirects.yml`` names each page that is gone, the page that took its place, and, by their ids, those of
its parts that stand elsewhere. A fragment never reaches a server: so for each such page a small one is
written that reads it and sends the reader on.
"""

import html
import json
import posixpath
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FILE = "book/redirects.yml"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{to}">
<script>
const moved = {moved};
location.replace(moved[decodeURIComponent(location.hash.slice(1))] ?? {to_script} + location.hash);
</script>
<noscript><meta http-equiv="refresh" content="0; url={to}"></noscript>
</head>
<body><p>This page has moved: <a href="{to}">{title}</a>.</p></body>
</html>
"""


def read(path: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Each page that is gone -> the page in its place, and of parts elsewhere id -> page or page#id."""
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {old: (entry["to"], entry.get("parts", {})) for old, entry in table.items()}


def address(page: str, old: str) -> str:
    """The relative address of ``page`` or ``page#id`` from the page ``old``."""
    name, _, part = page.partition("#")
    return posixpath.relpath(name, posixpath.dirname(old)) + ".html" + (f"#{part}" if part else "")


def write(app: Sphinx, error: Exception | None) -> None:
    """Write a page for each one that is gone."""
    path = Path(app.srcdir) / FILE
    if error or app.builder.format != "html" or not path.exists():
        return
    for old, (to, parts) in read(path).items():
        unknown = {page.partition("#")[0] for page in (to, *parts.values())} - app.env.found_docs
        if unknown:
            raise ExtensionError(f"{FILE}: {old} leads to {', '.join(sorted(unknown))}, which is no page")
        if old in app.env.found_docs:
            raise ExtensionError(f"{FILE}: {old} is still a page")
        moved = {
            name: address(page if "#" in page else f"{page}#{name}", old) for name, page in parts.items()
        }
        title, here = html.escape(app.env.titles[to].astext()), address(to, old)
        text = PAGE.format(title=title, to=here, to_script=json.dumps(here), moved=json.dumps(moved))
        Path(app.outdir, f"{old}.html").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
