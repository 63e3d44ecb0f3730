"""Images from a trained generator: drawn with a seed, tiled into a grid, written as PNG."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor, nn

from gentutor._checks import expect_floats, expect_range
from gentutor._memory import expect_memory
from gentutor.models.cvae import CVAE
from gentutor.models.cyclegan import Generators
from gentutor.models.vae import VAE

RUN = "gentutor run"  # the text in a PNG file that names its run


def makes_images(model: nn.Module) -> bool:
    """Whether ``sample_images`` can draw from the model: it maps noise of ``latent_dim`` to images."""
    return hasattr(model, "latent_dim") and hasattr(model, "image_shape")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Within the block the model is in eval mode; afterwards each part is back in the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for module, training in modes:
            module.training = training


@torch.no_grad()
def sample_images(
    generator: nn.Module, n: int, seed: int = 0, chunk: int = 1000, condition: Tensor | None = None
) -> Tensor:
    r"""Samples of a generator or a VAE in eval mode, as images in [0, 1].

    .. math::
        x = \tfrac12 (G(z) + 1) \text{ of a generator}, \qquad x = E[x|z] = \sigma(l(z)) \text{ of a VAE},
        \qquad z \sim N(0, I)

    What is shown of a VAE is the mean of p(x|z), each pixel's probability of ink, not a draw from it.
    A conditional model is also told a condition for each image.

    The noise is drawn on the CPU, in float32, from its own random numbers: a seed's is the same on every
    device and for every data type, and the global random state stays as it was.

    Args:
        generator: a network with ``latent_dim`` that maps (B, latent_dim) to (B, C, H, W) in [-1, 1],
            or a VAE whose ``decode`` gives logits.
        n: how many images, at least 1.
        seed: of the noise.
        chunk: how many images to draw at once, at least 1.
        condition: (n, ...), for a conditional model: what each image is asked to be, e.g. labels. By
            default its ``examples`` in turn: 0, 1, ..., 9, 0, ... for digits.

    Returns:
        (n, C, H, W) in [0, 1], of the data type of the generator's weights and on their device.

    Raises:
        TypeError: the model is no generator of images.
        ValueError: n or chunk is not positive; n images do not fit into the machine's memory; the model takes
            no condition, or n others.

    >>> from gentutor.models.gan import MLPGenerator
    >>> images = sample_images(MLPGenerator(), 3)
    >>> tuple(images.shape), bool((images >= 0).all() and (images <= 1).all())
    ((3, 1, 28, 28), True)
    """
    if not makes_images(generator):
        raise TypeError(f"{type(generator).__name__} is no generator of images: it takes no noise")
    if n < 1 or chunk < 1:
        raise ValueError(f"n and chunk must be at least 1, got {n} and {chunk}")
    expect_memory(4 * n * math.prod(cast(tuple[int, ...], generator.image_shape)), f"{n} images")
    random, size = torch.Generator().manual_seed(seed), cast(int, generator.latent_dim)
    z = torch.randn(n, size, generator=random, dtype=torch.float32, device="cpu")
    told = _conditions(generator, n, condition)
    weight = next(generator.parameters())
    with evaluating(generator):
        parts = zip(*(tensor.split(chunk) for tensor in (z, *told)), strict=True)
        images = torch.cat([_images(generator, *(_fitting(t, weight) for t in part)) for part in parts])
    return images.to(weight.dtype).clamp(0, 1)


def grid_columns(model: nn.Module) -> int:
    """How many images of a model to show in a row: one for each of its example conditions, else 8."""
    return len(cast(Tensor, model.examples)) if hasattr(model, "examples") else 8


def shown_samples(model: nn.Module, n: int, seed: int = 0) -> Tensor:
    """``sample_images``; where the condition is the upper part of an image, joined with it."""
    images = sample_images(model, n, seed)
    told = _conditions(model, n, None)
    above = told and told[0].dim() == 4
    return torch.cat([told[0].to(images), images], dim=2) if above else images


@torch.no_grad()
def translate(generator: nn.Module, images: Tensor, pixels: int = 500 * 32 * 32) -> Tensor:
    """Images as the generator translates them, in eval mode.

    Args:
        generator: maps images (B, C, H, W) in [-1, 1] to others.
        images: (N, C, H, W), floating point in [-1, 1], perhaps with noise on them.
        pixels: of the images translated at once, at most; but at least one is.

    Returns:
        (N, C', H, W), of the images' data type, on the processor.

    Raises:
        TypeError, ValueError: images of another type or shape, outside of [-10, 10], or nan.
    """
    expect_floats("images", images)
    if images.dim() != 4:
        raise ValueError(f"expected images of shape (N, C, H, W), got {tuple(images.shape)}")
    expect_range("images", images, -1, 1, slack=9)  # noise reaches further
    weight = next(generator.parameters())
    chunk = max(1, pixels // (images.shape[2] * images.shape[3]))
    with evaluating(generator):
        return torch.cat([generator(part.to(weight)).to("cpu", images.dtype) for part in images.split(chunk)])


def translations(model: nn.Module, a: Tensor, b: Tensor, columns: int = 10) -> Tensor:
    """For a grid of ``columns``: rows of images of A, their translations, images of B, and theirs.

    Args:
        model: both directions (``models.cyclegan.Generators``).
        a: (N, C_A, H, W) in [-1, 1].
        b: (N, C_B, H, W) in [-1, 1], e.g. the true partners of a.
        columns: how many of each in a row; divides N.

    Returns:
        (4 N, C, H, W) in [0, 1], C the larger number of channels.

    Raises:
        TypeError: the model has not two directions, or a or b is no floating-point tensor.
        ValueError: columns does not divide N, or a or b lie outside of [-1, 1].
    """
    if not isinstance(model, Generators):
        raise TypeError(f"{type(model).__name__} does not translate")
    if len(a) != len(b) or len(a) % columns:
        raise ValueError(f"expected as many of both, a multiple of {columns}, got {len(a)} and {len(b)}")
    for name, images in {"a": a, "b": b}.items():
        expect_floats(name, images)
        expect_range(name, images, -1, 1)
    kinds = [a.cpu(), translate(model.G, a), b.cpu(), translate(model.F, b)]
    channels = max(images.shape[1] for images in kinds)
    kinds = [images.expand(-1, channels, -1, -1) for images in kinds]
    rows = [images.split(columns) for images in kinds]
    grid = torch.cat([row[i] for i in range(len(a) // columns) for row in rows])
    return (grid / 2 + 0.5).clamp(0, 1)


def _images(model: nn.Module, z: Tensor, *condition: Tensor) -> Tensor:
    if isinstance(model, VAE | CVAE):
        return model.decode(z, *condition).sigmoid()
    return (model(z, *condition) + 1) / 2


def _fitting(tensor: Tensor, weight: Tensor) -> Tensor:
    """The same on the weight's device, numbers of its data type; labels and tokens stay integers."""
    return tensor.to(weight) if tensor.is_floating_point() else tensor.to(weight.device)


def _conditions(model: nn.Module, n: int, condition: Tensor | None) -> tuple[Tensor, ...]:
    """What a model is told beside the noise: n conditions, or nothing."""
    if not hasattr(model, "examples"):
        if condition is not None:
            raise ValueError(f"{type(model).__name__} takes no condition, got one")
        return ()
    examples = cast(Tensor, model.examples)
    if condition is None:
        return (examples[torch.arange(n, device=examples.device) % len(examples)],)
    if len(condition) != n:
        raise ValueError(f"expected {n} conditions, one for each image, got {len(condition)}")
    return (condition,)


def tile(images: Tensor, columns: int = 8, gap: int = 0) -> np.ndarray:
    """Images side by side, row after row, as one picture.

    Args:
        images: (N, C, H, W) in [0, 1], C = 1 or 3.
        columns: images per row; missing ones at the end stay white.
        gap: white pixels between images.

    Returns:
        uint8, (height, width) for one channel and (height, width, 3) for three.

    Raises:
        ValueError: the images have another shape or lie outside of [0, 1], or columns is not positive.

    >>> tile(torch.zeros(3, 1, 2, 2), columns=2).tolist()  # the fourth is missing
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 255, 255], [0, 0, 255, 255]]
    """
    if images.dim() != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"expected images of shape (N, 1 or 3, H, W), got {tuple(images.shape)}")
    if columns < 1 or gap < 0:
        raise ValueError(f"expected columns >= 1 and gap >= 0, got {columns} and {gap}")
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    columns = min(columns, n)
    pixels = images.detach().to("cpu", torch.float32)
    expect_range("images", pixels, 0, 1)
    grid = pixels.new_ones(rows * columns, channels, height + gap, width + gap)
    grid[:n, :, :height, :width] = pixels
    grid = grid.view(rows, columns, channels, height + gap, width + gap)
    # (rows, columns, C, H, W) -> (rows, H, columns, W, C) -> one picture
    picture = grid.permute(0, 3, 1, 4, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    picture = picture[: rows * (height + gap) - gap, : columns * (width + gap) - gap]
    return (picture * 255).round().to(torch.uint8).squeeze(2).numpy()


def png(picture: np.ndarray, run: str = "") -> bytes:
    """A picture as the content of a PNG file, which may say of which ``run`` it is a part.

    Raises:
        TypeError: the picture is not uint8, 0 to 255 (``tile`` makes one of images).
    """
    if picture.dtype != np.uint8:
        raise TypeError(f"the picture must be uint8, 0 to 255, got {picture.dtype}")
    buffer, text = io.BytesIO(), PngImagePlugin.PngInfo()
    if run:
        text.add_text(RUN, run)
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True, pnginfo=text)
    return buffer.getvalue()


def run_of_png(path: Path) -> str:
    """Of which run a file says that it is a part; empty for any other file."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return str(image.info.get(RUN, ""))
    except (OSError, SyntaxError, ValueError):  # no PNG file, or damaged
        return ""


def from_png(content: bytes) -> np.ndarray:
    """The picture in a PNG file's content."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)
