"""Figures of the book: image grids, curves, and a player for animations that needs no network."""

import base64
import hashlib
import html
import io
import re
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gentutor.showing.samples import tile
from gentutor.showing.vector import STYLE, show_as_svg
from gentutor.training import History

# One colour per role in every figure of the book (Okabe and Ito's palette, readable by the colour-blind).
REAL, FAKE, JUDGE, FORCE, MUTED = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"


def use_style() -> None:
    """Set the book's defaults for matplotlib: no ground, no frame at right and above; SVG in notebooks."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.5, 3.0),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": "medium",
            "axes.prop_cycle": f"cycler(color={[REAL, FAKE, JUDGE, FORCE, '#E69F00', '#56B4E9', MUTED]})",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
        }
    )
    plt.rcParams.update(STYLE)
    show_as_svg()


def image_grid(images: Tensor, columns: int = 8, title: str = "", ax: Axes | None = None) -> Figure:
    """Images side by side, row after row.

    Args:
        images: (N, C, H, W) in [0, 1], C = 1 or 3.
        columns: images per row.
        title: above the grid.
        ax: where to draw; a new figure if None.

    Returns:
        The figure.

    Raises:
        ValueError: as for ``sampling.tile``.
    """
    picture = tile(images, columns=columns, gap=2)
    if ax is None:
        width = 7.5
        figure, ax = plt.subplots(figsize=(width, width * picture.shape[0] / picture.shape[1] + 0.3))
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none")
    ax.set_axis_off()
    ax.set_title(title)
    root = ax.get_figure(root=True)
    assert root is not None
    return root


def loss_curves(history: History, ax: Axes, levels: dict[str, float] | None = None) -> None:
    """Every loss of a history against the step, with dotted lines at levels worth knowing.

    Args:
        history: what ``fit`` returned.
        ax: where to draw.
        levels: name -> height of each dotted line, e.g. {"log 4": 1.386}.
    """
    for name, values in history.values.items():
        color = {"discriminator": JUDGE, "generator": FAKE}.get(name)
        ax.plot(history.steps, values, label=name, color=color, linewidth=1.2)
    for name, level in (levels or {}).items():
        ax.axhline(level, color=MUTED, linestyle=":", linewidth=1.2)
        ax.text(ax.get_xlim()[1], level, f" {name}", va="center", color=MUTED, fontsize="small")
    ax.set_xlabel("step")
    ax.set_ylabel("loss (nats)")
    ax.legend()


def render(figure: Figure) -> np.ndarray:
    """A figure as pixels, uint8 (height, width, 4), transparent where it has no ground; it is closed."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba()).copy()  # type: ignore[attr-defined]
    plt.close(figure)
    return pixels


def player(frames: Sequence[np.ndarray], captions: Sequence[str], alt: str) -> HTML:
    """An animation with a play button and a slider, in one piece of HTML that asks for no network.

    It begins with its first frame. Frames without a ground stand on white in a notebook; the book's pages set
    them on their own ground, and turn dark inks light in the dark. Arrow keys move the slider, and readers'
    software is told the caption.

    Args:
        frames: uint8 pictures, (H, W), (H, W, 3) or (H, W, 4).
        captions: a line of text for each frame; L_D stands for an L with the index D.
        alt: what the animation shows, for readers who do not see it.

    Raises:
        TypeError: the frames are not uint8.
        ValueError: no frames, as many captions as frames are missing, or no alt text.
    """
    if not frames or len(frames) != len(captions) or not alt:
        raise ValueError(f"expected frames, as many captions, and alt text; got {len(frames)} frames")
    if any(frame.dtype != np.uint8 for frame in frames):
        raise TypeError(f"frames must be uint8, 0 to 255, got {[str(frame.dtype) for frame in frames]}")
    urls = ["data:image/png;base64," + base64.b64encode(_few_colors(frame)).decode() for frame in frames]
    name = "player-" + hashlib.sha256("".join(urls).encode()).hexdigest()[:12]
    lines = [
        re.sub(r"\b([A-Z])_([A-Z])\b", r"<i>\1<sub>\2</sub></i>", html.escape(line)) for line in captions
    ]
    height, width = frames[0].shape[:2]
    ground = "clear" if _is_clear(frames[0]) else "own"
    return HTML(
        _PLAYER.format(name=name, alt=html.escape(alt), last=len(frames) - 1, width=width, height=height,
                       ground=ground, caption=lines[0], spoken=html.escape(captions[0]), url=urls[0],
                       urls=urls, captions=lines, words=list(captions))
    )  # fmt: skip


def _is_clear(frame: np.ndarray) -> bool:
    """Whether a frame has no ground of its own, as a drawing on transparent ground."""
    return frame.shape[2:] == (4,) and bool((frame[..., 3] == 0).any())


def _few_colors(frame: np.ndarray) -> bytes:
    """A frame as a PNG of at most 64 colours, a quarter of the size."""
    buffer = io.BytesIO()
    mode, method = (
        ("RGBA", Image.Quantize.FASTOCTREE) if _is_clear(frame) else ("RGB", Image.Quantize.MEDIANCUT)
    )
    image = Image.fromarray(frame).convert(mode).quantize(64, method, dither=Image.Dither.NONE)
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


_PLAYER = """<div class="gentutor-player" id="{name}" style="max-width: {width}px">
<img src="{url}" alt="{alt}" width="{width}" height="{height}" class="ground-{ground}"
style="max-width: 100%; height: auto; background: white">
<input type="range" min="0" max="{last}" value="0" aria-label="frame" aria-valuetext="{spoken}"
style="width: 100%">
<div style="display: flex; gap: 1em; align-items: center; min-height: 2.2em">
<button type="button">Play</button><span>{caption}</span></div>
<script>(() => {{
  const box = document.getElementById("{name}"), urls = {urls}, captions = {captions}, words = {words};
  const [image, button, slider, caption] = ["img", "button", "input", "span"].map(t => box.querySelector(t));
  let timer = null;
  const show = () => {{
    image.src = urls[slider.value];
    caption.innerHTML = captions[slider.value];
    slider.setAttribute("aria-valuetext", words[slider.value]);
  }};
  const pause = () => {{ clearInterval(timer); timer = null; button.textContent = "Play"; }};
  const next = () => {{
    if (+slider.value === {last}) return pause();
    slider.value = +slider.value + 1; show();
  }};
  slider.addEventListener("input", () => {{ pause(); show(); }});
  button.addEventListener("click", () => {{
    if (timer) return pause();
    if (+slider.value === {last}) {{ slider.value = 0; show(); }}
    button.textContent = "Pause"; timer = setInterval(next, 350);
  }});
}})();</script></div>"""
