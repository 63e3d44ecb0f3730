"""What chapter 2 says of its exercise ``ex-rescue``: when an R1 penalty of weight 0.1 rescues a generator."""

import copy
import functools

import torch
from torch import nn

from gentutor.data import toy
from gentutor.models.gan import MLP
from gentutor.objectives import adversarial
from gentutor.steps import gan_step

TARGET = toy.mixture_1d([4.0], std=0.5)


class Shift(nn.Module):
    """G(z) = theta + z / 2, as in the chapter."""

    latent_dim = 1

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(()))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.theta + z / 2


def reached(seed: int, in_head_start: float) -> float:
    """Theta after 400 steps of the minimax game with R1, the discriminator 300 steps ahead."""
    torch.manual_seed(seed)
    strong = MLP(1, 1, hidden=(64, 64))
    optimizer = torch.optim.Adam(strong.parameters(), lr=3e-3)
    for _ in range(300):
        real = TARGET.sample(256)
        loss = adversarial.discriminator_loss(strong(real), strong(torch.randn(256, 1) / 2))
        if in_head_start:
            loss = loss + in_head_start / 2 * adversarial.r1_penalty(strong, real)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    generator, discriminator = Shift(), copy.deepcopy(strong)
    step = functools.partial(
        gan_step,
        generator=generator,
        discriminator=discriminator,
        g_optimizer=torch.optim.SGD(generator.parameters(), lr=0.05),
        d_optimizer=torch.optim.SGD(discriminator.parameters(), lr=0.05),
        generator_loss=adversarial.saturating_generator_loss,
        r1_weight=0.1,
    )
    for _ in range(400):
        step((TARGET.sample(256),))
    return generator.theta.item()


def test_a_weak_penalty_in_the_game_alone_hangs_on_the_seed():
    thetas = [reached(seed, in_head_start=0.0) for seed in range(3)]
    assert min(thetas) < 1 and max(thetas) > 3


def test_the_same_penalty_in_the_head_start_as_well_reaches_the_data():
    assert min(reached(seed, in_head_start=0.1) for seed in range(3)) > 3
