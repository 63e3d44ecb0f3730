"""Emoji: their pictures at both sizes, and the table that says what they are."""

import csv
import io
import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from gentutor import data
from gentutor.data import _files

FILES = {"noto": "emoji/noto_64.webp", "openmoji-black": "emoji/openmoji_black_64.webp"}


def shown(style, split):
    table = data.emoji_table()
    return [table[item] for item in data.emoji(style, split).items.tolist()]


def test_no_group_is_divided():
    groups = [
        {entry.group for entry in shown("noto", "train")},
        {entry.group for entry in shown("openmoji-black", "train")},
        {entry.group for entry in shown("noto", "validation")},
        {entry.group for entry in shown("noto", "test")},
    ]
    assert all(not first & second for first, second in itertools.combinations(groups, 2))
    assert sum(map(len, groups)) == len({entry.group for entry in data.emoji_table()}) == 1424


@pytest.mark.parametrize("style", FILES)
def test_a_picture_shows_its_emoji_on_white(style):
    images, items = data.emoji(style, "test", size=64)
    assert images.shape[2:] == (64, 64)
    with Image.open(_files.PACKED / FILES[style]) as sheet:
        colours = np.asarray(sheet.convert("RGBA")).astype(float)
    for place in (0, 57, 199):
        row, column = divmod(items[place].item(), 40)
        tile = colours[64 * row : 64 * row + 64, 64 * column : 64 * column + 64]
        opacity = tile[..., 3:] / 255
        expected = np.rint(opacity * tile[..., :3] + (1 - opacity) * 255)  # never between two integers
        found = images[place].permute(1, 2, 0).expand(-1, -1, 3)
        assert np.array_equal(found.numpy(), expected)


@pytest.mark.parametrize("style", FILES)
@pytest.mark.parametrize("split", ["train", "paired", "validation", "test"])
def test_the_small_size_is_the_mean_of_the_large_one(style, split):
    large, small = data.emoji(style, split, size=64), data.emoji(style, split)
    assert torch.equal(large.items, small.items)
    means = torch.nn.functional.avg_pool2d(large.images.double(), 2)  # exact: quarters
    assert torch.equal(small.images.double(), (means + 0.5).floor())


def test_known_emoji():
    table = data.emoji_table()
    pictures = {}
    for split in ("paired", "validation", "test"):
        images, items = data.emoji("noto", split)
        pictures |= {table[item].char: image for item, image in zip(items.tolist(), images, strict=True)}
    assert len(pictures) == len(table) == 1594

    def colour(char):
        return pictures[char][:, 8:24, 8:24].flatten(1).median(dim=1).values.tolist()  # red, green, blue

    red, green, blue = colour("😀")
    assert red > 200 and green > 150 and blue < 120  # yellow
    red, green, blue = colour("❤️")
    assert red > 200 and green < 100 and blue < 100
    red, green, blue = colour("🟦")
    assert red < 100 and blue > 180
    assert pictures["😀"][:, 0, 0].tolist() == [255, 255, 255]  # beside a round face is white


def test_emoji_table():
    table = data.emoji_table()
    rows = list(csv.DictReader(io.StringIO((_files.PACKED / "emoji/emoji.csv").read_text(encoding="utf-8"))))
    assert [emoji.char for emoji in table] == [row["char"] for row in rows]
    assert ["|".join(emoji.keywords_en) for emoji in table] == [row["keywords_en"] for row in rows]
    for field in ("name_en", "name_zh", "category", "subcategory"):
        assert [getattr(emoji, field) for emoji in table] == [row[field] for row in rows]
    assert all(all(emoji) and all(emoji.keywords_en) for emoji in table)  # nothing is empty
    groups = [row["group"] or row["codepoints"] for row in rows]
    assert [emoji.group for emoji in table] == groups and sum(not row["group"] for row in rows) == 3
    assert Counter(emoji.split for emoji in table) == {"train": 1250, "validation": 144, "test": 200}
    assert all(
        (emoji.split == "test") == (row["split"] == "test") for emoji, row in zip(table, rows, strict=True)
    )
    for split, name in (("paired", "train"), ("validation", "validation"), ("test", "test")):
        assert {emoji.split for emoji in shown("noto", split)} == {name}


def test_some_line_drawings_stand_for_several_emoji():
    """README.md says so: a heart, a circle and a square have no colour there."""
    shared = {}
    for split in ("paired", "validation", "test"):
        for image in data.emoji("openmoji-black", split).images:
            shared.setdefault(image.numpy().tobytes(), []).append(split)
    shared = [splits for splits in shared.values() if len(splits) > 1]
    assert len(shared) == 39 and sum(map(len, shared)) == 98
    assert sum(len(set(splits)) > 1 for splits in shared) == 7


@pytest.mark.parametrize("size", [28, 0, None, "32"])
def test_unknown_size(size):
    with pytest.raises(ValueError, match=f"unknown size {size!r}; known: 64, 32$"):
        data.emoji("noto", "test", size)
