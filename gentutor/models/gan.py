"""Generators and discriminators: fully connected and convolutional.

A generator maps noise (B, latent_dim) to images (B, C, H, W) in [-1, 1] and carries its
``latent_dim``. A discriminator maps images to one logit per example, shape (B,).
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.sampling import Sampler


class Generator(Sampler):
    """What every generator has: it maps noise (B, latent_dim) to data, images in [-1, 1]."""

    def images(self, z: Tensor, *condition: Tensor) -> Tensor:
        """Noise (B, latent_dim), and what is told beside it -> images (B, C, H, W) in [0, 1]."""
        return (self(z, *condition) + 1) / 2


def noise(generator: nn.Module, n: int) -> Tensor:
    """What a generator takes: (n, latent_dim) from N(0, I), of its weights' data type and on their device."""
    weight = next(generator.parameters())
    return torch.randn(n, cast(int, generator.latent_dim), dtype=weight.dtype, device=weight.device)


class MLPGenerator(Generator):
    """Fully connected generator, by default 100-256-512-1024-784, tanh at the end.

    Args:
        latent_dim: numbers of noise per image.
        image_shape: (C, H, W) of the output.
        hidden: widths of the hidden layers.
    """

    def __init__(
        self,
        latent_dim: int = 100,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        hidden: tuple[int, ...] = (256, 512, 1024),
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = image_shape
        layers: list[nn.Module] = []
        for width_in, width_out in zip((latent_dim, *hidden), hidden, strict=False):
            layers += [nn.Linear(width_in, width_out), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Linear(hidden[-1], math.prod(image_shape)), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent_dim) -> (B, C, H, W) in [-1, 1]."""
        check.noise(z, self.latent_dim)
        return self.net(z).view(-1, *self.image_shape)  # (B, C H W) -> (B, C, H, W)


class MLPDiscriminator(nn.Module):
    """Fully connected discriminator, by default 784-1024-512-256-1 with dropout.

    Args:
        image_shape: (C, H, W) of the input.
        hidden: widths of the hidden layers.
        dropout: share of hidden units silenced in training.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        hidden: tuple[int, ...] = (1024, 512, 256),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        widths = (math.prod(image_shape), *hidden)
        layers: list[nn.Module] = [nn.Flatten()]
        for width_in, width_out in zip(widths, hidden, strict=False):
            layers += [nn.Linear(width_in, width_out), nn.LeakyReLU(0.2), Dropout(dropout)]
        self.net = nn.Sequential(*layers, nn.Linear(hidden[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B,) logits."""
        check.images(x, self.image_shape)
        return self.net(x).squeeze(1)  # (B, 1) -> (B,)


class DCGANGenerator(Generator):
    """Convolutional generator: noise -> a quarter-size map -> two doublings -> image.

    Args:
        latent_dim: numbers of noise per image.
        image_size: height and width of the image, a multiple of 4 (28 and 32 in the book).
        channels: channels of the image.
        width: feature maps at a quarter of the size; half as many at half the size.
    """

    def __init__(
        self, latent_dim: int = 64, image_size: int = 28, channels: int = 1, width: int = 64
    ) -> None:
        super().__init__()
        _expect_multiple_of_4(image_size)
        self.latent_dim = latent_dim
        self.image_shape = (channels, image_size, image_size)
        small = image_size // 4  # 28 -> 7, 32 -> 8; the shapes are those for 28
        self.net = nn.Sequential(
            nn.Linear(latent_dim, width * small * small, bias=False),
            nn.Unflatten(1, (width, small, small)),  # (B, width, 7, 7)
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1, bias=False),  # (B, width/2, 14, 14)
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.ConvTranspose2d(width // 2, channels, 4, stride=2, padding=1),  # (B, channels, 28, 28)
            nn.Tanh(),
        )
        self.apply(dcgan_init)

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent_dim) -> (B, C, H, W) in [-1, 1]."""
        check.noise(z, self.latent_dim)
        return self.net(z)


class DCGANDiscriminator(nn.Module):
    """Convolutional discriminator: two halvings, a third convolution, one logit.

    Args:
        image_size: height and width of the image, a multiple of 4 (28 and 32 in the book).
        channels: channels of the image.
        width: feature maps after the first convolution; doubled by each of the next two.
        noise: standard deviation of Gaussian noise added to its input in training.
        normalised: with BatchNorm. Without, each example is judged by itself, as penalties on slopes need it.
    """

    def __init__(
        self,
        image_size: int = 28,
        channels: int = 1,
        width: int = 32,
        noise: float = 0.0,
        normalised: bool = True,
    ) -> None:
        super().__init__()
        _expect_multiple_of_4(image_size)
        self.image_shape = (channels, image_size, image_size)
        last = math.ceil(image_size // 4 / 2)  # 28 -> 14 -> 7 -> 4; the shapes are those for 28
        norm = nn.BatchNorm2d if normalised else nn.Identity
        self.net = nn.Sequential(
            GaussianNoise(noise),
            nn.Conv2d(channels, width, 4, stride=2, padding=1),  # (B, width, 14, 14)
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=not normalised),  # (B, 2 width, 7, 7)
            norm(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(
                2 * width, 4 * width, 3, stride=2, padding=1, bias=not normalised
            ),  # (B, 4 width, 4, 4)
            norm(4 * width),
            nn.LeakyReLU(0.2),
            nn.Flatten(),  # (B, 64 width)
            nn.Linear(4 * width * last * last, 1),
        )
        if normalised:
            self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B,) logits."""
        check.images(x, self.image_shape)
        return self.net(x).squeeze(1)  # (B, 1) -> (B,)


class MLP(Generator):
    """A small fully connected network for points, as generator or discriminator of the toys.

    Args:
        inputs: numbers per example going in.
        outputs: numbers per example coming out.
        hidden: widths of the hidden layers (ReLU).
        minibatch_std: append the batch's standard deviation to every example's last hidden
            layer, so that a discriminator sees a lack of variety (Karras et al. 2018, section 3).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: tuple[int, ...] = (128, 128),
        minibatch_std: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim = inputs  # as a generator, what it takes is noise
        layers: list[nn.Module] = []
        for width_in, width_out in zip((inputs, *hidden), hidden, strict=False):
            layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.minibatch_std = minibatch_std
        self.last = nn.Linear(hidden[-1] + minibatch_std, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        h = self.features(x)  # (B, width)
        if self.minibatch_std:
            spread = h.std(dim=0).mean().expand(len(h), 1)  # one number -> (B, 1)
            h = torch.cat([h, spread], dim=1)  # (B, width + 1)
        return self.last(h)


class GaussianNoise(nn.Module):
    """Adds N(0, std²) in training; nothing in evaluation."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        return x + self.std * torch.randn_like(x) if self.training and self.std > 0 else x


class Dropout(nn.Dropout):
    """``nn.Dropout``, about twice as fast on a processor: there its mask is cut from uniform random numbers.

    In training each number becomes 0 with probability p < 1, and x / (1 - p) otherwise.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        if not self.training or x.is_cuda:
            return super().forward(x)
        keep = torch.rand_like(x).ge_(self.p)  # 1 with probability 1 - p, else 0
        return x * keep.div_(1 - self.p)


def dcgan_init(module: nn.Module) -> None:
    """Weights from N(0, 0.02²), BatchNorm gains from N(1, 0.02²) (Radford et al. 2016, section 4)."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def _expect_multiple_of_4(image_size: int) -> None:
    if image_size < 4 or image_size % 4:
        raise ValueError(f"image_size must be a multiple of 4, got {image_size}")
