"""Draws the picture at the head of the README and of the book: digits by people, and by the stored DCGAN.

python tools/hero.py
"""

from pathlib import Path

import torch

from gentutor import data
from gentutor.models.sampling import sample_images
from gentutor.recipes import pretrained
from gentutor.showing.samples import png, tile

TARGET = Path(__file__).resolve().parent.parent / "book" / "figures" / "hero.png"
COLUMNS = 20


def main() -> None:
    """Two rows of each: the first that come, none picked."""
    some = torch.randperm(10_000, generator=torch.Generator().manual_seed(1))[: 2 * COLUMNS]
    people = data.to_unit(data.mnist("test").images[some])
    network = sample_images(pretrained("dcgan-mnist")[0], 2 * COLUMNS, seed=1)
    picture = tile(torch.cat([people, network]), columns=COLUMNS, gap=2)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(png(picture.repeat(2, axis=0).repeat(2, axis=1)))


if __name__ == "__main__":
    main()
