"""A DCGAN as most tutorials train it: a baseline, not an example to follow.

Images come one by one out of a DataLoader; D ends in a sigmoid before BCELoss; the fake batch is
shared and detached, but D stays trainable in G's half; five numbers are fetched at every step.
"""

from collections.abc import Iterator

import torch
import torch.nn as nn
import torch.optim as optim

from benchmarks.loading import tutorial_loader


class Generator(nn.Module):
    """Noise to an image."""

    def __init__(self, nz: int, ngf: int) -> None:
        super().__init__()
        self.ngf = ngf
        self.project = nn.Linear(nz, ngf * 2 * 7 * 7, bias=False)
        self.main = nn.Sequential(
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """(B, nz) -> (B, 1, 28, 28)."""
        return self.main(self.project(z).view(-1, self.ngf * 2, 7, 7))


class Discriminator(nn.Module):
    """An image to a probability."""

    def __init__(self, ndf: int, noise: float) -> None:
        super().__init__()
        self.noise = noise
        self.main = nn.Sequential(
            nn.Conv2d(1, ndf, 4, 2, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, ndf * 4, 3, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(ndf * 4 * 4 * 4, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 1, 28, 28) -> (B,)."""
        return self.main(x + self.noise * torch.randn_like(x)).view(-1)


def training(
    netG: nn.Module,
    netD: nn.Module,
    nz: int,
    batch_size: int,
    lr: float,
    betas: tuple[float, float],
    device: str = "cpu",
) -> Iterator[None]:
    """Train for ever, pausing after each step."""
    netG, netD = netG.to(device), netD.to(device)
    dataloader = tutorial_loader(batch_size)
    criterion = nn.BCELoss()
    optimizerD = optim.Adam(netD.parameters(), lr=lr, betas=betas)
    optimizerG = optim.Adam(netG.parameters(), lr=lr, betas=betas)
    log = []
    while True:
        for images, _ in dataloader:
            # (1) the discriminator, on a real batch and on a fake one
            netD.zero_grad()
            images = images.to(device)
            label = torch.full((len(images),), 1.0, device=device)
            output = netD(images)
            errD_real = criterion(output, label)
            errD_real.backward()
            D_x = output.mean().item()

            fake = netG(torch.randn(len(images), nz, device=device))
            label.fill_(0.0)
            output = netD(fake.detach())
            errD_fake = criterion(output, label)
            errD_fake.backward()
            D_G_z1 = output.mean().item()
            optimizerD.step()

            # (2) the generator
            netG.zero_grad()
            label.fill_(1.0)
            output = netD(fake)
            errG = criterion(output, label)
            errG.backward()
            D_G_z2 = output.mean().item()
            optimizerG.step()
            log.append(((errD_real + errD_fake).item(), errG.item(), D_x, D_G_z1, D_G_z2))
            yield
