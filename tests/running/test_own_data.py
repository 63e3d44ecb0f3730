"""Images of one's own that moved or changed, and new pictures for a trained translation."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from gentutor import recipes
from gentutor.running import checkpoint, runs
from tests.folders import images_of_all_kinds

CPU = torch.device("cpu")
NAME = "cyclegan"
SMALL = ("--size", 32, "--width", 2, "--blocks", 1, "--steps", 3)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return images_of_all_kinds(tmp_path_factory.mktemp("own"))


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setattr(runs, "device", lambda: CPU)


@pytest.fixture(scope="module")
def straight(command, root, tmp_path_factory) -> Path:
    """A run of three steps."""
    out = tmp_path_factory.mktemp("straight")
    command("train", NAME, "--data", root, "--out", out, *SMALL)
    return out


def test_data_that_moved(command, root, tmp_path):
    """A run goes on where its images are now; sample and evaluate find them there, too."""
    own, moved, out = tmp_path / "own", tmp_path / "my moved images", tmp_path / "my run"
    shutil.copytree(root, own)
    printed = command("train", NAME, "--data", own, "--out", out, *SMALL)
    assert f"gentutor sample {NAME} --from '{out}'" in printed  # can be pasted
    own.rename(moved)
    picture = tmp_path / "a.png"
    for verb in (("sample", NAME, "--out", picture), ("evaluate", NAME, "--samples", 2)):
        message = command.fails(*verb, "--from", out)
        assert "there is no folder" in message and "say with --data" in message and "samples" not in message
        command(*verb, "--from", out, "--data", moved)
    assert "say with --data" in command.fails("train", NAME, "--out", out, "--resume", "--steps", 4)
    command("train", NAME, "--out", out, "--resume", "--steps", 4, "--data", moved)
    assert checkpoint.read_card(NAME, out).steps == 4
    command("sample", NAME, "--from", out, "--out", picture)  # the card knows the new place


def test_another_image_than_before_is_noticed(command, root, tmp_path):
    own, out = tmp_path / "own", tmp_path / "out"
    shutil.copytree(root, own)
    command("train", NAME, "--data", own, "--out", out, *SMALL)
    images_of_all_kinds(tmp_path / "others")
    shutil.copy(tmp_path / "others" / "trainB" / "2.png", own / "trainB" / "0.png")
    message = command.fails("train", NAME, "--out", out, "--resume", "--steps", 4)
    assert "the images in trainB are not those that the run has seen" in message


def test_a_state_of_an_earlier_version_goes_on(root):
    run = recipes.folder_recipe(root, size=32, width=2, blocks=1).start(CPU)
    run.step(next(run.batches))
    state = run.state_dict()
    del state["batches"]["images"]  # which it did not know
    again = recipes.folder_recipe(root, size=32, width=2, blocks=1).start(CPU)
    again.load_state_dict(state)
    assert again.batches.state_dict() == run.batches.state_dict()


def test_new_pictures_are_translated(command, straight, root, tmp_path):
    shutil.copytree(root / "testA", tmp_path / "new" / "A")
    out = tmp_path / "translated"
    printed = command("sample", NAME, "--from", straight, "--data", tmp_path / "new", "--out", out)
    assert f"5 translations of {tmp_path / 'new' / 'A'} in {out / 'A-to-B'}" in printed
    for path in (root / "testA").iterdir():
        assert Image.open(out / "A-to-B" / f"{path.stem}.png").size == Image.open(path).size
    arguments = ("sample", NAME, "--from", straight, "--data")
    assert "is not empty" in command.fails(*arguments, tmp_path / "new", "--out", out)
    assert "there is no folder" in command.fails(*arguments, tmp_path / "nowhere")
    assert "there is no folder" in command.fails(*arguments, out)  # neither new pictures nor test images
    assert "--data goes with 'cyclegan', not with 'dcgan-mnist'" in command.fails(
        "sample", "dcgan-mnist", "--data", root
    )
