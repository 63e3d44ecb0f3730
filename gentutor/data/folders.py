"""Images of your own: every picture in a folder, as one tensor."""

import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

SMALLEST = 16  # pixels a side
BITS, SAMPLE_FORMAT = 258, 339  # tags of TIFF: bits a number; whether it is unsigned (1)
ORIENTATION = 0x0112  # in EXIF: how a camera was held; the turn that puts the picture upright
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DAMAGES = (OSError, RuntimeError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
EXPECTED = "expected nothing but images (PNG, JPEG, WebP and the like)"


def image_files(folder: Path | str) -> list[Path]:
    """What lies in a folder, sorted by name; hidden files (.DS_Store) are left out.

    Args:
        folder: holds images and nothing else.

    Returns:
        At least one path. The files are not opened yet.

    Raises:
        ValueError: there is no such folder, it is empty, or holds a folder; the message names it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if not paths:
        raise ValueError(f"the folder {folder} is empty; {EXPECTED}")
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{path} is no file; {EXPECTED} in {folder}")
    return paths


def read_images(folder: Path | str, size: int) -> Tensor:
    """Every image of a folder in colour, each made a square of one size (its sides change alike or not).

    Images are turned as their camera says (EXIF) and may be grey, of 8 to 16 bits, in palettes, CMYK or
    partly transparent, which is laid on white. All of them stay in memory, 3 size**2 bytes each: at 286
    pixels, 1,000 images take 245 MB.

    Args:
        folder: holds images of any size and nothing else; hidden files are left out.
        size: of the squares, in pixels, at least 1; sampled bicubically.

    Returns:
        (N, 3, size, size), uint8, in the order of ``image_files``.

    Raises:
        ValueError: the folder is missing or empty; a file is no image, is damaged, is smaller than 16 pixels
            a side, or has numbers of another kind than unsigned ones of 8 to 16 bits, of which it uses the
            upper ones. The message names it.
        OSError: a file cannot be opened.
    """
    paths = image_files(folder)
    images = torch.empty(len(paths), 3, size, size, dtype=torch.uint8, device="cpu")
    for i, path in enumerate(paths):
        square = read_image(path).resize((size, size), Image.Resampling.BICUBIC)
        images[i] = torch.from_numpy(np.array(square)).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)
    return images


def read_image(path: Path) -> Image.Image:
    """One image in RGB, upright, as ``read_images`` reads them, in its own size.

    Raises:
        ValueError: the file is no image, is damaged, or is refused as ``read_images`` says; it is named.
        OSError: it cannot be opened.
    """
    try:
        with Image.open(path) as file:
            deep = any("16" in str(part) for part in file.tile)  # the file has 16 bits a number
            file.load()
            transparent = file.info.get("transparency")
            if deep and isinstance(transparent, tuple):  # Pillow has kept the upper 8 bits of the pixels only
                file.info["transparency"] = tuple(value >> 8 for value in transparent)
            turn = TURNS.get(file.getexif().get(ORIENTATION, 1))
            image = _in_colour(file if turn is None else file.transpose(turn))
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no image, or damaged; {EXPECTED} in {path.parent}") from error
    except PermissionError:
        raise
    except DAMAGES as error:
        raise ValueError(f"the image {path} cannot be read: {error}") from error
    if min(image.size) < SMALLEST:
        width, height = image.size
        raise ValueError(
            f"the image {path} has {width} x {height} pixels; expected at least {SMALLEST} a side"
        )
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """A grey image of 9 to 16 bits with its upper 8 bits, with alpha where one grey is transparent."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF file
    bits, signed = tags.get(BITS, (16,))[0], tags.get(SAMPLE_FORMAT, (1,))[0] != 1
    pixels = np.asarray(image).astype(np.int64)
    if bits > 16 or signed:
        raise ValueError(f"its pixels are {'signed ' * signed}numbers of {bits} bits; expected 8 or 16 bits")
    if 0 < pixels.max() < 2 ** (bits - 4):
        raise ValueError(
            f"its largest number is {pixels.max()} of {2**bits - 1}: it would be black; save it with 8 bits"
        )
    grey = (pixels >> (bits - 8)).astype(np.uint8)
    transparent = image.info.get("transparency")
    if transparent is None:
        return Image.fromarray(grey)
    alpha = np.where(pixels == transparent, 0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([grey, alpha], axis=2), "LA")


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; expected 8 or 16 bits")
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
