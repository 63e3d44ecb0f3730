"""The built pages in a real browser: from disk, on a phone, in the dark, through axe's eyes, weighed.

Skipped where no Chromium is found: then only the static checks of ``test_pages.py`` have been made.
"""

import http.server
import re
import threading
from functools import partial

import pytest

from tools.pages import pdf
from tools.pages.limits import beyond, pages, samples
from tools.pages.look import Tab, chromium, look

pytestmark = pytest.mark.browser
SIGHTS = {"phone": (390, "light"), "desktop": (1400, "dark")}


@pytest.fixture(scope="session")
def browser(executed_notebooks):
    with chromium() as found:
        if found is None:
            pytest.skip("no Chromium found: the pages were checked as files only, by test_pages.py")
        yield found


@pytest.fixture(scope="module")
def looks(browser, html):
    """(page, sight) -> what was seen of it."""
    return {
        (name, sight): look(browser, html / name, *SIGHTS[sight])
        for name in samples(pages(html))
        for sight in SIGHTS
    }


@pytest.mark.parametrize("sight", SIGHTS)
def test_pages_are_within_their_limits(looks, sight):
    found = {name: beyond(name, seen) for (name, which), seen in looks.items() if which == sight}
    assert {name: trouble for name, trouble in found.items() if trouble} == {}


def test_nothing_is_cut_on_a_small_desktop(browser, html):
    for name in samples(pages(html)):
        seen = look(browser, html / name, 1280, "light", axe=False)
        assert (seen.cut_formulas, seen.sticks_out, seen.smallest_formula > 0.95) == ([], [], True), name


def test_a_word_too_pale_is_found_behind_others_of_another_look(browser, tmp_path):
    words = "<p>One</p><p>Two</p><p style='color: {}'>Three</p><p hidden>Four</p>"
    for color, findings in (("#777", ["color-contrast (1 times)"]), ("#767676", [])):
        page = tmp_path / "page.html"
        page.write_text(
            f"<!doctype html><html lang=en><title>x</title><main><h1>x</h1>{words.format(color)}</main>"
        )
        seen = look(browser, page, 1280, "light")
        assert [line.split(":")[0] for line in seen.axe] == findings


def test_a_reader_who_prefers_the_dark_gets_it(browser, html):
    tab = Tab(browser, scheme="dark")
    page = tab.open((html / "book" / "intro.html").as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.context.close()


def test_a_link_to_a_page_of_before_arrives(browser, html):
    tab = Tab(browser)
    page = tab.open((html / "book" / "ch02_gan.html").as_uri() + "#does-it-find-the-ratio")
    page.wait_for_url("**/ch02_gan/1_the_judge.html#why-the-smallest-loss-is-the-true-share")
    page = tab.open((html / "book" / "ch02_gan.html").as_uri() + "#digits")
    page.wait_for_url("**/ch02_gan/chapter.html#digits")
    assert tab.foreign + tab.errors == []
    tab.context.close()


@pytest.mark.parametrize("address", ["disk", "server"])
def test_search_finds(browser, html, address):
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=html))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start = html.as_uri() if address == "disk" else f"http://127.0.0.1:{server.server_port}"
    tab = Tab(browser)
    page = tab.open(f"{start}/search.html?q=discriminator")
    page.wait_for_selector("#search-results li a[href*='ch02_gan/chapter.html']")  # results come one by one
    page.click("#search-results li a >> nth=0")
    page.wait_for_selector("article h1")
    assert tab.foreign == []
    tab.context.close()
    server.shutdown()


def test_a_chapter_is_printed_with_its_solutions_at_the_end(browser, html, tmp_path):
    pages = pdf.chapter_pages("ch02_gan")[:2]
    assert [page.name for page in pages] == ["index.html", "1_the_judge.html"]
    pdf.print_pages(browser, pages, tmp_path / "chapter.pdf")
    content = (tmp_path / "chapter.pdf").read_bytes()
    assert content.startswith(b"%PDF") and 4 < len(re.findall(rb"/Type\s*/Page\b", content)) < 30


def test_a_chapter_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="unknown chapter 'ch99'; known: ch01_two_ways, ch02_gan"):
        pdf.chapter_pages("ch99")
