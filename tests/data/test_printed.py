"""The printed digits: whole families in each split, MNIST's way of scaling and centring."""

import numpy as np
import pytest
import torch

from gentutor import data
from gentutor.data import _files, printed

SPLITS = {"train": 155, "validation": 40, "test": 40}


@pytest.fixture
def fonts():
    path = _files.PACKED / "printed_digits" / "printed_digits_28.npz"
    with np.load(path, allow_pickle=False) as arrays:
        return dict(zip(arrays["fonts"].tolist(), torch.from_numpy(arrays["images"]), strict=True))


@pytest.mark.parametrize("split", SPLITS)
def test_shapes(split):
    images, labels = data.printed_digits(split)
    assert images.shape == (10 * SPLITS[split], 1, 28, 28) and images.dtype == torch.uint8
    assert images.is_contiguous() and images.min() == 0 and images.max() == 255
    assert labels.dtype == torch.int64 and labels.tolist() == list(range(10)) * SPLITS[split]


def test_the_splits_are_the_whole_and_share_no_digit(fonts):
    faces = {split: data.printed_digits(split).images.view(-1, 10 * 28 * 28) for split in SPLITS}
    everything = torch.stack(list(fonts.values())).view(-1, 10 * 28 * 28)
    assert len(everything) == 235
    assert torch.equal(torch.cat(list(faces.values())).unique(dim=0), everything.unique(dim=0))
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        differences = torch.cdist(faces[first].float(), faces[second].float(), p=1) / (10 * 28 * 28)
        assert differences.min() > 4  # grey levels: no near-duplicate of a held-out face


def test_no_family_is_divided(fonts):
    splits = {}
    for font in fonts:
        folder, name = font.split("/")
        family = name.split("-")[0].removesuffix("cn") if folder == "fonts-texgyre" else folder
        for relatives in ("DejaVu", "Carlito", "Lato", "Courier", "texgyrecursor"):
            if relatives in name:
                family = {"Carlito": "Lato", "texgyrecursor": "Courier"}.get(relatives, relatives)
        splits.setdefault(family, set()).add(printed._split_of(font))
    assert all(len(found) == 1 for found in splits.values())
    for families in printed._HELD_OUT.values():
        assert all(any(font.startswith(family) for font in fonts) for family in families)


def test_digits_are_scaled_and_centred_as_mnists_are():
    position = torch.arange(28.0)
    for split in SPLITS:
        ink = data.to_unit(data.printed_digits(split).images[:, 0])
        across, down = ink.sum(dim=1), ink.sum(dim=2)
        for profile in (across, down):
            centre = (profile * position).sum(dim=1) / profile.sum(dim=1)
            assert (centre - 14).abs().max() <= 1.0
        extent = torch.stack([(across > 0).sum(dim=1), (down > 0).sum(dim=1)]).amax(dim=0)
        assert extent.min() >= 19 and extent.max() <= 21


def test_a_one_is_thinner_than_an_eight():
    images, labels = data.printed_digits("train")
    ink = data.to_unit(images).mean(dim=(1, 2, 3))
    assert ((ink[labels == 1] < ink[labels == 8]).float().mean()) > 0.95


@pytest.mark.parametrize("split", ["paired", "Train", "", None])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="unknown split.*known: train, validation, test$"):
        data.printed_digits(split)
