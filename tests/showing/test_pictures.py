"""New pictures, translated one by one in their own size."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gentutor.models.cyclegan import Generators, ResnetGenerator
from gentutor.showing import pictures
from tests.folders import noise


class Negative(nn.Module):
    """Turns light into dark, and remembers the shapes that it was given."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(-torch.ones(()))
        self.shapes = []

    def forward(self, x):
        self.shapes.append(tuple(x.shape))
        return self.scale * x


@pytest.fixture
def folder(tmp_path):
    for domain, name, size in (("A", "1.jpg", (37, 22)), ("A", "2.png", (40, 24)), ("B", "1.png", (16, 19))):
        (tmp_path / "new" / domain).mkdir(parents=True, exist_ok=True)
        noise("RGB", size, seed=size[0]).save(tmp_path / "new" / domain / name)
    return tmp_path / "new"


def read(path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_each_picture_keeps_name_size_and_place(folder, tmp_path):
    model = Generators(Negative(), Negative())
    lines = pictures.translate_folder(model, folder, tmp_path / "out")
    assert len(lines) == 2 and "2 translations" in lines[0] and "1 translations" in lines[1]
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert made == ["A-to-B/1.png", "A-to-B/2.png", "B-to-A/1.png"]
    assert model.G.shapes == [(1, 3, 24, 40), (1, 3, 24, 40)] and model.F.shapes == [(1, 3, 20, 16)]
    for made, source in (("A-to-B/2.png", "A/2.png"), ("B-to-A/1.png", "B/1.png")):
        assert np.abs(read(tmp_path / "out" / made).astype(int) + read(folder / source) - 255).max() <= 1
    assert read(tmp_path / "out" / "A-to-B" / "1.png").shape == (22, 37, 3)


def test_a_network_takes_the_smallest_pictures(folder, tmp_path):
    torch.manual_seed(0)
    model = Generators(*(ResnetGenerator(3, 3, width=2, blocks=1) for _ in "GF"))
    noise("RGB", (16, 16), seed=0).save(folder / "A" / "smallest.png")
    pictures.translate_folder(model, folder, tmp_path / "out")
    assert read(tmp_path / "out" / "A-to-B" / "smallest.png").shape == (16, 16, 3)


def test_the_border_is_reflected(tmp_path):
    """What is added and cut off again has no edge: a ramp goes on as its mirror image."""
    (tmp_path / "new" / "A").mkdir(parents=True)
    ramp = np.arange(22, dtype=np.uint8)[:, None, None].repeat(24, 1).repeat(3, 2) * 10
    Image.fromarray(ramp).save(tmp_path / "new" / "A" / "ramp.png")
    seen = []

    class Look(Negative):
        def forward(self, x):
            seen.append(x[0, 0, :, 0])
            return x

    pictures.translate_folder(Generators(Look(), Look()), tmp_path / "new", tmp_path / "out")
    column = (seen[0] * 127.5 + 127.5).round() / 10
    assert column.tolist() == [*range(22), 20, 19]


def test_a_large_picture_is_scaled_down_and_named(tmp_path):
    (tmp_path / "new" / "B").mkdir(parents=True)
    Image.new("RGB", (2048, 100), "red").save(tmp_path / "new" / "B" / "wide.png")
    lines = pictures.translate_folder(Generators(Negative(), Negative()), tmp_path / "new", tmp_path / "out")
    assert "wide.png: scaled down from 2048 x 100 pixels to 1024 x 50" in lines[0]
    assert read(tmp_path / "out" / "B-to-A" / "wide.png").shape == (50, 1024, 3)


def test_nothing_is_overwritten(folder, tmp_path):
    model, out = Generators(Negative(), Negative()), tmp_path / "out"
    out.mkdir()
    noise("RGB", (20, 20), seed=0).save(folder / "A" / "1.png")  # beside 1.jpg
    pictures.translate_folder(model, folder, out)
    assert {path.name for path in (out / "A-to-B").iterdir()} == {"1.jpg.png", "1.png.png", "2.png"}
    with pytest.raises(ValueError, match="out is not empty; choose a new or an empty folder"):
        pictures.translate_folder(model, folder, out)


def test_a_picture_that_cannot_be_read_is_named(folder, tmp_path):
    (folder / "B" / "words.txt").write_text("words")
    with pytest.raises(ValueError, match=r"words\.txt is no image"):
        pictures.translate_folder(Generators(Negative(), Negative()), folder, tmp_path / "out")
