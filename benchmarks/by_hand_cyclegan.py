"""CycleGAN in plain PyTorch, written by hand and with care: the maths of the recipe ``cyclegan-characters``.

Both domains are tensors in memory, each image jittered by itself; the discriminators are frozen in the
generators' update; the pools work on whole batches; weights are averaged by PyTorch's own class.
PyTorch's own layers and optimiser.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gentutor import data


class Noise(nn.Module):
    """Gaussian noise on a generator's input, in training."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        return x + 0.4 * torch.randn_like(x)


def conv(width_in: int, width_out: int, stride: int = 1) -> list[nn.Module]:
    """A 3x3 convolution and its normalisation."""
    layer = nn.Conv2d(width_in, width_out, 3, stride, padding=1, padding_mode="reflect", bias=False)
    return [layer, nn.InstanceNorm2d(width_out)]


class Block(nn.Module):
    """x + what two convolutions make of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(*conv(width, width), nn.ReLU(), *conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return x + self.net(x)


def generator() -> nn.Module:
    """32 -> 16 -> 8, four residual blocks, 8 -> 16 -> 32."""
    return nn.Sequential(
        Noise(),
        *conv(1, 16),
        nn.ReLU(),
        *conv(16, 32, stride=2),
        nn.ReLU(),
        *conv(32, 64, stride=2),
        nn.ReLU(),
        *[Block(64) for _ in range(4)],
        nn.Upsample(scale_factor=2),
        nn.Conv2d(64, 32, 3, padding=1, bias=False),
        nn.InstanceNorm2d(32),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(32, 16, 3, padding=1, bias=False),
        nn.InstanceNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 1, 3, padding=1, padding_mode="reflect"),
        nn.Tanh(),
    )


def discriminator() -> nn.Module:
    """Patches of 34x34 pixels."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1, bias=False),
        nn.InstanceNorm2d(32),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 1, 1, bias=False),
        nn.InstanceNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 1, 4, 1, 1),
    )


def jittered(images: Tensor) -> Tensor:
    """Each image up to 10 % larger or smaller, and up to 2 pixels elsewhere."""
    n = len(images)
    matrix = torch.zeros(n, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = 0.9 + 0.2 * torch.rand(n), 0.9 + 0.2 * torch.rand(n)
    matrix[:, :, 2] = (2 * torch.rand(n, 2) - 1) * 2 / 16
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


class Pool:
    """Fifty earlier fakes; half of what is handed out comes from them."""

    def __init__(self) -> None:
        self.images: Tensor | None = None

    def __call__(self, fake: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape, without a graph."""
        fake = fake.detach()
        if self.images is None or len(self.images) < 50:
            self.images = fake if self.images is None else torch.cat([self.images, fake])[:50]
            return fake
        places = torch.randperm(50)[: len(fake)]
        swap = torch.rand(len(fake)) < 0.5
        handed_out = torch.where(swap[:, None, None, None], self.images[places], fake)
        self.images[places[swap]] = fake[swap]
        return handed_out


def batches(images: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Batches in a new order at each pass, for ever."""
    while True:
        for indices in torch.randperm(len(images)).split(batch_size)[: len(images) // batch_size]:
            yield images[indices]


def training(
    networks: tuple[nn.Module, nn.Module, nn.Module, nn.Module],
    batch_size: int,
    learning_rate: float,
    betas: tuple[float, float],
    ema_decay: float,
    steps: int,
) -> Iterator[None]:
    """Train for ever, pausing after each step; the rate falls over the second half of ``steps``."""
    G, F_, D_A, D_B = networks
    generators, discriminators = nn.ModuleList([G, F_]), nn.ModuleList([D_A, D_B])
    average = AveragedModel(generators, multi_avg_fn=get_ema_multi_avg_fn(ema_decay))
    optimizers = [
        torch.optim.Adam(part.parameters(), lr=learning_rate, betas=betas)
        for part in (generators, discriminators)
    ]
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: min(1.0, 2 * (1 - done / steps)))
        for optimizer in optimizers
    ]
    g_optimizer, d_optimizer = optimizers
    pool_a, pool_b = Pool(), Pool()
    piles = (data.to_signed(data.characters(style, "train").images) for style in ("printed", "brush"))
    for a, b in zip(*(batches(pile, batch_size) for pile in piles), strict=True):
        a, b = jittered(a), jittered(b)
        fake_b, fake_a = G(a), F_(b)

        discriminators.requires_grad_(False)
        adversarial = (D_B(fake_b) - 1).square().mean() + (D_A(fake_a) - 1).square().mean()
        cycle = F.l1_loss(F_(fake_b), a) + F.l1_loss(G(fake_a), b)
        g_optimizer.zero_grad()
        (adversarial + 10 * cycle).backward()
        g_optimizer.step()
        discriminators.requires_grad_(True)

        losses = [
            (D(real) - 1).square().mean() + D(pool(fake)).square().mean()
            for D, real, pool, fake in ((D_A, a, pool_a, fake_a), (D_B, b, pool_b, fake_b))
        ]
        d_optimizer.zero_grad()
        (sum(losses) / 2).backward()
        d_optimizer.step()
        for schedule in schedules:
            schedule.step()
        average.update_parameters(generators)
        yield
