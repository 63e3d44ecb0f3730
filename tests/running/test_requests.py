"""Requests that cannot be met, for more than the memory holds or than there are images: one line each."""

import pytest
import torch
import typer

from gentutor import _memory, recipes
from gentutor.models.gan import MLPGenerator
from gentutor.models.sampling import sample_images
from gentutor.running.progress import one_line_errors
from tests.folders import images_of_all_kinds

TINY = ("--size", 32, "--width", 2, "--blocks", 1, "--steps", 1)
OF_DIGITS = ("digit-classifier", "dcgan-mnist", "vae-mnist", "cgan-mnist", "cvae-mnist", "cvae-completion")


def test_more_samples_than_any_machine_holds():
    with pytest.raises(ValueError, match="^1000000000000 images would take 3136000 GB; this machine has"):
        sample_images(MLPGenerator(), 10**12)


@pytest.fixture
def small_machine(monkeypatch) -> None:
    monkeypatch.setattr(_memory, "total_memory", lambda: 5000.0)


def test_samples_for_a_small_machine(small_machine, command, tmp_path):
    assert sample_images(MLPGenerator(), 1).shape == (1, 1, 28, 28)
    with pytest.raises(ValueError, match="2 images would take"):
        sample_images(MLPGenerator(), 2)
    out = tmp_path / "many.png"
    assert "100000 images would take" in command.fails("sample", "mlp-gan-mnist", "-n", 100_000, "--out", out)
    assert not out.exists()


def test_images_of_ones_own_for_a_small_machine(small_machine, command, tmp_path):
    root, out = images_of_all_kinds(tmp_path / "own"), tmp_path / "run"
    message = command.fails("train", "cyclegan", "--data", root, "--out", out, *TINY)
    assert "the images of training (see --size) would take" in message
    assert not list(out.glob("*.png")) and not (out / "state.pt").exists()


def test_the_memory_of_this_machine():
    assert 1e8 < _memory.total_memory() <= float("inf")
    _memory.expect_memory(1e6, "a megabyte")


def allocate() -> None:
    torch.empty(10**15)


def out_of_memory() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")


def no_memory() -> None:
    raise MemoryError


@pytest.mark.parametrize("fails", [allocate, out_of_memory, no_memory])
def test_too_little_memory_is_one_line_in_the_shell(fails, capsys):
    with pytest.raises(typer.Exit), one_line_errors():
        fails()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: not enough memory: ") and len(line) > 30


def test_other_errors_of_the_program_keep_their_traceback():
    with pytest.raises(RuntimeError, match="size of tensor"), one_line_errors():
        torch.zeros(2) + torch.zeros(3)


@pytest.mark.parametrize("name", OF_DIGITS)
@pytest.mark.parametrize("samples", [10_001, -1])
def test_more_test_digits_than_there_are(name, samples):
    recipe = recipes.get(name)
    with pytest.raises(ValueError, match="samples must (lie in 1 to 10000|be more than 3).*, got"):
        recipe.measure(recipe.model(), n=samples)


def test_more_translations_than_test_images(command, tmp_path):
    root, out = images_of_all_kinds(tmp_path / "own"), tmp_path / "run"
    command("train", "cyclegan", "--data", root, "--out", out, *TINY)
    picture = ("sample", "cyclegan", "--from", out, "--out", tmp_path / "some.png", "-n")
    assert "4 images of each domain (there are not 64), above" in command(*picture, 64)
    assert "4 images of each domain, above" in command(*picture, 4)
    assert "at most 100 samples" in command("evaluate", "cyclegan", "--from", out, "--samples", 100)
