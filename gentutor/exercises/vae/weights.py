"""The exercise on importance weights of samples of q(z|x)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES, FUDGES
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import variational

LOG_2PI = math.log(2 * math.pi)
ANY = "Any number of samples K, examples B and dimensions D must do: z is (K, B, D), and mean is (B, D)."
FAR = (
    "Far from the mean, or in many dimensions, a density is 0 in float32: add log-densities, and take no "
    "logarithm of an exponential or of a product."
)


NARROW = (
    "At log_var = -13 the standard deviation is 0.0015, and q(z|x) a density like any other: no clamp, no "
    "constant added to the variance."
)


def _case(k: int, b: int, d: int, hint: str, spread: float = 1.0) -> Case:
    mean, log_var = torch.randn(b, d), torch.randn(b, d)
    z = mean + spread * torch.randn(k, b, d)
    log_px_z = -3 * torch.rand(k, b) - 1
    return Case({"log_px_z": log_px_z, "z": z, "mean": mean, "log_var": log_var}, hint)


def _cases() -> list[Case]:
    same = _case(3, 2, 4, "Where q is the prior, the weight is the likelihood.")
    same.arguments["mean"], same.arguments["log_var"] = torch.zeros(2, 4), torch.zeros(2, 4)
    narrow = _case(3, 2, 4, NARROW, spread=0.01)
    narrow.arguments["z"] -= narrow.arguments["mean"]
    narrow.arguments["mean"], narrow.arguments["log_var"] = torch.zeros(2, 4), torch.full((2, 4), -13.0)
    return [
        _case(3, 2, 4, "Compare your function with the equation, term by term."),
        same,
        _case(3, 2, 4, FAR, spread=30.0),
        narrow,
        _case(1, 5, 2, ANY),
        _case(4, 1, 1, ANY),
        _case(3, 3, 3, ANY),
        _case(2, 3, 50, FAR),
    ]


def _prior(z: Tensor) -> Tensor:
    """(K, B, D), the log-density of each latent under N(0, 1)."""
    return -z.square() / 2 - LOG_2PI / 2


def _q(z: Tensor, mean: Tensor, log_var: Tensor, std: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """(K, B, D), the log-density of each latent under q."""
    sigma = (log_var / 2).exp() if std is None else std(log_var)
    return -((z - mean) / sigma).square() / 2 - sigma.log() - LOG_2PI / 2


def _weights(ratio: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """log p(x|z) plus the sum of a term per latent."""
    return lambda p, z, m, v: p + ratio(z, m, v).sum(dim=-1)


def _fudged(to_variance: float, to_std: float) -> Callable[..., Tensor]:
    """The weights with constants added in q."""

    def std(log_var: Tensor) -> Tensor:
        return (log_var.exp() + to_variance).sqrt() + to_std

    return _weights(lambda z, m, v: _prior(z) - _q(z, m, v, std))


VARIANCE = "You take exp(log_var), the variance, for the standard deviation of q: it is exp(log_var / 2)."
CONSTANT = (
    "The constant log(2π) / 2 of the two Gaussians is in one of them only: it stands in both, and cancels."
)
MISTAKES: list[Row] = [
    (_weights(lambda z, m, v: _prior(z) + 0 * m),
     "The density q(z|x) is not divided out: this is log p(x, z). The weight is p(x, z) / q(z|x)."),
    (_weights(lambda z, m, v: -_q(z, m, v)),
     "The prior p(z) is missing: the weight is p(x|z) p(z) / q(z|x)."),
    (_weights(lambda z, m, v: _prior(z) + _q(z, m, v)),
     "The term log q(z|x) is added; the samples come from q, so its density is divided out: subtract it."),
    (_weights(lambda z, m, v: _q(z, m, v) - _prior(z)), "The prior and q are swapped."),
    (lambda p, z, m, v: 0 * p + (_prior(z) - _q(z, m, v)).sum(dim=-1), "The term log p(x|z) is missing."),
    (lambda p, z, m, v: (_prior(z) - _q(z, m, v)).sum(dim=-1) - p, "The term log p(x|z) has the wrong sign."),
    (lambda p, z, m, v: p - variational.gaussian_kl(m, v) + 0 * z.sum(dim=-1),
     "You subtract the KL divergence in closed form. That gives the ELBO's terms; a weight needs the "
     "densities at the sample z itself."),
    (lambda p, z, m, v: p + 0 * z.sum(dim=-1), "The ratio p(z) / q(z|x) is missing."),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v, torch.exp)), VARIANCE),
    (_weights(lambda z, m, v: _prior(z) + ((z - m) / v.exp()).square() / 2 + v / 2 + LOG_2PI / 2),
     VARIANCE.replace("You take", "In the square you take")),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v, lambda v: v)),
     "You take log_var for the standard deviation, or for the variance, of q: they are exp(log_var / 2) and "
     "exp(log_var)."),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v) - v / 2),
     "The logarithm of q's density contains -log σ = -log_var / 2: it is missing."),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v) + v / 2),
     "The logarithm of q's density contains -log σ = -log_var / 2; yours has all of log_var."),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v) - v), "The term log_var / 2 has the wrong sign."),
    (_weights(lambda z, m, v: _prior(z) + (z - m).square() / (v / 2).exp() / 2 + v / 2 + LOG_2PI / 2),
     "In q's square you divide by the standard deviation; (z - mean)² is divided by the variance."),
    (_weights(lambda z, m, v: _prior(z) + (z - m).square() * v.exp() / 2 + v / 2 + LOG_2PI / 2),
     "In q's square the variance multiplies; (z - mean)² is divided by exp(log_var)."),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v) + LOG_2PI / 2), CONSTANT),
    (_weights(lambda z, m, v: _prior(z) - _q(z, m, v) - LOG_2PI / 2), CONSTANT),
    *((_fudged(c, 0), NARROW) for c in FUDGES if c > 1e-10),
    *((_fudged(0, c), NARROW) for c in FUDGES if c > 1e-8),
    (_weights(lambda z, m, v: -z.square() + (z - m).square() / v.exp() + v / 2),
     "The factor 1/2 in the exponents of the Gaussians is missing."),
    (_weights(lambda z, m, v: 2 * (_prior(z) - _q(z, m, v))),
     "The factor 1/2 in the exponents of the Gaussians, and of log σ² / 2, is missing."),
    (_weights(lambda z, m, v: _prior(z - m) - _q(z, m, v)),
     "The prior is N(0, I); yours is centred at q's mean."),
    (_weights(lambda z, m, v: _prior(m) - _q(z, m, v)), "The prior is to be taken at z, not at q's mean."),
    (lambda p, z, m, v: p + (_prior(z) - _q(z, m, v)).mean(dim=-1),
     "You take the mean over the latent dimensions; log-densities of independent variables are added."),
    (lambda p, z, m, v: (p + (_prior(z) - _q(z, m, v)).sum(dim=-1)).exp(),
     "These are the weights themselves; their logarithms are asked for."),
    (lambda p, z, m, v: (p + (_prior(z) - _q(z, m, v)).sum(dim=-1)).log_softmax(dim=0),
     "The weights are normalised over the samples. That is useful for gradients, but takes away the very "
     "size that estimates p(x)."),
    (lambda p, z, m, v: (p + (_prior(z) - _q(z, m, v)).sum(dim=-1)).softmax(dim=0),
     "The weights are normalised over the samples, and no logarithms."),
    (lambda p, z, m, v: (p + (_prior(z) - _q(z, m, v)).sum(dim=-1)).mean(dim=0),
     "One number for each sample and example is expected, shape (K, B): yours averages over the samples."),
    (lambda p, z, m, v: p[:, :, None] + _prior(z) - _q(z, m, v),
     "The sum over the latent dimensions is missing: (K, B) is expected."),
]  # fmt: skip

WEIGHTS = Exercise(
    SameFunction(variational.importance_log_weights, _cases, MISTAKES, tolerance=1e-4, crashes=CRASHES),
    "log w for each sample and example; averaged, their exponentials estimate p(x) without bias.",
)
