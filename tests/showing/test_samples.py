"""What models make can be saved, read back by others, and shown; recipes say what they take."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import symusic
import torch
from PIL import Image
from torch import nn

from gentutor import data, recipes
from gentutor.evaluation import digit_logits
from gentutor.models.sampling import sample_images
from gentutor.recipes.base import Recipe
from gentutor.running.runs import show
from gentutor.settings import Steps
from gentutor.showing.samples import Note, Notes, Pictures, Sample, Text, run_of_png, tile
from gentutor.training import Run

SCALE = tuple(Note(60 + step, 0.5 * i, 0.5) for i, step in enumerate((0, 2, 4, 5, 7)))


class Melodies(nn.Module):
    """A model that knows one melody."""

    def __init__(self) -> None:
        super().__init__()
        self.pitch = nn.Parameter(torch.tensor(60.0))


@dataclass(frozen=True)
class ToyRecipe:
    """A recipe whose model makes notes, higher ones with each seed; it is given the first pitch."""

    name: str = "toy-melodies"
    source: str = "the tests"
    batch_size: int = 1
    steps: Steps = Steps(ci=1, cpu=1, gpu=1, full=1)
    seed: int = 0
    takes: ClassVar[tuple[str, ...]] = ("pitch",)
    columns: ClassVar[int] = 1

    def model(self) -> Melodies:
        return Melodies()

    def start(self, device: torch.device) -> Run:
        model = self.model().to(device)
        return Run(model, lambda batch: {"loss": batch[0].sum()}, iter(()), {"model": model})

    def sample(self, model: Melodies, n: int, seed: int = 0, given: Any = None) -> Sample:
        first = int(model.pitch) + seed if given is None else given
        return Notes(tuple(Note(first + i, i, 1) for i in range(n)), f"{n} notes")

    def measure(self, model: Melodies, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        return {"pitch": float(model.pitch)}


def test_a_toy_recipe_is_a_recipe(tmp_path):
    recipe: Recipe = ToyRecipe()
    made = recipe.sample(recipe.model(), 4, seed=1)
    made.save(tmp_path / f"melody{made.suffix}")
    (track,) = symusic.Score(str(tmp_path / "melody.mid"), ttype="quarter").tracks
    assert [(note.pitch, note.time, note.duration) for note in track.notes] == [
        (61, 0, 1), (62, 1, 1), (63, 2, 1), (64, 3, 1)
    ]  # fmt: skip
    show(recipe.start(torch.device("cpu")), recipe, tmp_path, step=3)
    assert run_of_png(tmp_path / "samples-3.png") == "toy-melodies, step 3"


@pytest.mark.parametrize("tempo", [60.0, 97.0, 180.0])
def test_notes_are_read_back_by_another_library(tempo, tmp_path):
    Notes(SCALE, "a scale", tempo).save(tmp_path / "scale.mid")
    score = symusic.Score(str(tmp_path / "scale.mid"), ttype="quarter")
    (track,) = score.tracks
    assert [(note.pitch, note.time, note.duration) for note in track.notes] == [
        (note.pitch, note.start, note.length) for note in SCALE
    ]
    assert score.tempos[0].qpm == pytest.approx(tempo, rel=1e-5)


def test_a_note_that_is_repeated_at_once_sounds_twice(tmp_path):
    Notes((Note(60, 0, 1), Note(60, 1, 1)), "twice").save(tmp_path / "twice.mid")
    (track,) = symusic.Score(str(tmp_path / "twice.mid"), ttype="quarter").tracks
    assert [(note.time, note.duration) for note in track.notes] == [(0, 1), (1, 1)]


def test_the_piano_roll_has_high_notes_on_top():
    roll = Notes((Note(60, 0, 1), Note(62, 1, 0.5)), "two").preview()
    assert roll.shape == (12, 12) and roll.dtype == np.uint8
    assert (roll[8:, :8] == 0).all() and (roll[:4, 8:] == 0).all() and (roll == 0).sum() == 4 * (8 + 4)


def test_text_is_saved_line_by_line_and_shown_as_a_picture(tmp_path):
    text = Text(("first", "second, ½"), "2 lines")
    text.save(tmp_path / "lines.txt")
    assert (tmp_path / "lines.txt").read_text(encoding="utf-8") == "first\nsecond, ½\n"
    page = text.preview()
    assert page.dtype == np.uint8 and page.ndim == 2 and page.min() < 100 and (page[:4] == 255).all()


def test_pictures_are_saved_as_they_are_shown(tmp_path):
    pictures = Pictures(torch.rand(5, 3, 4, 4), "5 images", columns=3)
    pictures.save(tmp_path / "pictures.png")
    with Image.open(tmp_path / "pictures.png") as image:
        assert np.array_equal(np.asarray(image), tile(pictures.images, 3))
    assert np.array_equal(pictures.preview(), tile(pictures.images, 3))


@pytest.mark.parametrize("name", recipes.ALL)
def test_every_recipe_shows_what_it_makes_or_says_that_it_makes_nothing(name):
    recipe = recipes.get(name)
    model = recipe.model()
    if recipe.columns == 0:
        with pytest.raises(ValueError, match=f"'{name}' makes no images: it is a {type(model).__name__}"):
            recipe.sample(model, 3)
        return
    training = model.training
    picture, again = (recipe.sample(model, recipe.columns, seed=4).preview() for _ in range(2))
    assert np.array_equal(picture, again) and model.training == training


def test_a_label_is_what_is_drawn():
    recipe, (model, _) = recipes.get("cgan-mnist"), recipes.pretrained("cgan-mnist")
    sevens = recipe.sample(model, 50, seed=1, given=7)
    assert (digit_logits(sevens.images).argmax(dim=1) == 7).float().mean() > 0.8
    labels = torch.arange(50) % 3
    torch.testing.assert_close(
        recipe.sample(model, 50, 1, labels).images, sample_images(model, 50, 1, condition=labels)
    )
    for wrong in (10, -1, torch.arange(50)):
        with pytest.raises(ValueError, match=r"label must lie in \[0, 9\]"):
            recipe.sample(model, 50, given=wrong)


def test_a_sentence_is_what_is_drawn():
    recipe, (model, _) = recipes.get("cvae-emoji"), recipes.pretrained("cvae-emoji")
    told = data.name_tokens(["green heart"]).expand(4, -1)
    torch.testing.assert_close(
        recipe.sample(model, 4, 2, "green heart").images, sample_images(model, 4, 2, condition=told)
    )
    with pytest.raises(ValueError, match="no word of 'xyzzy' occurs in the names"):
        recipe.sample(model, 4, given="xyzzy")


def test_the_command_offers_what_a_recipe_takes(command, tmp_path):
    def sample(*arguments):
        out = tmp_path / "made.png"
        assert "2 images in" in command("sample", *arguments, "-n", "2", "--out", str(out))
        with Image.open(out) as image:
            return np.asarray(image)

    assert sample("cgan-mnist", "--label", "3").shape == (28, 56)
    assert sample("cvae-emoji", "--sentence", "red heart").shape == (32, 64, 3)
    digit = np.tile(np.arange(0, 250, 9, dtype=np.uint8), (28, 1))
    Image.fromarray(digit).save(tmp_path / "digit.png")
    made = sample("cvae-completion", "--picture", str(tmp_path / "digit.png"))
    assert np.array_equal(made[:14, :28], digit[:14]) and np.array_equal(made[:14, 28:], digit[:14])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dcgan-mnist", "--label", "3"), "does not go with 'dcgan-mnist', which takes nothing of the kind"),
        (("cgan-mnist", "--sentence", "x"), "--sentence does not go with 'cgan-mnist', which takes --label"),
        (("cgan-mnist", "--label", "11"), "label must lie in [0, 9], got 11"),
    ],
)
def test_the_command_refuses_what_a_recipe_does_not_take(arguments, message, command, tmp_path):
    assert message in command.fails("sample", *arguments, "--out", str(tmp_path / "a.png"))
