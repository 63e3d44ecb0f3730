"""Images among the packed files: decoded as Pillow does, and damage to them and to the tables."""

import shutil

import numpy as np
import pytest
from PIL import Image

from gentutor import data
from gentutor.data import _files


@pytest.mark.parametrize("name", _files.DECODED)
def test_the_cache_holds_what_pillow_decodes(own_cache, name):
    sheet = _files.read_array(name)
    with Image.open(_files.PACKED / name) as image:
        colours = np.asarray(image.convert("RGBA"))
    expected = np.broadcast_to(sheet, (*sheet.shape[:2], 3)) if sheet.shape[2] == 1 else sheet
    assert np.array_equal(colours[..., : expected.shape[2]], expected)
    path = next(own_cache.rglob(name.replace(".webp", "-idx3-ubyte")))
    assert np.array_equal(_files.parse_idx(np.fromfile(path, np.uint8)), sheet)


def test_a_pillow_that_cannot_read_the_images_is_named(own_cache, monkeypatch):
    monkeypatch.setitem(_files.DECODED, "hanzi/brush_32.webp", (0, 3_872_784))
    with pytest.raises(RuntimeError, match="Pillow decodes hanzi/brush_32.webp to other pixels"):
        data.characters("brush", "test")
    monkeypatch.setattr(_files.features, "check", lambda feature: False)
    with pytest.raises(RuntimeError, match="without WebP.*hanzi/brush_32.webp"):
        data.characters("brush", "test")


@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("hanzi/sans_32.webp", lambda: data.characters("printed", "test")),
        ("hanzi/chars.txt", data.character_names),
        ("emoji/openmoji_black_64.webp", lambda: data.emoji("openmoji-black", "test")),
        ("emoji/emoji.csv", data.emoji_table),
        ("printed_digits/printed_digits_28.npz", lambda: data.printed_digits("test")),
    ],
)
def test_a_spoiled_or_missing_file_is_named(file, call, tmp_path, monkeypatch):
    call()  # a good cache does not hide it
    for folder in ("hanzi", "emoji", "printed_digits"):
        shutil.copytree(_files.PACKED / folder, tmp_path / folder)
    monkeypatch.setattr(_files, "PACKED", tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    for spoiled in (content[:-9], content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]):
        path.write_bytes(spoiled)
        with pytest.raises(ValueError, match=f"{path.name} is truncated or altered.*SHA-256"):
            call()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        call()
