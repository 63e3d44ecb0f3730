"""A VAE as most tutorials train it: a baseline, not an example to follow.

Images come one by one out of a DataLoader; the decoder ends in a sigmoid before a summed BCE of grey
values; the loss is fetched as a Python number at every step.
"""

from collections.abc import Iterator

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from benchmarks.loading import tutorial_loader


class VAE(nn.Module):
    """784-200-200-50 and back, with a layer each for means and log-variances."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 200)
        self.fc2 = nn.Linear(200, 200)
        self.fc_mu = nn.Linear(200, 50)
        self.fc_logvar = nn.Linear(200, 50)
        self.fc3 = nn.Linear(50, 200)
        self.fc4 = nn.Linear(200, 200)
        self.fc5 = nn.Linear(200, 784)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, 784) -> probabilities (B, 784), mean and log-variance (B, 50)."""
        h = torch.tanh(self.fc2(torch.tanh(self.fc1(x))))
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        h = torch.tanh(self.fc4(torch.tanh(self.fc3(z))))
        return torch.sigmoid(self.fc5(h)), mu, logvar


def training(model: nn.Module, batch_size: int, lr: float, device: str = "cpu") -> Iterator[None]:
    """Train for ever, pausing after each step."""
    model = model.to(device)
    loader = tutorial_loader(batch_size, normalise=False)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    train_loss = 0.0
    while True:
        for x, _ in loader:
            x = x.view(-1, 784).to(device)
            optimizer.zero_grad()
            recon, mu, logvar = model(x)
            bce = F.binary_cross_entropy(recon, x, reduction="sum")
            kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = bce + kld
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
            yield
