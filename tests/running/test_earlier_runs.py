"""Runs of earlier versions, whose recipes had settings that changed nothing: they go on, and are used."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gentutor import recipes
from gentutor.running.resume import STATE, load_state
from gentutor.settings import Steps
from tests.folders import images_of_all_kinds

HAD = {  # None: they had it not
    "mlp-gan-mnist": {"convolutional": False, "input_noise": 0.0},
    "dcgan-mnist": {"convolutional": True},
    "cgan-mnist": {"convolutional": True},
    "autoencoder-2d-mnist": {"samples": 1},
    "regression-completion": {"latent_dim": 0},
    "cvae-mnist": {"beta": None},
    "cyclegan": {"domains": ["A", "B"], "jitter": [0.0, 0.0], "paired": False},
}

TINY = ("--size", 32, "--width", 2, "--blocks", 1)


def with_settings(recipe: dict, settings: dict) -> dict:
    """A recipe's settings, and these beside or in place of them."""
    return {name: value for name, value in {**recipe, **settings}.items() if value is not None}


def made_earlier(out: Path, name: str, settings: dict) -> None:
    """Let the state and the card of a run say that its recipe had these settings, too."""
    state = load_state(out)
    state["recipe"] = with_settings(state["recipe"], settings)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    (out / STATE).write_bytes(hashlib.sha256(content).digest() + content)
    card = json.loads((out / f"{name}.json").read_text())
    card["recipe"] = with_settings(card["recipe"], settings)
    (out / f"{name}.json").write_text(json.dumps(card))


@pytest.fixture(params=HAD)
def run(request, command, tmp_path, monkeypatch) -> tuple[str, Path]:
    """A finished run of two steps, as an earlier version would have left it."""
    name, out = request.param, tmp_path / "run"
    options = ("--steps", 2, "--out", out)
    if name == "cyclegan":
        options += (
            "--data",
            images_of_all_kinds(tmp_path / "own"),
            "--size",
            32,
            "--width",
            2,
            "--blocks",
            1,
        )
    else:
        small = replace(recipes.get(name), batch_size=4, steps=Steps(ci=2, cpu=3, gpu=4, full=5))
        monkeypatch.setitem(recipes.ALL, name, small)
    command("train", name, *options)
    made_earlier(out, name, HAD[name])
    return name, out


def test_a_run_goes_on_is_measured_and_shown(run, command, tmp_path):
    name, out = run
    pictures = name != "cyclegan"
    assert "2 of 3 steps done" in command("train", name, "--out", out, "--resume", "--steps", 3)
    assert load_state(out)["run"]["history"]["done"] == 3
    made_earlier(out, name, HAD[name])
    assert f"{name}: 3 steps" in command("evaluate", name, "--from", out, *("--samples", 100) * pictures)
    if name not in ("autoencoder-2d-mnist", "regression-completion"):
        command("sample", name, "--from", out, "-n", 4, "--out", tmp_path / "four.png")
        assert (tmp_path / "four.png").stat().st_size > 0


def test_settings_that_did_change_something_are_told(command, tmp_path):
    own, out = images_of_all_kinds(tmp_path / "own"), tmp_path / "run"
    small = ("--steps", 1, "--size", 32, "--width", 2, "--blocks", 1)
    command("train", "cyclegan", "--data", own, "--out", out, *small)
    made_earlier(out, "cyclegan", {"paired": True})
    for task in (
        ("train", "cyclegan", "--out", out, "--resume", "--steps", 2),
        ("evaluate", "cyclegan", "--from", out),
    ):
        assert "was made by another version, which differs in paired" in command.fails(*task)
    made_earlier(out, "cyclegan", {"paired": False, "sharpness": 2})
    assert "was made by another version, which differs in sharpness" in command.fails(
        "evaluate", "cyclegan", "--from", out
    )


def test_a_setting_that_nobody_knows_stops_a_run(command, tmp_path):
    command("train", "dcgan-mnist", "--steps", 1, "--out", tmp_path)
    made_earlier(tmp_path, "dcgan-mnist", {"sharpness": 2})
    message = command.fails("train", "dcgan-mnist", "--out", tmp_path, "--resume", "--steps", 2)
    assert "was made with sharpness 2, not None" in message
