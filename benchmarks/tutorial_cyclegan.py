"""A CycleGAN as most tutorials train it: a baseline, not an example to follow.

Images come one by one out of two DataLoaders, through their transforms; reflection padding and doubling are
layers of their own; the discriminators stay trainable in the generators' update and have an optimiser each;
the pools go through their images one by one; the losses are fetched as Python numbers at every step.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from gentutor import data


class Pile(Dataset[torch.Tensor]):
    """The characters of one style."""

    def __init__(self, style: str) -> None:
        self.images = data.characters(style, "train").images
        self.transform = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.RandomAffine(0, translate=(2 / 32, 2 / 32), scale=(0.9, 1.1)),
                transforms.ToTensor(),
                transforms.Normalize((0.5,), (0.5,)),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(self.images[index])


class ResidualBlock(nn.Module):
    """x + block(x)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(features, features, 3, bias=False),
            nn.InstanceNorm2d(features),
            nn.ReLU(True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(features, features, 3, bias=False),
            nn.InstanceNorm2d(features),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> the same shape."""
        return x + self.block(x)


class Generator(nn.Module):
    """One style to the other."""

    def __init__(self, ngf: int, blocks: int, noise: float) -> None:
        super().__init__()
        self.noise = noise
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, ngf, 3, bias=False),
            nn.InstanceNorm2d(ngf),
            nn.ReLU(True),
        ]
        for features in (ngf, 2 * ngf):
            layers += [
                nn.ReflectionPad2d(1),
                nn.Conv2d(features, 2 * features, 3, stride=2, bias=False),
                nn.InstanceNorm2d(2 * features),
                nn.ReLU(True),
            ]
        layers += [ResidualBlock(4 * ngf) for _ in range(blocks)]
        for features in (4 * ngf, 2 * ngf):
            layers += [
                nn.Upsample(scale_factor=2),
                nn.Conv2d(features, features // 2, 3, padding=1, bias=False),
                nn.InstanceNorm2d(features // 2),
                nn.ReLU(True),
            ]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(1), nn.Conv2d(ngf, 1, 3), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 1, 32, 32) -> the same shape."""
        return self.model(x + self.noise * torch.randn_like(x))


class Discriminator(nn.Module):
    """Scores of patches."""

    def __init__(self, ndf: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, ndf, 4, 2, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, 2 * ndf, 4, 2, 1, bias=False),
            nn.InstanceNorm2d(2 * ndf),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * ndf, 4 * ndf, 4, 1, 1, bias=False),
            nn.InstanceNorm2d(4 * ndf),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * ndf, 1, 4, 1, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 1, 32, 32) -> (B, 1, 6, 6)."""
        return self.model(x)


class Pool:
    """Earlier fakes, image by image."""

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.data: list[torch.Tensor] = []

    def push_and_pop(self, batch: torch.Tensor) -> torch.Tensor:
        """A batch in, a batch out."""
        out = []
        for image in batch.detach():
            image = image.unsqueeze(0)
            if len(self.data) < self.size:
                self.data.append(image)
                out.append(image)
            elif random.random() > 0.5:
                i = random.randrange(self.size)
                out.append(self.data[i].clone())
                self.data[i] = image
            else:
                out.append(image)
        return torch.cat(out)


def training(
    networks: tuple[nn.Module, nn.Module, nn.Module, nn.Module],
    batch_size: int,
    lr: float,
    betas: tuple[float, float],
    device: str = "cpu",
) -> Iterator[None]:
    """Train for ever, pausing after each step."""
    netG_A2B, netG_B2A, netD_A, netD_B = (network.to(device) for network in networks)
    common: dict[str, Any] = {"batch_size": batch_size, "shuffle": True, "drop_last": True}
    loader_A, loader_B = (DataLoader(Pile(style), **common) for style in ("printed", "brush"))
    criterion_GAN, criterion_cycle = nn.MSELoss(), nn.L1Loss()
    optimizer_G = optim.Adam(
        itertools.chain(netG_A2B.parameters(), netG_B2A.parameters()), lr=lr, betas=betas
    )
    optimizer_D_A = optim.Adam(netD_A.parameters(), lr=lr, betas=betas)
    optimizer_D_B = optim.Adam(netD_B.parameters(), lr=lr, betas=betas)
    fake_A_pool, fake_B_pool = Pool(), Pool()
    log = []
    while True:
        for real_A, real_B in zip(loader_A, loader_B, strict=True):
            real_A, real_B = real_A.to(device), real_B.to(device)

            # the generators
            optimizer_G.zero_grad()
            fake_B = netG_A2B(real_A)
            pred_fake = netD_B(fake_B)
            loss_GAN_A2B = criterion_GAN(pred_fake, torch.ones_like(pred_fake))
            fake_A = netG_B2A(real_B)
            pred_fake = netD_A(fake_A)
            loss_GAN_B2A = criterion_GAN(pred_fake, torch.ones_like(pred_fake))
            loss_cycle_A = criterion_cycle(netG_B2A(fake_B), real_A) * 10.0
            loss_cycle_B = criterion_cycle(netG_A2B(fake_A), real_B) * 10.0
            loss_G = loss_GAN_A2B + loss_GAN_B2A + loss_cycle_A + loss_cycle_B
            loss_G.backward()
            optimizer_G.step()

            # the discriminators, one after the other
            losses = [loss_G.item(), loss_cycle_A.item(), loss_cycle_B.item()]
            for netD, optimizer, real, fake, pool in (
                (netD_A, optimizer_D_A, real_A, fake_A, fake_A_pool),
                (netD_B, optimizer_D_B, real_B, fake_B, fake_B_pool),
            ):
                optimizer.zero_grad()
                pred_real = netD(real)
                pred_fake = netD(pool.push_and_pop(fake))
                loss_D_real = criterion_GAN(pred_real, torch.ones_like(pred_real))
                loss_D_fake = criterion_GAN(pred_fake, torch.zeros_like(pred_fake))
                loss_D = (loss_D_real + loss_D_fake) * 0.5
                loss_D.backward()
                optimizer.step()
                losses.append(loss_D.item())
            log.append(losses)
            yield
