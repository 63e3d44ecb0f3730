"""Characters and emoji: what is in them, which are pairs, and what training never sees."""

import hashlib
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from gentutor import data
from gentutor.data import _files

SPLITS = ("train", "paired", "validation", "test")
LOADS = {
    "printed": data.characters,
    "brush": data.characters,
    "noto": data.emoji,
    "openmoji-black": data.emoji,
}
PAIRS = [("printed", "brush"), ("noto", "openmoji-black")]
COUNTS = {"printed": (1500, 3000, 355, 400), "noto": (625, 1250, 144, 200)}


def load(style, split):
    return LOADS[style](style, split)


def items(style, split):
    return load(style, split).items.tolist()


def keys(style):
    """What the splits are chosen by."""
    if LOADS[style] is data.characters:
        return data.character_names()
    return [entry.group for entry in data.emoji_table()]


@pytest.mark.parametrize("style", LOADS)
@pytest.mark.parametrize("split", SPLITS)
def test_shapes(style, split):
    images, shown = load(style, split)
    count = COUNTS["printed" if LOADS[style] is data.characters else "noto"][SPLITS.index(split)]
    assert images.shape == (count, 3 if style == "noto" else 1, 32, 32) and images.dtype == torch.uint8
    assert images.is_contiguous() and images.min() == 0 and images.max() == 255
    assert shown.shape == (count,) and shown.dtype == torch.int64 and len(shown.unique()) == count


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_pair_in_training_and_nothing_held_out_seen(first, second):
    paired = items(first, "paired")
    assert items(first, "train") + items(second, "train") == paired  # disjoint halves: nothing is in it twice
    parts = [paired, items(first, "validation"), items(first, "test")]
    assert sorted(itertools.chain(*parts)) == list(range(len(keys(first))))
    for split in ("paired", "validation", "test"):
        assert items(first, split) == items(second, split)


@pytest.mark.parametrize("style", ["printed", "noto"])
def test_the_order_is_that_of_the_hashes(style):
    hashes = [hashlib.sha256(key.encode()).hexdigest() for key in keys(style)]
    parts = {split: [hashes[item] for item in items(style, split)] for split in SPLITS}
    assert all(part == sorted(part) for part in parts.values())
    assert parts["validation"][-1] < parts["paired"][0]
    if style == "printed":  # of emoji, the table says which are for the test
        assert parts["test"][-1] < parts["validation"][0]


def test_splits_are_those_of_the_first_release():
    def fingerprint(style):
        text = ",".join(f"{split}:{items(style, split)}" for split in SPLITS)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    assert {style: fingerprint(style) for style in LOADS} == {
        "printed": "3455c4312cc651ff",
        "brush": "cfe17939488aeedb",
        "noto": "a40bb1f2a0222b85",
        "openmoji-black": "368dac2f42988ea1",
    }


@pytest.mark.parametrize(
    ("style", "file"), [("printed", "hanzi/sans_32.webp"), ("brush", "hanzi/brush_32.webp")]
)
def test_a_picture_shows_its_character(style, file):
    images, shown = data.characters(style, "test")
    with Image.open(_files.PACKED / file) as sheet:
        grey = sheet.convert("L")
    for place in (0, 57, 399):
        row, column = divmod(shown[place].item(), 61)
        tile = grey.crop((32 * column, 32 * row, 32 * column + 32, 32 * row + 32))
        assert np.array_equal(images[place, 0].numpy(), np.asarray(tile))


def test_the_character_one_is_a_stroke_in_the_middle():
    place = data.character_names().index("一")
    for style in ("printed", "brush"):
        found = [
            glyphs.images[glyphs.items == place]
            for glyphs in (data.characters(style, split) for split in ("paired", "validation", "test"))
        ]
        ink = torch.cat(found)[0, 0].double().sum(dim=1)  # of each row
        assert ink[10:22].sum() > 0.95 * ink.sum() > 0


def test_character_names():
    names = data.character_names()
    assert len(names) == len(set(names)) == 3755
    assert all(len(name) == 1 and "\u4e00" <= name <= "\u9fff" for name in names)
    assert list(names) == sorted(names, key=lambda name: name.encode("gb2312"))


@pytest.mark.parametrize("style", ["serif", "Noto", "", None])
def test_unknown_style(style):
    with pytest.raises(ValueError, match="unknown style.*known: printed, brush$"):
        data.characters(style, "train")
    with pytest.raises(ValueError, match="unknown style.*known: noto, openmoji-black$"):
        data.emoji(style, "train")


@pytest.mark.parametrize("split", ["valid", "Train", None])
def test_unknown_split(split):
    for style, load in LOADS.items():
        with pytest.raises(ValueError, match="unknown split.*known: train, paired, validation, test$"):
            load(style, split)


def test_what_you_write_stays_yours():
    first = data.characters("printed", "test")
    first.images.fill_(7)
    assert data.characters("printed", "test").images.max() == 255
