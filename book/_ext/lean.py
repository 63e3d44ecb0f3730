"""Leaves out what no page needs: the icon font (drawn by icons.css instead) and its script."""

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

SCRIPT = re.compile(r"<(?:script|link)[^>]*fontawesome[^>]*>(?:\s*</script>)?")
FONT = re.compile(r"@font-face\s*\{[^}]*fontawesome[^}]*\}", re.IGNORECASE)


def leave_out(app: Sphinx, error: Exception | None) -> None:
    """Remove the font, its script, and every mention of them from the pages and the theme's style."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        lean = SCRIPT.sub("", text)
        if lean != text:
            path.write_text(lean, encoding="utf-8")
    for path in (out / "_static" / "styles").glob("*.css"):
        path.write_text(FONT.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in [*out.glob("_static/vendor/fontawesome"), *out.glob("_static/scripts/fontawesome*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", leave_out)
    app.add_css_file("icons.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
