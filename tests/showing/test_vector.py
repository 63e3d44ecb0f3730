"""Figures as SVG: no ground, the page's ink, ids of their own, pixels where there are many points."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from gentutor.showing.plotting import FAKE, image_grid, use_style
from gentutor.showing.vector import MANY, svg


@pytest.fixture(autouse=True)
def book_style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def lines(color="black", title="a title"):
    figure, ax = plt.subplots(figsize=(4, 2))
    ax.plot([0, 1], [1, 0], color=color)
    ax.set_title(title)
    return figure


def pictures(text):
    found = re.findall(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", text)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def test_ink_is_the_pages_and_colours_stay():
    text = svg(lines(FAKE))
    assert "#000000" not in text and 'fill="currentColor"' in text and "stroke: currentColor" in text
    assert FAKE.lower() in text


def test_it_has_no_ground():
    whole = re.findall(r'<path d="M 0 [^"]*"[^>]*style="([^"]*)"', svg(lines()))
    assert whole and all("fill: none" in style for style in whole)


def test_no_style_leaks_into_the_page():
    assert "<style" not in svg(lines())


def test_text_is_text_in_the_pages_font():
    text = svg(lines(title="find me"))
    assert "find me" in re.sub(r"<[^>]+>", "", text) and "DejaVu" not in text


def test_the_same_figure_gives_the_same_text_and_another_one_other_ids():
    first, again, other = svg(lines()), svg(lines()), svg(lines(title="another"))
    assert first == again
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (first, other)]
    assert ids[0] and not ids[0] & ids[1]
    for text, own in zip((first, other), ids, strict=True):
        assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text)) <= {
            pair for name in own for pair in ((name, ""), ("", name))
        }


def test_width_and_height_are_those_of_the_drawing():
    text = svg(lines())
    width, height = (int(n) for n in re.findall(r'(?:width|height)="(\d+)"', text[:300]))
    box = [float(n) for n in re.search(r'viewBox="([^"]+)"', text)[1].split()]
    assert (width, height) == (round(box[2]), round(box[3]))


@pytest.mark.parametrize(("points", "expected"), [(MANY - 1, 0), (MANY, 1)])
@pytest.mark.parametrize("how", ["plot", "scatter"])
def test_many_points_become_one_picture(points, expected, how):
    figure, ax = plt.subplots()
    x = np.linspace(0, 1, points)
    ax.plot(x, x, ".") if how == "plot" else ax.scatter(x, x)
    assert len(pictures(svg(figure))) == expected


def test_a_long_curve_stays_a_curve():
    figure, ax = plt.subplots()
    ax.plot(np.linspace(0, 1, 10 * MANY))
    assert pictures(svg(figure)) == []


def test_pictures_stay_as_they_are_pixel_for_pixel():
    images = torch.rand(6, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    figure = image_grid(images, columns=3)
    text = svg(figure)
    (picture,) = pictures(text)
    assert "image-rendering:pixelated" in text
    shown = figure.axes[0].images[0].get_array()
    assert np.array_equal(np.asarray(picture.convert("RGB")), np.asarray(shown))
