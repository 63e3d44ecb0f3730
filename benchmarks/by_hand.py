"""Plain PyTorch, written by hand and with care: the same maths as the recipes, and only the package's data.

The images are one tensor in memory, the losses are taken from logits, the fake batch serves both
updates, the discriminator is frozen in the generator's. PyTorch's defaults otherwise.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gentutor import data


def mlp_networks() -> tuple[nn.Module, nn.Module]:
    """100-256-512-1024-784 and 784-1024-512-256-1 with dropout."""
    generator = nn.Sequential(
        nn.Linear(100, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 1024),
        nn.LeakyReLU(0.2),
        nn.Linear(1024, 784),
        nn.Tanh(),
        nn.Unflatten(1, (1, 28, 28)),
    )
    discriminator = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 1024),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Linear(1024, 512),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Linear(256, 1),
    )
    return generator, discriminator


class InputNoise(nn.Module):
    """Gaussian noise on the discriminator's input."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        return x + 0.2 * torch.randn_like(x)


def dcgan_networks() -> tuple[nn.Module, nn.Module]:
    """64 -> 64x7x7 -> 32x14x14 -> 28x28, and three convolutions back to one logit."""
    generator = nn.Sequential(
        nn.Linear(64, 64 * 7 * 7, bias=False),
        nn.Unflatten(1, (64, 7, 7)),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        InputNoise(),
        nn.Conv2d(1, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 2, 1, bias=False),
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 3, 2, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(128 * 4 * 4, 1),
    )
    return generator, discriminator


def training(
    generator: nn.Module,
    discriminator: nn.Module,
    latent_dim: int,
    batch_size: int,
    learning_rate: float,
    betas: tuple[float, float],
    ema_decay: float,
) -> Iterator[None]:
    """Train for ever, pausing after each step."""
    images = data.to_signed(data.mnist("train").images)
    average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(ema_decay))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=learning_rate, betas=betas)
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=learning_rate, betas=betas)
    while True:
        for indices in torch.randperm(len(images)).split(batch_size)[: len(images) // batch_size]:
            real = images[indices]
            fake = generator(torch.randn(batch_size, latent_dim))

            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
            d_loss = F.binary_cross_entropy_with_logits(
                real_logits, torch.ones_like(real_logits)
            ) + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
            d_optimizer.zero_grad()
            d_loss.backward()
            d_optimizer.step()

            discriminator.requires_grad_(False)
            fake_logits = discriminator(fake)
            g_loss = F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))
            g_optimizer.zero_grad()
            g_loss.backward()
            g_optimizer.step()
            discriminator.requires_grad_(True)

            average.update_parameters(generator)
            yield
