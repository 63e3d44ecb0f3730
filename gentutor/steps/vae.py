"""One update of a VAE on its bound, of the plain autoencoder beside it, and the binary images they take."""

import torch
from torch import Tensor
from torch.optim import Optimizer

from gentutor import _checks as check
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.training import Losses


def binarize(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Grey values in [0, 1], of any shape -> 0 or 1, drawn anew: each value is the probability of a 1.

    Raises:
        TypeError: images are no floating-point tensor (``data.to_unit`` makes one).
        ValueError: a value lies outside [0, 1]. (Not on a GPU: looking at them would make the processor
            wait at each step.)
    """
    if not images.is_floating_point():
        raise TypeError(f"images must be floating point, in [0, 1], got {images.dtype}")
    if not images.is_cuda:
        check.within(0, 1, images=images)
    dtype = torch.promote_types(images.dtype, torch.float32)  # bfloat16 has only 256 numbers to draw
    uniform = torch.rand(images.shape, generator=generator, dtype=dtype, device=images.device)
    return (uniform < images).to(images.dtype)


def vae_step(batch: tuple[Tensor, ...], vae: VAE, optimizer: Optimizer, beta: float = 1.0) -> Losses:
    """One update of encoder and decoder on images in [0, 1], binarised anew; losses in nats per image."""
    x = binarize(batch[0])  # (B, C, H, W)
    mean, log_var = vae.encode(x)  # (B, D) each
    z = variational.reparameterize(mean, log_var)  # (B, D)
    log_px_z = vae.log_px_z(x, z)  # (B,)
    kl = variational.gaussian_kl(mean, log_var)  # (B,)
    loss = -variational.elbo(log_px_z, kl, beta).mean()  # the only mean: over the batch

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    kl, distortion = kl.detach().mean(), -log_px_z.detach().mean()
    return {"negative_elbo": distortion + kl, "distortion": distortion, "kl": kl}


def autoencoder_step(batch: tuple[Tensor, ...], vae: VAE, optimizer: Optimizer) -> Losses:
    """One update of a plain autoencoder on images in [0, 1]: no noise in z, no KL; nats per image."""
    x = binarize(batch[0])
    z, _ = vae.encode(x)  # (B, D): a point, not a distribution
    log_px_z = vae.log_px_z(x, z)  # (B,)
    loss = -log_px_z.mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"distortion": loss.detach()}


def iwae_step(batch: tuple[Tensor, ...], vae: VAE, optimizer: Optimizer, samples: int = 50) -> Losses:
    """One update on the importance-weighted bound of ``samples`` draws of z per image, in nats.

    Its gradient is the mean of the gradients of log w under the normalised weights. One draw by these
    weights estimates it without bias, with one backward pass for all samples (Burda et al. 2016, section 3).
    """
    x = binarize(batch[0])
    mean, log_var = vae.encode(x)  # (B, D) each
    epsilon = torch.randn(samples, *mean.shape, dtype=mean.dtype, device=mean.device)  # (K, B, D)
    with torch.no_grad():
        z = mean + (log_var / 2).exp() * epsilon  # (K, B, D)
        log_w = variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var)  # (K, B)
        chosen = torch.multinomial(log_w.softmax(dim=0).T, 1).T  # (1, B), in 0 ... K - 1

    epsilon = epsilon.gather(0, chosen[:, :, None].expand(1, *mean.shape))  # (1, B, D)
    z = mean + (log_var / 2).exp() * epsilon  # (1, B, D)
    loss = -variational.importance_log_weights(vae.log_px_z(x, z), z, mean, log_var).mean()

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"negative_bound": -variational.iwae_bound(log_w).mean()}
