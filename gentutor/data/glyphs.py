"""The same things drawn in two styles: characters printed and brush-written, emoji in colour and in lines.

An unknown style, split or size raises ``ValueError``, and so does a file that is truncated or altered; a
missing one raises ``FileNotFoundError``.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.data import _files

_CHARACTERS = {"printed": "hanzi/sans_32.webp", "brush": "hanzi/brush_32.webp"}
_EMOJI = {"noto": "emoji/noto_64.webp", "openmoji-black": "emoji/openmoji_black_64.webp"}
_SPLITS = ("train", "paired", "validation", "test")
_SIZES = (64, 32)
_TEST_CHARACTERS, _VALIDATION_CHARACTERS, _VALIDATION_EMOJI = 400, 355, 144


class Glyphs(NamedTuple):
    """Pictures in one style: ``images`` uint8 (N, C, S, S); ``items`` int64 (N,), what each one shows."""

    images: Tensor
    items: Tensor


class Emoji(NamedTuple):
    """What an emoji means: its names, keywords and place in Unicode's charts; its group and split.

    The variants of one emoji (woman, man and person; with and without a companion) form a group.
    ``split`` is "train", "validation" or "test".
    """

    char: str
    name_en: str
    name_zh: str
    keywords_en: tuple[str, ...]
    category: str
    subcategory: str
    group: str
    split: str


def characters(style: str, split: str) -> Glyphs:
    """Chinese characters, printed or written with a brush, from the files in this package.

    Args:
        style: "printed" (Noto Sans CJK) or "brush" (Ma Shan Zheng).
        split: "train" (1,500 characters of this style; the other style's are 1,500 others, so that no
            character is seen in both), "paired" (those 3,000), "validation" (355) or "test" (400).
            All but "train" hold the same characters in the same order in both styles.

    Returns:
        ``Glyphs``: uint8 in 0 (paper) to 255 (ink), (N, 1, 32, 32), and places in ``character_names()``.

    Source:
        See README.md beside this file.

    >>> images, items = characters("brush", "test")
    >>> images.shape, "".join(character_names()[item] for item in items[:6])
    (torch.Size([400, 1, 32, 32]), '骗座吾绰份道')
    """
    check.known(_CHARACTERS, style=style)
    check.known(_SPLITS, split=split)
    order = _by_hash(character_names())
    training = order[_TEST_CHARACTERS + _VALIDATION_CHARACTERS :]
    parts = {
        "test": order[:_TEST_CHARACTERS],
        "validation": order[_TEST_CHARACTERS : _TEST_CHARACTERS + _VALIDATION_CHARACTERS],
        **_training_parts(training, _CHARACTERS),
    }
    items = parts[style if split == "train" else split]
    return _glyphs(_read_tiles(_CHARACTERS[style], 32, items), items)


def character_names() -> tuple[str, ...]:
    """The 3,755 characters that ``Glyphs.items`` of ``characters`` point to: level 1 of GB 2312, by pinyin.

    >>> len(character_names()), character_names()[:3]
    (3755, ('啊', '阿', '埃'))
    """
    return tuple(_files.read_text("hanzi/chars.txt").strip())


def emoji(style: str, split: str, size: int = 32) -> Glyphs:
    """Emoji on white, in colour or as line drawings, from the files in this package.

    At 64 x 64, a pixel of opacity α is α times its colour plus (1 - α) times white, rounded to the nearest
    integer. At 32 x 32 it is the mean of 2 x 2 pixels of that image, halves rounded up.

    Args:
        style: "noto" (Noto Emoji, colour) or "openmoji-black" (OpenMoji's line drawings, grey).
        split: "train" (625 emoji of this style; the other style's are 625 others, of other groups),
            "paired" (those 1,250), "validation" (144) or "test" (200). No group is in two of train,
            validation and test. All but "train" hold the same emoji in the same order in both styles.
        size: 64 or 32, in pixels.

    Returns:
        ``Glyphs``: uint8, 255 is white, (N, 3, size, size) for "noto" and (N, 1, size, size) for
        "openmoji-black", and places in ``emoji_table()``.

    Source:
        See README.md beside this file.

    >>> images, items = emoji("noto", "test", size=64)
    >>> images.shape, "".join(emoji_table()[item].char for item in items[8:12])
    (torch.Size([200, 3, 64, 64]), '🔞🤕😴📨')
    """
    check.known(_EMOJI, style=style)
    check.known(_SPLITS, split=split)
    check.known(_SIZES, size=size)
    table = emoji_table()
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for item in _by_hash([entry.group for entry in table]):
        parts[table[item].split].append(item)
    parts |= _training_parts(parts["train"], _EMOJI)
    items = parts[style if split == "train" else split]
    images = _read_tiles(_EMOJI[style], 64, items)
    if images.shape[-1] == 4:
        images = _on_white(images)
    return _glyphs(images if size == 64 else _half(images), items)


def emoji_table() -> tuple[Emoji, ...]:
    """The 1,594 emoji that ``Glyphs.items`` of ``emoji`` point to, category by category.

    >>> emoji_table()[0][:3], emoji_table()[0].keywords_en[:3]
    (('😀', 'grinning face', '嘿嘿'), ('cheerful', 'cheery', 'face'))
    """
    rows = list(csv.DictReader(_files.read_text("emoji/emoji.csv").splitlines()))
    for row in rows:
        row["group"] = row["group"] or row["codepoints"]  # an arrow and two signs have none: each is its own
    training = [item for item in _by_hash([row["group"] for row in rows]) if rows[item]["split"] == "train"]
    for item in training[:_VALIDATION_EMOJI]:
        rows[item]["split"] = "validation"
    return tuple(
        Emoji(
            row["char"],
            row["name_en"],
            row["name_zh"],
            tuple(row["keywords_en"].split("|")),
            row["category"],
            row["subcategory"],
            row["group"],
            row["split"],
        )
        for row in rows
    )


def _by_hash(keys: Sequence[str]) -> list[int]:
    """The places of the keys in an order that is fixed and has nothing to do with theirs: that of SHA-256."""
    return sorted(range(len(keys)), key=lambda place: (hashlib.sha256(keys[place].encode()).digest(), place))


def _training_parts(training: list[int], styles: Mapping[str, str]) -> dict[str, list[int]]:
    """The first half of the training items for the first style, the second for the second."""
    half = len(training) // 2
    return dict(zip([*styles, "paired"], [training[:half], training[half:], training], strict=True))


def _read_tiles(file: str, size: int, items: list[int]) -> np.ndarray:
    """The chosen tiles of a sheet, which has them row by row."""
    sheet = _files.read_array(file)
    height, width, channels = sheet.shape
    tiles = sheet.reshape(height // size, size, width // size, size, channels)
    rows, columns = np.divmod(items, width // size)
    return tiles[rows, :, columns]  # (N, size, size, channels)


def _on_white(pixels: np.ndarray) -> np.ndarray:
    colour, alpha = pixels[..., :3].astype(np.uint16), pixels[..., 3:].astype(np.uint16)
    return ((alpha * colour + (255 - alpha) * 255 + 127) // 255).astype(np.uint8)


def _half(images: np.ndarray) -> np.ndarray:
    wide = images.astype(np.uint16)
    total = wide[:, ::2, ::2] + wide[:, ::2, 1::2] + wide[:, 1::2, ::2] + wide[:, 1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)


def _glyphs(images: np.ndarray, items: list[int]) -> Glyphs:
    channels_first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))  # (N, C, S, S)
    return Glyphs(torch.from_numpy(channels_first), torch.tensor(items, device="cpu"))
