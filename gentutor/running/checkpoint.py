"""Stored models: weights as safetensors, and a JSON card that says how they came to be.

``load`` reads one, ``save`` writes one. Nothing is ever unpickled,
and a file that was altered or cut short is refused.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors.torch
import torch
from PIL import UnidentifiedImageError
from safetensors import SafetensorError
from torch import Tensor, nn

from gentutor._files import write_atomically
from gentutor._modes import plain_modes
from gentutor.showing.samples import from_png, from_webp, webp
from gentutor.training import History

FOLDER = Path(__file__).parent.parent / "checkpoints"
Model = TypeVar("Model", bound=nn.Module)
MAX_RECORDS = 200
RETRAIN = "restore the file, or train it again with `gentutor train {name}`"


@dataclass(frozen=True)
class Card:
    """How a stored model came to be, and how good it is.

    ``grids`` holds (step, picture) of samples over training, uint8, (H, W) or (H, W, 3); they are stored
    beside the card, in NAME.webp. ``metrics`` holds the numbers on all samples; ``check`` those
    on a small fixed subset (``samples``, ``seed``, ``values``), to be recomputed by a test. ``spread``
    is each metric's standard deviation over runs with the ``spread_seeds``, ``spread_mean`` their mean;
    empty where nobody has measured them.
    """

    name: str
    recipe: dict[str, Any]
    seed: int
    profile: str
    device: str
    versions: dict[str, str]
    steps: int
    seconds: float
    history: History
    grids: list[tuple[int, np.ndarray]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)
    dtype: str = ""  # of the stored floating-point weights
    sha256: str = ""  # of the file of weights
    spread: dict[str, float] = field(default_factory=dict)
    spread_mean: dict[str, float] = field(default_factory=dict)
    spread_seeds: list[int] = field(default_factory=list)

    def frames(self) -> list[tuple[int, np.ndarray]]:
        """The sample grids over training: (step, uint8 picture (H, W) or (H, W, 3))."""
        return self.grids

    def to_json(self) -> str:
        """The card as text, its history thinned to at most 200 records."""
        card = asdict(replace(self, history=thin(self.history, MAX_RECORDS), grids=[]))
        card["grids"] = [step for step, _ in self.grids]
        card["history"] = {name: card["history"][name] for name in ("steps", "values", "seconds")}
        return json.dumps(card, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, pictures: bytes = b"") -> "Card":
        """The card that ``to_json`` wrote, with its pictures; one of an earlier version holds them itself."""
        fields = json.loads(text)
        fields["history"] = History(**fields["history"])
        grids = fields["grids"]
        if grids and isinstance(grids[0], list):
            fields["grids"] = [(int(step), from_png(base64.b64decode(png))) for step, png in grids]
        elif grids:
            fields["grids"] = list(zip(grids, from_webp(pictures, len(grids)), strict=True))
        return cls(**fields)


def save(model: nn.Module, card: Card, folder: Path | str = FOLDER, half: bool = False) -> Card:
    """Write the weights of ``model`` and their card into ``folder``, each file at once or not at all.

    Args:
        model: the network to store.
        card: what to say about it; its ``dtype`` and ``sha256`` are filled in here.
        folder: where to; by default the package's own checkpoints.
        half: store floating-point weights as float16, half the size.

    Returns:
        The card as written.

    Raises:
        ValueError: a weight is not finite, or too large for float16.
    """
    folder = Path(folder)
    dtype = torch.float16 if half else torch.float32
    weights = {name: _stored(name, value, dtype) for name, value in model.state_dict().items()}
    content = safetensors.torch.save(weights)
    digest = hashlib.sha256(content).hexdigest()
    card = replace(card, dtype=str(dtype).removeprefix("torch."), sha256=digest)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{card.name}.safetensors", content)
    if card.grids:
        write_atomically(folder / f"{card.name}.webp", webp([picture for _, picture in card.grids]))
    write_atomically(folder / f"{card.name}.json", card.to_json().encode())
    return card


@plain_modes()
def load(name: str, build: Callable[[Card], Model], folder: Path | str = FOLDER) -> tuple[Model, Card]:
    """A stored model, in eval mode on the CPU with float32 weights, and its card.

    Args:
        name: of the recipe.
        build: makes the untrained model that the card tells of.
        folder: where it is stored; by default the package's own checkpoints.

    Returns:
        The model and its card.

    Raises:
        ValueError: no checkpoint of that name (the message lists those there are), a file is
            missing, altered or cut short, or the weights do not fit the recipe's model.
    """
    folder = Path(folder)
    card = read_card(name, folder)
    path = folder / f"{name}.safetensors"
    retrain = RETRAIN.format(name=name)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ValueError(f"{path} was altered or cut short: its SHA-256 is not the card's; {retrain}")
    model = build(card)
    try:
        weights = safetensors.torch.load(content)
        model.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
        )
    except (RuntimeError, SafetensorError) as error:
        raise ValueError(f"the weights in {path} do not fit the recipe {name!r}; {retrain}") from error
    model.eval()
    return model, card


def stored(folder: Path | str = FOLDER) -> list[str]:
    """The names of the checkpoints in a folder."""
    return sorted(path.stem for path in Path(folder).glob("*.safetensors"))


def read_card(name: str, folder: Path | str = FOLDER) -> Card:
    """The card of a stored model alone.

    Raises:
        ValueError: there is no such checkpoint, or its card is missing or unreadable.
    """
    folder = Path(folder)
    retrain = RETRAIN.format(name=name)
    path = folder / f"{name}.json"
    if name not in stored(folder):
        known = ", ".join(stored(folder)) or "none"
        raise ValueError(f"unknown checkpoint {name!r} in {folder}; known: {known}")
    if not path.exists():
        raise ValueError(f"the card {path} is missing; {retrain}")
    try:
        pictures = path.with_suffix(".webp")
        content = pictures.read_bytes() if pictures.exists() else b""
        return Card.from_json(path.read_text(encoding="utf-8"), content)
    except (ValueError, TypeError, KeyError, AttributeError, UnidentifiedImageError) as error:
        raise ValueError(f"the card {path} cannot be read; {retrain}") from error


def thin(history: History, records: int) -> History:
    """At most so many records: neighbours are joined, each by the mean over all its steps.

    >>> thin(History([1, 4], {"loss": [4.0, 0.0]}), 1).values  # (1 * 4 + 3 * 0) / 4
    {'loss': [1.0]}
    """
    size = -(-len(history.steps) // records) if history.steps else 1
    thinner = History(seconds=history.seconds)
    previous = 0
    for start in range(0, len(history.steps), size):
        chunk = range(start, min(start + size, len(history.steps)))
        counts = [history.steps[i] - (history.steps[i - 1] if i else 0) for i in chunk]
        last = history.steps[chunk[-1]]
        means = {
            name: sum(values[i] * n for i, n in zip(chunk, counts, strict=True)) / (last - previous)
            for name, values in history.values.items()
        }
        thinner.append(last, means)
        previous = last
    return thinner


def _stored(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu().contiguous()
    if not value.is_floating_point():
        return value.clone()
    if not bool(value.to(dtype).isfinite().all()):
        raise ValueError(f"the weight {name!r} is not finite, or too large for {dtype}")
    return value.to(dtype, copy=True)
