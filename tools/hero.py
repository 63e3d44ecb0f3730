"""Draws the pictures at the head of the README, of the book, of its doors and of its links, from stored runs.

python -m tools.hero
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gentutor import data
from gentutor.models.sampling import sample_images
from gentutor.recipes import pretrained
from gentutor.showing.samples import png, tile

FOLDER = Path(__file__).resolve().parent.parent / "book" / "figures"
COLUMNS = 20


def people_and_network() -> np.ndarray:
    """Two rows of digits by people and two by the stored DCGAN: the first that come, none picked."""
    some = torch.randperm(10_000, generator=torch.Generator().manual_seed(1))[: 2 * COLUMNS]
    people = data.to_unit(data.mnist("test").images[some])
    network = sample_images(pretrained("dcgan-mnist")[0], 2 * COLUMNS, seed=1)
    return tile(torch.cat([people, network]), columns=COLUMNS, gap=2)


def training() -> np.ndarray:
    """The same sixteen samples of the stored DCGAN at each stored moment of its training."""
    side = 4 * 28  # of the 8 x 8 digits of a frame, the first four rows and columns
    corners = [picture[:side, :side] for _, picture in pretrained("dcgan-mnist")[1].frames()]
    return np.concatenate(
        [np.pad(corner, ((0, 0), (0, 6)), constant_values=255) for corner in corners], axis=1
    )[:, :-6]


def card(picture: np.ndarray) -> np.ndarray:
    """A picture on white in the format of a link's preview, 1200 x 630."""
    scaled = Image.fromarray(picture)
    scaled = scaled.resize((1120, 1120 * scaled.height // scaled.width), Image.Resampling.NEAREST)
    ground = Image.new("L", (1200, 630), 255)
    ground.paste(scaled, (40, (630 - scaled.height) // 2))
    return np.asarray(ground)


def main() -> None:
    """Write all of them, the first two twice as large as they are stored."""
    (FOLDER.parent / "_static" / "card.png").write_bytes(png(card(people_and_network())))
    for name, picture in (("hero", people_and_network()), ("gan", training())):
        (FOLDER / f"{name}.png").write_bytes(png(picture.repeat(2, axis=0).repeat(2, axis=1)))


if __name__ == "__main__":
    main()
