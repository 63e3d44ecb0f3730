import base64
import dataclasses
import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gentutor import recipes
from gentutor.models.sampling import sample_images
from gentutor.recipes import pretrained
from gentutor.running.checkpoint import Card, read_card, save, thin
from gentutor.showing.samples import from_webp, png, tile, webp
from gentutor.training import History

NAME = "dcgan-mnist"


def card(**changes) -> Card:
    picture = tile(torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)), columns=2)
    made = Card(
        name=NAME,
        recipe={"name": NAME, "latent_dim": 64},
        seed=3,
        profile="ci",
        device="a machine",
        versions={"python": "3", "torch": "2", "gentutor": "0"},
        steps=20,
        seconds=1.5,
        history=History([10, 20], {"generator": [0.5, 0.25]}, 1.5),
        grids=[(0, picture), (20, 255 - picture)],
        metrics={"frechet": 1.25},
        check={"samples": 50, "seed": 0, "values": {"frechet": 2.5}},
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return recipes.get(NAME).model()


@pytest.fixture
def folder(tmp_path: Path, model: nn.Module) -> Path:
    save(model, card(), tmp_path)
    return tmp_path


def test_float32_round_trip_is_exact(folder, model):
    loaded, _ = pretrained(NAME, folder)
    assert not any(module.training for module in loaded.modules())
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert torch.equal(sample_images(loaded, 4), sample_images(model, 4))


def test_half_is_rounded_once_and_loaded_as_float32(tmp_path, model):
    written = save(model, card(), tmp_path, half=True)
    loaded, again = pretrained(NAME, tmp_path)
    assert written.dtype == again.dtype == "float16"
    for name, value in model.state_dict().items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(loaded.state_dict()[name], expected), name
        assert loaded.state_dict()[name].dtype == value.dtype
    half_size = (tmp_path / f"{NAME}.safetensors").stat().st_size
    save(model, card(), tmp_path)
    assert half_size < 0.55 * (tmp_path / f"{NAME}.safetensors").stat().st_size


def test_saving_leaves_the_model_as_it_was(tmp_path, model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    save(model, card(), tmp_path, half=True)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) and value.dtype == before[name].dtype


def test_card_round_trip_keeps_every_field(folder):
    written = card()
    loaded = read_card(NAME, folder)
    for field in dataclasses.fields(Card):
        if field.name not in ("dtype", "sha256", "grids"):
            assert getattr(loaded, field.name) == getattr(written, field.name), field.name
    content = (folder / f"{NAME}.safetensors").read_bytes()
    assert loaded.sha256 == hashlib.sha256(content).hexdigest()
    assert loaded.dtype == "float32"


def test_frames_are_the_pictures_that_went_in(folder):
    (step, picture), (last, other) = read_card(NAME, folder).frames()
    expected = tile(torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)), columns=2)
    assert step == 0 and picture.dtype == np.uint8 and last == 20
    assert np.array_equal(picture, expected) and np.array_equal(other, 255 - expected)


def test_a_card_of_an_earlier_version_holds_its_pictures(folder):
    path = folder / f"{NAME}.json"
    earlier = json.loads(path.read_text(encoding="utf-8"))
    expected = read_card(NAME, folder).grids
    earlier["grids"] = [[step, base64.b64encode(png(picture)).decode()] for step, picture in expected]
    path.write_text(json.dumps(earlier), encoding="utf-8")
    (folder / f"{NAME}.webp").unlink()
    found = read_card(NAME, folder).grids
    assert [step for step, _ in found] == [0, 20]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, expected, strict=True))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_survive_webp(channels):
    pictures = [tile(torch.rand(4, channels, 9, 7), columns=2) for _ in range(3)]
    assert all(map(np.array_equal, from_webp(webp(pictures), 3), pictures))


def test_smaller_pictures_get_white_around_them():
    small, wide = np.zeros((2, 3), dtype=np.uint8), np.zeros((1, 5), dtype=np.uint8)
    found = from_webp(webp([small, wide]), 2)
    assert [picture.shape for picture in found] == [(2, 5), (2, 5)]
    assert np.array_equal(found[0][:2, :3], small) and (found[0][:, 3:] == 255).all()
    assert np.array_equal(found[1][:1], wide) and (found[1][1:] == 255).all()


@pytest.mark.parametrize("where", [0, 8, 200, -1])
def test_a_changed_byte_is_refused(folder, where):
    path = folder / f"{NAME}.safetensors"
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{NAME}.safetensors was altered.*gentutor train {NAME}"):
        pretrained(NAME, folder)


@pytest.mark.parametrize("kept", [0, 5, 1000])
def test_a_truncated_file_is_refused(folder, kept):
    path = folder / f"{NAME}.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=rf"{NAME}.safetensors was .*cut short.*gentutor train {NAME}"):
        pretrained(NAME, folder)


def test_unknown_name_lists_the_known_ones(folder, model, tmp_path_factory):
    save(model, card(name="other"), folder)
    with pytest.raises(ValueError, match=f"unknown checkpoint 'dcgan'.*known: {NAME}, other"):
        pretrained("dcgan", folder)
    with pytest.raises(ValueError, match="known: none"):
        pretrained(NAME, tmp_path_factory.mktemp("empty"))
    with pytest.raises(ValueError, match="unknown checkpoint"):
        pretrained(f"../{folder.name}/{NAME}", folder)


def test_missing_card(folder):
    (folder / f"{NAME}.json").unlink()
    with pytest.raises(ValueError, match=rf"the card .*{NAME}.json is missing.*gentutor train {NAME}"):
        pretrained(NAME, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"name": "x"}', "\udce9"])
def test_unreadable_card(folder, text):
    (folder / f"{NAME}.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError, match=rf"the card .*{NAME}.json cannot be read.*gentutor train {NAME}"):
        pretrained(NAME, folder)


def test_weights_of_another_model_are_refused(folder):
    save(recipes.get("mlp-gan-mnist").model(), card(), folder)
    with pytest.raises(ValueError, match=f"do not fit the recipe '{NAME}'"):
        pretrained(NAME, folder)


class Trap:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_nothing_is_unpickled(folder, tmp_path):
    content = pickle.dumps(Trap(tmp_path / "trace"))
    (folder / f"{NAME}.safetensors").write_bytes(content)
    text = json.loads((folder / f"{NAME}.json").read_text())
    text["sha256"] = hashlib.sha256(content).hexdigest()  # even a card that vouches for it
    (folder / f"{NAME}.json").write_text(json.dumps(text))
    with pytest.raises(ValueError, match="do not fit"):
        pretrained(NAME, folder)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(("value", "half"), [(float("nan"), False), (float("inf"), True), (1e6, True)])
def test_weights_that_cannot_be_stored(folder, model, value, half):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with torch.no_grad():
        next(model.parameters()).view(-1)[0] = value
    with pytest.raises(ValueError, match="'net.0.weight' is not finite, or too large for torch.float"):
        save(model, card(), folder, half=half)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failed_write_keeps_the_old_file(folder, model, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(model, card(seed=9), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_history_is_thinned_without_losing_the_mean():
    steps = [*range(3, 1500, 3), 1500, 1501]  # 501 records, the last of one step
    values = np.random.default_rng(0).normal(size=len(steps)).tolist()
    history = History(list(steps), {"loss": values}, 7.0)
    thinner = thin(history, 200)
    assert len(thinner.steps) <= 200 and len(thinner["loss"]) == len(thinner.steps)
    assert thinner.last_step == 1501 and thinner.seconds == 7.0
    total = np.dot(np.diff([0, *steps]), values)
    assert np.dot(np.diff([0, *thinner.steps]), thinner["loss"]) == pytest.approx(total)
    assert thin(thinner, 200) == thinner
    assert thin(History(), 200) == History()


def test_the_card_is_thinned(folder, model):
    long = History(list(range(1, 1001)), {"generator": [0.5] * 1000})
    save(model, card(history=long), folder)
    assert len(read_card(NAME, folder).history.steps) == 200
