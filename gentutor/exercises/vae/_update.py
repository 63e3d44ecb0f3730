"""One update of a VAE, done right or with known bugs; the check of ``vae.step`` compares with it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives import variational

Terms = Callable[[Tensor, Tensor], Tensor]
KLTerms = Callable[[Tensor, Tensor, Tensor], Tensor]
Reduce = Callable[[Tensor], Tensor]


def log_prob_terms(logits: Tensor, x: Tensor) -> Tensor:
    """The log-probability of each pixel."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def squared_error(factor: float, squash: Reduce) -> Terms:
    """What stands for log p(x|z) in a squared error of ``squash(logits)``, for each pixel."""
    return lambda logits, x: -factor * (squash(logits) - x).square()


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


@dataclass(frozen=True)
class How:
    """How an update is done; the defaults are right.

    ``log_prob`` gives the terms (B, C, H, W) of log p(x|z), ``kl`` those (B, D) of the KL divergence,
    from mean, log_var and z; ``likelihood`` and ``divergence`` reduce them to the two numbers of the loss.
    """

    scale: Reduce = standard_deviation
    attached: bool = True  # gradients flow through z
    log_prob: Terms = log_prob_terms
    kl: KLTerms = closed_kl
    likelihood: Reduce = mean_of_sums
    divergence: Reduce = mean_of_sums
    sign: float = 1.0
    zero_grad: bool = True


RIGHT = (How(), How(kl=sampled_kl), How(kl=path_kl))  # on average, the gradient of all is the ELBO's


def variants(bug: How) -> list[How]:
    """The bug in steps with each right form of the KL term, if it is not about that."""
    return [replace(bug, kl=right.kl) for right in RIGHT] if bug.kl is closed_kl else [bug]


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

    def update(self, x: Tensor, z: Tensor, how: How) -> None:
        """One update in which the sample of q(z|x) comes out as ``z``."""
        mean, log_var = self.vae.encode(x)
        scale = how.scale(log_var)
        noise = ((z - mean) / scale).detach()
        sample = mean + scale * noise if how.attached else z
        log_px_z = how.likelihood(how.log_prob(self.vae.decode(sample), x))
        kl = how.divergence(how.kl(mean, log_var, sample))
        if how.zero_grad:
            self.optimizer.zero_grad()
        (how.sign * (kl - log_px_z)).backward()
        self.optimizer.step()

    def parameters(self) -> tuple[Tensor, Tensor]:
        """All parameters of the encoder in one vector, and all of the decoder."""
        encoder, decoder = (
            torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
            for network in (self.vae.encoder, self.vae.decoder)
        )
        return encoder, decoder
