import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from gentutor import checkpoint, recipes, runs
from gentutor.cli import app
from gentutor.metrics import measure
from gentutor.resume import STATE, load_state, locked
from gentutor.sampling import sample_images, tile
from gentutor.training import History

DCGAN, CLASSIFIER = "dcgan-mnist", "digit-classifier"


def command(*arguments: object, status: int = 0) -> str:
    """What the command prints; its exit status is checked, and that no traceback came."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.output


def fails(*arguments: object) -> str:
    """The error of a command: one line and exit status 1."""
    lines = [line for line in command(*arguments, status=1).splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def train(out: Path, *arguments: object, status: int = 0) -> str:
    return command("train", DCGAN, "--out", out, *arguments, status=status)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module", autouse=True)
def two_records() -> Iterator[None]:
    """Losses are recorded at every third of six steps, so that a run can stop between records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "MAX_RECORDS", 2)
        yield


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> Path:
    """A run of six steps, never interrupted."""
    out = tmp_path_factory.mktemp("straight")
    train(out, "--steps", 6)
    return out


# A process in which Ctrl-C is pressed (a real SIGINT) in the middle of a step, once or twice.
PRESS = """
import os, signal, sys
from gentutor import checkpoint, recipes
from gentutor.cli import app
checkpoint.MAX_RECORDS = 2
step_before, presses, taken = recipes.gan_step, int(sys.argv.pop(1)), []
def gan_step(*args, **kwargs):
    taken.append(1)
    if len(taken) == 4:
        for _ in range(presses):
            os.kill(os.getpid(), signal.SIGINT)
    return step_before(*args, **kwargs)
recipes.gan_step = gan_step
app()
"""


def press_ctrl_c(presses: int, out: Path) -> subprocess.CompletedProcess[str]:
    arguments = [str(presses), "train", DCGAN, "--steps", "6", "--out", str(out)]
    return subprocess.run(
        [sys.executable, "-c", PRESS, *arguments], capture_output=True, text=True, timeout=300
    )


def test_a_run_leaves_model_card_samples_and_state(straight):
    model, card = checkpoint.pretrained(DCGAN, straight)
    assert card.steps == 6 and card.seed == 0 and card.history.last_step == 6
    assert card.recipe["name"] == DCGAN and card.versions["torch"] == torch.__version__
    assert card.history.values.keys() == {"discriminator", "generator"}
    shown = sorted(int(path.stem.split("-")[1]) for path in straight.glob("samples-*.png"))
    assert shown == [step for step, _ in card.grids] and shown[0] == 0 and shown[-1] == 6
    last = np.asarray(Image.open(straight / "samples-6.png"))
    assert np.array_equal(last, tile(sample_images(model, 64))) and last.shape == (224, 224)
    assert load_state(straight)["run"]["history"]["done"] == 6


def test_ctrl_c_saves_and_resume_ends_with_the_same_weights(straight, tmp_path):
    stopped = press_ctrl_c(1, tmp_path)
    assert stopped.returncode == 130, stopped.stderr
    assert "stopped at step 4" in stopped.stdout and "--resume" in stopped.stdout
    assert "Traceback" not in stopped.stderr
    assert "images/s" in stopped.stderr and "discriminator" in stopped.stderr  # the progress bar
    history = load_state(tmp_path)["run"]["history"]
    assert history["done"] == 4 and history["steps"] == [3]  # it stopped between two records
    assert "is not finished" in fails("sample", DCGAN, "--from", tmp_path)

    assert "4 of 6 steps done" in train(tmp_path, "--resume")
    weights = f"{DCGAN}.safetensors"
    assert (tmp_path / weights).read_bytes() == (straight / weights).read_bytes()
    one, other = checkpoint.read_card(DCGAN, tmp_path), checkpoint.read_card(DCGAN, straight)
    assert one.history.steps == other.history.steps == [3, 6]
    assert one.history.values == other.history.values
    assert one.grids == other.grids


def test_a_second_ctrl_c_quits_at_once_and_keeps_the_last_state(straight, tmp_path):
    stopped = press_ctrl_c(2, tmp_path)
    assert stopped.returncode != 0 and "finished" not in stopped.stdout
    assert load_state(tmp_path)["run"]["history"]["done"] == 3
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(f".{STATE}")]
    train(tmp_path, "--resume")
    assert load_weights(tmp_path) == load_weights(straight)


def test_a_longer_run_goes_on_from_a_shorter_one(straight, tmp_path):
    train(tmp_path, "--steps", 4)
    train(tmp_path, "--resume", "--steps", 6)
    assert load_weights(tmp_path) == load_weights(straight)
    assert "all 6 steps are done already" in train(tmp_path, "--resume")
    assert "has taken 6 steps already, more than 5" in fails(
        "train", DCGAN, "--out", tmp_path, "--resume", "--steps", 5
    )


def load_weights(out: Path) -> bytes:
    return (out / f"{DCGAN}.safetensors").read_bytes()


def test_the_seed_changes_the_run(straight, tmp_path):
    train(tmp_path, "--steps", 6, "--seed", 1)
    assert load_weights(tmp_path) != load_weights(straight)
    assert checkpoint.read_card(DCGAN, tmp_path).seed == 1


def test_a_run_is_never_overwritten_unasked(tmp_path):
    train(tmp_path, "--steps", 2)
    before = contents(tmp_path)
    for name in (DCGAN, CLASSIFIER):
        message = fails("train", name, "--out", tmp_path)
        assert "holds a run already" in message and "--resume" in message and "--overwrite" in message
    assert contents(tmp_path) == before
    train(tmp_path, "--steps", 1, "--overwrite")
    assert checkpoint.read_card(DCGAN, tmp_path).steps == 1
    assert not (tmp_path / "samples-2.png").exists()


def test_every_says_when_samples_are_saved(tmp_path):
    train(tmp_path, "--steps", 5, "--every", 2)
    assert {path.name for path in tmp_path.glob("*.png")} == {f"samples-{i}.png" for i in (0, 2, 4, 5)}


def test_the_profile_gives_the_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "train", lambda *_, **__: False)  # as if interrupted at once
    steps = recipes.get(DCGAN).steps
    monkeypatch.setenv("GENTUTOR_PROFILE", "ci")
    assert f"0 of {steps.ci} steps" in train(tmp_path / "ci", status=130)
    for profile, count in (("cpu", steps.cpu), ("gpu", steps.gpu), ("full", steps.full)):
        assert f"0 of {count} steps" in train(tmp_path / profile, "--profile", profile, status=130)
    monkeypatch.setenv("GENTUTOR_PROFILE", "tpu")
    assert "GENTUTOR_PROFILE='tpu' is unknown" in fails("train", DCGAN, "--out", tmp_path / "b")


def test_errors_are_one_clear_line(straight, tmp_path):
    assert f"unknown recipe 'dcgan'; known: {CLASSIFIER}" in fails("train", "dcgan")
    for verb in ("sample", "evaluate"):
        assert "unknown recipe 'dcgan'; known: " in fails(verb, "dcgan")
        assert "unknown checkpoint" in fails(verb, DCGAN, "--from", tmp_path)
    assert "unknown profile 'tpu'; choose one of full, ci, cpu, gpu" in fails(
        "train", DCGAN, "--out", tmp_path, "--profile", "tpu"
    )
    assert "choose one of --resume and --overwrite" in fails("train", DCGAN, "--resume", "--overwrite")
    nothing = tmp_path / "nothing"
    assert "nothing to resume" in fails("train", DCGAN, "--out", nothing, "--resume")
    assert not nothing.exists()
    assert "made with seed 0, not 1" in fails("train", DCGAN, "--out", straight, "--resume", "--seed", 1)
    assert f"made with name '{DCGAN}', not '{CLASSIFIER}'" in fails(
        "train", CLASSIFIER, "--out", straight, "--resume"
    )


def test_changed_settings_are_named(straight, monkeypatch):
    changed = dataclasses.replace(recipes.get(DCGAN), g_learning_rate=0.5)
    monkeypatch.setitem(recipes.ALL, DCGAN, changed)
    assert "g_learning_rate 0.001, not 0.5" in fails("train", DCGAN, "--out", straight, "--resume")


@pytest.mark.parametrize("damage", ["changed", "cut", "empty"])
def test_a_damaged_state_is_refused_and_kept(straight, tmp_path, damage):
    content = bytearray((straight / STATE).read_bytes())
    content[len(content) // 2] ^= 1
    content = {"changed": content, "cut": content[:1000], "empty": b""}[damage]
    (tmp_path / STATE).write_bytes(content)
    message = fails("train", DCGAN, "--out", tmp_path, "--resume")
    assert f"{STATE} was altered or cut short" in message and "--overwrite" in message
    assert (tmp_path / STATE).read_bytes() == content


def test_an_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        assert str(out) in fails("train", DCGAN, "--out", out)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_second_process_in_the_same_folder_is_refused(tmp_path):
    hold = "import sys; from pathlib import Path; from gentutor.resume import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert "another process is training" in fails("train", DCGAN, "--out", tmp_path, "--steps", 1)
        os.kill(other.pid, signal.SIGKILL)  # a lock does not outlive its process
    with locked(tmp_path):
        assert not (tmp_path / STATE).exists()


def test_a_full_disk_keeps_the_last_state(tmp_path, monkeypatch):
    train(tmp_path, "--steps", 2)
    before = (tmp_path / STATE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    assert "No space left" in fails("train", DCGAN, "--out", tmp_path, "--resume", "--steps", 4)
    assert (tmp_path / STATE).read_bytes() == before


def test_sample(straight, tmp_path):
    picture = tmp_path / "samples.png"
    assert str(picture) in command("sample", DCGAN, "--from", straight, "-n", 20, "--out", picture)
    model, _ = checkpoint.pretrained(DCGAN, straight)
    assert np.array_equal(np.asarray(Image.open(picture)), tile(sample_images(model, 20, seed=0)))
    command("sample", DCGAN, "--from", straight, "-n", 20, "--out", picture, "--seed", 1)
    assert np.array_equal(np.asarray(Image.open(picture)), tile(sample_images(model, 20, seed=1)))
    assert "no/where.png" in fails("sample", DCGAN, "--from", straight, "--out", tmp_path / "no/where.png")


def test_classifier_trains_evaluates_and_makes_no_images(tmp_path):
    command("train", CLASSIFIER, "--out", tmp_path, "--steps", 2)
    assert not list(tmp_path.glob("*.png")) and checkpoint.read_card(CLASSIFIER, tmp_path).grids == []
    printed = command("evaluate", CLASSIFIER, "--from", tmp_path, "--samples", 200)
    assert "2 steps" in printed and "200 samples" in printed and "accuracy" in printed
    assert "makes no images" in fails("sample", CLASSIFIER, "--from", tmp_path)


def test_store_measures_the_rounded_weights(tmp_path, monkeypatch):
    folder = tmp_path / "package"
    monkeypatch.setattr(checkpoint, "FOLDER", folder)
    command("train", CLASSIFIER, "--out", tmp_path / "run", "--steps", 3, "--store")
    model, card = checkpoint.pretrained(CLASSIFIER, folder)
    assert card.dtype == "float16" and card.steps == 3
    assert 0 < card.metrics["accuracy"] < 1 and card.check["values"].keys() == card.metrics.keys()
    again = measure(recipes.get(CLASSIFIER), model, samples=card.check["samples"], seed=card.check["seed"])
    assert again == card.check["values"]
    first = contents(folder)
    command("store", CLASSIFIER, "--from", tmp_path / "run")  # without training again
    assert contents(folder) == first


def test_list(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FOLDER", tmp_path)
    model = recipes.get(CLASSIFIER).model()
    card = checkpoint.Card(CLASSIFIER, {}, 0, "full", "", {}, 8000, 1.0, History())
    checkpoint.save(model, dataclasses.replace(card, metrics={"accuracy": 0.9876}), tmp_path)
    lines = command("list").splitlines()
    assert len(lines) == 1 + len(recipes.ALL)
    by_name = {line.split()[0]: line for line in lines[1:]}
    for name, recipe in recipes.ALL.items():
        assert str(recipe.steps.cpu) in by_name[name] and str(recipe.steps.full) in by_name[name]
    assert "8000 steps, 0.9 MB, accuracy 0.9876" in by_name[CLASSIFIER]
    assert by_name[DCGAN].endswith(" -")


def test_python_m_gentutor_is_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "gentutor", "train", "nope"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("error: unknown recipe 'nope'; known: ")
    assert result.stderr.count("\n") == 1
