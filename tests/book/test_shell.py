"""The shell of the pages: what they say of themselves, what they leave out, where the setup stands."""

import re

import page_head
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

from tools.pages import limits


@pytest.fixture(scope="module")
def pages(html):
    return {
        name: BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
        for name in limits.pages(html)
    }


def written(pages):
    """Pages with a text of their own: neither the index nor the search."""
    return {name: page for name, page in pages.items() if name.startswith("book/")}


def meta(page, name):
    tags = page.find_all("meta", attrs={"property" if name.startswith("og:") else "name": name})
    assert len(tags) == 1, (name, tags)
    return tags[0]["content"]


def test_every_page_describes_itself(html, pages):
    for name, page in written(pages).items():
        assert len(meta(page, "description")) > 20, name
        assert meta(page, "og:title") and meta(page, "og:description"), name
        assert meta(page, "og:url").endswith(name)
        assert (html / "_static" / meta(page, "og:image").rpartition("/")[2]).is_file()
        assert (html / name).parent.joinpath(page.find("link", rel="icon")["href"].split("?")[0]).is_file(), (
            name
        )


def test_titles_say_the_books_name_once_and_differ(pages):
    titles = [page.title.get_text(" ", strip=True) for page in written(pages).values()]
    assert all(title.count("GenTutor") == 1 for title in titles)
    assert len(set(titles)) == len(titles)


def test_ids_are_unique(pages):
    for name, page in pages.items():
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert {one for one in ids if ids.count(one) > 1} == set(), name


def test_no_icon_font_is_left(html, pages):
    assert not [path for path in html.rglob("*") if "fontawesome" in path.name.lower()]
    for name, page in pages.items():
        assert not page.find(["script", "link"], src=re.compile("fontawesome")), name
        assert not page.find("link", href=re.compile("fontawesome")), name
    drawn = (html / "_static" / "icons.css").read_text(encoding="utf-8")
    for name, page in pages.items():
        for icon in page.select("i[class*='fa-']"):
            kinds = {kind for kind in icon["class"] if kind.startswith("fa-")} - {
                "fa-solid",
                "fa-lg",
                "fa-brands",
            }
            assert any(f".{kind} {{" in drawn for kind in kinds), (name, icon)


def test_the_setup_is_folded_below_the_first_screen(pages):
    seen = 0
    for name, page in pages.items():
        for fold in page.select("details.setup"):
            seen += 1
            assert "gentutor.showing.notebook.setup" in fold.get_text(), name
            before = (
                fold.find_all_previous("figure")
                + fold.find_all_previous("img")
                + fold.find_all_previous("table")
            )
            assert before, f"{name}: nothing is shown before the setup"
            assert len(page.select("details.setup")) == 1
    assert seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ["Short.", "This paragraph is long enough to say what a page is about, is it not?"],
            "This paragraph",
        ),
        (["word " * 100], "word"),
        (["Short."], ""),
    ],
)
def test_a_description_is_the_first_paragraph_of_some_length(text, expected):
    page = nodes.document(None, None)
    page += nodes.section("", *(nodes.paragraph("", line) for line in text))
    found = page_head.description(page)
    assert found.startswith(expected) and len(found) <= page_head.LENGTH + 2
