"""One optimisation step per algorithm, each short enough to print in a chapter.

A step takes a batch (the tuple that ``data.batches`` yields), updates the networks it was given,
and returns its losses as detached scalars. Fix everything but the batch with
``functools.partial`` and hand the result to ``training.fit``.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gentutor.models.gan import Generator
from gentutor.models.vae import VAE
from gentutor.objectives import adversarial as objective
from gentutor.objectives import variational
from gentutor.training import EMA, frozen

Losses = dict[str, Tensor]


def gan_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    discriminator_loss: Callable[[Tensor, Tensor], Tensor] = objective.discriminator_loss,
    generator_loss: Callable[[Tensor], Tensor] = objective.generator_loss,
    r1_weight: float = 0.0,
    ema: EMA | None = None,
) -> Losses:
    """One update of the discriminator, then one of the generator, on the same fake batch."""
    real = batch[0]
    z = torch.randn(len(real), generator.latent_dim, device=real.device)
    fake = generator(z)

    d_loss = discriminator_loss(discriminator(real), discriminator(fake.detach()))
    penalty = r1_weight / 2 * objective.r1_penalty(discriminator, real) if r1_weight else 0.0
    d_optimizer.zero_grad()
    (d_loss + penalty).backward()
    d_optimizer.step()

    with frozen(discriminator):  # its weights need no gradient here, only its input does
        g_loss = generator_loss(discriminator(fake))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    if ema is not None:
        ema.update(generator)
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
    """``critic_steps`` updates of the critic, each on its part of the batch, then one of the generator."""
    for real in batch[0].tensor_split(critic_steps):
        z = torch.randn(len(real), generator.latent_dim, device=real.device)
        with torch.no_grad():
            fake = generator(z)
        distance = -objective.critic_loss(critic(real), critic(fake))
        penalty = objective.gradient_penalty(critic, real, fake)
        c_optimizer.zero_grad()
        (penalty_weight * penalty - distance).backward()
        c_optimizer.step()

    z = torch.randn(len(real), generator.latent_dim, device=real.device)
    with frozen(critic):
        g_loss = objective.critic_generator_loss(critic(generator(z)))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    return {"distance": distance.detach(), "penalty": penalty.detach(), "generator": g_loss.detach()}


def binarize(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Grey values in [0, 1], of any shape -> 0 or 1, drawn anew: each value is the probability of a 1.

    Raises:
        TypeError: images are no floating-point tensor (``data.to_unit`` makes one).
    """
    if not images.is_floating_point():
        raise TypeError(f"images must be floating point, in [0, 1], got {images.dtype}")
    uniform = torch.rand(images.shape, generator=generator, dtype=images.dtype, device=images.device)
    return (uniform < images).to(images.dtype)


def vae_step(
    batch: tuple[Tensor, ...],
    vae: VAE,
    optimizer: Optimizer,
    beta: float = 1.0,
    ema: EMA | None = None,
    schedule: LRScheduler | None = None,
) -> Losses:
    """One update of encoder and decoder on images in [0, 1], binarised anew; losses in nats per image."""
    x = binarize(batch[0])
    mean, log_var = vae.encode(x)
    z = variational.reparameterize(mean, log_var)
    log_px_z = vae.log_px_z(x, z)  # (B,)
    kl = variational.gaussian_kl(mean, log_var)  # (B,)
    loss = -variational.elbo(log_px_z, kl, beta).mean()  # the only mean: over the batch

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if schedule is not None:
        schedule.step()
    if ema is not None:
        ema.update(vae)
    kl, distortion = kl.detach().mean(), -log_px_z.detach().mean()
    return {"negative_elbo": distortion + kl, "distortion": distortion, "kl": kl}


def autoencoder_step(
    batch: tuple[Tensor, ...],
    vae: VAE,
    optimizer: Optimizer,
    ema: EMA | None = None,
    schedule: LRScheduler | None = None,
) -> Losses:
    """One update of a plain autoencoder on images in [0, 1]: no noise in z, no KL; nats per image."""
    x = binarize(batch[0])
    z, _ = vae.encode(x)  # a point, not a distribution
    loss = -vae.log_px_z(x, z).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if schedule is not None:
        schedule.step()
    if ema is not None:
        ema.update(vae)
    return {"distortion": loss.detach()}


def iwae_step(
    batch: tuple[Tensor, ...],
    vae: VAE,
    optimizer: Optimizer,
    samples: int = 50,
    ema: EMA | None = None,
    schedule: LRScheduler | None = None,
) -> Losses:
    """One update on the importance-weighted bound of ``samples`` draws of z per image, in nats.

    Its gradient is the mean of the gradients of log w under the normalised weights. One draw by these
    weights estimates it without bias, with one backward pass for all samples (Burda et al. 2016, section 3).
    """
    x = binarize(batch[0])
    mean, log_var = vae.encode(x)
    noise = torch.randn(samples, *mean.shape, device=x.device)  # (K, B, D)
    with torch.no_grad():
        z = mean + (log_var / 2).exp() * noise
        log_w = variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var)  # (K, B)
        chosen = torch.multinomial(log_w.softmax(dim=0).T, 1).T  # (1, B), in 0 ... K - 1

    noise = noise.gather(0, chosen[:, :, None].expand(1, *mean.shape))  # (1, B, D)
    z = mean + (log_var / 2).exp() * noise
    loss = -variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var).mean()

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if schedule is not None:
        schedule.step()
    if ema is not None:
        ema.update(vae)
    return {"negative_bound": -variational.iwae_bound(log_w).mean()}


def classifier_step(
    batch: tuple[Tensor, ...],
    classifier: nn.Module,
    optimizer: Optimizer,
    ema: EMA | None = None,
    shift: int = 0,
) -> Losses:
    """One update of a classifier on (images, labels), all moved by up to ``shift`` pixels; in nats."""
    images, labels = batch
    down, right = torch.randint(-shift, shift + 1, (2,)).tolist()
    images = images.roll((down, right), dims=(2, 3))  # digits have an empty margin of 4 pixels
    loss = nn.functional.cross_entropy(classifier(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if ema is not None:
        ema.update(classifier)
    return {"cross_entropy": loss.detach()}
