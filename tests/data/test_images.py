"""MNIST: what is in it, what torchvision reads, the two ranges."""

import shutil
import tomllib
import urllib.request
from pathlib import Path

import pytest
import torch
import torchvision

from gentutor import data
from gentutor.data import _files

COUNTS = {  # of the digits 0 to 9, as published with the data set
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.mark.parametrize("split", ["train", "test"])
def test_mnist_is_whole(split):
    images, labels = data.mnist(split)
    size = sum(COUNTS[split])
    assert images.shape == (size, 1, 28, 28) and images.dtype == torch.uint8
    assert labels.shape == (size,) and labels.dtype == torch.int64
    assert torch.bincount(labels).tolist() == COUNTS[split]
    assert images.min() == 0 and images.max() == 255
    assert images.is_contiguous()


def test_training_pixels_have_the_known_mean_and_deviation():
    counts = torch.bincount(data.mnist("train").images.flatten(), minlength=256).double()
    values = torch.arange(256) / 255
    mean = (counts * values).sum() / counts.sum()
    variance = (counts * (values - mean) ** 2).sum() / counts.sum()
    assert mean.item() == pytest.approx(0.1307, abs=5e-5)
    assert variance.sqrt().item() == pytest.approx(0.3081, abs=5e-5)


@pytest.mark.parametrize("split", ["train", "test"])
def test_torchvision_reads_the_same(split):
    theirs = torchvision.datasets.MNIST(data.torchvision_root(), train=split == "train", download=False)
    images, labels = data.mnist(split)
    assert torch.equal(theirs.data, images[:, 0])
    assert torch.equal(theirs.targets, labels)


def test_torchvision_accepts_the_packed_files_without_a_network(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    packed = tmp_path / "MNIST" / "raw"
    packed.mkdir(parents=True)
    for path in (_files.PACKED / "MNIST" / "raw").glob("*.gz"):
        shutil.copy(path, packed)
    theirs = torchvision.datasets.MNIST(tmp_path, train=False, download=True)
    assert torch.equal(theirs.data, data.mnist("test").images[:, 0])


def test_fashion_mnist_has_200_pictures_of_each_class():
    images, labels = data.fashion_mnist()
    assert images.shape == (2000, 1, 28, 28) and images.dtype == torch.uint8
    assert labels.dtype == torch.int64 and labels.bincount().tolist() == [200] * 10
    assert labels[:5].tolist() == [9, 2, 1, 1, 6]  # the order of the original test set
    means = data.to_unit(images).mean(dim=(1, 2, 3))
    assert means[labels == 2].mean() > 2 * means[labels == 5].mean()  # pullovers are large, sandals are not
    assert len(images.flatten(1).unique(dim=0)) == 2000


@pytest.mark.parametrize("split", ["valid", "Train", "", None])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="unknown split.*known: train, test"):
        data.mnist(split)


def test_writing_into_the_images_changes_neither_the_cache_nor_another_load():
    mine = data.mnist("test")
    other = data.mnist("test")
    before = other.images[0].clone()
    mine.images[0] = 255
    mine.labels[0] = 0
    assert torch.equal(other.images[0], before)
    later = data.mnist("test")
    assert torch.equal(later.images[0], before) and later.labels[0] == 7


def test_ranges():
    every_value = torch.arange(256, dtype=torch.uint8).view(16, 1, 4, 4)
    unit, signed = data.to_unit(every_value), data.to_signed(every_value)
    for scaled in (unit, signed):
        assert scaled.dtype == torch.float32 and scaled.shape == every_value.shape
        assert bool((scaled.flatten().diff() > 0).all())
    assert (unit.min().item(), unit.max().item()) == (0.0, 1.0)
    assert (signed.min().item(), signed.max().item()) == (-1.0, 1.0)
    torch.testing.assert_close(signed, 2 * unit - 1, atol=1e-6, rtol=0)
    assert torch.equal((unit * 255).round().to(torch.uint8), every_value)
    assert torch.equal((signed * 127.5 + 127.5).round().to(torch.uint8), every_value)


@pytest.mark.parametrize("scale", [data.to_unit, data.to_signed])
@pytest.mark.parametrize(
    ("images", "seen"),
    [
        (torch.rand(2, 1, 28, 28), "float32"),
        (torch.ones(2, 1, 28, 28, dtype=torch.int64), "int64"),
        (torch.ones(2, dtype=torch.bool), "bool"),
        ([0, 255], "list"),
    ],
)
def test_ranges_demand_bytes(scale, images, seen):
    with pytest.raises(TypeError, match=f"uint8.*{seen}"):
        scale(images)


def test_readme_lists_the_files_as_they_are():
    rows = [
        line.strip("| ").split(" | ")
        for line in (Path(data.__file__).parent / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    listed = {name.strip("`"): (int(size.replace(",", "")), sha.strip("`")) for name, size, sha in rows}
    found = {
        path.relative_to(_files.PACKED).as_posix(): path.stat().st_size
        for path in _files.PACKED.rglob("*.*")
        if not path.name.startswith("LICENSE")
    }
    assert {name: size for name, (size, _) in listed.items()} == found
    assert {name: sha for name, (_, sha) in listed.items()} == _files.SHA256
    for name in _files.SHA256:
        _files.read_packed(name)  # raises unless the file has that SHA-256


def test_the_data_is_small_and_belongs_to_the_package():
    paths = list(_files.PACKED.rglob("*.*"))
    assert sum(path.stat().st_size for path in paths) < 25e6
    project = tomllib.loads((Path(data.__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    assert [path for path in paths if not any(path.match(pattern) for pattern in patterns)] == []
