"""Repairs what the theme and docutils leave unreadable for those who do not see the page."""

from pathlib import Path

from sphinx.application import Sphinx

ARROW = '<span class="toctree-toggle"'
REPAIRS = {
    # the arrow that unfolds a part of the contents has no name
    f"<summary>{ARROW}": f'<summary aria-label="Pages inside">{ARROW}',
    # a list whose entries are no list items
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    # the same name in every box
    **{f' id="{name}"': "" for name in ("exercise-content", "solution-content", "proof-content", "proof")},
}


def repair_pages(app: Sphinx, error: Exception | None) -> None:
    """Replace the faulty pieces in every page that was written."""
    for path in Path(app.outdir).rglob("*.html") if error is None else ():
        text = repaired = path.read_text(encoding="utf-8")
        for faulty, sound in REPAIRS.items():
            repaired = repaired.replace(faulty, sound)
        if repaired != text:
            path.write_text(repaired, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the event."""
    app.connect("build-finished", repair_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
