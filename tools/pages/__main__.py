"""Prints a table of all pages at three widths, light and dark, and what is beyond the limits.

python -m tools.pages [PAGE ...]
"""

import sys

from tools import build
from tools.pages.limits import beyond, exempt, pages
from tools.pages.look import chromium, look

WIDTHS = (390, 1280, 1400)
HEAD = "page|width|scheme|page kB|style|scripts|pictures|cut|scale|code|tables|tabs|axe|readable s|shift"


def main() -> None:
    """Look at every page, print a line for each look; fail if one is beyond the limits."""
    chosen = [page for page in pages(build.HTML) if not sys.argv[1:] or page in sys.argv[1:]]
    print("| " + HEAD.replace("|", " | ") + " |\n|" + " --- |" * len(HEAD.split("|")))
    trouble = []
    with chromium() as browser:
        if browser is None:
            sys.exit("no Chromium found")
        for page in chosen:
            for width in WIDTHS:
                for scheme in ("light", "dark"):
                    seen = look(browser, build.HTML / page, width, scheme, slow=4)
                    cells = [page, width, scheme, *(round(size / 1000) for size in seen.weight.values())]
                    cells += [len(seen.cut_formulas), f"{seen.smallest_formula:.2f}", len(seen.clipped_code)]
                    cells += [len(seen.clipped_tables), seen.tab_stops, len(seen.axe)]
                    cells += [f"{seen.readable:.2f}", f"{seen.shift:.3f}"]
                    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
                    trouble += [
                        f"{page} at {width}, {scheme}: {text}" for text in beyond(page, seen, timed=True)
                    ]
    print("\nexempt from weight and time: " + ", ".join(page for page in chosen if exempt(page)))
    if trouble:
        sys.exit("\nbeyond the limits:\n" + "\n".join(trouble))


if __name__ == "__main__":
    main()
