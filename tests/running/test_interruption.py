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

from gentutor import recipes
from gentutor.running import checkpoint, runs
from gentutor.running.resume import STATE, load_state, locked

DCGAN, CLASSIFIER = "dcgan-mnist", "digit-classifier"


@pytest.fixture(scope="module", autouse=True)
def on_the_cpu_with_two_records() -> Iterator[None]:
    """Six steps are recorded at the third and the sixth, so that a run can stop between records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")  # for other processes
        patch.setattr(runs, "device", lambda: torch.device("cpu"))  # bits are promised there only
        patch.setattr(checkpoint, "MAX_RECORDS", 2)
        yield


@pytest.fixture(scope="module")
def straight(command, tmp_path_factory) -> Path:
    """A run of six steps, never interrupted."""
    out = tmp_path_factory.mktemp("straight")
    command.train(out, "--steps", 6)
    return out


# A process in which Ctrl-C is pressed (a real SIGINT) in the middle of a step, once or twice.
PRESS = """
import os, signal, sys, time
from dataclasses import replace
from gentutor import recipes
from gentutor.running import checkpoint
from gentutor.running.cli import app
checkpoint.MAX_RECORDS = 2
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
design = recipes.DCGAN.design
presses, taken = int(sys.argv.pop(1)), []
def step(*args, **kwargs):
    taken.append(1)
    if len(taken) == 4:
        for _ in range(presses):
            handler = signal.getsignal(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            while signal.getsignal(signal.SIGINT) is handler:  # two at once would count as one
                time.sleep(0.001)
    return design.step(*args, **kwargs)
recipes.ALL["dcgan-mnist"] = replace(recipes.DCGAN, design=replace(design, step=step))
app()
"""


def press_ctrl_c(presses: int, out: Path) -> subprocess.CompletedProcess[str]:
    arguments = [str(presses), "train", DCGAN, "--steps", "6", "--out", str(out)]
    return subprocess.run(
        [sys.executable, "-c", PRESS, *arguments], capture_output=True, text=True, timeout=300
    )


def load_weights(out: Path) -> bytes:
    return (out / f"{DCGAN}.safetensors").read_bytes()


def test_ctrl_c_saves_and_resume_ends_with_the_same_weights(command, straight, tmp_path):
    stopped = press_ctrl_c(1, tmp_path)
    assert stopped.returncode == 130, stopped.stderr
    assert "stopped at step 4" in stopped.stdout and "--resume" in stopped.stdout
    assert "Traceback" not in stopped.stderr
    assert "images/s" in stopped.stderr and "discriminator" in stopped.stderr  # the progress bar
    history = load_state(tmp_path)["run"]["history"]
    assert history["done"] == 4 and history["steps"] == [3]  # it stopped between two records
    assert "is not finished" in command.fails("sample", DCGAN, "--from", tmp_path)

    assert "4 of 6 steps done" in command.train(tmp_path, "--resume")
    assert load_weights(tmp_path) == load_weights(straight)
    one, other = checkpoint.read_card(DCGAN, tmp_path), checkpoint.read_card(DCGAN, straight)
    assert one.history.steps == other.history.steps == [3, 6]
    assert one.history.values == other.history.values
    assert [step for step, _ in one.grids] == [step for step, _ in other.grids]
    assert all(map(np.array_equal, *([picture for _, picture in card.grids] for card in (one, other))))


def test_a_second_ctrl_c_quits_at_once_and_keeps_the_last_state(command, straight, tmp_path):
    stopped = press_ctrl_c(2, tmp_path)
    assert stopped.returncode != 0 and "finished" not in stopped.stdout
    assert load_state(tmp_path)["run"]["history"]["done"] == 3
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(f".{STATE}")]
    command.train(tmp_path, "--resume")
    assert load_weights(tmp_path) == load_weights(straight)


def test_a_longer_run_goes_on_from_a_shorter_one(command, straight, tmp_path):
    command.train(tmp_path, "--steps", 4)
    command.train(tmp_path, "--resume", "--steps", 6)
    assert load_weights(tmp_path) == load_weights(straight)
    assert "all 6 steps are done already" in command.train(tmp_path, "--resume")
    assert "has taken 6 steps already, more than 5" in command.fails(
        "train", DCGAN, "--out", tmp_path, "--resume", "--steps", 5
    )


def test_a_model_of_fewer_steps_is_not_the_result(command, straight, tmp_path, monkeypatch):
    """The machine goes down after the last step, before the model is written over the earlier one."""
    command.train(tmp_path, "--steps", 3)

    def goes_down(*_: object) -> None:
        raise OSError("the machine goes down")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", goes_down)
        assert "goes down" in command.fails("train", DCGAN, "--out", tmp_path, "--resume", "--steps", 6)
    assert load_state(tmp_path)["run"]["history"]["done"] == 6
    for verb in ("sample", "evaluate", "store"):
        assert "is not finished; go on with" in command.fails(verb, DCGAN, "--from", tmp_path)
    assert "finished" in command.train(tmp_path, "--resume")
    assert load_weights(tmp_path) == load_weights(straight)
    (tmp_path / f"{DCGAN}.json").unlink()
    assert "finished" in command.train(tmp_path, "--resume")
    assert checkpoint.read_card(DCGAN, tmp_path).steps == 6


def test_changed_settings_are_named(command, straight, monkeypatch):
    recipe = recipes.get(DCGAN)
    monkeypatch.setitem(recipes.ALL, DCGAN, dataclasses.replace(recipe, g_learning_rate=0.5))
    assert f"g_learning_rate {recipe.g_learning_rate}, not 0.5" in command.fails(
        "train", DCGAN, "--out", straight, "--resume"
    )


@pytest.mark.parametrize("damage", ["changed", "cut", "empty"])
def test_a_damaged_state_is_refused_and_kept(command, straight, tmp_path, damage):
    content = bytearray((straight / STATE).read_bytes())
    content[len(content) // 2] ^= 1
    content = {"changed": content, "cut": content[:1000], "empty": b""}[damage]
    (tmp_path / STATE).write_bytes(content)
    message = command.fails("train", DCGAN, "--out", tmp_path, "--resume")
    assert f"{STATE} was altered or cut short" in message and "--overwrite" in message
    assert (tmp_path / STATE).read_bytes() == content


def test_a_second_process_in_the_same_folder_is_refused(command, tmp_path):
    hold = "import sys; from pathlib import Path; from gentutor.running.resume import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert "another process is training" in command.fails("train", DCGAN, "--out", tmp_path, "--steps", 1)
        os.kill(other.pid, signal.SIGKILL)  # a lock does not outlive its process
    with locked(tmp_path):
        assert not (tmp_path / STATE).exists()


def test_a_full_disk_keeps_the_last_state(command, tmp_path, monkeypatch):
    command.train(tmp_path, "--steps", 2)
    before = (tmp_path / STATE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in command.fails("train", DCGAN, "--out", tmp_path, "--resume", "--steps", 4)
    assert (tmp_path / STATE).read_bytes() == before
