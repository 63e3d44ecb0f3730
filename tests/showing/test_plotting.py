"""Figures and the animation player."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from gentutor.showing.plotting import image_grid, loss_curves, player, render
from gentutor.training import History


def frames(n):
    return [np.full((4, 6, 3), 40 * i, dtype=np.uint8) for i in range(n)]


def test_image_grid_draws_on_the_axes_it_is_given():
    figure, ax = plt.subplots()
    assert image_grid(torch.rand(6, 1, 28, 28), columns=3, title="six", ax=ax) is figure
    assert ax.get_title() == "six"
    assert ax.images[0].get_array().shape[:2] == (2 * 28 + 2, 3 * 28 + 4)
    plt.close(figure)


def test_loss_curves_draw_every_loss_and_level():
    history = History([1, 2, 3], {"discriminator": [1.0, 1.1, 1.2], "generator": [0.7, 0.8, 0.9]})
    figure, ax = plt.subplots()
    loss_curves(history, ax, levels={"log 4": 1.386})
    assert [line.get_label() for line in ax.get_lines()][:2] == ["discriminator", "generator"]
    assert [text.get_text().strip() for text in ax.texts] == ["log 4"]
    plt.close(figure)


def test_render_gives_the_pixels_and_closes_the_figure():
    figure = plt.figure(figsize=(2, 1), dpi=50, facecolor="red")
    pixels = render(figure)
    assert pixels.shape == (50, 100, 4) and pixels.dtype == np.uint8
    assert pixels[0, 0].tolist() == [255, 0, 0, 255]
    assert not plt.fignum_exists(figure.number)


def test_a_drawing_without_ground_stays_clear_in_a_film():
    figure = plt.figure(figsize=(2, 1), dpi=50, facecolor="none")
    figure.text(0.5, 0.5, "x")
    clear = render(figure)
    assert clear[0, 0, 3] == 0 and clear[..., 3].max() > 100
    page = player([clear], ["step 0"], alt="film").data
    frame = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([\w+/=]+)", page)[1]))).convert("RGBA")
    assert frame.getpixel((0, 0))[3] == 0 and 'class="ground-clear"' in page
    assert 'class="ground-own"' in player(frames(1), ["step 0"], alt="film").data


def test_player_holds_all_it_needs():
    page = player(frames(3), ["step 0", "step <1>", "step 2"], alt='a "film"').data
    assert len(set(re.findall(r"data:image/png;base64,[A-Za-z0-9+/=]+", page))) == 3
    assert 'alt="a &quot;film&quot;"' in page and 'aria-label="frame"' in page
    assert "step &lt;1&gt;" in page
    assert not re.search(r"https?:", page), "an animation must not ask for the network"


def test_two_players_have_different_names():
    first, second = (player(frames(n), ["x"] * n, alt="film").data for n in (2, 3))
    assert re.search(r'id="([^"]+)"', first).group(1) != re.search(r'id="([^"]+)"', second).group(1)


@pytest.mark.parametrize(("n", "captions", "alt"), [(0, [], "x"), (2, ["a"], "x"), (1, ["a"], "")])
def test_player_refuses_what_it_cannot_show(n, captions, alt):
    with pytest.raises(ValueError, match="captions"):
        player(frames(n), captions, alt)
