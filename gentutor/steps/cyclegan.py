"""One update of CycleGAN, and of the same networks on true pairs."""

from torch import Tensor
from torch.optim import Optimizer

from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.objectives.adversarial import least_squares_discriminator_loss, least_squares_generator_loss
from gentutor.objectives.translation import cycle_consistency_loss, cyclegan_objective, identity_loss
from gentutor.optim import frozen
from gentutor.training import Losses


def cyclegan_step(
    batch: tuple[Tensor, ...],
    generators: Generators,
    discriminators: Discriminators,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
    adversarial_weight: float = 1.0,
) -> Losses:
    """One update of both generators, then one of both discriminators, on images (a, b) that are no pairs."""
    a, b = batch
    G, F, D_A, D_B = generators.G, generators.F, discriminators.D_A, discriminators.D_B
    fake_b, fake_a = G(a), F(b)  # (B, C, H, W), with the channels of their domains
    off = a.new_zeros(())

    with frozen(discriminators):
        adversarial = least_squares_generator_loss(D_B(fake_b)) + least_squares_generator_loss(D_A(fake_a))
    cycle = identity = off
    if cycle_weight:
        cycle = cycle_consistency_loss(F(fake_b), a) + cycle_consistency_loss(G(fake_a), b)
    if identity_weight:
        identity = identity_loss(G(b), b) + identity_loss(F(a), a)
    g_loss = cyclegan_objective(
        adversarial, cycle, identity, cycle_weight, identity_weight, adversarial_weight
    )
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()

    d_loss = discriminator_update(batch, (fake_a, fake_b), discriminators, d_optimizer)
    return {
        "adversarial": adversarial.detach(),
        "cycle": cycle.detach(),
        "identity": identity.detach(),
        "discriminator": d_loss,
    }


def paired_step(
    batch: tuple[Tensor, ...],
    generators: Generators,
    discriminators: Discriminators,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    pair_weight: float = 10.0,
    adversarial_weight: float = 1.0,
) -> Losses:
    """The same for images (a, b) that are pairs: their true partners instead of cycles and identity."""
    a, b = batch
    fake_b, fake_a = generators.G(a), generators.F(b)
    D_A, D_B = discriminators.D_A, discriminators.D_B

    with frozen(discriminators):
        adversarial = least_squares_generator_loss(D_B(fake_b)) + least_squares_generator_loss(D_A(fake_a))
    pair = (fake_b - b).abs().mean() + (fake_a - a).abs().mean()
    g_optimizer.zero_grad()
    (adversarial_weight * adversarial + pair_weight * pair).backward()
    g_optimizer.step()

    d_loss = discriminator_update(batch, (fake_a, fake_b), discriminators, d_optimizer)
    return {"adversarial": adversarial.detach(), "pair": pair.detach(), "discriminator": d_loss}


def discriminator_update(
    real: tuple[Tensor, ...],
    fake: tuple[Tensor, Tensor],
    discriminators: Discriminators,
    optimizer: Optimizer,
) -> Tensor:
    """One update of both discriminators on real (a, b) and on fakes of both, half of them from the past."""
    (a, b), (fake_a, fake_b) = real, fake
    D_A, D_B = discriminators.D_A, discriminators.D_B
    fake_a, fake_b = fake_a.to(a.dtype), fake_b.to(b.dtype)  # within autocast they may have another one
    fake_a, fake_b = discriminators.pool_A(fake_a), discriminators.pool_B(fake_b)  # detached
    loss_a = least_squares_discriminator_loss(D_A(a), D_A(fake_a))  # maps of scores (B, 1, h, w)
    loss_b = least_squares_discriminator_loss(D_B(b), D_B(fake_b))
    loss = (loss_a + loss_b) / 2  # as published; Adam's steps do not depend on this factor
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
