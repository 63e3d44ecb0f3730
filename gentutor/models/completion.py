"""Networks that complete a digit: the condition is its visible upper half, seen through an encoder E(x).

Visible halves are (B, 1, 14, 28) in [0, 1] for all of them. What they make is the hidden half alone.
Images of another shape raise ``ValueError``.
"""

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.conditional import ConditionalGenerator
from gentutor.models.cvae import CVAE
from gentutor.models.gan import DCGANDiscriminator, dcgan_init
from gentutor.models.vae import Likelihood, mlp

HALF = (1, 14, 28)


def halves(images: Tensor) -> tuple[Tensor, Tensor]:
    """Digits (B, 1, 28, 28) -> their upper and their lower halves, each (B, 1, 14, 28).

    >>> upper, lower = halves(torch.arange(784).view(1, 1, 28, 28))
    >>> upper.shape, int(lower[0, 0, 0, 0])  # the first pixel of row 14
    (torch.Size([1, 1, 14, 28]), 392)
    """
    check.images(images, (1, 28, 28))
    upper, lower = images.split(14, dim=2)  # (B, 1, 28, 28) -> twice (B, 1, 14, 28)
    return upper, lower


class HalfEncoder(nn.Module):
    """E(x): the visible half of a digit as a code, by two convolutions and a linear layer.

    Args:
        width: numbers per code.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.width = width
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1),  # (B, 1, 14, 28) -> (B, 16, 7, 14)
            nn.SiLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),  # (B, 32, 4, 7)
            nn.SiLU(),
            nn.Flatten(),  # (B, 896)
            nn.Linear(32 * 4 * 7, width),  # (B, width)
            nn.SiLU(),
        )

    def forward(self, c: Tensor) -> Tensor:
        """(B, 1, 14, 28) in [0, 1] -> (B, width)."""
        check.images(c, HALF, "visible halves")
        return self.net(c)


def completion_cvae(
    likelihood: Likelihood, examples: Tensor, latent_dim: int = 32, hidden: tuple[int, ...] = (256, 256)
) -> CVAE:
    """A conditional VAE of the hidden half given the visible one: many answers, and their probability.

    Args:
        likelihood: as for ``CVAE``.
        examples: (N, 1, 14, 28), the visible halves to complete where none are given.
        latent_dim: numbers of latent variables per image.
        hidden: widths of the hidden layers of q(z|x, c); the decoder's are the same in reverse.
    """
    encoder = HalfEncoder()
    posterior = mlp((392 + encoder.width, *hidden, 2 * latent_dim), nn.SiLU)
    decoder = mlp((latent_dim + encoder.width, *reversed(hidden), 392), nn.SiLU)
    return CVAE(encoder, nn.Flatten(), posterior, decoder, likelihood, latent_dim, HALF, examples)


class HalfRegression(nn.Module):
    """The mean of the hidden half given the visible one: one answer, the average of all that are possible.

    It is the conditional VAE's decoder without a latent variable.

    Args:
        hidden: widths of the hidden layers.
    """

    def __init__(self, hidden: tuple[int, ...] = (256, 256)) -> None:
        super().__init__()
        self.condition = HalfEncoder()
        self.decoder = mlp((self.condition.width, *hidden, 392), nn.SiLU)

    def forward(self, c: Tensor) -> Tensor:
        """Visible halves (B, 1, 14, 28) -> logits of the hidden ones, (B, 1, 14, 28)."""
        return self.decoder(self.condition(c)).view(-1, *HALF)  # (B, width) -> (B, 392) -> (B, 1, 14, 28)


class HalfGenerator(nn.Module):
    """Noise and code -> a hidden half in [-1, 1], (B, 1, 14, 28)."""

    image_shape = HALF

    def __init__(self, inputs: int, width: int = 64) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(inputs, width * 7 * 14, bias=False),
            nn.Unflatten(1, (width, 7, 14)),  # (B, 98 width) -> (B, width, 7, 14)
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width // 2, 3, padding=1, bias=False),  # (B, width/2, 7, 14)
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.ConvTranspose2d(width // 2, 1, 4, stride=2, padding=1),  # (B, 1, 14, 28)
            nn.Tanh(),
        )
        self.apply(dcgan_init)

    def forward(self, h: Tensor) -> Tensor:
        """(B, inputs) -> (B, 1, 14, 28) in [-1, 1]."""
        return self.net(h)


def half_generator(examples: Tensor, latent_dim: int = 32) -> ConditionalGenerator:
    """A conditional generator of the hidden half: its noise and E(x) go through ``HalfGenerator``.

    Args:
        examples: (N, 1, 14, 28), the visible halves to complete where none are given.
        latent_dim: numbers of noise per image.
    """
    encoder = HalfEncoder()
    return ConditionalGenerator(HalfGenerator(latent_dim + encoder.width), encoder, latent_dim, examples)


class CompletionDiscriminator(nn.Module):
    """A discriminator that is told the condition by seeing the whole digit, both halves joined.

    Args:
        noise: standard deviation of the noise on its input in training.
    """

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.net = DCGANDiscriminator(noise=noise)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Lower halves in [-1, 1] and upper ones in [0, 1], (B, 1, 14, 28) -> (B,) logits."""
        return self.net(torch.cat([2 * c - 1, x], dim=2))  # (B, 1, 28, 28) -> (B,)
