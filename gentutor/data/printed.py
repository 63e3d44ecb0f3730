"""The digits of 235 typefaces in MNIST's format.

An unknown split raises ``ValueError``, and so does a file that is truncated or altered; a missing one
raises ``FileNotFoundError``.
"""

import io

import numpy as np
import torch

from gentutor import _checks as check
from gentutor.data import _files
from gentutor.data.images import Images

_FILE = "printed_digits/printed_digits_28.npz"
# Whole families, so that no bold or italic of a held-out face is seen in training; relatives stay together.
_HELD_OUT = {
    "validation": (
        "fonts-cantarell/",
        "fonts-crosextra-caladea/",
        "fonts-jetbrains-mono/",
        "fonts-texgyre/texgyreadventor-",
        "fonts-vollkorn/",
    ),
    "test": (
        "fonts-cabin/",
        "fonts-comfortaa/",
        "fonts-courier-prime/",
        "fonts-ebgaramond/",
        "fonts-open-sans/",
        "fonts-texgyre/texgyrecursor-",  # a Courier too
    ),
}


def printed_digits(split: str) -> Images:
    """The printed digits 0 to 9, from the files in this package, scaled and centred as MNIST's are.

    Args:
        split: "train" (155 faces), "validation" (40) or "test" (40); a family of faces is in one of them.

    Returns:
        ``Images``: uint8 in 0 (paper) to 255 (ink), (10 x faces, 1, 28, 28), and labels int64: face by
        face the ten digits, 0 to 9.

    Source:
        See README.md beside this file.

    >>> images, labels = printed_digits("test")
    >>> images.shape, labels[:12].tolist()
    (torch.Size([400, 1, 28, 28]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    """
    check.known(("train", *_HELD_OUT), split=split)
    with np.load(io.BytesIO(_files.read_packed(_FILE)), allow_pickle=False) as arrays:
        images, fonts = arrays["images"], arrays["fonts"]  # (235, 10, 28, 28), (235,)
    chosen = images[[_split_of(font) == split for font in fonts.tolist()]]
    return Images(
        torch.from_numpy(chosen.reshape(-1, 1, 28, 28)),
        torch.arange(10, device="cpu").repeat(len(chosen)),
    )


def _split_of(font: str) -> str:
    return next((split for split, families in _HELD_OUT.items() if font.startswith(families)), "train")
