"""Trained networks at work, in eval mode and in parts: images from noise, and translations."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor._memory import expect_memory


class Sampler(nn.Module, ABC):
    """A network that makes images of noise."""

    latent_dim: int  # numbers of noise per image
    image_shape: tuple[int, ...]  # (C, H, W)

    @abstractmethod
    def images(self, z: Tensor, *condition: Tensor) -> Tensor:
        """Noise (B, latent_dim), and what is told beside it -> images (B, C, H, W) in [0, 1]."""

    def conditions(self, n: int, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        """What is told beside the noise of n images: nothing.

        Raises:
            ValueError: a condition is given.
        """
        if condition is not None:
            raise ValueError(f"{type(self).__name__} takes no condition, got one")
        return ()


class ConditionalSampler(Sampler):
    """A network that makes images of noise and a condition."""

    examples: Tensor  # (N, ...), the conditions to show in turn where none are asked for

    def conditions(self, n: int, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        """What is told beside the noise of n images: the n conditions, by default the examples in turn.

        Raises:
            ValueError: another number of conditions.
        """
        if condition is None:
            return (self.examples[torch.arange(n, device=self.examples.device) % len(self.examples)],)
        if len(condition) != n:
            raise ValueError(f"expected {n} conditions, one for each image, got {len(condition)}")
        return (condition,)


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
        generator: what makes images of noise, e.g. a generator or a VAE.
        n: how many images, at least 1.
        seed: of the noise.
        chunk: how many images to draw at once, at least 1.
        condition: (n, ...), for a conditional model: what each image is asked to be, e.g. labels. By
            default its ``examples`` in turn: 0, 1, ..., 9, 0, ... for digits.

    Returns:
        (n, C, H, W) in [0, 1], of the data type of the generator's weights and on their device.

    Raises:
        ValueError: n or chunk is not positive; n images do not fit into the machine's memory; the model takes
            no condition, or n others.

    >>> from gentutor.models.gan import MLPGenerator
    >>> images = sample_images(MLPGenerator(), 3)
    >>> tuple(images.shape), bool((images >= 0).all() and (images <= 1).all())
    ((3, 1, 28, 28), True)
    """
    sampler = cast(Sampler, generator)
    if n < 1 or chunk < 1:
        raise ValueError(f"n and chunk must be at least 1, got {n} and {chunk}")
    expect_memory(4 * n * math.prod(sampler.image_shape), f"{n} images")
    random = torch.Generator().manual_seed(seed)
    z = torch.randn(n, sampler.latent_dim, generator=random, dtype=torch.float32, device="cpu")
    told = sampler.conditions(n, condition)
    weight = next(generator.parameters())
    with evaluating(generator):
        parts = zip(*(tensor.split(chunk) for tensor in (z, *told)), strict=True)
        images = torch.cat([sampler.images(*(_fitting(t, weight) for t in part)) for part in parts])
    return images.to(weight.dtype).clamp(0, 1)


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
    check.floats(images=images)
    if images.dim() != 4:
        raise ValueError(f"expected images of shape (N, C, H, W), got {tuple(images.shape)}")
    check.within(-1, 1, slack=9, images=images)  # noise reaches further
    weight = next(generator.parameters())
    chunk = max(1, pixels // (images.shape[2] * images.shape[3]))
    with evaluating(generator):
        return torch.cat([generator(part.to(weight)).to("cpu", images.dtype) for part in images.split(chunk)])


def _fitting(tensor: Tensor, weight: Tensor) -> Tensor:
    """The same on the weight's device, numbers of its data type; labels and tokens stay integers."""
    return tensor.to(weight) if tensor.is_floating_point() else tensor.to(weight.device)
