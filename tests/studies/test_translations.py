"""Translations in a grid, from the command line, and in a study: small ones."""

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gentutor import recipes
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import translate
from gentutor.recipes import CYCLEGAN_CHARACTERS, CYCLEGAN_EMOJI
from gentutor.running import checkpoint
from gentutor.showing.samples import tile, translations
from gentutor.studies.cyclegan import ablation as cyclegan
from gentutor.studies.cyclegan import hidden
from gentutor.training import History

NAME = "cyclegan-characters"


class Times(nn.Module):
    """Multiplies what it takes; in training, by nothing."""

    def __init__(self, factor: float, channels: int = 1) -> None:
        super().__init__()
        self.factor, self.channels = nn.Parameter(torch.tensor(factor)), channels
        self.batches: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(x))
        image = x.mean(dim=1, keepdim=True).expand(-1, self.channels, -1, -1)
        return 0 * image if self.training else self.factor * image


class Reader(nn.Module):
    """Says 1 for a pixel above the threshold, else -1."""

    def __init__(self, threshold: float = 1e6) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > self.threshold, 1.0, -1.0)


def constant(*values: float, channels: int = 1) -> torch.Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, channels, 4, 4)


def test_translate_works_in_eval_mode_and_in_parts():
    net, x = Times(-0.5), torch.linspace(-1, 1, 7 * 16).view(7, 1, 4, 4)
    made = translate(net, x)
    torch.testing.assert_close(made, -0.5 * x)
    assert net.training and not made.requires_grad and net.batches == [7]
    for pixels, batches in ((48, [3, 3, 1]), (1, [1] * 7)):
        net.batches.clear()
        torch.testing.assert_close(translate(net, x, pixels=pixels), made)
        assert net.batches == batches


def test_rows_are_images_and_their_translations():
    model = Generators(Times(0.5, channels=3), Times(-1.0))
    a, b = constant(-1, -0.6, 0.2, 1), constant(0, 0.4, -0.4, 0.8, channels=3)
    rows = translations(model, a, b, columns=2)
    assert rows.shape == (16, 3, 4, 4)
    shown = [-1, -0.6, -0.5, -0.3, 0, 0.4, 0, -0.4, 0.2, 1, 0.1, 0.5, -0.4, 0.8, 0.4, -0.8]
    torch.testing.assert_close(rows[:, 0, 0, 0], torch.tensor(shown) / 2 + 0.5)
    assert torch.equal(rows[:, 0], rows[:, 2])


def test_what_cannot_be_shown():
    model = Generators(Times(1.0), Times(1.0))
    with pytest.raises(ValueError, match="as many of both, a multiple of 2, got 2 and 1"):
        translations(model, constant(0, 0), constant(0), columns=2)
    with pytest.raises(ValueError, match="a multiple of 2, got 3 and 3"):
        translations(model, constant(0, 0, 0), constant(0, 0, 0), columns=2)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """An untrained model of the characters' recipe, stored in a folder."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("stored")
    model = recipes.get(NAME).model()
    checkpoint.save(model, checkpoint.Card(NAME, {}, 0, "full", "", {}, 1, 1.0, History()), folder)
    return folder


@pytest.mark.parametrize(("n", "shown", "columns"), [(3, 3, 3), (10, 10, 10), (12, 20, 10)])
def test_sample_writes_translations_of_test_images(command, stored, tmp_path, n, shown, columns):
    picture = tmp_path / "a.png"
    printed = command("sample", NAME, "--from", stored, "-n", n, "--out", picture)
    assert f"{shown} images of each domain" in printed and str(picture) in printed
    model, _ = recipes.pretrained(NAME, stored)
    a, b = (images[:shown] for images in recipes.get(NAME).images("test"))
    expected = tile(translations(model, a, b, columns), columns)
    assert np.array_equal(np.asarray(Image.open(picture)), expected)
    assert expected.shape == (4 * 32 * shown // columns, 32 * columns)


def test_no_more_than_there_are(monkeypatch):
    recipe, model = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1), Generators(Times(1.0), Times(1.0))
    monkeypatch.setattr(
        type(recipe), "images", lambda *_: (torch.zeros(13, 1, 4, 4), torch.zeros(25, 1, 4, 4))
    )
    made = recipe.sample(model, 64)
    assert made.what.startswith("10 images") and made.preview().shape == (16, 40)
    monkeypatch.setattr(
        type(recipe), "images", lambda *_: (torch.zeros(7, 1, 4, 4), torch.zeros(25, 1, 4, 4))
    )
    made = recipe.sample(model, 64)
    assert made.what.startswith("7 images") and made.preview().shape == (16, 28)


def test_variants_differ_as_they_say():
    changes = {
        "the recipe": {},
        "no cycle loss": {"cycle_weight": 0.0, "cycles_first": 0},
        "no adversarial loss": {"adversarial_weight": 0.0},
        "no history pool": {"pool": 0},
        "no noise": {"noise": 0.0},
        "no jitter": {"jitter": (0.0, 0.0)},
        "250 steps of cycles first": {"cycles_first": 250},
        "true pairs": {"paired": True, "cycles_first": 0},
        "adversarial from the start": {"cycles_first": 0},
        "with identity loss": {"identity_weight": 5.0},
    }
    variants = cyclegan.variants(CYCLEGAN_CHARACTERS, steps=77)
    base = replace(CYCLEGAN_CHARACTERS, steps=replace(CYCLEGAN_CHARACTERS.steps, full=77))
    assert variants == {name: replace(base, **change) for name, change in changes.items()}
    assert variants["adversarial from the start"] != base
    # emoji train from the start; and G cannot take images of its target domain
    assert cyclegan.variants(CYCLEGAN_EMOJI, 77).keys() == changes.keys() - {
        "adversarial from the start",
        "with identity loss",
    }


def test_a_small_study(monkeypatch):
    recipe = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1, batch_size=2)
    monkeypatch.setattr(recipes, "get", lambda name: {"small": recipe}[name])
    monkeypatch.setattr(cyclegan.settings, "device", lambda: torch.device("cpu"))
    monkeypatch.setattr(
        cyclegan, "variants", lambda r, steps: {"it": replace(r, steps=replace(r.steps, full=steps))}
    )
    asked = []

    def measured(recipe, model, split, samples=10_000, seed=0):
        asked.append((recipe.seed, split))
        return {"gain_b": 0.123456}

    monkeypatch.setattr(cyclegan, "translation_metrics", measured)
    monkeypatch.setattr(cyclegan.trained, "__defaults__", (2,))
    result = cyclegan.cyclegan_ablation("small", seeds=(0, 5), steps=4)
    assert result["settings"] == {"recipe": "small", "seeds": (0, 5), "steps": 4}
    assert [(row["variant"], row["seed"]) for row in result["rows"]] == [("it", 0), ("it", 5)]
    assert asked == [(seed, split) for seed in (0, 5) for split in ["validation", "validation", "test"]]
    for row in result["rows"]:
        assert row["gain_b"] == 0.1235
        assert [stage["step"] for stage in row["stages"]] == [2, 4]
        assert {"adversarial", "cycle", "identity", "discriminator"} == row["stages"][0]["losses"].keys()
        assert row["picture"].shape == (4 * 32, 10 * 32)
    assert not np.array_equal(result["rows"][0]["picture"], result["rows"][1]["picture"])


def test_variants_for_digits_differ_as_they_say(monkeypatch):
    small = replace(recipes.CYCLEGAN_DIGITS, width=2, blocks=1, batch_size=2)
    monkeypatch.setattr(recipes, "CYCLEGAN_DIGITS", small)
    monkeypatch.setattr(cyclegan.settings, "device", lambda: torch.device("cpu"))
    trained = []

    def measured(recipe, model, split):
        trained.append(recipe)
        return {"labels_b": 1 / 3}

    monkeypatch.setattr(cyclegan, "translation_metrics", measured)
    result = cyclegan.digits_variants(steps=2)
    assert [row["variant"] for row in result["rows"]] == list(cyclegan.DIGITS)
    assert [row["steps"] for row in result["rows"]] == [2, 4, 2, 2, 2]
    assert all(row["labels_b"] == 0.3333 for row in result["rows"])
    first = trained[0]
    assert first == replace(small, steps=replace(small.steps, full=2))
    for recipe, (name, changes) in zip(trained, cyclegan.DIGITS.items(), strict=True):
        assert recipe.steps.full == 2 * changes.get("length", 1)
        differs = {
            field.name
            for field in dataclasses.fields(recipe)
            if getattr(recipe, field.name) != getattr(first, field.name)
        }
        assert differs - {"steps"} == changes.keys() - {"length"}, name


def test_emoji_are_studied_as_characters_are(monkeypatch):
    asked = []
    monkeypatch.setattr(cyclegan, "cyclegan_ablation", lambda *arguments: asked.append(arguments) or {})
    assert cyclegan.emoji_ablation(seeds=(4,), steps=3) == {}
    assert asked == [("cyclegan-emoji", (4,), 3)]


def test_reactions_to_noise():
    torch.manual_seed(0)
    images = torch.zeros(50, 1, 8, 8)
    expected = 0.1 * math.sqrt(2 / math.pi)  # mean absolute value of the noise
    found = hidden.reactions(Generators(Times(2.0), Reader()), images, images)
    assert found["F_translated_noise"] == found["F_real_noise"] == 0  # it reads what lies above the noise
    assert found["G_translated_noise"] == pytest.approx(2 * expected, rel=0.05)
    assert found["G_real_noise"] == pytest.approx(2 * expected, rel=0.05)


def test_what_is_written_in_faint_ink_can_be_erased():
    """G writes at −0.9, where F reads it; real images have the same in strong ink."""
    a, b = torch.full((50, 1, 8, 8), -0.9), torch.ones(50, 1, 8, 8)
    found = hidden.reactions(Generators(Times(1.0), Reader(threshold=-0.95)), a, b)
    assert found["F_translated_erased"] == 2 and found["F_real_erased"] == 0
    assert found["G_real_erased"] == pytest.approx(0.1) and found["G_translated_erased"] == 0
    assert torch.equal(hidden.erased(torch.tensor([-1.0, -0.9, -0.7, 1.0])), torch.tensor([-1, -1, -0.7, 1]))


def test_hidden_information_is_measured_on_variants_and_seeds(monkeypatch):
    small = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1, batch_size=2)
    monkeypatch.setattr(recipes, "CYCLEGAN_CHARACTERS", small)
    monkeypatch.setattr(cyclegan.settings, "device", lambda: torch.device("cpu"))
    result = hidden.hidden_information(seeds=(0, 3), steps=2)
    assert [(row["seed"], row["variant"]) for row in result["rows"]] == [
        (seed, variant) for seed in (0, 3) for variant in hidden.VARIANTS
    ]
    values = {row["F_real_noise"] for row in result["rows"]}
    assert len(values) == 4 and min(values) > 0
