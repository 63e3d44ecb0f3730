"""What models make: pictures, text, notes; each can be saved, and shown as a picture."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import mido
import numpy as np
import torch
from PIL import Image, ImageDraw, PngImagePlugin
from torch import Tensor

from gentutor import _checks as check
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import translate

RUN = "gentutor run"  # the text in a PNG file that names its run


class Sample(Protocol):
    """What a model makes."""

    @property
    def suffix(self) -> str:
        """Of a file's name, e.g. ".png"."""

    @property
    def what(self) -> str:
        """What it is, in words, e.g. "64 images"."""

    def save(self, path: Path) -> None:
        """Write it into a file."""

    def preview(self) -> np.ndarray:
        """A picture of it, uint8, (height, width) or (height, width, 3)."""


@dataclass(frozen=True)
class Pictures:
    """Images (N, C, H, W) in [0, 1], shown side by side in rows; a PNG file."""

    images: Tensor
    what: str
    columns: int = 8
    suffix: ClassVar[str] = ".png"

    def save(self, path: Path) -> None:
        """Write one picture of all."""
        path.write_bytes(png(self.preview()))

    def preview(self) -> np.ndarray:
        """One picture of all, uint8."""
        return tile(self.images, self.columns)


@dataclass(frozen=True)
class Text:
    """Lines of text; a TXT file in UTF-8."""

    lines: tuple[str, ...]
    what: str
    suffix: ClassVar[str] = ".txt"

    def save(self, path: Path) -> None:
        """Write the lines, each with its end."""
        path.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8")

    def preview(self) -> np.ndarray:
        """The lines in black on white, uint8, (height, width)."""
        text = "\n".join(self.lines)
        left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((8, 8), text)
        page = Image.new("L", (round(right + left), round(bottom + top)), "white")
        ImageDraw.Draw(page).multiline_text((8, 8), text, fill="black")
        return np.asarray(page)


@dataclass(frozen=True)
class Note:
    """A tone: its MIDI pitch (0 to 127, 60 is the middle C); when it begins, and how long it is, in beats."""

    pitch: int
    start: float
    length: float


@dataclass(frozen=True)
class Notes:
    """Tones at a number of beats per minute; a MIDI file with one track."""

    notes: tuple[Note, ...]
    what: str
    tempo: float = 120.0  # beats per minute
    suffix: ClassVar[str] = ".mid"

    def save(self, path: Path) -> None:
        """Write a MIDI file, all notes on its first channel, each as loud as the other."""
        file = mido.MidiFile(ticks_per_beat=480)
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(self.tempo))])
        events = [  # a note ends before the next begins
            (round(file.ticks_per_beat * beat), on, note.pitch)
            for note in self.notes
            for beat, on in ((note.start, True), (note.start + note.length, False))
        ]
        now = 0
        for tick, on, pitch in sorted(events):
            track.append(mido.Message("note_on" if on else "note_off", note=pitch, time=tick - now))
            now = tick
        file.tracks.append(track)
        file.save(path)

    def preview(self) -> np.ndarray:
        """A piano roll in black on white, uint8, (height, width): high notes on top, 8 pixels for a beat."""
        pitches = [note.pitch for note in self.notes]
        end = max(note.start + note.length for note in self.notes)
        roll = np.full((max(pitches) - min(pitches) + 1, max(1, round(8 * end))), 255, dtype=np.uint8)
        for note in self.notes:
            roll[max(pitches) - note.pitch, round(8 * note.start) : round(8 * (note.start + note.length))] = 0
        return roll.repeat(4, axis=0)


def tile(images: Tensor, columns: int = 8, gap: int = 0) -> np.ndarray:
    """Images side by side, row after row, as one picture.

    Args:
        images: (N, C, H, W) in [0, 1], C = 1 or 3.
        columns: images per row; missing ones at the end stay white.
        gap: white pixels between images.

    Returns:
        uint8, (height, width) for one channel and (height, width, 3) for three.

    Raises:
        ValueError: the images have another shape or lie outside of [0, 1], or columns is not positive.

    >>> tile(torch.zeros(3, 1, 2, 2), columns=2).tolist()  # the fourth is missing
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 255, 255], [0, 0, 255, 255]]
    """
    if images.dim() != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"expected images of shape (N, 1 or 3, H, W), got {tuple(images.shape)}")
    if columns < 1 or gap < 0:
        raise ValueError(f"expected columns >= 1 and gap >= 0, got {columns} and {gap}")
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    columns = min(columns, n)
    pixels = images.detach().to("cpu", torch.float32)
    check.within(0, 1, images=pixels)
    grid = pixels.new_ones(rows * columns, channels, height + gap, width + gap)
    grid[:n, :, :height, :width] = pixels
    grid = grid.view(rows, columns, channels, height + gap, width + gap)
    # (rows, columns, C, H, W) -> (rows, H, columns, W, C) -> one picture
    picture = grid.permute(0, 3, 1, 4, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    picture = picture[: rows * (height + gap) - gap, : columns * (width + gap) - gap]
    return (picture * 255).round().to(torch.uint8).squeeze(2).numpy()


def png(picture: np.ndarray, run: str = "") -> bytes:
    """A picture as the content of a PNG file, which may say of which ``run`` it is a part.

    Raises:
        TypeError: the picture is not uint8, 0 to 255 (``tile`` makes one of images).
    """
    if picture.dtype != np.uint8:
        raise TypeError(f"the picture must be uint8, 0 to 255, got {picture.dtype}")
    buffer, text = io.BytesIO(), PngImagePlugin.PngInfo()
    if run:
        text.add_text(RUN, run)
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True, pnginfo=text)
    return buffer.getvalue()


def run_of_png(path: Path) -> str:
    """Of which run a file says that it is a part; empty for any other file."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return str(image.info.get(RUN, ""))
    except (OSError, SyntaxError, ValueError):  # no PNG file, or damaged
        return ""


def from_png(content: bytes) -> np.ndarray:
    """The picture in a PNG file's content."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def webp(pictures: Sequence[np.ndarray]) -> bytes:
    """Pictures, uint8, (H, W) or (H, W, 3), in one lossless WebP file, one below the other.

    Smaller ones get white on the right and below.
    """
    largest = np.max([picture.shape for picture in pictures], axis=0)
    padded = [
        np.pad(picture, [(0, more) for more in largest - picture.shape], constant_values=255)
        for picture in pictures
    ]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(padded)).save(buffer, "WEBP", lossless=True, quality=100)
    return buffer.getvalue()


def from_webp(content: bytes, n: int) -> list[np.ndarray]:
    """The n pictures that ``webp`` wrote, pixel for pixel; grey ones come back as (H, W)."""
    with Image.open(io.BytesIO(content)) as image:
        stack = np.asarray(image.convert("RGB"))
    grey = bool((stack == stack[:, :, :1]).all())
    return np.split(stack[:, :, 0] if grey else stack, n)


def translations(model: Generators, a: Tensor, b: Tensor, columns: int = 10) -> Tensor:
    """For a grid of ``columns``: rows of images of A, their translations, images of B, and theirs.

    Args:
        model: both directions (``models.cyclegan.Generators``).
        a: (N, C_A, H, W) in [-1, 1].
        b: (N, C_B, H, W) in [-1, 1], e.g. the true partners of a.
        columns: how many of each in a row; divides N.

    Returns:
        (4 N, C, H, W) in [0, 1], C the larger number of channels.

    Raises:
        TypeError: a or b is no floating-point tensor.
        ValueError: columns does not divide N, or a or b lie outside of [-1, 1].
    """
    if len(a) != len(b) or len(a) % columns:
        raise ValueError(f"expected as many of both, a multiple of {columns}, got {len(a)} and {len(b)}")
    check.floats(a=a, b=b)
    check.within(-1, 1, a=a, b=b)
    kinds = [a.cpu(), translate(model.G, a), b.cpu(), translate(model.F, b)]
    channels = max(images.shape[1] for images in kinds)
    kinds = [images.expand(-1, channels, -1, -1) for images in kinds]
    rows = [images.split(columns) for images in kinds]
    grid = torch.cat([row[i] for i in range(len(a) // columns) for row in rows])
    return (grid / 2 + 0.5).clamp(0, 1)
