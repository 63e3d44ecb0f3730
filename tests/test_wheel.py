"""What goes into the wheel, which is all that a notebook has in Colab: every file, and not too much."""

import tomllib
import zipfile
from fnmatch import fnmatch

import pytest

from tools import build, colab

PATTERNS = tomllib.loads((build.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_package_data_names_every_file_of_the_package():
    patterns = PATTERNS["package-data"]["*"]  # every folder is a package: those without code are namespaces
    assert PATTERNS["packages"]["find"] == {"include": ["gentutor*"]}
    left_out = [
        path.as_posix()
        for path in colab.package_files()
        if path.suffix != ".py" and not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]
    assert left_out == []


def test_data_and_checkpoints_are_among_the_files():
    files = {path.as_posix() for path in colab.package_files()}
    assert "gentutor/checkpoints/dcgan-mnist.safetensors" in files
    assert "gentutor/checkpoints/studies/mode-collapse.json" in files
    assert any(name.startswith("gentutor/data/files/MNIST/") for name in files)
    assert len(files) == len(colab.package_files()) > 100


def test_the_files_fit_into_a_wheel_of_60_mb():
    total = sum((build.ROOT / path).stat().st_size for path in colab.package_files())
    assert 0 < total <= colab.MAX_WHEEL == 60e6  # a wheel is compressed: it is not larger than its files


@pytest.fixture
def wheel(tmp_path):
    """A wheel that holds every file of the package, each empty."""
    path = tmp_path / "gentutor-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in colab.package_files():
            archive.writestr(file.as_posix(), b"")
    return path


def test_a_complete_wheel_has_no_problems(wheel):
    assert colab.problems(wheel) == []


def test_a_missing_file_and_a_large_wheel_are_problems(wheel, monkeypatch):
    files = colab.package_files()
    monkeypatch.setattr(colab, "package_files", lambda: [*files, files[0].with_name("lost.npz")])
    monkeypatch.setattr(colab, "MAX_WHEEL", 100)
    large, lost = colab.problems(wheel)
    assert "at most" in large and lost == "gentutor/lost.npz is not in the wheel"
