"""Figures on the pages: numbered, described, captioned in lessons; films as files beside the page."""

import base64
import re
from types import SimpleNamespace

import figures
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.errors import ExtensionError

from tools.pages import limits

SVG = '<svg class="plot" fill="currentColor"><path/></svg>'
ALT, CAPTION = "A curve that rises & falls.", "What a curve does."


def document(*cells):
    """As myst-nb gives it: a container for each code cell, with the cell's metadata."""
    page = nodes.document(None, None, source="book/a.ipynb")
    for number, (metadata, html) in enumerate(cells):
        cell = nodes.container(nb_element="cell_code", cell_metadata=metadata)
        cell.line = 10_000 * (number + 1)
        cell += nodes.container("", nodes.raw("", html, format="html"))
        page += cell
    return page


def numbered(page, docname="book/ch02_gan/1_the_judge"):
    figures.number_figures(SimpleNamespace(env=SimpleNamespace(docname=docname)), page)
    return "".join(raw.astext() for raw in page.findall(nodes.raw))


def about(alt=ALT, caption=CAPTION):
    return {"mystnb": {"image": {"alt": alt}}, "caption": caption}


def test_a_figure_has_number_link_caption_and_description():
    text = numbered(document((about(), SVG), (about(), "<p>no figure</p>"), (about(caption="Two <b>"), SVG)))
    found = BeautifulSoup(text, "html.parser").find_all("figure")
    assert [one["id"] for one in found] == ["figure-2-1-1", "figure-2-1-2"]
    for one, number, caption in zip(found, ("2.1.1", "2.1.2"), (CAPTION, "Two <b>"), strict=True):
        assert one.figcaption.get_text() == f"Figure {number} {caption}"
        assert one.figcaption.a["href"] == f"#{one['id']}"
        assert one.svg["role"] == "img" and one.svg["aria-label"] == ALT


@pytest.mark.parametrize(
    "docname", ["book/ch02_gan/1_the_judge", "book/ch02_gan/chapter", "book/appendix_scaling"]
)
def test_a_figure_without_description_fails_with_file_and_cell(docname):
    with pytest.raises(
        ExtensionError, match=r"book/a\.ipynb, cell 1, line 0: the figure lacks mystnb\.image\.alt"
    ):
        numbered(document((about(), SVG), (about(alt=""), SVG)), docname)


def test_a_figure_without_caption_fails_in_a_lesson_only():
    with pytest.raises(ExtensionError, match=r"book/a\.ipynb, cell 0, line 0: the figure lacks caption in"):
        numbered(document((about(caption=""), SVG)))
    assert "Figure 2.1" in numbered(document((about(caption=""), SVG)), "book/ch02_gan/chapter")


def test_frames_of_a_film_become_files(tmp_path):
    frames = [f"frame {i}".encode() for i in (0, 1, 1)]
    urls = [f"data:image/png;base64,{base64.b64encode(frame).decode()}" for frame in frames]
    context = {"body": f'<div class="gentutor-player"><img src="{urls[0]}">{urls}</div>'}
    context["pathto"] = lambda path, resource: f"../../{path}"
    figures.frames_to_files(SimpleNamespace(outdir=tmp_path), "page", "", context, None)
    found = re.findall(r"\.\./\.\./(_images/film-\w+\.png)", context["body"])
    assert "base64" not in context["body"] and len(found) == 4 and len(set(found)) == 2
    assert [(tmp_path / name).read_bytes() for name in found] == [frames[0], *frames]


def test_built_figures_are_unique_and_described(html):
    seen = 0
    for name in limits.pages(html):
        page = BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
        found = page.select("figure.plot")
        assert len({one["id"] for one in found}) == len(found), name
        for one in found:
            assert len(one.svg["aria-label"]) > 20, name
        assert not page.find("img", src=re.compile("^data:image/png")), name
        seen += len(found)
    assert seen > 50


def test_plots_are_in_the_pages_ink(html):
    for name in limits.pages(html):
        for svg in re.findall(
            r'<svg[^>]*class="plot".*?</svg>', (html / name).read_text(encoding="utf-8"), re.DOTALL
        ):
            assert "#000000" not in svg and "<style" not in svg, name


def test_text_of_a_lessons_figures_can_be_read_on_a_phone(html):
    """At 358 pixels, the column of a phone: at least ten pixels tall, indices apart."""
    lessons = [name for name in limits.pages(html) if re.search(r"/ch\d+_\w+/\d+_\w+\.html$", name)]
    assert lessons
    for name in lessons:
        for svg in re.findall(
            r'<svg[^>]*class="plot".*?</svg>', (html / name).read_text(encoding="utf-8"), re.DOTALL
        ):
            width = float(re.search(r'viewbox="0 0 ([\d.]+)', svg, re.IGNORECASE)[1])
            sizes = {float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg) if float(size) > 7.1}
            assert min(sizes) * min(1, 358 / width) >= 9.99 or not sizes, (name, width, sizes)
