"""The VAE that is told a condition: its encoder and its decoder are, its prior stays N(0, I)."""

import math

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor.models.conditional import LabelEmbedding, OneHot
from gentutor.models.sampling import ConditionalSampler
from gentutor.models.vae import Likelihood, mlp


class CVAE(ConditionalSampler):
    """A VAE of images given a condition, whose code is appended to what encoder and decoder are given.

    The prior p(z|c) is N(0, I) for every condition. A prior N(m(c), s(c)²) with learned m and s would
    describe no more densities p(x|c): z = m(c) + s(c) u with u ~ N(0, I), and the decoder, which sees c,
    can compute that itself.

    Args:
        condition: maps conditions (B, ...) to codes (B, width); ``OneHot`` for labels, else an encoder.
        features: maps images (B, C, H, W) to features (B, F), e.g. ``nn.Flatten()``.
        posterior: maps (B, F + width) to (B, 2 * latent_dim): means, then log-variances of q(z|x, c).
        decoder: maps (B, latent_dim + width) to what the likelihood wants, (B, C, H, W), e.g. logits.
        likelihood: maps the decoder's output and x, both (B, C, H, W), to log p(x|z, c), (B,), in nats.
        latent_dim: numbers of latent variables per image.
        image_shape: (C, H, W).
        examples: (N, ...), the conditions to show in turn where none are asked for.
    """

    def __init__(
        self,
        condition: nn.Module,
        features: nn.Module,
        posterior: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        examples: Tensor,
    ) -> None:
        super().__init__()
        self.condition, self.features, self.posterior, self.decoder = condition, features, posterior, decoder
        self.likelihood = likelihood
        self.latent_dim = latent_dim
        self.image_shape = image_shape
        self.register_buffer("examples", examples, persistent=False)

    def encode(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) and B conditions -> mean and log-variance of q(z|x, c), each (B, latent_dim)."""
        check.images(x, self.image_shape)
        features = self.features(x)  # (B, F)
        h = torch.cat([features, self.condition(c).to(features.dtype)], dim=1)  # (B, F + width)
        mean, log_var = self.posterior(h).chunk(2, dim=1)  # (B, 2 latent_dim) -> twice (B, latent_dim)
        return mean, log_var

    def decode(self, z: Tensor, c: Tensor) -> Tensor:
        """(..., B, latent_dim) and B conditions -> (..., B, C, H, W), e.g. logits."""
        code = self.condition(c).to(z.dtype)  # (B, width)
        if z.shape[-2:] != (len(code), self.latent_dim):
            expected = f"(..., {len(code)}, {self.latent_dim}), {len(code)} being the number of conditions"
            raise ValueError(f"expected latents of shape {expected}; got {tuple(z.shape)}")
        told = torch.cat([z, code.expand(*z.shape[:-1], -1)], dim=-1)  # (..., B, latent_dim + width)
        out = self.decoder(told.flatten(0, -2))  # (..., B) as one batch
        return out.view(*z.shape[:-1], *self.image_shape)  # (..., B, C, H, W)

    def images(self, z: Tensor, *condition: Tensor) -> Tensor:
        """(B, latent_dim) and B conditions -> E[x|z, c], (B, C, H, W): each pixel's probability of ink."""
        return self.decode(z, *condition).sigmoid()

    def log_px_z(self, x: Tensor, z: Tensor, c: Tensor) -> Tensor:
        """log p(x|z, c) in nats: x (B, C, H, W), z (..., B, latent_dim) and B conditions -> (..., B)."""
        out = self.decode(z, c)  # (..., B, C, H, W)
        return self.likelihood(out.flatten(0, -4), x.expand_as(out).flatten(0, -4)).view(z.shape[:-1])

    def given(self, c: Tensor) -> "Given":
        """The VAE that it is once B conditions are fixed, e.g. for ``evaluation.log_likelihood``."""
        return Given(self, c)


class Given:
    """A ``CVAE`` under fixed conditions, one for each image of a batch: it has a VAE's methods."""

    def __init__(self, cvae: CVAE, c: Tensor) -> None:
        self.cvae, self.c = cvae, c

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As ``CVAE.encode``."""
        return self.cvae.encode(x, self.c)

    def decode(self, z: Tensor) -> Tensor:
        """As ``CVAE.decode``."""
        return self.cvae.decode(z, self.c)

    def log_px_z(self, x: Tensor, z: Tensor) -> Tensor:
        """As ``CVAE.log_px_z``."""
        return self.cvae.log_px_z(x, z, self.c)


class Turned:
    r"""A ``CVAE`` whose latent variables are permuted and mirrored, for each label in another way.

    .. math:: \tilde z = Q_y z, \qquad (Q_y z)_j = s_{yj}\, z_{\pi_y(j)}, \quad s_{yj} = \pm 1

    Its encoder gives :math:`\tilde z` and its decoder turns it back, under the label that it is told. The
    prior N(0, I) and the KL term do not change under an orthogonal matrix: the bound of every image is that
    of the model it was made from, and so is the distribution of its samples.

    Args:
        cvae: told one of ``classes`` labels.
        classes: of the labels.
        generator: of the permutations and signs; PyTorch's global one if None.
    """

    def __init__(self, cvae: CVAE, classes: int = 10, generator: torch.Generator | None = None) -> None:
        self.cvae, size = cvae, cvae.latent_dim
        orders = [torch.randperm(size, generator=generator, device="cpu") for _ in range(classes)]
        self.places = torch.stack(orders)
        self.signs = 2.0 * torch.randint(2, (classes, size), generator=generator, device="cpu") - 1

    def turn(self, z: Tensor, y: Tensor) -> Tensor:
        """Q_y z: (..., B, latent_dim) and B labels -> (..., B, latent_dim)."""
        return self.signs.to(z)[y] * z.gather(-1, self._places(y).expand_as(z))

    def turn_back(self, z: Tensor, y: Tensor) -> Tensor:
        """The z whose ``turn`` is given: (..., B, latent_dim) and B labels -> (..., B, latent_dim)."""
        return torch.zeros_like(z).scatter(-1, self._places(y).expand_as(z), self.signs.to(z)[y] * z)

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """As ``CVAE.encode``."""
        mean, log_var = self.cvae.encode(x, y)
        return self.turn(mean, y), log_var.gather(-1, self._places(y))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """As ``CVAE.decode``."""
        return self.cvae.decode(self.turn_back(z, y), y)

    def log_px_z(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """As ``CVAE.log_px_z``."""
        return self.cvae.log_px_z(x, self.turn_back(z, y), y)

    def _places(self, y: Tensor) -> Tensor:
        return self.places.to(y.device)[y]


def mlp_cvae(
    likelihood: Likelihood,
    condition: OneHot | LabelEmbedding,
    latent_dim: int = 32,
    hidden: tuple[int, ...] = (400, 400),
    activation: type[nn.Module] = nn.SiLU,
    image_shape: tuple[int, int, int] = (1, 28, 28),
) -> CVAE:
    """A fully connected VAE that is told a class label, by default 784-400-400-32 and back.

    Args:
        likelihood: as for ``CVAE``.
        condition: maps labels (B,) to codes (B, width).
        latent_dim: numbers of latent variables per image.
        hidden: widths of the encoder's hidden layers; the decoder's are the same in reverse.
        activation: between the layers.
        image_shape: (C, H, W).
    """
    pixels = math.prod(image_shape)
    posterior = mlp((pixels + condition.width, *hidden, 2 * latent_dim), activation)
    decoder = mlp((latent_dim + condition.width, *reversed(hidden), pixels), activation)
    labels = torch.arange(condition.num_classes)
    return CVAE(condition, nn.Flatten(), posterior, decoder, likelihood, latent_dim, image_shape, labels)
