"""Images of one's own: sizes, modes, orientation, and what is said of files that are none."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, features

from gentutor.data import image_files, read_images
from tests.folders import images_of_all_kinds, noise


def saved(folder, name: str, image: Image.Image, **options) -> None:
    folder.mkdir(exist_ok=True)
    image.save(folder / name, **options)


def pixels(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def test_all_kinds_become_squares_of_one_size(tmp_path):
    root = images_of_all_kinds(tmp_path)
    images = read_images(root / "testA", 32)
    assert images.shape == (5, 3, 32, 32) and images.dtype == torch.uint8
    assert [path.name for path in image_files(root / "testA")] == [
        "0.png",
        "1.jpg",
        "2.png",
        "3.webp",
        "4.jpg",
    ]
    assert len(read_images(root / "trainA", 16)) == 3  # the hidden file is left out


def test_an_image_of_the_right_size_is_unchanged(tmp_path):
    image = noise("RGB", (20, 20), 0)
    saved(tmp_path, "a.png", image)
    assert torch.equal(read_images(tmp_path, 20)[0], pixels(image))


def test_grey_and_sixteen_bits(tmp_path):
    grey = noise("L", (16, 16), 0)
    saved(tmp_path / "8", "a.png", grey)
    deep = np.asarray(grey).astype(np.uint16) * 257  # 255 -> 65535
    saved(tmp_path / "16", "a.png", Image.fromarray(deep))
    eight, sixteen = read_images(tmp_path / "8", 16), read_images(tmp_path / "16", 16)
    assert torch.equal(eight, sixteen) and torch.equal(eight[0], pixels(grey.convert("RGB")))


def test_transparency_is_laid_on_white(tmp_path):
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    image.paste((0, 100, 200, 255), (0, 0, 16, 8))
    saved(tmp_path, "a.png", image)
    saved(tmp_path, "b.gif", image.convert("P"), transparency=image.convert("P").getpixel((0, 15)))
    for picture in read_images(tmp_path, 16):
        assert (picture[:, 8:] == 255).all()
    assert read_images(tmp_path, 16)[0, :, 0, 0].tolist() == [0, 100, 200]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_says_which_way_is_up(tmp_path, orientation):
    """The eight orientations of EXIF, written out as turns of an array."""
    upright = np.array(noise("RGB", (24, 24), 0))
    stored = {  # what a camera stores so that a viewer's turn gives the upright image
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    saved(tmp_path, "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    assert torch.equal(read_images(tmp_path, 24)[0], torch.from_numpy(upright).permute(2, 0, 1))


def test_a_constant_image_stays_constant_at_any_size(tmp_path):
    saved(tmp_path, "a.png", Image.new("RGB", (50, 31), (10, 20, 30)))
    for size in (16, 64):
        assert (read_images(tmp_path, size)[0] == torch.tensor([10, 20, 30])[:, None, None]).all()


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*nowhere"):
        read_images(tmp_path / "nowhere", 32)
    (tmp_path / ".hidden").write_text("")
    with pytest.raises(ValueError, match="is empty; expected nothing but images"):
        read_images(tmp_path, 32)


def test_what_is_no_image_is_named(tmp_path):
    saved(tmp_path, "a.png", noise("RGB", (20, 20), 0))
    (tmp_path / "notes.txt").write_text("a note")
    with pytest.raises(ValueError, match=r"notes\.txt is no image, or damaged; expected nothing but images"):
        read_images(tmp_path, 32)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "more").mkdir()
    with pytest.raises(ValueError, match="more is no file; expected nothing but images"):
        read_images(tmp_path, 32)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_file_cut_short_anywhere_is_named(tmp_path, kind):
    buffer = io.BytesIO()
    noise("RGB", (40, 40), 0).save(buffer, kind)
    content = buffer.getvalue()
    path = tmp_path / "cut.image"
    for share in (0.0, 0.01, 0.3, 0.6):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match=r"cut\.image (is no image, or damaged|cannot be read)"):
            read_images(tmp_path, 32)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_damaged_avif_is_named(tmp_path):
    """Whichever byte is wrong: the image is read, or the error names it."""
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.avif")
    content = (tmp_path / "a.avif").read_bytes()
    errors = set()
    for i in range(len(content)):
        damaged = bytearray(content)
        damaged[i] ^= 0xFF
        (tmp_path / "a.avif").write_bytes(damaged)
        try:
            read_images(tmp_path, 32)
        except ValueError as error:
            errors.add("a.avif" in str(error))
    assert errors == {True}


def test_images_that_are_too_small_or_of_other_numbers(tmp_path):
    saved(tmp_path, "a.png", noise("RGB", (15, 40), 0))
    with pytest.raises(ValueError, match=r"a\.png has 15 x 40 pixels; expected at least 16 a side"):
        read_images(tmp_path, 32)
    (tmp_path / "a.png").unlink()
    saved(tmp_path, "a.tiff", Image.fromarray(np.zeros((20, 20), dtype=np.float32)))
    with pytest.raises(ValueError, match=r"a\.tiff cannot be read: its pixels are floating-point"):
        read_images(tmp_path, 32)


@pytest.mark.parametrize("dtype", [np.int32, np.uint16])
@pytest.mark.parametrize("shift", [0, 4])
def test_numbers_that_would_be_black_are_refused(tmp_path, dtype, shift):
    ramp = np.linspace(0, 255, 64).astype(dtype)[:, None].repeat(64, axis=1) << shift  # 8 or 12 bits in more
    saved(tmp_path, "ramp.tif", Image.fromarray(ramp))
    with pytest.raises(ValueError, match=r"ramp\.tif cannot be read: its (pixels are|largest number is)"):
        read_images(tmp_path, 64)


def test_signed_numbers_are_refused(tmp_path):
    saved(tmp_path, "a.tif", Image.fromarray(np.full((20, 20), 1 << 30, np.int32)))
    with pytest.raises(ValueError, match=r"a\.tif cannot be read: .* of 32 bits; expected 8 or 16"):
        read_images(tmp_path, 20)


def test_a_black_image_of_sixteen_bits_is_black(tmp_path):
    saved(tmp_path, "a.png", Image.fromarray(np.zeros((16, 16), np.uint16)))
    assert (read_images(tmp_path, 16) == 0).all()


def test_the_transparent_grey_of_sixteen_bits_is_laid_on_white(tmp_path):
    deep = np.full((16, 16), 30_000, np.uint16)
    deep[:8] = 20_000
    saved(tmp_path, "a.png", Image.fromarray(deep), transparency=30_000)
    (picture,) = read_images(tmp_path, 16)
    assert (picture[:, 8:] == 255).all() and (picture[:, :8] == 20_000 >> 8).all()
