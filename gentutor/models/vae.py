"""Variational autoencoders: an encoder for q(z|x), a decoder for p(x|z), a standard normal prior."""

import math
from collections.abc import Callable

from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.sampling import Sampler

Likelihood = Callable[[Tensor, Tensor], Tensor]


class VAE(Sampler):
    """An encoder and a decoder that share a latent space, and the likelihood that ties them to data.

    Args:
        encoder: maps images (B, C, H, W) to (B, 2 * latent_dim): means, then log-variances.
        decoder: maps latents (B, latent_dim) to what the likelihood wants, (B, C, H, W), e.g. logits.
        likelihood: maps the decoder's output and x, both (B, C, H, W), to log p(x|z), (B,), in nats.
        latent_dim: numbers of latent variables per image.
        image_shape: (C, H, W).
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        image_shape: tuple[int, int, int] = (1, 28, 28),
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.latent_dim = latent_dim
        self.image_shape = image_shape

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> the mean and log-variance of q(z|x), each (B, latent_dim)."""
        check.images(x, self.image_shape)
        mean, log_var = self.encoder(x).chunk(2, dim=1)  # (B, 2 latent_dim) -> twice (B, latent_dim)
        return mean, log_var

    def decode(self, z: Tensor) -> Tensor:
        """(..., latent_dim) -> (..., C, H, W), e.g. logits."""
        if z.shape[-1] != self.latent_dim:
            raise ValueError(f"expected latents of shape (..., {self.latent_dim}), got {tuple(z.shape)}")
        out = self.decoder(z.reshape(-1, self.latent_dim))  # (...) as one batch
        return out.view(*z.shape[:-1], *self.image_shape)  # (..., C, H, W)

    def images(self, z: Tensor, *condition: Tensor) -> Tensor:
        """(B, latent_dim) -> E[x|z], (B, C, H, W): each pixel's probability of ink."""
        return self.decode(z).sigmoid()

    def log_px_z(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats: x (B, C, H, W) and z (..., B, latent_dim) -> (..., B)."""
        out = self.decode(z)  # (..., B, C, H, W)
        return self.likelihood(out.flatten(0, -4), x.expand_as(out).flatten(0, -4)).view(z.shape[:-1])


def mlp(widths: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """Linear layers of these widths with the activation between them."""
    layers: list[nn.Module] = [nn.Linear(widths[0], widths[1])]
    for width_in, width_out in zip(widths[1:], widths[2:], strict=False):
        layers += [activation(), nn.Linear(width_in, width_out)]
    return nn.Sequential(*layers)


def mlp_vae(
    likelihood: Likelihood,
    latent_dim: int = 50,
    hidden: tuple[int, ...] = (200, 200),
    activation: type[nn.Module] = nn.Tanh,
    image_shape: tuple[int, int, int] = (1, 28, 28),
) -> VAE:
    """A fully connected VAE, by default that of Burda et al. 2016: 784-200-200-50 and back, tanh.

    Args:
        likelihood: as for ``VAE``.
        latent_dim: numbers of latent variables per image.
        hidden: widths of the encoder's hidden layers; the decoder's are the same in reverse.
        activation: between the layers.
        image_shape: (C, H, W).
    """
    pixels = math.prod(image_shape)
    encoder = nn.Sequential(nn.Flatten(), *mlp((pixels, *hidden, 2 * latent_dim), activation))
    decoder = mlp((latent_dim, *reversed(hidden), pixels), activation)
    return VAE(encoder, decoder, likelihood, latent_dim, image_shape)
