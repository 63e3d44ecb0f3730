"""What the chapters' cells use besides the models: set-up, numbers for the prose, live pictures."""

import inspect
import platform
from collections.abc import Callable, Sequence
from typing import Any, cast

import matplotlib.pyplot as plt
import torch
from IPython.display import Markdown, display
from torch import Tensor, nn

import gentutor
from gentutor import settings, studies
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import sample_images
from gentutor.showing.plotting import image_grid, use_style
from gentutor.showing.samples import translations


def setup(seed: int = 0) -> None:
    """Seed PyTorch, set the style of figures, and print device, profile and versions.

    Args:
        seed: of PyTorch's random numbers.
    """
    torch.manual_seed(seed)
    use_style()
    print(f"device {settings.device()}, profile {settings.profile()}, seed {seed}")
    versions = f"Python {platform.python_version()}, PyTorch {torch.__version__}"
    print(f"{versions}, gentutor {gentutor.__version__}")


def show_times(chapter: str) -> None:
    """Print how many minutes a chapter took from top to bottom, in each profile that was timed.

    Args:
        chapter: its path in the book, without ending; ``tools.timing`` measures and stores its minutes.
    """
    times = studies.load("chapter-times").get(chapter, {})
    for profile in ("cpu", "gpu"):
        if profile in times:
            entry = times[profile]
            took = f"{entry['minutes']:.1f} minutes for the whole chapter on {entry['device']}"
            took += f"\n  ({entry['note']})" if "note" in entry else ""
        else:
            took = "not timed yet"
        print(f"profile {profile}: {took}")


def glue(name: str, value: object) -> None:
    """Keep a value under a name, so that the text can show it; it prints nothing here.

    Args:
        name: unique in the notebook; the text writes ``{glue:text}`` and the name.
        value: shown as ``str(value)``.
    """
    quoted = repr(str(value))  # read as a Python literal later: bare, 3,000 would be a tuple, 0.40 be 0.4
    display(
        {"application/papermill.record/text/plain": quoted},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}},
    )


def show_source(*functions: Callable[..., Any] | type) -> None:
    """Print the source of functions or classes as highlighted code."""
    source = "\n\n".join(inspect.getsource(function).rstrip() for function in functions)
    display(Markdown(f"```python\n{source}\n```"))


def table(header: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
    """Show rows as a table with a header line; after the first column, numbers are aligned right.

    Args:
        header: the columns' names.
        rows: each as long as the header; numbers should come formatted.
        caption: one line above the table.

    Raises:
        ValueError: a row of another length.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} cells in each row, got {row}")
    columns = [[str(row[i]) for row in rows] for i in range(1, len(header))]
    rule = ["---", *("---:" if all(map(_is_number, column)) else "---" for column in columns)]
    lines: list[Sequence[object]] = [header, rule, *rows]
    text = "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
    display(Markdown((f"*{caption}*\n\n" if caption else "") + text))


def _is_number(cell: str) -> bool:
    """Whether a table's cell is empty or starts, bold or not, with a digit, a sign or a dash."""
    start = cell.replace("**", "").strip()[:1]
    return start.isdigit() or start in "+-−±–—"  # an empty text is in every text


class LiveGrid:
    """A grid of a generator's samples that changes while it trains; use it as ``fit``'s report.

    The noise is the same at every report, so that one cell of the grid can be followed.

    Args:
        generator: maps noise to images; an averaged one shows smoother progress.
        rows: of the grid.
        columns: of the grid.
        seed: of the noise.
    """

    def __init__(self, generator: nn.Module, rows: int = 4, columns: int = 12, seed: int = 0) -> None:
        self.generator = generator
        self.n, self.columns, self.seed = rows * columns, columns, seed
        self.handle = display(display_id=True)
        self(0, {})

    def samples(self) -> Tensor:
        """The images on show, (rows * columns, C, H, W) in [0, 1]."""
        return sample_images(self.generator, self.n, seed=self.seed)

    def __call__(self, step: int, losses: dict[str, float]) -> None:
        values = ", ".join(f"{name} {value:.2f}" for name, value in losses.items())
        title = f"step {step}" + (f": {values}" if values else " (untrained)")
        figure = image_grid(self.samples(), columns=self.columns, title=title)
        if self.handle is not None:
            self.handle.update(figure)
        plt.close(figure)


class LiveTranslations(LiveGrid):
    """The same for a model that translates: images of A, their translations, images of B, and theirs.

    Args:
        model: both generators.
        a: (N, C_A, H, W) in [-1, 1], the images to follow.
        b: (N, C_B, H, W) in [-1, 1], e.g. their true partners.
    """

    def __init__(self, model: nn.Module, a: Tensor, b: Tensor) -> None:
        self.pairs = a, b
        super().__init__(model, rows=4, columns=len(a))

    def samples(self) -> Tensor:
        """The four rows, (4 N, C, H, W) in [0, 1]."""
        return translations(cast(Generators, self.generator), *self.pairs, columns=self.columns)
