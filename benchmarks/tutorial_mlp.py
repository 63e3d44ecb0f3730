"""A fully connected GAN as most tutorials train it: a baseline, not an example to follow.

Images come one by one out of a DataLoader; D ends in a sigmoid before BCELoss; each half of a step
draws its own fake batch; nothing is detached or frozen, so that both halves compute gradients that
nobody uses; each loss is fetched as a Python number at every step.
"""

from collections.abc import Iterator

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from benchmarks.loading import tutorial_loader


class Generator(nn.Module):
    """Noise to a flat image."""

    def __init__(self, z_dim: int, image_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(z_dim, 256)
        self.fc2 = nn.Linear(256, 512)
        self.fc3 = nn.Linear(512, 1024)
        self.fc4 = nn.Linear(1024, image_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, z_dim) -> (B, image_dim)."""
        x = F.leaky_relu(self.fc1(x), 0.2)
        x = F.leaky_relu(self.fc2(x), 0.2)
        x = F.leaky_relu(self.fc3(x), 0.2)
        return torch.tanh(self.fc4(x))


class Discriminator(nn.Module):
    """A flat image to a probability."""

    def __init__(self, image_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(image_dim, 1024)
        self.fc2 = nn.Linear(1024, 512)
        self.fc3 = nn.Linear(512, 256)
        self.fc4 = nn.Linear(256, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, image_dim) -> (B, 1)."""
        x = F.dropout(F.leaky_relu(self.fc1(x), 0.2), 0.3)
        x = F.dropout(F.leaky_relu(self.fc2(x), 0.2), 0.3)
        x = F.dropout(F.leaky_relu(self.fc3(x), 0.2), 0.3)
        return torch.sigmoid(self.fc4(x))


def training(
    G: nn.Module,
    D: nn.Module,
    z_dim: int,
    batch_size: int,
    lr: float,
    betas: tuple[float, float],
    device: str = "cpu",
) -> Iterator[None]:
    """Train for ever, pausing after each step."""
    G, D = G.to(device), D.to(device)
    loader = tutorial_loader(batch_size)
    criterion = nn.BCELoss()
    G_optimizer = optim.Adam(G.parameters(), lr=lr, betas=betas)
    D_optimizer = optim.Adam(D.parameters(), lr=lr, betas=betas)
    D_losses, G_losses = [], []
    while True:
        for images, _ in loader:
            size = len(images)
            images = images.to(device)
            ones, zeros = torch.ones(size, 1, device=device), torch.zeros(size, 1, device=device)

            # train the discriminator
            D.zero_grad()
            real_loss = criterion(D(images.view(size, -1)), ones)
            fake_loss = criterion(D(G(torch.randn(size, z_dim, device=device))), zeros)
            D_loss = real_loss + fake_loss
            D_loss.backward()
            D_optimizer.step()
            D_losses.append(D_loss.item())

            # train the generator
            G.zero_grad()
            G_loss = criterion(D(G(torch.randn(size, z_dim, device=device))), ones)
            G_loss.backward()
            G_optimizer.step()
            G_losses.append(G_loss.item())
            yield
