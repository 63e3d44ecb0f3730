"""The packed files and their unpacked cache: damage, races, folders that cannot be written."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from gentutor import data
from gentutor.data import _files

NAME = "MNIST/raw/t10k-images-idx3-ubyte"
LOADS = {
    NAME: lambda: data.mnist("test"),
    "hanzi/brush_32-idx3-ubyte": lambda: data.characters("brush", "test"),
}


def unpacked(folder: Path, name: str = NAME) -> Path:
    return next(folder.rglob(name))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def packed(tmp_path, monkeypatch) -> Path:
    """A copy of the packed files that a test may spoil."""
    folder = tmp_path / "packed"
    shutil.copytree(_files.PACKED, folder)
    monkeypatch.setattr(_files, "PACKED", folder)
    return folder


def flip_byte(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def truncate(path: Path, at: int) -> None:
    path.write_bytes(path.read_bytes()[:at])


@pytest.mark.parametrize("spoil", [flip_byte, truncate])
@pytest.mark.parametrize("name", [NAME, "MNIST/raw/t10k-labels-idx1-ubyte"])
def test_spoiled_package_file_is_named_even_when_the_cache_is_good(packed, spoil, name):
    data.mnist("test")
    spoil(packed / f"{name}.gz", 4000)
    with pytest.raises(ValueError, match=f"{name}.gz is truncated or altered.*SHA-256"):
        data.mnist("test")
    with pytest.raises(ValueError, match=name):
        data.torchvision_root()
    assert len(data.mnist("train").labels) == 60_000  # the other split is whole


def test_missing_package_file_is_named(packed):
    (packed / f"{NAME}.gz").unlink()
    with pytest.raises(FileNotFoundError, match=NAME):
        data.mnist("test")


@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: flip_byte(path, 1_000_000),
        lambda path: flip_byte(path, 3),
        lambda path: truncate(path, 1_000_000),
        lambda path: truncate(path, 0),
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: path.unlink(),
    ],
)
def test_damaged_cache_is_rebuilt(own_cache, damage, name):
    images = LOADS[name]().images.clone()
    good = sha256(unpacked(own_cache, name))
    damage(unpacked(own_cache, name))
    assert torch.equal(LOADS[name]().images, images)
    assert sha256(unpacked(own_cache, name)) == good


def test_cache_is_written_once_and_in_a_folder_named_after_the_sources(own_cache, monkeypatch):
    data.mnist("test")
    path = unpacked(own_cache)
    written = path.stat()
    data.mnist("test")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    sources = "".join(sha for name, sha in _files.SHA256.items() if name.startswith("MNIST/"))
    expected = f"mnist-{hashlib.sha256(sources.encode()).hexdigest()[:12]}"
    assert path.relative_to(own_cache).as_posix() == f"{expected}/{NAME}"


def test_writing_reaches_memory_only(own_cache):
    data.mnist("test")
    good = sha256(unpacked(own_cache))
    images = data.mnist("test").images
    images.fill_(7)
    assert bool((images == 7).all())
    assert sha256(unpacked(own_cache)) == good


def test_images_outlive_a_cache_that_is_deleted(own_cache):
    images = data.mnist("test").images
    expected = images.clone()
    shutil.rmtree(own_cache)
    assert torch.equal(images, expected)


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_unwritable_cache_warns_once_and_loses_nothing(tmp_path, monkeypatch, load):
    images = load().images
    (tmp_path / "file").write_text("a file where a folder should be")
    monkeypatch.setenv("GENTUTOR_CACHE", str(tmp_path / "file" / "cache"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first, second = load(), load()
    assert torch.equal(first.images, images) and torch.equal(second.images, images)
    first.images[0] = 255  # and they are as writable as ever
    assert torch.equal(second.images, images)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert str(tmp_path / "file" / "cache") in message and "GENTUTOR_CACHE" in message
    assert caught[0].filename == __file__  # it points at the call
    with pytest.raises(OSError):
        data.torchvision_root()


def test_full_disk_leaves_no_part_of_a_file(own_cache, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(UserWarning, match="No space left"):
        labels = data.mnist("test").labels
    assert labels[:3].tolist() == [7, 2, 1]
    assert [path for path in own_cache.rglob("*") if path.is_file()] == []


def test_interrupted_write_leaves_nothing(own_cache, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.mnist("test")
    assert [path for path in own_cache.rglob("*") if path.is_file()] == []


def test_a_full_cache_needs_no_writing(own_cache, monkeypatch):
    data.mnist("test")

    def read_only(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_files, "write_atomically", read_only)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(data.mnist("test").labels) == 10_000


def test_two_processes_that_start_at_once(own_cache):
    code = (
        "import hashlib, sys, warnings; warnings.simplefilter('error')\n"
        "from gentutor import data\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "images, labels = data.mnist('train')\n"
        "print(hashlib.sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(data.__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    images, labels = data.mnist("train")
    expected = hashlib.sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest()
    assert answers == [expected, expected]
    files = sorted(path.name for path in own_cache.rglob("*") if path.is_file())
    assert files == ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]  # no temporary file is left


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GENTUTOR_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert _files.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("GENTUTOR_CACHE")
    assert _files.cache_folder() == tmp_path / "xdg" / "gentutor"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert _files.cache_folder() == tmp_path / ".cache" / "gentutor"

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert _files.cache_folder().name == "gentutor"


def test_the_cache_holds_what_gzip_gives(own_cache):
    data.torchvision_root()
    data.fashion_mnist()
    images = [name for name in _files.SHA256 if name.endswith("-ubyte.gz")]
    assert len(images) == 6
    for name in images:
        packed = (_files.PACKED / name).read_bytes()
        assert unpacked(own_cache, name.removesuffix(".gz")).read_bytes() == gzip.decompress(packed)
    (own_cache / "other").touch()  # all may be read by whom the umask lets
    assert len({path.stat().st_mode for path in own_cache.rglob("*") if path.is_file()}) == 1


def test_parse_idx():
    values = np.arange(24, dtype=np.uint8)
    header = np.array([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4], np.uint8)
    assert np.array_equal(_files.parse_idx(np.concatenate([header, values])), values.reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not an IDX file"),
        ([0, 0], "not an IDX file"),
        ([0, 0, 13, 1, 0, 0, 0, 1, 5], "not an IDX file"),  # type 13 is float32
        ([0, 0, 8, 2, 0, 0, 0, 1], "not an IDX file"),  # the second size is missing
        ([0, 0, 8, 1, 0, 0, 0, 3, 1, 2], r"shape \(3,\) cannot hold 2 values"),
        ([0, 0, 8, 1, 0, 0, 0, 1, 1, 2], r"shape \(1,\) cannot hold 2 values"),
    ],
)
def test_parse_idx_refuses(content, message):
    with pytest.raises(ValueError, match=message):
        _files.parse_idx(np.array(content, np.uint8))
