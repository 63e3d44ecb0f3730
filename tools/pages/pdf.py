"""Prints a chapter, its lessons one after another and the solutions at the end.

python -m tools.pages.pdf ch02_gan
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tools import build
from tools.pages.look import Tab, chromium

APPEND = "html => document.querySelector('article').insertAdjacentHTML('beforeend', html)"
ARTICLE = re.compile(r"<article[^>]*>(.*?)</article>", re.DOTALL)
# Solutions go to the end, each with its exercise's number in its title; all other folds open.
ARRANGE = """() => {
    document.documentElement.dataset.theme = 'light';
    const article = document.querySelector('article'), solutions = [...article.querySelectorAll('.solution')];
    article.querySelectorAll('details.setup').forEach(fold => fold.remove());
    article.querySelectorAll('details').forEach(fold => { fold.open = !fold.matches('.hide'); });
    if (solutions.length) {
        article.insertAdjacentHTML('beforeend', '<h1 style="break-before: page">Solutions</h1>');
        solutions.forEach(solution => article.append(solution));
    }
    document.querySelectorAll('img[loading]').forEach(image => image.removeAttribute('loading'));
}"""


def chapter_pages(folder: str) -> list[Path]:
    """The built pages of a chapter, in reading order."""
    sources = [path.relative_to(build.ROOT) for path in build.toc_files() if path.parent.name == folder]
    if not sources:
        known = sorted({path.parent.name for path in build.toc_files()} - {"book", "api"})
        raise ValueError(f"unknown chapter {folder!r}; known: {', '.join(known)}")
    return [(build.HTML / source).with_suffix(".html") for source in sources]


def print_pages(browser: Browser, pages: list[Path], target: Path) -> None:
    """Print pages of one folder as one document."""
    tab = Tab(browser)
    page = tab.open(pages[0].as_uri())
    for other in pages[1:]:
        article = ARTICLE.search(other.read_text(encoding="utf-8"))
        assert article, other
        page.evaluate(APPEND, article[1])
    page.evaluate(ARRANGE)
    page.wait_for_load_state("networkidle")
    target.parent.mkdir(parents=True, exist_ok=True)
    margin = {"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"}
    page.pdf(path=target, format="A4", margin=margin, print_background=True)  # type: ignore[arg-type]
    tab.context.close()


def main() -> None:
    """Print the chapters named on the command line into build/pdf."""
    for folder in sys.argv[1:] or sys.exit("name a chapter, such as ch02_gan"):
        try:
            pages = chapter_pages(folder)
        except ValueError as error:
            sys.exit(str(error))
        with chromium() as browser:
            if browser is None:
                sys.exit("no Chromium found")
            target = build.BUILD / "pdf" / f"{folder}.pdf"
            print_pages(browser, pages, target)
            print(target)


if __name__ == "__main__":
    main()
