"""A folder of small images of different sizes, modes and formats, as one's own might be."""

from pathlib import Path

import numpy as np
from PIL import Image


def noise(mode: str, size: tuple[int, int], seed: int) -> Image.Image:
    """An image of random pixels."""
    rows, columns = size[1], size[0]
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def images_of_all_kinds(root: Path) -> Path:
    """Four folders: three images for training in each domain, five and four for tests."""
    for part, n in (("trainA", 3), ("trainB", 3), ("testA", 5), ("testB", 4)):
        (root / part).mkdir(parents=True)
        for i in range(n):
            mode, kind = [("RGB", "png"), ("L", "jpg"), ("P", "png"), ("RGBA", "webp"), ("CMYK", "jpg")][i]
            noise(mode, (40 + i, 36 + 2 * i), seed=i).save(root / part / f"{i}.{kind}")
    (root / "trainA" / ".DS_Store").write_text("hidden")
    return root
