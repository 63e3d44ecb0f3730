"""The built pages in a real browser: from disk, on a phone, in the dark, and through axe's eyes.

Skipped where no Chromium is found: then only the static checks of ``test_pages.py`` have been made.
"""

import http.server
import shutil
import threading
from dataclasses import dataclass, field
from functools import partial

import pytest

pytestmark = pytest.mark.browser
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "no-sandbox disable-gpu disable-background-networking disable-component-update disable-sync no-first-run"
)
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:")
READY = "() => window.MathJax?.startup?.promise ?? true"
BROKEN_IMAGES = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
PANELS = """[...document.querySelectorAll('article .cell_output img')].map(
    i => [getComputedStyle(i).filter, getComputedStyle(i).backgroundColor])"""
SET_SCHEME = "scheme => { Object.assign(document.documentElement.dataset, {mode: scheme, theme: scheme}); }"
STICKS_OUT = """[...document.querySelectorAll('main *')].filter(e => {
    if (e.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let p = e.parentElement; p; p = p.parentElement)
        if (p !== document.body && getComputedStyle(p).overflowX !== 'visible') return false;
    return document.documentElement.scrollWidth > innerWidth;
}).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def browser(executed_notebooks):
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        if path is None and not shutil.which(driver.chromium.executable_path):
            pytest.skip("no Chromium found: the pages were checked as files only, by test_pages.py")
        chromium = driver.chromium.launch(
            executable_path=path, args=[f"--{flag}" for flag in FLAGS.split()], timeout=120_000
        )
        yield chromium
        chromium.close()


class Tab:
    """A tab that notes, and refuses, every request to another host, and notes every error."""

    def __init__(self, browser, **options):
        self.foreign, self.errors = [], []
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(120_000)
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    def _route(self, route):
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, url):
        self.page.goto(url, wait_until="load")
        self.page.evaluate(READY)
        return self.page


@dataclass
class Look:
    """What was seen of one page; ``panels`` and ``axe`` in both colour schemes."""

    trouble: list[str]
    undrawn_formulas: int
    sticks_out_on_a_phone: list[str]
    panels: dict[str, list[list[str]]] = field(default_factory=dict)
    axe: dict[str, list[str]] = field(default_factory=dict)


def look(browser, path):
    tab = Tab(browser)
    page = tab.open(path.as_uri())
    trouble = tab.foreign + tab.errors + page.evaluate(BROKEN_IMAGES)
    formulas = page.locator(".math").count() - page.locator("mjx-container").count()
    wrong = page.locator("[data-mml-node=merror]").count()
    seen = Look(trouble, max(formulas, 0) + wrong, [])
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        seen.panels[scheme] = page.evaluate(PANELS)
        seen.axe[scheme] = serious_violations(page, scheme)
    page.set_viewport_size({"width": 375, "height": 800})
    seen.sticks_out_on_a_phone = page.evaluate(STICKS_OUT)
    tab.context.close()
    return seen


def serious_violations(page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"resultTypes": ["violations"]}
    if scheme == "dark":  # the schemes differ in nothing but colours
        options["runOnly"] = ["color-contrast", "link-in-text-block"]
    result = axe.run(page, context={"exclude": ["mjx-container"]}, options=options).response
    return [
        f"{violation['id']} ({len(violation['nodes'])} times): {violation['nodes'][0]['html'][:200]}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def looks(browser, html):
    """Page -> what was seen of it."""
    pages = sorted(path for path in html.rglob("*.html") if "_static" not in path.parts)
    pages.remove(html / "index.html")  # it only sends the reader on
    return {path.relative_to(html).as_posix(): look(browser, path) for path in pages}


def test_pages_work_from_disk(looks):
    assert {name: seen.trouble for name, seen in looks.items() if seen.trouble} == {}


def test_every_formula_is_drawn(looks):
    assert {name for name, seen in looks.items() if seen.undrawn_formulas} == set()


def test_pages_fit_a_phone(looks):
    wide = {name: seen.sticks_out_on_a_phone for name, seen in looks.items() if seen.sticks_out_on_a_phone}
    assert wide == {}


def test_figures_keep_a_light_panel_in_the_dark(looks):
    panels = {tuple(panel) for seen in looks.values() for panel in seen.panels["dark"]}
    assert panels == {("none", "rgb(255, 255, 255)")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(looks, scheme):
    assert {name: seen.axe[scheme] for name, seen in looks.items() if seen.axe[scheme]} == {}


def test_a_reader_who_prefers_the_dark_gets_it(browser, html):
    tab = Tab(browser, color_scheme="dark")
    assert (
        tab.open((html / "book" / "intro.html").as_uri()).evaluate("document.documentElement.dataset.theme")
        == "dark"
    )
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
