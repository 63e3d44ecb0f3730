"""Figures as SVG that takes the page's colour: right on light and on dark ground, sharp on every screen."""

import hashlib
import io
import re
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.core.getipython import get_ipython
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

MANY = 300  # points, from which on a scatter is stored as pixels
STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "image.interpolation": "none",  # a small picture is stored pixel for pixel
    "svg.fonttype": "none",  # text stays text, in the page's own font
    "svg.hashsalt": "gentutor",
}
INK = re.compile(r"#000000|\bblack\b")


def svg(figure: Figure) -> str:
    """A figure as one SVG element without a ground of its own.

    Black becomes the colour of the text around it, and the ids are its own, so that many figures can stand in
    one page. Meshes and scatters of ``MANY`` points or more become pixels inside it; pictures that are drawn
    without interpolation stay as they are, pixel for pixel.

    Args:
        figure: not changed but for that.

    Returns:
        ``<svg class="plot" ...>``, the same for the same figure.
    """
    for artist in figure.findobj(lambda one: isinstance(one, PathCollection | QuadMesh | Line2D)):
        if isinstance(artist, Line2D):
            points = 0 if artist.get_marker() in ("None", "", None) else np.size(artist.get_xdata())
        else:
            points = np.size(artist.get_offsets(), 0) if isinstance(artist, PathCollection) else MANY
        artist.set_rasterized(points >= MANY)
    buffer = io.StringIO()
    with plt.rc_context({key: STYLE[key] for key in ("svg.fonttype", "svg.hashsalt")}):
        undated = {"Date": None, "Creator": None}
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.03, dpi=200, metadata=undated)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", text, flags=re.DOTALL)
    text = INK.sub("currentColor", text)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", text)
    name = "p" + hashlib.sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
    width, height = (float(found) for found in re.findall(r'\b(?:width|height)="([\d.]+)pt"', text[:500])[:2])
    text = re.sub(r'\b(width|height)="[\d.]+pt" ?', "", text, count=2)
    text = re.sub(r"\s+", " ", text)
    look = 'fill="currentColor" stroke-linejoin="round" stroke-linecap="butt"'
    return text.replace(
        "<svg", f'<svg class="plot" {look} width="{width:.0f}" height="{height:.0f}"', 1
    ).strip()


def show_as_svg() -> None:
    """In a notebook: figures are shown as ``svg`` gives them. Elsewhere: nothing."""
    shell = get_ipython()
    if shell is None or shell.display_formatter is None or not hasattr(shell, "kernel"):
        return
    from matplotlib_inline.config import InlineBackend  # only a kernel has it

    InlineBackend.instance(parent=shell).figure_formats = set()
    shell.display_formatter.formatters["text/html"].for_type(Figure, svg)
