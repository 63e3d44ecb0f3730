"""Opens a built page in headless Chromium and measures it."""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
FLAGS = (
    "no-sandbox disable-gpu disable-background-networking disable-component-update disable-sync no-first-run"
)
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:")
PICTURES = (".png", ".webp", ".jpg", ".gif", ".svg", ".ico")
HEIGHTS = {390: 844}  # of the window, by its width; else 900

OBSERVE = """window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(
    entry => { if (!entry.hadRecentInput) window.shift += entry.value; }
)).observe({type: 'layout-shift', buffered: true});"""
READABLE = """Math.max(performance.timing.domInteractive - performance.timing.navigationStart,
    performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0)"""
BROKEN_IMAGES = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
TAB_STOPS = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter(e => e.tabIndex >= 0 && e.getClientRects().length).length"""
STICKS_OUT = """[...document.querySelectorAll('main :not(svg *, math *)')].filter(e => {
    if (e.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let p = e.parentElement; p; p = p.parentElement)
        if (p !== document.body && getComputedStyle(p).overflowX !== 'visible') return false;
    return document.documentElement.scrollWidth > innerWidth;
}).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""
CLIPPED = """selector => [...document.querySelectorAll(selector)].filter(
    e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1
).map(e => e.textContent.trim().slice(0, 80))"""
# A formula is cut where it reaches beyond the window or a parent that hides or scrolls what is too wide;
# inside a table the table as a whole may be moved. Scale: its size beside that of the text around it.
FORMULAS = """() => {
    const found = {cut: [], scale: 1, bare: 0};
    const all = [...document.querySelectorAll('main .math')].map(math => {
        const probe = document.createElement('span');
        probe.style.cssText = 'position: absolute; width: 10ex; flex: none; max-width: none';
        math.append(probe);
        return [math, probe];
    });
    for (const [math, probe] of all) {
        const ex = probe.getBoundingClientRect().width / 10;
        const drawn = [...math.querySelectorAll(':scope > svg, :scope > span > svg')];
        if (!drawn.length) found.bare += 1;
        for (const svg of drawn.filter(svg => svg.getClientRects().length && ex)) {
            const box = svg.getBoundingClientRect();
            let right = innerWidth, left = 0;
            for (let p = math.parentElement; p && p.tagName !== 'ARTICLE'; p = p.parentElement)
                if (getComputedStyle(p).overflowX !== 'visible' && !p.querySelector('table')) {
                    right = Math.min(right, p.getBoundingClientRect().right);
                    left = Math.max(left, p.getBoundingClientRect().left);
                }
            if (!math.closest('table:not(.equation-table)') && (box.right > right + 1 || box.left < left - 1))
                found.cut.push(math.textContent.trim().slice(0, 60));
            found.scale = Math.min(found.scale, box.width / (parseFloat(svg.getAttribute('width')) * ex));
        }
    }
    all.forEach(([, probe]) => probe.remove());
    return found;
}"""


# Axe would visit each stroke of each drawing for minutes, and for its colour each word of the page. Before it
# looks, drawings are emptied; and before it looks at colours, of all words of one colour, size and ground,
# outside of links and buttons, only the first in sight stays.
COLOURS = ["color-contrast", "link-in-text-block"]
EMPTY = """() =>
    document.querySelectorAll('.math, svg.plot, svg.glyphs').forEach(drawn => drawn.replaceChildren())"""
THIN = """() => {
    const seen = new Set(), superfluous = [];
    const words = 'main :is(p, li, td, em, strong, code, span, pre, div)';
    for (const element of document.querySelectorAll(words)) {
        if (element.closest('a, button, summary, label')) continue;
        const texts = [...element.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
        if (!texts.length) continue;
        const style = getComputedStyle(element);
        const look = [style.color, style.fontSize, style.fontWeight];
        for (let e = element; e; e = e.parentElement) {
            const {backgroundColor, opacity} = getComputedStyle(e);
            look.push(backgroundColor, opacity);
        }
        const key = look.filter(part => !['rgba(0, 0, 0, 0)', '1'].includes(part)).join();
        if (element.checkVisibility() && !seen.has(key)) seen.add(key);
        else superfluous.push(...(element.matches('td, :has(*)') ? texts : [element]));
    }
    superfluous.forEach(found => found.remove());
}"""


@dataclass
class Look:
    """What was seen of one page at one width, in one colour scheme."""

    trouble: list[str]  # requests to other hosts, errors, broken pictures
    sticks_out: list[str]
    cut_formulas: list[str]
    smallest_formula: float  # beside the size of its text
    bare_formulas: int  # not drawn
    clipped_code: list[str]
    clipped_tables: list[str]
    tab_stops: int
    readable: float  # seconds until text and formulas can be read
    shift: float  # of the layout
    weight: dict[str, int]  # bytes, gzipped where it is text: page, style, scripts, pictures
    axe: list[str]  # serious findings


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """A headless browser, or None where none is found."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    with sync_playwright() as driver:
        if path is None and not Path(driver.chromium.executable_path).exists():
            yield None
            return
        flags = [f"--{flag}" for flag in FLAGS.split()]
        browser = driver.chromium.launch(executable_path=path, args=flags, timeout=120_000)
        yield browser
        browser.close()


class Tab:
    """A tab that notes every request and every error, and refuses requests to other hosts."""

    def __init__(self, browser: Browser, width: int = 1280, scheme: str = "light", slow: float = 1) -> None:
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.loaded: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(120_000)
        self.context.route("**/*", self._route)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(OBSERVE)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("requestfinished", self._note)
        if slow > 1:
            session = self.context.new_cdp_session(self.page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": slow})

    def _route(self, route: Route) -> None:
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def _note(self, request: Request) -> None:
        if request.url.startswith("file:"):
            self.loaded.append(unquote(urlparse(request.url).path))

    def open(self, url: str) -> Page:
        """Go there and wait until all is loaded."""
        self.page.goto(url, wait_until="load")
        return self.page

    def weight(self) -> dict[str, int]:
        """Bytes of what was loaded."""
        total = {"page": 0, "style": 0, "scripts": 0, "pictures": 0}
        for name in dict.fromkeys(self.loaded):
            content = Path(name).read_bytes()
            kind = {".html": "page", ".css": "style", ".js": "scripts"}.get(Path(name).suffix, "pictures")
            total[kind] += (
                len(content)
                if kind == "pictures" and not name.endswith(".svg")
                else len(gzip.compress(content))
            )
        return total


def look(browser: Browser, path: Path, width: int, scheme: str, axe: bool = True, slow: float = 1) -> Look:
    """Open a page and measure it.

    Args:
        browser: of ``chromium()``.
        path: of the built page.
        width: of the window, in pixels.
        scheme: "light" or "dark".
        axe: whether to look for what shuts readers out, which takes seconds on a long page.
        slow: how many times slower than it is the processor shall be.
    """
    tab = Tab(browser, width, scheme, slow)
    page = tab.open(path.as_uri())
    formulas = page.evaluate(FORMULAS)
    seen = Look(
        trouble=tab.foreign + tab.errors + page.evaluate(BROKEN_IMAGES),
        sticks_out=page.evaluate(STICKS_OUT),
        cut_formulas=formulas["cut"],
        smallest_formula=formulas["scale"],
        bare_formulas=formulas["bare"],
        clipped_code=page.evaluate(CLIPPED, "main pre"),
        clipped_tables=page.evaluate(CLIPPED, "main .pst-scrollable-table-container, main .cell_output"),
        tab_stops=page.evaluate(TAB_STOPS),
        readable=page.evaluate(READABLE) / 1000,
        shift=page.evaluate("window.shift"),
        weight=tab.weight(),
        axe=serious_findings(page, scheme) if axe else [],  # last: it empties the page
    )
    tab.context.close()
    return seen


def serious_findings(page: Page, scheme: str) -> list[str]:
    """What axe finds serious; in the dark only colours are looked at, since nothing else differs."""
    axe, found = Axe(), []
    page.evaluate(EMPTY)
    if scheme == "light":
        rules = {rule: {"enabled": False} for rule in COLOURS}
        options: dict[str, object] = {"resultTypes": ["violations"], "rules": rules}
        found += axe.run(page, options=options).response["violations"]
    page.evaluate(THIN)
    options = {"resultTypes": ["violations"], "runOnly": COLOURS}
    found += axe.run(page, options=options).response["violations"]
    return [
        f"{violation['id']} ({len(violation['nodes'])} times): {violation['nodes'][0]['html'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
