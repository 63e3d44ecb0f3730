"""A CycleGAN small enough for tests, in float64, and what they compare."""

import torch
from torch import nn

from gentutor.models.cyclegan import Discriminators, Generators, PatchDiscriminator, ResnetGenerator


def networks(pool: int = 5) -> tuple[Generators, Discriminators]:
    torch.manual_seed(0)

    def generator() -> nn.Module:
        return ResnetGenerator(width=2, blocks=1, kernel=3)

    generators = Generators(generator(), generator()).double()
    discriminators = Discriminators(*[PatchDiscriminator(width=2, layers=1) for _ in "AB"], pool).double()
    with torch.no_grad():
        for parameter in (*generators.parameters(), *discriminators.parameters()):
            parameter *= 8  # so that their outputs are not all near 0
    return generators, discriminators


def batch(seed: int = 0, n: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = torch.rand(2, n, 1, 16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return 2 * a - 1, 2 * b - 1


def adam(module: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=1e-2, betas=(0.5, 0.999))


def sgd(module: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(module.parameters(), lr=0.1)


def expect_same(module: nn.Module, other: nn.Module) -> None:
    torch.testing.assert_close(module.state_dict(), other.state_dict(), rtol=1e-8, atol=1e-10)
