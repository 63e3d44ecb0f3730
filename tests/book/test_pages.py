"""The built pages, read as files: complete, local, and described for those who cannot see them."""

import re
from functools import cache
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup

from tools import build, sync
from tools.pages import limits

RESOURCES = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "use": ("href", "xlink:href"),
}
OTHER_HOST = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
LOADS = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?P<url>[^"')\s]+)""")
PATH_LIKE = re.compile(r"[\\/]\S*\.\w+$|\.(?:png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


@cache
def page(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def ids(path):
    return {tag["id"] for tag in page(path).find_all(id=True)}


@pytest.fixture(scope="module")
def pages(html):
    return [html / name for name in limits.pages(html)]


def test_the_build_was_clean_and_executed_nothing(html):
    log = build.BUILD_LOG.read_text(encoding="utf-8")
    assert "WARNING" not in log
    assert log.count("Using cached notebook") == len(build.notebooks())


def test_every_page_of_the_contents_is_there(html):
    for source in build.toc_files():
        assert (html / source.relative_to(build.ROOT)).with_suffix(".html").is_file()
    assert "url=book/intro.html" in (html / "index.html").read_text(encoding="utf-8")


def test_pages_load_nothing_from_another_host(pages):
    for path in pages:
        for tag, attributes in RESOURCES.items():
            for element in page(path).find_all(tag):
                for attribute in attributes:
                    assert not OTHER_HOST.match(element.get(attribute, "")), f"{path.name}: {element}"


def test_style_and_inline_scripts_load_nothing_from_another_host(html, pages):
    styles = {path.name: path.read_text(encoding="utf-8") for path in html.rglob("*.css")}
    for path in pages:
        for number, element in enumerate(page(path).find_all(["style", "script"])):
            text = element.get_text()
            styles[f"{path.name} {number}"] = text
            assert not re.search(r"""["'`](?:https?:)?//""", text), f"{path.name}: {text[:300]}"
        for element in page(path).find_all(style=True):
            styles[f"{path.name} {element.name}"] = element["style"]
    for name, text in styles.items():
        for match in LOADS.finditer(text):
            assert not OTHER_HOST.match(match["url"]), f"{name}: {match[0]}"


def test_local_links_lead_somewhere(html, pages):
    for path in pages:
        for element in page(path).find_all(["a", "img", "script", "link"]):
            url = element.get("href") or element.get("src") or ""
            if not url or re.match(r"[a-z]+:|//", url, re.IGNORECASE):
                continue
            file, anchor = urldefrag(url.split("?")[0])
            target = (path.parent / unquote(file)).resolve() if file else path
            assert target.exists(), f"{path.name} links to {url}"
            if anchor and target.suffix == ".html" and element.name == "a":
                assert unquote(anchor) in ids(target), f"{path.name} links to {url}"


def test_every_image_is_described(pages):
    seen = 0
    for path in pages:
        for image in page(path).find_all("img"):
            alt = image.get("alt", "").strip()
            assert alt, f"{path.name}: {image}"
            assert not PATH_LIKE.search(alt), f"{path.name}: alt is a path: {alt}"
            seen += 1
    assert seen


def test_every_page_has_a_title_a_language_and_one_first_heading(pages):
    for path in pages:
        assert page(path).html.get("lang") == "en"
        assert page(path).title.get_text(strip=True)
        assert len(page(path).select("main h1:not(#jb-print-docs-body h1)")) == 1, path.name


def test_the_equation_page_lists_every_equation(html):
    table = page(html / "book" / "equations.html")
    rows = table.select("table.equation-table tbody tr")
    labels = set(re.findall(r"#equation-(eq-[a-z0-9-]+)", str(table)))
    assert len(rows) == len(labels) > 0
    for row in rows:
        _, formula, code = row.find_all("td")
        assert formula.select(".math svg")
        functions = code.select("a code")
        tests = code.select("li a")
        assert functions and tests
        assert all(sync.repository().url in test["href"] for test in tests)


def test_notebooks_can_be_opened_elsewhere(html):
    repo = sync.repository()
    for notebook in build.notebooks():
        name = notebook.relative_to(build.ROOT)
        links = {a.get("href") for a in page((html / name).with_suffix(".html")).find_all("a")}
        assert repo.colab(name.as_posix()) in links
        assert repo.binder(name.as_posix()) in links
        assert f"{repo.url}/edit/{repo.branch}/{name.as_posix()}" in links
