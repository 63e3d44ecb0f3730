import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gentutor import recipes
from gentutor.models.sampling import sample_images
from gentutor.running import checkpoint, runs
from gentutor.running.resume import load_state
from gentutor.showing.samples import tile
from gentutor.training import History

DCGAN, CLASSIFIER = "dcgan-mnist", "digit-classifier"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def straight(command, tmp_path_factory) -> Path:
    """A run of six steps, never interrupted."""
    out = tmp_path_factory.mktemp("straight")
    command.train(out, "--steps", 6)
    return out


def test_a_run_leaves_model_card_samples_and_state(straight):
    model, card = recipes.pretrained(DCGAN, straight)
    assert card.steps == 6 and card.seed == 0 and card.history.last_step == 6
    assert card.recipe["name"] == DCGAN and card.versions["torch"] == torch.__version__
    assert card.history.values.keys() == {"discriminator", "generator"}
    shown = sorted(int(path.stem.split("-")[1]) for path in straight.glob("samples-*.png"))
    assert shown == [step for step, _ in card.grids] and shown[0] == 0 and shown[-1] == 6
    last = np.asarray(Image.open(straight / "samples-6.png"))
    assert np.array_equal(last, tile(sample_images(model, 64))) and last.shape == (224, 224)
    assert load_state(straight)["run"]["history"]["done"] == 6


def test_the_seed_changes_the_run(command, straight, tmp_path):
    command.train(tmp_path, "--steps", 6, "--seed", 1)
    weights = f"{DCGAN}.safetensors"
    assert contents(tmp_path)[weights] != contents(straight)[weights]
    assert checkpoint.read_card(DCGAN, tmp_path).seed == 1


def test_a_run_is_never_overwritten_unasked(command, tmp_path):
    command.train(tmp_path, "--steps", 2)
    before = contents(tmp_path)
    for name in (DCGAN, CLASSIFIER):
        message = command.fails("train", name, "--out", tmp_path)
        assert "holds a run already" in message and "--resume" in message and "--overwrite" in message
    assert contents(tmp_path) == before
    command.train(tmp_path, "--steps", 1, "--overwrite")
    assert checkpoint.read_card(DCGAN, tmp_path).steps == 1
    assert not (tmp_path / "samples-2.png").exists()


def test_a_run_is_overwritten_only_by_one_that_starts(command, tmp_path, monkeypatch):
    command.train(tmp_path, "--steps", 1)
    before = contents(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "SyncBatchNorm runs on GPUs only" in command.fails(
        "train", DCGAN, "--out", tmp_path, "--steps", 1, "--overwrite", "--sync-batchnorm"
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize("seed", [-1, 99999999999999999999999])
def test_a_seed_out_of_range_is_refused_at_once(command, tmp_path, seed):
    for arguments in (("train", "--out", tmp_path / "run"), ("sample",), ("evaluate",)):
        assert "Invalid value for '--seed'" in command(
            arguments[0], DCGAN, *arguments[1:], "--seed", seed, status=2
        )
    assert not (tmp_path / "run").exists()


def test_too_few_samples_are_named(command):
    assert command.fails("evaluate", "cgan-mnist", "--samples", 3).endswith("(--samples 3)")


def test_more_than_there_is_or_fits_is_refused_at_once(command):
    for arguments in (("sample", DCGAN, "-n", 100_001), ("evaluate", DCGAN, "--samples", 10_001)):
        assert "Invalid value for" in command(*arguments, status=2)


def test_every_says_when_samples_are_saved(command, tmp_path):
    command.train(tmp_path, "--steps", 5, "--every", 2)
    assert {path.name for path in tmp_path.glob("*.png")} == {f"samples-{i}.png" for i in (0, 2, 4, 5)}


def test_the_profile_gives_the_steps(command, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "train", lambda *_, **__: False)  # as if interrupted at once
    steps = recipes.get(DCGAN).steps
    monkeypatch.setenv("GENTUTOR_PROFILE", "ci")
    assert f"0 of {steps.ci} steps" in command.train(tmp_path / "ci", status=130)
    for profile, count in (("cpu", steps.cpu), ("gpu", steps.gpu), ("full", steps.full)):
        assert f"0 of {count} steps" in command.train(tmp_path / profile, "--profile", profile, status=130)
    monkeypatch.setenv("GENTUTOR_PROFILE", "tpu")
    assert "GENTUTOR_PROFILE='tpu' is unknown" in command.fails("train", DCGAN, "--out", tmp_path / "b")


def test_errors_are_one_clear_line(command, straight, tmp_path):
    assert f"unknown recipe 'dcgan'; known: {CLASSIFIER}" in command.fails("train", "dcgan")
    for verb in ("sample", "evaluate"):
        assert "unknown recipe 'dcgan'; known: " in command.fails(verb, "dcgan")
        assert "unknown checkpoint" in command.fails(verb, DCGAN, "--from", tmp_path)
    assert "unknown profile 'tpu'; choose one of full, ci, cpu, gpu" in command.fails(
        "train", DCGAN, "--out", tmp_path, "--profile", "tpu"
    )
    assert "choose one of --resume and --overwrite" in command.fails(
        "train", DCGAN, "--resume", "--overwrite"
    )
    nothing = tmp_path / "nothing"
    assert "nothing to resume" in command.fails("train", DCGAN, "--out", nothing, "--resume")
    assert not nothing.exists()
    assert "made with seed 0, not 1" in command.fails(
        "train", DCGAN, "--out", straight, "--resume", "--seed", 1
    )
    assert f"made with name '{DCGAN}', not '{CLASSIFIER}'" in command.fails(
        "train", CLASSIFIER, "--out", straight, "--resume"
    )


def test_paths_are_what_a_reader_means(command, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    command("train", DCGAN, "--out=~/my run", "--steps", 1)
    assert checkpoint.read_card(DCGAN, tmp_path / "my run").steps == 1
    assert "expected a path, got an empty text" in command("train", DCGAN, "--out", "", status=2)
    assert {path.name for path in tmp_path.iterdir()} <= {"my run", ".cache"}
    assert f"there is no folder {tmp_path / 'x'}" in command.fails("sample", DCGAN, "--from", "~/x")


def test_pictures_of_the_reader_stay(command, tmp_path):
    (tmp_path / "samples-1.png").write_text("mine")
    message = command.fails("train", DCGAN, "--out", tmp_path, "--steps", 1)
    assert "samples-1.png is no picture of a run" in message
    (tmp_path / "samples-1.png").rename(tmp_path / "samples-holiday.png")
    command.train(tmp_path, "--steps", 1)
    command("sample", DCGAN, "--from", tmp_path, "-n", 1, "--out", tmp_path / "samples-final.png")
    command.train(tmp_path, "--steps", 2, "--resume")
    command.train(tmp_path, "--steps", 1, "--overwrite")
    assert (tmp_path / "samples-holiday.png").read_text() == "mine"
    assert (tmp_path / "samples-final.png").exists() and not (tmp_path / "samples-2.png").exists()


def test_an_unfinished_run_says_how_it_goes_on(command, tmp_path):
    out = tmp_path / "my run"
    command.train(out, "--steps", 1)
    (out / f"{DCGAN}.safetensors").unlink()
    message = command.fails("sample", DCGAN, "--from", out)
    assert message.endswith(f"go on with: gentutor train {DCGAN} --out '{out}' --resume")


def test_an_unwritable_folder(command, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        assert str(out) in command.fails("train", DCGAN, "--out", out)
    assert (tmp_path / "file").read_text() == "in the way"


def test_sample(command, straight, tmp_path):
    picture = tmp_path / "samples.png"
    assert str(picture) in command("sample", DCGAN, "--from", straight, "-n", 20, "--out", picture)
    model, _ = recipes.pretrained(DCGAN, straight)
    assert np.array_equal(np.asarray(Image.open(picture)), tile(sample_images(model, 20, seed=0)))
    command("sample", DCGAN, "--from", straight, "-n", 20, "--out", picture, "--seed", 1)
    assert np.array_equal(np.asarray(Image.open(picture)), tile(sample_images(model, 20, seed=1)))
    assert "no/where.png" in command.fails(
        "sample", DCGAN, "--from", straight, "--out", tmp_path / "no/where.png"
    )


def test_classifier_trains_evaluates_and_makes_no_images(command, tmp_path):
    command("train", CLASSIFIER, "--out", tmp_path, "--steps", 2)
    assert not list(tmp_path.glob("*.png")) and checkpoint.read_card(CLASSIFIER, tmp_path).grids == []
    printed = command("evaluate", CLASSIFIER, "--from", tmp_path, "--samples", 200)
    assert "2 steps" in printed and "200 samples" in printed and "accuracy" in printed
    assert "makes no images" in command.fails("sample", CLASSIFIER, "--from", tmp_path)


def test_store_measures_the_rounded_weights(command, tmp_path, monkeypatch):
    folder = tmp_path / "package"
    monkeypatch.setattr(checkpoint, "FOLDER", folder)
    command("train", CLASSIFIER, "--out", tmp_path / "run", "--steps", 3, "--store")
    model, card = recipes.pretrained(CLASSIFIER, folder)
    assert card.dtype == "float16" and card.steps == 3
    assert 0 < card.metrics["accuracy"] < 1 and card.check["values"].keys() == card.metrics.keys()
    again = recipes.get(CLASSIFIER).measure(model, n=card.check["samples"], seed=card.check["seed"])
    assert again == card.check["values"]
    first = contents(folder)
    command("store", CLASSIFIER, "--from", tmp_path / "run")  # without training again
    assert contents(folder) == first


def test_list(command, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FOLDER", tmp_path)
    model = recipes.get(CLASSIFIER).model()
    card = checkpoint.Card(CLASSIFIER, {}, 0, "full", "", {}, 8000, 1.0, History())
    checkpoint.save(model, dataclasses.replace(card, metrics={"accuracy": 0.9876}), tmp_path)
    lines = command("list").splitlines()
    assert len(lines) == 1 + len(recipes.ALL)
    by_name = {line.split()[0]: line for line in lines[1:]}
    for name, recipe in recipes.ALL.items():
        assert str(recipe.steps.cpu) in by_name[name] and str(recipe.steps.full) in by_name[name]
    ends = {[match.end() for match in re.finditer(r"\S+", line)][4] for line in lines}
    assert len(ends) == 1  # the column "full" ends at one place
    assert "8000 steps, 0.9 MB, accuracy 0.9876" in by_name[CLASSIFIER]
    assert by_name[DCGAN].endswith(" -")


def test_python_m_gentutor_is_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "gentutor", "train", "nope"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("error: unknown recipe 'nope'; known: ")
    assert result.stderr.count("\n") == 1


def test_options_that_are_left_out_have_their_defaults(command):
    assert "unknown study 'nope'" in command.fails("study", "nope")
    assert "unknown recipe 'nope'" in command.fails("spread", "nope")
