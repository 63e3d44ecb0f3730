"""The page "Stored runs": everything the package carries ready-made, read from the cards with each build.

The directive ``stored-runs`` becomes a section for each stored model, with the last picture and the
numbers of its card, and one for each stored study.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gentutor.running.checkpoint import read_card
from gentutor.showing.samples import png
from gentutor.studies import STUDIES

FOLDER = Path("gentutor") / "checkpoints"
SHOWN = 4  # numbers outside the fold
NAMES = {  # the first of these that a card has
    "nll": "−log p, nats per image",
    "accuracy": "Accuracy",
    "cross_entropy": "Cross-entropy, nats",
    "frechet": "Fréchet distance",
    "precision": "Precision",
    "recall": "Recall",
    "distortion": "Distortion, nats per image",
    "deformed": "Deformed pictures found again",
    "gain_b": "Gain by translation, A to B",
    "gain_a": "Gain by translation, B to A",
    "labels_b": "Labels kept, A to B",
    "labels_a": "Labels kept, B to A",
    "top1": "Right emoji found first",
    "top5": "Right emoji among the first five",
}
PICTURES = {  # how a name starts or ends -> what is seen
    "cyclegan": "rows of pictures of one domain, each above the row of their translations to the other",
    "completion": "digits, their upper half given and their lower half drawn by the model",
    "emoji": "emoji drawn from their names",
    "mnist": "handwritten digits drawn by the model",
}


def read_cards(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files of weights in a folder, each with its card."""
    for weights in sorted(folder.glob("*.safetensors"), key=lambda path: path.stem):
        yield weights, json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(95), duration(3912)
    ('95 seconds', '65 minutes')
    """
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def number(value: float) -> str:
    """A measured number, rounded to five digits: ``number(1.303912)`` is 1.3039."""
    return f"{value:.5g}".replace("-", "−")


def size(file: Path) -> str:
    """How large a file is: kB, from 1 MB on MB."""
    amount = file.stat().st_size
    return f"{amount / 1e6:.2f} MB" if amount >= 1e6 else f"{amount / 1e3:.1f} kB"


def headlines(metrics: dict[str, float]) -> dict[str, float]:
    """A few of a card's numbers under readable names, or its first ones where none has such a name."""
    readable = {name: metrics[key] for key, name in NAMES.items() if key in metrics}
    return dict(list((readable or metrics).items())[:SHOWN])


def picture(card: dict[str, Any]) -> list[nodes.Node]:
    """The card's last sample grid with a caption; nothing where it has none."""
    if not card["grids"]:
        return []
    step, shown = read_card(card["name"]).grids[-1]
    content = base64.b64encode(png(shown)).decode()
    name = card["name"]
    seen = next((text for key, text in PICTURES.items() if key in name), "samples drawn by the model")
    image = nodes.image(uri=f"data:image/png;base64,{content}", alt=f"{name} after {step:,} steps: {seen}")
    return [nodes.figure("", image, nodes.caption("", f"After {step:,} steps: {seen}."))]


def fields(pairs: dict[str, nodes.Node | str]) -> nodes.field_list:
    """A list of names and what they have: it needs no width, so that it fits a phone."""
    made = nodes.field_list()
    for name, content in pairs.items():
        content = nodes.Text(content) if isinstance(content, str) else content
        body = nodes.field_body("", nodes.paragraph("", "", content))
        made += nodes.field("", nodes.field_name("", name), body)
    return made


def table(head: list[str], rows: list[list[str]], code: bool = True) -> nodes.table:
    """A table whose first column holds names, as code or not."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    header, body = nodes.thead(), nodes.tbody()
    header += nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in head))
    for first, *rest in rows:
        cells = [nodes.literal("", first) if code else nodes.Text(first), *map(nodes.Text, rest)]
        body += nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))
    group += [header, body]
    return nodes.table("", group, classes=["stored-run"])


def all_numbers(card: dict[str, Any]) -> list[nodes.Node]:
    """Every number of the card, in a fold; with the spread over seeds where it has been measured."""
    metrics, spread = card["metrics"], card.get("spread", {})
    head, rows = ["metric", "value"], [[name, number(value)] for name, value in metrics.items()]
    note = "How much these numbers differ between seeds has not been measured."
    if spread:
        head += ["mean over seeds", "standard deviation"]
        for row in rows:
            row += [number(card["spread_mean"][row[0]]), number(spread[row[0]])]
        note = f"Mean and standard deviation over runs with the seeds {card['spread_seeds']}."
    summary = f"All {len(metrics)} numbers" if len(metrics) > 1 else "The number as stored"
    fold = f"<details><summary>{summary} of {card['name']}</summary>"
    return [
        nodes.raw("", fold, format="html"),
        table(head, rows),
        nodes.paragraph("", note),
        nodes.raw("", "</details>", format="html"),
    ]


def section(name: str, *content: nodes.Node, kind: str = "stored") -> nodes.section:
    """A section with a stable address; a model and a study may share a name."""
    return nodes.section("", nodes.title("", name), *content, ids=[nodes.make_id(f"{kind}-{name}")])


def model_section(weights: Path, card: dict[str, Any]) -> nodes.section:
    """A stored model: picture, how it came to be, how good it is, and how to make it again."""
    command = f"gentutor train {card['name']} --profile full --seed {card['seed']} --compare"
    about = {
        "Recipe": card["recipe"]["source"],
        "Training": f"{card['steps']:,} steps with batches of {card['recipe']['batch_size']}",
        "Time": f"{duration(card['seconds'])} on {card['device']}",
        "PyTorch": card["versions"]["torch"],
        "File": f"{size(weights)}, {card['dtype']}",
        **{name: number(value) for name, value in headlines(card["metrics"]).items()},
        "Train it again": nodes.literal("", command),
    }
    return section(card["name"], *picture(card), fields(about), *all_numbers(card))


def study_section(path: Path) -> nodes.section:
    """A stored study; the chapters' times and the scaling, which tools measure, are of other kinds."""
    result = json.loads(path.read_text(encoding="utf-8"))
    if path.stem == "scaling":
        rows = [
            [name, *(f"{100 * share:.0f} %" for share in entry["efficiency"].values())]
            for name, entry in result["recipes"].items()
        ]
        ways = next(iter(result["recipes"].values()))["efficiency"]
        measured = table(["recipe", *(f"efficiency, {way}" for way in ways)], rows)
        again = nodes.literal("", "python -m benchmarks scaling")
        return section(path.stem, measured, fields({"Measure it again": again}), kind="study")
    if path.stem not in STUDIES:
        rows = [
            [chapter, profile, f"{entry['minutes']:.1f}", entry["device"]]
            for chapter, profiles in result.items()
            for profile, entry in profiles.items()
        ]
        again = nodes.literal("", "python -m tools.timing NOTEBOOK --profile PROFILE")
        measured = table(["chapter", "profile", "minutes", "device"], rows)
        return section(path.stem, measured, fields({"Measure it again": again}), kind="study")
    about = {
        "What it is": (STUDIES[path.stem].__doc__ or "").strip().split("\n\n")[0].replace("`", ""),
        **({"Seeds": str(len(seeds))} if (seeds := result["settings"].get("seeds")) else {}),
        "Time": f"{duration(result['seconds'])} on {result['device']}",
        "PyTorch": result["versions"]["torch"],
        "File": size(path),
        "Run it again": nodes.literal("", f"gentutor study {path.stem}"),
    }
    return section(path.stem, fields(about), kind="study")


class StoredRuns(SphinxDirective):
    """``stored-runs``, without arguments."""

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / FOLDER
        studies = sorted((folder / "studies").glob("*.json"), key=lambda path: path.stem)
        for path in [*folder.glob("*.*"), *studies]:
            self.env.note_dependency(str(path))
        self.env.note_reread()
        return [
            section("Models", *(model_section(*stored) for stored in read_cards(folder))),
            section("Studies", *(study_section(path) for path in studies)),
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("stored-runs", StoredRuns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
