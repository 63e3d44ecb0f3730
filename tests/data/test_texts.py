"""The embedded texts: whole, split into whole pieces, nothing in both parts."""

import gzip
import re
import shutil
from collections import Counter

import pytest

from gentutor import data
from gentutor.data import _files

NAMES = {
    "shakespeare-plays": "text/shakespeare_plays.txt",
    "shakespeare-sonnets": "text/shakespeare_sonnets.txt",
    "tang-quatrains": "text/tang_jueju.tsv",
}


def content(name):
    return gzip.decompress((_files.PACKED / f"{NAMES[name]}.gz").read_bytes()).decode()


@pytest.mark.parametrize("name", ["shakespeare-plays", "shakespeare-sonnets"])
def test_the_two_parts_are_the_whole(name):
    parts = Counter(data.text(name, "train").split("\n")) + Counter(data.text(name, "test").split("\n"))
    parts[""] -= 1  # each part ends in a newline
    assert parts == Counter(content(name).split("\n"))


def test_plays():
    train, test = (data.text("shakespeare-plays", split) for split in ("train", "test"))
    assert len(train) + len(test) == 1_110_777 and len(set(train + test)) == 80
    assert len(test) / 1_110_777 == pytest.approx(0.1, abs=0.01)
    assert train.startswith("ACT I.\n\nScene I. Elsinore.") and "To be, or not to be" in train
    scenes = re.findall("^(?:SCENE|Scene) ", test, re.MULTILINE)
    assert len(scenes) == 17 and test.startswith("Scene II. A hall in the Castle.")


def test_sonnets():
    train, test = (data.text("shakespeare-sonnets", split) for split in ("train", "test"))
    numbers = re.findall("^[CILVX]+$", test, re.MULTILINE)
    assert numbers[:3] == ["X", "XX", "XXX"] and len(numbers) == 15
    assert len(re.findall("^[CILVX]+$", train, re.MULTILINE)) == 139
    assert "Shall I compare thee to a summer's day?" in train


def test_quatrains():
    train, test = (data.text("tang-quatrains", split).splitlines() for split in ("train", "test"))
    assert len(train) + len(test) == 8807 and 800 < len(test) < 880
    rows = content("tang-quatrains").splitlines()
    assert rows[0] == "form\tauthor\ttext"
    assert sorted(train + test) == sorted(row.split("\t")[2] for row in rows[1:])
    assert {len(poem) for poem in train + test} == {24, 32}  # four lines of 5 or 7, and their punctuation
    assert all(re.fullmatch("[^，。]+，[^，。]+。[^，。]+，[^，。]+。", poem) for poem in train + test)


def test_no_line_of_a_held_out_quatrain_stands_elsewhere():
    train, test = (data.text("tang-quatrains", split) for split in ("train", "test"))
    lines = Counter(re.findall("[^，。\n]+", train + test))
    assert all(lines[line] == 1 for line in re.findall("[^，。\n]+", test))


@pytest.mark.parametrize("name", ["shakespeare", "", None, "tang_quatrains"])
def test_unknown_name(name):
    with pytest.raises(
        ValueError, match="unknown text .*known: shakespeare-plays, shakespeare-sonnets, tang"
    ):
        data.text(name, "train")


@pytest.mark.parametrize("split", ["valid", "Train", None])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="unknown split.*known: train, test"):
        data.text("tang-quatrains", split)


@pytest.mark.parametrize("name", NAMES)
def test_a_spoiled_file_is_named(name, tmp_path, monkeypatch):
    shutil.copytree(_files.PACKED / "text", tmp_path / "text")
    monkeypatch.setattr(_files, "PACKED", tmp_path)
    path = tmp_path / f"{NAMES[name]}.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=f"{path.name} is truncated or altered"):
        data.text(name, "train")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        data.text(name, "train")
