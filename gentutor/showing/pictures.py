"""Pictures of your own, translated one by one by a trained CycleGAN, each in its own size."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from gentutor import data
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import translate
from gentutor.showing.samples import png, tile

DOMAINS = ("A", "B")
LARGEST = 1024  # pixels a side; larger pictures are scaled down
DIVISOR = 4  # of the sides that a generator takes


def holds_pictures(folder: Path) -> bool:
    """Whether a folder holds new pictures to translate: it has a folder A, a folder B, or both."""
    return any((folder / domain).is_dir() for domain in DOMAINS)


def translate_folder(model: Generators, folder: Path, out: Path) -> list[str]:
    """Translate every picture in ``folder/A`` into B and every one in ``folder/B`` into A.

    Args:
        model: both generators, of colour images.
        folder: holds A, B or both, each with images of any size and nothing else.
        out: a new or an empty folder; gets ``A-to-B/NAME.png`` and ``B-to-A/NAME.png``.

    Returns:
        What was done, a line each: how many pictures, and which were scaled down.

    Raises:
        ValueError: ``out`` is not empty, or a picture cannot be read; the message names it.
        OSError: a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not empty; choose a new or an empty folder as --out")
    present = [domain for domain in DOMAINS if (folder / domain).is_dir()]
    files = {
        domain: data.image_files(folder / domain) for domain in present
    }  # an error comes before any work
    lines = []
    for domain, paths in files.items():
        generator, other = (model.G, "B") if domain == "A" else (model.F, "A")
        into = out / f"{domain}-to-{other}"
        into.mkdir(parents=True)
        for path, name in zip(paths, _names(paths), strict=True):
            picture = data.read_image(path)
            if max(picture.size) > LARGEST:
                before, picture = picture.size, _smaller(picture)
                sizes = "{} x {} pixels to {} x {}".format(*before, *picture.size)
                lines.append(f"{path}: scaled down from {sizes}")
            (into / name).write_bytes(png(tile(_translated(generator, picture))))
        lines.append(f"{len(paths)} translations of {folder / domain} in {into}")
    return lines


def _translated(generator: nn.Module, picture: Image.Image) -> Tensor:
    """(1, 3, height, width) in [0, 1]: reflected up to what the generator divides by, and cut back."""
    image = data.to_signed(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])  # (1, 3, H, W)
    height, width = image.shape[2:]
    padded = F.pad(image, (0, -width % DIVISOR, 0, -height % DIVISOR), mode="reflect")
    return translate(generator, padded)[:, :, :height, :width] / 2 + 0.5


def _smaller(picture: Image.Image) -> Image.Image:
    scale = LARGEST / max(picture.size)
    width, height = (max(data.SMALLEST, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _names(paths: list[Path]) -> list[str]:
    """NAME.png for each NAME.jpg; NAME.jpg.png where another file has the same name but for its ending."""
    stems = [path.stem.lower() for path in paths]
    return [f"{p.stem if stems.count(p.stem.lower()) == 1 else p.name}.png" for p in paths]
