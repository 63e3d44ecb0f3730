"""One update of a GAN: its discriminator or critic, then its generator; or a judge."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gentutor.models.gan import Generator, noise
from gentutor.objectives import adversarial as objective
from gentutor.optim import frozen
from gentutor.training import Losses


def judge_step(batch: tuple[Tensor, ...], judge: nn.Module, optimizer: Optimizer) -> Losses:
    """One update of a judge on (real, fake), while nobody changes the fakes."""
    real, fake = batch
    logits = judge(torch.cat((real, fake)))  # one per example, first the real ones'
    real_logits, fake_logits = logits.split((len(real), len(fake)))
    loss = objective.discriminator_loss(real_logits, fake_logits)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"discriminator": loss.detach()}


def gan_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    discriminator_loss: Callable[..., Tensor] = objective.discriminator_loss,
    generator_loss: Callable[..., Tensor] = objective.generator_loss,
    r1_weight: float = 0.0,
) -> Losses:
    """One update of the discriminator, then one of the generator, on the same fakes."""
    real = batch[0]
    z = noise(generator, len(real))  # (B, latent_dim)
    fake = generator(z)  # of real's shape, e.g. (B, C, H, W)

    real_logits = discriminator(real)  # one per example
    fake_logits = discriminator(fake.detach())
    d_loss = discriminator_loss(real_logits, fake_logits)
    penalty: Tensor | float = 0.0
    if r1_weight:
        penalty = r1_weight / 2 * objective.r1_penalty(discriminator, real)
    d_optimizer.zero_grad()
    (d_loss + penalty).backward()
    d_optimizer.step()

    with frozen(discriminator):  # only its input needs a gradient here
        g_loss = generator_loss(discriminator(fake))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    return {"discriminator": d_loss.detach(), "generator": g_loss.detach()}


def wgan_gp_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    critic: nn.Module,
    g_optimizer: Optimizer,
    c_optimizer: Optimizer,
    penalty_weight: float = 10.0,
    critic_steps: int = 5,
) -> Losses:
    """``critic_steps`` updates of the critic, each on its part; then one of G."""
    if len(batch[0]) < critic_steps:
        size = f"a batch of {len(batch[0])}"
        raise ValueError(f"{size} has no part for each of {critic_steps} critic steps")
    for real in batch[0].tensor_split(critic_steps):
        z = noise(generator, len(real))
        with torch.no_grad():
            fake = generator(z)
        real_scores, fake_scores = critic(real), critic(fake)  # one per example
        distance = -objective.critic_loss(real_scores, fake_scores)
        penalty = objective.gradient_penalty(critic, real, fake)
        c_optimizer.zero_grad()
        (penalty_weight * penalty - distance).backward()
        c_optimizer.step()

    z = noise(generator, len(real))
    with frozen(critic):
        g_loss = objective.critic_generator_loss(critic(generator(z)))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    losses = {"distance": distance, "penalty": penalty, "generator": g_loss}
    return {name: loss.detach() for name, loss in losses.items()}


def relativistic_gan_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    penalty_weight: float = 1.0,
) -> Losses:
    """One update of a judge of pairs, whose slope costs; then one of the generator."""
    real = batch[0]
    fake = generator(noise(generator, len(real)))  # of real's shape
    shown = fake.detach()

    real_scores, fake_scores = discriminator(real), discriminator(shown)
    d_loss = objective.relativistic_discriminator_loss(real_scores, fake_scores)
    some = max(1, len(real) // 2)  # half a batch is enough to know the slope
    r1 = objective.r1_penalty(discriminator, real[:some])
    r2 = objective.r2_penalty(discriminator, shown[:some])
    d_optimizer.zero_grad()
    (d_loss + penalty_weight / 2 * (r1 + r2)).backward()
    d_optimizer.step()

    with frozen(discriminator):
        real_scores, fake_scores = discriminator(real), discriminator(fake)
        g_loss = objective.relativistic_generator_loss(real_scores, fake_scores)
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    return {"discriminator": d_loss.detach(), "generator": g_loss.detach()}
