"""Image data sets as whole tensors, and the two ranges that networks want.

An unknown split raises ``ValueError``, and so does a file that is truncated or altered; a missing one
raises ``FileNotFoundError``. Images to be scaled that are not uint8 raise ``TypeError``.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.data import _files

_PREFIX = {"train": "train", "test": "t10k"}


class Images(NamedTuple):
    """Labelled images: ``images`` uint8 (N, 1, 28, 28), 0 is black; ``labels`` int64 (N,)."""

    images: Tensor
    labels: Tensor


def mnist(split: str) -> Images:
    """MNIST's handwritten digits, from the files in this package; nothing is downloaded.

    The first call unpacks them into the user's cache folder, later ones map that file into memory.
    What you write into the tensors stays yours: neither the file nor another call sees it.

    Args:
        split: "train" (60,000 images) or "test" (10,000).

    Returns:
        ``Images``: uint8 in 0 (paper) to 255 (ink), (N, 1, 28, 28), and labels 0 to 9, int64 (N,).

    Source:
        LeCun, Bottou, Bengio, Haffner 1998; see README.md beside this file.

    >>> images, labels = mnist("test")
    >>> images.shape, images.dtype, labels[:3].tolist()
    (torch.Size([10000, 1, 28, 28]), torch.uint8, [7, 2, 1])
    """
    check.known(_PREFIX, split=split)
    return _read(f"MNIST/raw/{_PREFIX[split]}-")


def fashion_mnist() -> Images:
    """2,000 pictures of clothes, from the files in this package: images that are no digits, of the same size.

    They are the first 200 of each of the ten classes of Fashion-MNIST's test set, in its order. The whole
    set (70,000) is ``torchvision.datasets.FashionMNIST``, which downloads it.

    Returns:
        ``Images``: uint8 in 0 (background) to 255, (2000, 1, 28, 28), and labels 0 to 9, int64 (2000,):
        T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.

    Source:
        Xiao, Rasul, Vollgraf 2017; see README.md beside this file.

    >>> images, labels = fashion_mnist()
    >>> images.shape, labels.bincount().tolist()
    (torch.Size([2000, 1, 28, 28]), [200, 200, 200, 200, 200, 200, 200, 200, 200, 200])
    """
    return _read("fashion_mnist/")


def torchvision_root() -> Path:
    """A folder for ``torchvision.datasets.MNIST(root, download=False)``, which wants unpacked files.

    Returns:
        A folder in the user's cache that holds ``MNIST/raw``; do not write into it.

    Raises:
        OSError: the cache folder cannot be written.
    """
    return _files.unpack_all("MNIST")


def to_unit(images: Tensor) -> Tensor:
    r"""Images for a network whose outputs lie in [0, 1].

    .. math:: y = x / 255

    Args:
        images: any shape, uint8, 0 to 255.

    Returns:
        The same shape, float32 in [0, 1], on the same device.

    >>> to_unit(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    _expect_uint8(images)
    return images.to(torch.float32).div_(255)


def to_signed(images: Tensor) -> Tensor:
    r"""Images for a network whose outputs lie in [-1, 1], as those of tanh do.

    .. math:: y = 2x / 255 - 1

    Args:
        images: any shape, uint8, 0 to 255.

    Returns:
        The same shape, float32 in [-1, 1], on the same device.

    >>> to_signed(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([-1.0000, -0.6000,  1.0000])
    """
    _expect_uint8(images)
    return images.to(torch.float32).div_(127.5).sub_(1)


def _read(prefix: str) -> Images:
    images = _files.read_array(f"{prefix}images-idx3-ubyte.gz")  # (N, 28, 28)
    labels = _files.read_array(f"{prefix}labels-idx1-ubyte.gz")  # (N,)
    return Images(torch.from_numpy(images[:, None]), torch.from_numpy(labels).long())


def _expect_uint8(images: Tensor) -> None:
    if not isinstance(images, Tensor):
        raise TypeError(f"images must be a uint8 tensor, got {type(images).__name__}")
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8 (0 to 255), got {images.dtype}: are they scaled already?")
