"""Jitter, deformation and crops: against shifts and grids written by hand, and what they must leave alone."""

import math
import sys

import pytest
import torch
import torch.nn.functional as F

from gentutor.data import crop_and_flip, deform, jitter
from gentutor.data.deform import _affine, _bend

MODULE = sys.modules["gentutor.data.deform"]  # the package has a function of this name


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def disk(side: int = 32, radius: float = 6.0) -> torch.Tensor:
    """A bright disk on a dark ground, (1, 1, side, side) in [-1, 1]."""
    place = torch.arange(side) - (side - 1) / 2
    return 2.0 * (place[:, None].square() + place.square() < radius**2).float()[None, None] - 1


def fix_uniform(monkeypatch, *values: float) -> None:
    """The six numbers of an affine map: scales across and down, angle, slant, shifts right and below."""
    numbers = iter(values)
    monkeypatch.setattr(MODULE, "_uniform", lambda n, like: torch.full((n,), next(numbers), dtype=like.dtype))


@pytest.mark.parametrize("change", [lambda x: jitter(x), lambda x: deform(x, strength=0.0)])
def test_nothing_changes_without_strength(change):
    x = noise(3, 2, 16, 20)
    torch.testing.assert_close(change(x), x, atol=1e-5, rtol=0)


@pytest.mark.parametrize("value", [-1.0, 0.25])
def test_a_constant_image_stays(value):
    x = torch.full((4, 3, 16, 16), value)
    torch.testing.assert_close(jitter(x, 0.3, 5.0), x)
    torch.testing.assert_close(deform(x, 2.0), x)


@pytest.mark.parametrize(("right", "below"), [(3, 0), (0, -2), (-4, 1)])
def test_a_shift_by_whole_pixels_is_a_roll_away_from_the_edge(monkeypatch, right, below):
    """What is found ``right`` and ``below`` comes here: rolled the other way."""
    x = noise(2, 1, 16, 24)
    fix_uniform(monkeypatch, 0, 0, 0, 0, right / 4, below / 4)
    moved = jitter(x, shift=4.0)
    expected = x.roll((-below, -right), dims=(2, 3))
    torch.testing.assert_close(moved[:, :, 4:-4, 4:-4], expected[:, :, 4:-4, 4:-4], atol=1e-5, rtol=0)
    edge = x[:, :, :, -1:] if right > 0 else x[:, :, :, :1]
    if right and not below:  # beyond the edge is the edge
        torch.testing.assert_close(moved[:, :, :, -1:], edge, atol=1e-5, rtol=0)


def test_a_scale_is_an_interpolation_at_scaled_places(monkeypatch):
    """A ramp along one side, sampled by hand."""
    side, scale = 16, 0.25
    ramp = torch.arange(side, dtype=torch.float64).expand(1, 1, side, side)
    fix_uniform(monkeypatch, 1.0, -1.0, 0, 0, 0, 0)  # 1.25 across, 0.75 down
    centre = (side - 1) / 2
    expected = ((torch.arange(side) - centre) * (1 + scale) + centre).clamp(0, side - 1)
    torch.testing.assert_close(jitter(ramp, scale=scale)[0, 0, 5], expected.double())
    fix_uniform(monkeypatch, 1.0, -1.0, 0, 0, 0, 0)
    expected = ((torch.arange(side) - centre) * (1 - scale) + centre).clamp(0, side - 1)
    torch.testing.assert_close(jitter(ramp.mT, scale=scale)[0, 0, :, 5], expected.double())


def test_a_quarter_turn(monkeypatch):
    x = noise(1, 1, 16, 16)
    fix_uniform(monkeypatch, 0, 0, 1.0, 0, 0, 0)
    turned = _bend(x, _affine(x, 0.0, 0.0, turn=math.pi / 2))
    assert any(torch.allclose(turned, x.rot90(k, (2, 3)), atol=1e-5) for k in (1, 3)) and not torch.allclose(
        turned, x, atol=0.1
    )


def test_shifts_stay_in_their_range_and_reach_it():
    """A ramp tells how far each image moved: uniform, up to two pixels."""
    torch.manual_seed(0)
    ramp = torch.arange(32.0).expand(2000, 1, 32, 32)
    moved = jitter(ramp, shift=2.0)[:, 0, 16, 16] - 16
    assert moved.abs().max() <= 2 + 1e-3
    assert moved.mean().abs() < 5 * (4 / math.sqrt(12)) / math.sqrt(2000)
    assert moved.var().item() == pytest.approx(16 / 12, rel=0.1)


@pytest.mark.parametrize(("sign", "grows"), [(1.0, True), (-1.0, False)])
def test_a_stroke_grows_or_shrinks_by_its_ring(monkeypatch, sign, grows):
    """Without moves: 40 % of the way to the largest (or smallest) of the nine neighbours."""
    x = disk()
    monkeypatch.setattr(
        MODULE,
        "_affine",
        lambda images, *_, **__: F.affine_grid(
            torch.eye(2, 3).expand(len(images), 2, 3), list(images.shape), align_corners=False
        ),
    )
    monkeypatch.setattr(torch, "randn", lambda shape, **_: torch.zeros(shape))
    fix_uniform(monkeypatch, sign)
    deformed = deform(x)
    padded = F.pad(x, (1, 1, 1, 1), value=-sign)
    shifted = torch.stack([padded[:, :, i : i + 32, j : j + 32] for i in range(3) for j in range(3)])
    goal = shifted.amax(dim=0) if grows else shifted.amin(dim=0)
    torch.testing.assert_close(deformed, x + 0.4 * (goal - x), atol=1e-5, rtol=0)
    assert (deformed.sum() > x.sum()) == grows


def test_a_deformed_disk_is_still_a_disk_of_about_its_size():
    torch.manual_seed(0)
    x = disk().expand(200, 1, 32, 32)
    ink = (deform(x) + 1).mean(dim=(1, 2, 3)) / (x + 1).mean(dim=(1, 2, 3))
    assert 0.6 < ink.min() < 0.95 and 1.05 < ink.max() < 1.6
    assert ink.mean().item() == pytest.approx(1, abs=0.05)
    assert (deform(x).abs() <= 1 + 1e-5).all()


@pytest.mark.parametrize("change", [lambda x: jitter(x, 0.1, 2.0), deform, lambda x: crop_and_flip(x, 9)])
def test_a_seed_gives_the_same_and_images_differ(change):
    x = noise(1, 1, 16, 16).expand(4, 1, 16, 16)
    torch.manual_seed(0)
    first = change(x)
    torch.manual_seed(0)
    assert torch.equal(change(x), first) and not torch.equal(change(x), first)
    assert len({tuple(image.flatten().tolist()) for image in first}) > 1


@pytest.mark.parametrize("change", [lambda x: jitter(x, 0.1), deform])
def test_other_shapes_and_types_are_refused(change):
    with pytest.raises(ValueError, match=r"floating-point images of shape \(B, C, H, W\), got torch.uint8"):
        change(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"got torch.float32 \(8, 8\)"):
        change(torch.zeros(8, 8))


def test_sizes_out_of_range_are_refused():
    x = noise(1, 1, 8, 8)
    for scale, shift in ((1.0, 0.0), (-0.1, 0.0), (0.0, -1.0)):
        with pytest.raises(ValueError, match="0 <= scale < 1 and shift >= 0"):
            jitter(x, scale, shift)
    for strength in (-0.1, 2.1):
        with pytest.raises(ValueError, match=r"strength must lie in \[0, 2\]"):
            deform(x, strength)


def test_crops_are_all_places_and_both_ways_equally_often():
    """Each pixel has its own number: a crop's corners say where it is from, and which way round."""
    torch.manual_seed(0)
    n, (height, width), size = 6000, (6, 7), 4
    numbers = torch.arange(2 * height * width).view(1, 2, height, width).expand(n, -1, -1, -1)
    crops = crop_and_flip(numbers, size)
    assert crops.shape == (n, 2, size, size) and crops.dtype == torch.int64
    assert torch.equal(crops[:, 1], crops[:, 0] + height * width)  # channels move together
    mirrored = crops[:, 0, 0, 0] > crops[:, 0, 0, 1]
    upright = torch.where(mirrored[:, None, None], crops[:, 0].flip(2), crops[:, 0])
    tops, lefts = upright[:, 0, 0] // width, upright[:, 0, 0] % width
    for crop, top, left in zip(upright[:50], tops, lefts, strict=False):
        assert torch.equal(crop, numbers[0, 0, top : top + size, left : left + size])
    kinds = torch.bincount((tops * 4 + lefts) * 2 + mirrored, minlength=24)
    assert len(kinds) == 24  # 3 tops, 4 lefts, 2 ways
    assert (kinds - n / 24).abs().max() < 5 * math.sqrt(n / 24)


def test_a_crop_of_the_whole_size_is_the_image_or_its_mirror():
    x = noise(50, 3, 8, 8)
    crops = crop_and_flip(x, 8)
    same = [torch.equal(crop, image) for crop, image in zip(crops, x, strict=True)]
    mirror = [torch.equal(crop, image.flip(2)) for crop, image in zip(crops, x, strict=True)]
    assert all(s != m for s, m in zip(same, mirror, strict=True)) and 10 < sum(same) < 40


@pytest.mark.parametrize(
    ("shape", "size"), [((2, 1, 8, 8), 9), ((2, 1, 8, 8), 0), ((1, 8, 8), 4), ((2, 1, 4, 8), 5)]
)
def test_crops_that_do_not_fit(shape, size):
    with pytest.raises(ValueError, match="1 <= size <= H, W, got"):
        crop_and_flip(torch.zeros(shape), size)
