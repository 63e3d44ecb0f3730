"""Links to the pages of before: every one of their ids leads to where that part stands now."""

import json
from pathlib import Path
from urllib.parse import urldefrag

import pytest
import redirects
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

from tools import build

EARLIER = json.loads((Path(__file__).parent / "earlier_ids.json").read_text(encoding="utf-8"))
TABLE = redirects.read(build.ROOT / redirects.FILE)


def test_every_earlier_page_is_in_the_table():
    assert TABLE.keys() == EARLIER.keys()
    for old, (_, parts) in TABLE.items():
        assert parts.keys() <= set(EARLIER[old]), "an id that the page never had"


@pytest.mark.parametrize("old", EARLIER)
def test_every_earlier_id_stands_where_the_table_says(html, old):
    to, parts = TABLE[old]
    ids = {}
    for part in EARLIER[old]:
        place, fragment = urldefrag(parts.get(part, to))
        if place not in ids:
            page = BeautifulSoup((html / f"{place}.html").read_text(encoding="utf-8"), "html.parser")
            ids[place] = {tag["id"] for tag in page.find_all(id=True)}
        assert (fragment or part) in ids[place], f"{old}#{part} leads to {place}, where it does not stand"


@pytest.mark.parametrize("old", EARLIER)
def test_the_page_of_before_sends_the_reader_on(html, old):
    page = BeautifulSoup((html / f"{old}.html").read_text(encoding="utf-8"), "html.parser")
    to, parts = TABLE[old]
    here = (html / old).parent
    assert (here / page.find("link", rel="canonical")["href"]).resolve() == (html / f"{to}.html").resolve()
    assert (here / page.noscript.meta["content"].partition("url=")[2]).resolve() == (
        html / f"{to}.html"
    ).resolve()
    moved = json.loads(page.script.get_text().partition("const moved = ")[2].partition(";\n")[0])
    assert moved.keys() == parts.keys()
    for part, address in moved.items():
        place, fragment = urldefrag(parts[part])
        assert address.endswith(f"#{fragment or part}")
        assert (here / urldefrag(address)[0]).resolve() == (html / f"{place}.html").resolve()


class App:
    """As much of Sphinx as the extension asks."""

    def __init__(self, folder, pages):
        self.srcdir = self.outdir = folder
        self.builder = type("Builder", (), {"format": "html"})
        self.env = type("Environment", (), {"found_docs": set(pages), "titles": {}})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("book/old: {to: book/gone}", "book/gone, which is no page"),
        ("book/old: {to: book/new, parts: {part: book/gone}}", "book/gone, which is no page"),
        ("book/new: {to: book/new}", "still a page"),
    ],
)
def test_a_page_that_is_gone_fails_the_build(tmp_path, table, message):
    (tmp_path / "book").mkdir()
    (tmp_path / redirects.FILE).write_text(table, encoding="utf-8")
    with pytest.raises(ExtensionError, match=message):
        redirects.write(App(tmp_path, ["book/new"]), None)
