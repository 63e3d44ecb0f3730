"""A VAE in plain PyTorch, written by hand and with care: the maths of the recipe ``vae-mnist``.

The images are one tensor in memory, binarised anew in every batch; losses are taken from logits,
summed over pixels and latents, and averaged over the batch; weights are averaged by PyTorch's own
class. PyTorch's defaults otherwise.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gentutor import data


class VAE(nn.Module):
    """784-200-200-50 and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 200),
            nn.Tanh(),
            nn.Linear(200, 200),
            nn.Tanh(),
            nn.Linear(200, 100),
        )
        self.decoder = nn.Sequential(
            nn.Linear(50, 200),
            nn.Tanh(),
            nn.Linear(200, 200),
            nn.Tanh(),
            nn.Linear(200, 784),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 784) -> logits (B, 784), mean and log-variance (B, 50)."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        z = mean + (log_var / 2).exp() * torch.randn_like(mean)
        return self.decoder(z), mean, log_var


def training(
    vae: nn.Module, batch_size: int, learning_rate: float, ema_decay: float, steps: int
) -> Iterator[None]:
    """Train for ever, pausing after each step; the rate falls over the second half of ``steps``."""
    images = data.to_unit(data.mnist("train").images).flatten(1)
    average = AveragedModel(vae, multi_avg_fn=get_ema_multi_avg_fn(ema_decay))
    optimizer = torch.optim.Adam(vae.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: min(1.0, 2 * (1 - done / steps)))
    while True:
        for indices in torch.randperm(len(images)).split(batch_size)[: len(images) // batch_size]:
            x = torch.bernoulli(images[indices])
            logits, mean, log_var = vae(x)
            distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum()
            loss = (distortion + kl) / batch_size
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(vae)
            yield
