"""One update of a VAE, done right and with known bugs; the check of ``vae.step`` compares with them."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from gentutor.exercises._networks import parameters
from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives import variational


class Model:
    """A small VAE and its optimiser; plain gradient descent shows every gradient's size."""

    def __init__(self) -> None:
        self.vae: VAE = mlp_vae(
            variational.bernoulli_log_prob, latent_dim=3, hidden=(7,), image_shape=(1, 2, 3)
        )
        for parameter in self.vae.parameters():
            nn.init.normal_(parameter, 0.0, 0.6)
        self.optimizer: Optimizer = SGD(self.vae.parameters(), lr=0.05)

    def copy(self) -> "Model":
        """The same model, sharing nothing with this one."""
        return copy.deepcopy(self)

    def parameters(self) -> tuple[Tensor, Tensor]:
        """All parameters of the encoder in one vector, and all of the decoder."""
        return parameters(self.vae.encoder), parameters(self.vae.decoder)


Step = Callable[[Tensor, Tensor, Model], None]  # images, the z that were drawn for them, the model


def log_prob_terms(logits: Tensor, x: Tensor) -> Tensor:
    """The log-probability of each pixel."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def standard_deviation(log_var: Tensor) -> Tensor:
    """What the noise is multiplied by."""
    return (log_var / 2).exp()


def closed_kl(mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
    """The KL divergence of each latent dimension, which no sample enters."""
    return variational.gaussian_kl_terms(mean, log_var)


def sampled_kl(mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
    """log q(z|x) - log p(z) of each dimension, whose expectation over z is the divergence."""
    return (z.square() - (z - mean).square() / log_var.exp() - log_var) / 2


def path_kl(mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
    """The same with the gradient through z alone: that left out is 0 on average (Roeder et al. 2017)."""
    return sampled_kl(mean.detach(), log_var.detach(), z)


def mean_of_sums(terms: Tensor) -> Tensor:
    """Summed over all but the batch, then the mean over the batch."""
    return terms.flatten(1).sum(dim=1).mean()


def update(
    *,
    scale: Callable[[Tensor], Tensor] = standard_deviation,
    attached: bool = True,
    log_prob: Callable[[Tensor, Tensor], Tensor] = log_prob_terms,
    kl: Callable[[Tensor, Tensor, Tensor], Tensor] = closed_kl,
    likelihood: Callable[[Tensor], Tensor] = mean_of_sums,
    divergence: Callable[[Tensor], Tensor] = mean_of_sums,
    sign: float = 1.0,
    clear: bool = True,
) -> Step:
    """A step that is right unless told otherwise.

    ``log_prob`` gives the terms (B, C, H, W) of log p(x|z), ``kl`` those (B, D) of the KL divergence,
    from mean, log_var and z; ``likelihood`` and ``divergence`` reduce them to the two numbers of the loss.
    """

    def step(x: Tensor, z: Tensor, model: Model) -> None:
        mean, log_var = model.vae.encode(x)
        noise = ((z - mean) / scale(log_var)).detach()
        sample = mean + scale(log_var) * noise if attached else z
        log_px_z = likelihood(log_prob(model.vae.decode(sample), x))
        loss = divergence(kl(mean, log_var, sample)) - log_px_z
        if clear:
            model.optimizer.zero_grad()
        (sign * loss).backward()
        model.optimizer.step()

    return step


def wrong(**how: Any) -> list[Step]:
    """Steps with one bug, one for each right form of the KL term."""
    return [update(**{"kl": kl, **how}) for kl in RIGHT]


def squared_error(factor: float, squash: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """What stands for log p(x|z) in a squared error of ``squash(logits)``, for each pixel."""
    return lambda logits, x: -factor * (squash(logits) - x).square()


RIGHT = (closed_kl, sampled_kl, path_kl)  # on average, the gradient of all is the ELBO's
DETACHED = (
    "The gradient does not pass through z, so the encoder learns from the KL term alone: use the "
    "reparameterised sample, mean + std · ε, without detach(), torch.no_grad() or .sample()."
)
BUGS: list[tuple[list[Step], str]] = [
    (wrong(clear=False),
     "The gradients of the update before are added to this one's: optimizer.zero_grad() is missing."),
    (wrong(attached=False), DETACHED),
    (wrong(divergence=lambda t: 0 * t.sum()),
     "The KL term is missing: the loss is minus the ELBO, KL - log p(x|z)."),
    (wrong(divergence=lambda t: -mean_of_sums(t)),
     "The KL term has the wrong sign: the loss, minus the ELBO, is KL - log p(x|z)."),
    (wrong(likelihood=lambda t: -mean_of_sums(t)),
     "The term log p(x|z) has the wrong sign: the loss, minus the ELBO, is KL - log p(x|z)."),
    (wrong(sign=-1), "The sign of the loss is turned: you descend on the ELBO, which is to be maximised."),
    (wrong(likelihood=lambda t: 0 * t.sum()), "The term log p(x|z) is missing from the loss."),
    (wrong(likelihood=torch.mean),
     "The mean over the pixels makes the likelihood too small, as if the KL had a weight β of the number of "
     "pixels: sum over the pixels, and take the mean over the batch alone."),
    (wrong(divergence=torch.mean),
     "The mean over the latent dimensions makes the KL too small, a silent β of 1/D: sum over the "
     "dimensions, and take the mean over the batch alone."),
    (wrong(likelihood=torch.mean, divergence=torch.mean),
     "Both terms are means over all their elements; as there are more pixels than latents, the KL is "
     "weighted too heavily. Sum over pixels and over dimensions, and take the mean over the batch alone."),
    (wrong(likelihood=torch.sum, divergence=torch.sum),
     "The loss is a sum over the batch: take the mean, so that the size of the batch does not set the "
     "step."),
    ([*wrong(likelihood=torch.sum), *wrong(divergence=torch.sum),
      *wrong(likelihood=torch.sum, divergence=torch.mean),
      *wrong(likelihood=torch.mean, divergence=torch.sum)],
     "One term is a sum over the batch, the other a mean: the mean over the batch belongs to both."),
    (wrong(scale=torch.exp),
     "The noise is scaled by exp(log_var), the variance; the standard deviation is exp(log_var / 2)."),
    (wrong(scale=lambda v: v),
     "The noise is scaled by log_var itself; the standard deviation is exp(log_var / 2)."),
    (wrong(scale=torch.ones_like),
     "log_var is not used for the sample: its standard deviation is exp(log_var / 2)."),
    (wrong(divergence=lambda t: 2 * mean_of_sums(t)), "The factor 1/2 of the KL divergence is missing."),
    ([update(kl=lambda m, v, z: closed_kl(m, 2 * v, z)),
      update(kl=lambda m, v, z: closed_kl(m, 2 * v, z), scale=torch.exp)],
     "In the KL divergence you take log_var for log σ: it is log σ²."),
    ([update(kl=lambda m, v, z: z.square() / 2)],
     "The term log q(z|x) is missing: the KL term is E log q(z|x) - E log p(z)."),
    ([update(kl=lambda m, v, z: z.square() - sampled_kl(m, v, z))],
     "The term log q(z|x) has the wrong sign: the KL term is E log q(z|x) - E log p(z)."),
    (wrong(log_prob=lambda logits, x: log_prob_terms(logits.sigmoid(), x)),
     "The sigmoid is taken twice: vae.decode returns logits, and the likelihood takes logits."),
    ([step
      for factor in (1.0, 0.5)
      for squash in (torch.sigmoid, lambda logits: logits)
      for reduce in (mean_of_sums, torch.mean, torch.sum)
      for step in wrong(log_prob=squared_error(factor, squash), likelihood=reduce)],
     "The likelihood is a squared error; the images are binary, so it is a Bernoulli likelihood."),
    (wrong(log_prob=lambda logits, x: log_prob_terms(x, logits)),
     "Images and logits are swapped in the likelihood."),
]  # fmt: skip
