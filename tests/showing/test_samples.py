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
from gentutor.settings import Steps
from gentutor.showing.samples import Note, Notes, Pictures, Sample, Text, run_of_png, tile
from gentutor.training import Run

SCALE = tuple(Note(60 + step, 0.5 * i, 0.5) for i, step in enumerate((0, 2, 4, 5, 7)))


class Melodies(nn.Module):
    """A model that knows by how much a melody rises with each note."""

    def __init__(self) -> None:
        super().__init__()
        self.rise = nn.Parameter(torch.tensor(0.0))


@dataclass(frozen=True)
class ToyRecipe:
    """A recipe whose model learns to rise as a scale does, from 60 plus the seed or from a given pitch."""

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
        optimizer = torch.optim.SGD(model.parameters(), lr=0.25)

        def step(batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
            loss = (batch[0] - model.rise).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return {"error": loss.detach()}

        batches = data.batches(torch.full((8,), 2.0, device=device), batch_size=self.batch_size)
        return Run(model, step, batches, {"model": model, "optimizer": optimizer})

    def sample(self, model: Melodies, n: int, seed: int = 0, given: Any = None) -> Sample:
        first = 60 + seed if given is None else given
        pitches = [first + round(i * model.rise.item()) for i in range(n)]
        return Notes(tuple(Note(pitch, i, 1) for i, pitch in enumerate(pitches)), f"{n} notes")

    def measure(self, model: Melodies, n: int = 10_000, seed: int = 0) -> dict[str, float]:
        return {"rise": model.rise.item()}


def test_a_recipe_of_notes_is_trained_measured_and_heard_like_any_other(command, tmp_path, monkeypatch):
    recipe: Recipe = ToyRecipe()
    monkeypatch.setitem(recipes.ALL, recipe.name, recipe)
    out, melody = tmp_path / "run", tmp_path / "melody.mid"
    assert "finished" in command("train", recipe.name, "--out", out, "--steps", 20)
    assert run_of_png(out / "samples-20.png") == "toy-melodies, step 20"
    _, card = recipes.pretrained(recipe.name, out)
    first, *_, last = [picture for _, picture in card.frames()]
    assert first.shape == last.shape and (first == 0).any(axis=1).sum() == 4  # one pitch, four pixels high
    assert (last == 0).any(axis=1).sum() > 4  # at step 0 it did not rise
    assert "rise" in command("evaluate", recipe.name, "--from", out)
    command("sample", recipe.name, "--from", out, "-n", 4, "--seed", 1, "--out", melody)
    (track,) = symusic.Score(str(melody), ttype="quarter").tracks
    assert [(note.pitch, note.time, note.duration) for note in track.notes] == [
        (61, 0, 1), (63, 1, 1), (65, 2, 1), (67, 3, 1)
    ]  # fmt: skip
    assert "--label does not go with 'toy-melodies', which takes --pitch" in command.fails(
        "sample", recipe.name, "--from", out, "--label", 3
    )


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
