"""A small GAN on small images, for the tests of its steps."""

import torch
from torch import nn

from gentutor.models.gan import MLPDiscriminator, MLPGenerator

SHAPE = (1, 4, 4)


def pair() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return MLPGenerator(3, SHAPE, (8,)), MLPDiscriminator(SHAPE, (8,), dropout=0.3)


def adam(module: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=1e-2, betas=(0.5, 0.9))


def images(n: int = 10) -> torch.Tensor:
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(1))


def snapshot(module: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def same(module: nn.Module, other: nn.Module | list[torch.Tensor]) -> bool:
    values = other if isinstance(other, list) else list(other.parameters())
    return all(torch.equal(a, b) for a, b in zip(module.parameters(), values, strict=True))
