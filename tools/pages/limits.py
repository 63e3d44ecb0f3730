"""Which pages there are, and what each may weigh, take and cut."""

import json
from pathlib import Path

from tools.pages.look import Look

LANDING, LANDING_TEXT, LESSON = 400_000, 150_000, 600_000  # bytes
READABLE = 1.5  # seconds, in a browser slowed down four times
SHIFT = 0.05
SCALE = 0.7  # of a formula beside its text, on a phone
MOVED = "<p>This page has moved: "


def pages(html: Path) -> list[str]:
    """The built pages a reader stays on: not those that only send on, and nothing of the theme's."""
    found = sorted(path for path in html.rglob("*.html") if "_static" not in path.parts)
    found.remove(html / "index.html")
    return [
        path.relative_to(html).as_posix() for path in found if MOVED not in path.read_text("utf-8")[-500:]
    ]


def samples(names: list[str]) -> list[str]:
    """The same with three pages for the whole reference of the package."""
    reference = [name for name in names if "/api/" in name]
    kept = {reference[0], reference[len(reference) // 2], reference[-1]} if reference else set()
    return [name for name in names if "/api/" not in name or name in kept]


def exempt(page: str) -> bool:
    """Whether a page is a long chapter from before the lessons: weight and time are printed only."""
    return page.endswith(("/chapter.html", "appendix_scaling.html"))


def beyond(page: str, seen: Look, timed: bool = False) -> list[str]:
    """What is beyond the limits, in words; the time only where the machine had nothing else to do."""
    text = seen.weight["page"] + seen.weight["style"] + seen.weight["scripts"]
    whole = text + seen.weight["pictures"]
    heavy = []
    if page.endswith("intro.html"):
        heavy += [f"{text:,} bytes before pictures"] if text > LANDING_TEXT else []
        heavy += [f"{whole:,} bytes"] if whole > LANDING else []
    elif not exempt(page) and whole > LESSON:
        heavy = [f"{whole:,} bytes"]
    slow = (
        [f"{seen.readable:.2f} s to readable text"]
        if timed and seen.readable > READABLE and not exempt(page)
        else []
    )
    return [
        *heavy,
        *slow,
        *([f"layout shift {seen.shift:.3f}"] if seen.shift > SHIFT else []),
        *([f"a formula at {seen.smallest_formula:.2f} of its size"] if seen.smallest_formula < SCALE else []),
        *([f"{seen.bare_formulas} formulas are not drawn"] if seen.bare_formulas else []),
        *(f"cut formula: {json.dumps(text)}" for text in seen.cut_formulas),
        *(f"sticks out: {text}" for text in seen.sticks_out),
        *seen.trouble,
        *seen.axe,
    ]
