"""One update of a model that is told a condition; a batch is (data, conditions)."""

from torch import Tensor, nn
from torch.optim import Optimizer

from gentutor.models.conditional import ConditionalGenerator
from gentutor.models.cvae import CVAE
from gentutor.models.gan import noise
from gentutor.objectives import adversarial as objective
from gentutor.objectives import variational
from gentutor.objectives.conditional import auxiliary_loss
from gentutor.optim import frozen
from gentutor.steps.vae import binarize
from gentutor.training import Losses


def cvae_step(batch: tuple[Tensor, ...], cvae: CVAE, optimizer: Optimizer, beta: float = 1.0) -> Losses:
    """One update on (images in [0, 1], conditions): the VAE's, with the condition told to both networks."""
    x, c = binarize(batch[0]), batch[1]  # (B, C, H, W) and B conditions
    mean, log_var = cvae.encode(x, c)  # (B, D) each
    z = variational.reparameterize(mean, log_var)  # (B, D)
    log_px_z = cvae.log_px_z(x, z, c)  # (B,)
    kl = variational.gaussian_kl(mean, log_var)  # (B,)
    loss = -variational.elbo(log_px_z, kl, beta).mean()

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    kl, distortion = kl.detach().mean(), -log_px_z.detach().mean()
    return {"negative_elbo": distortion + kl, "distortion": distortion, "kl": kl}


def regression_step(batch: tuple[Tensor, ...], network: nn.Module, optimizer: Optimizer) -> Losses:
    """One update of a network that maps conditions to the logits of binary images, without noise; nats."""
    x, c = binarize(batch[0]), batch[1]
    log_px = variational.bernoulli_log_prob(network(c), x)  # (B, C, H, W) -> (B,)
    loss = -log_px.mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"distortion": loss.detach()}


def conditional_gan_step(
    batch: tuple[Tensor, ...],
    generator: ConditionalGenerator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
) -> Losses:
    """One update of each player on (images, conditions); a fake is judged under the condition it got."""
    real, c = batch
    z = noise(generator, len(real))  # (B, latent_dim)
    fake = generator(z, c)  # (B, C, H, W)

    real_logits, fake_logits = discriminator(real, c), discriminator(fake.detach(), c)  # (B,) each
    d_loss = objective.discriminator_loss(real_logits, fake_logits)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()

    with frozen(discriminator):
        g_loss = objective.generator_loss(discriminator(fake, c))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    return {"discriminator": d_loss.detach(), "generator": g_loss.detach()}


def acgan_step(
    batch: tuple[Tensor, ...],
    generator: ConditionalGenerator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
) -> Losses:
    """One update of each player, who both also lower the cross-entropy of the guessed label."""
    real, y = batch
    z = noise(generator, len(real))  # (B, latent_dim)
    fake = generator(z, y)  # (B, C, H, W)

    real_logits, real_classes = discriminator(real)  # (B,) and (B, K)
    fake_logits, fake_classes = discriminator(fake.detach())
    auxiliary = auxiliary_loss(real_classes, y) + auxiliary_loss(fake_classes, y)
    d_loss = objective.discriminator_loss(real_logits, fake_logits)
    d_optimizer.zero_grad()
    (d_loss + auxiliary).backward()
    d_optimizer.step()

    with frozen(discriminator):
        fake_logits, fake_classes = discriminator(fake)
    g_loss = objective.generator_loss(fake_logits)
    g_auxiliary = auxiliary_loss(fake_classes, y)
    g_optimizer.zero_grad()
    (g_loss + g_auxiliary).backward()
    g_optimizer.step()
    losses = {"discriminator": d_loss, "generator": g_loss, "auxiliary": g_auxiliary}
    return {name: loss.detach() for name, loss in losses.items()}
