"""The exercise on the KL term in closed form."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES, FUDGES, reductions
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import variational

terms = variational.gaussian_kl_terms

MOMENTS = (
    torch.tensor([[0.5, -1.2], [2.0, 0.3], [-0.4, 0.1]]),
    torch.tensor([[-0.6, 0.8], [0.4, -1.5], [-2.0, 0.7]]),
)
EXTREME = (
    "This is right for moderate log-variances only. At log_var = -60 the variance is 1e-26: take its "
    "logarithm from log_var, where it already is, and add no constant."
)
FUDGE = (
    "You add a small constant to the variance, or to the standard deviation. log σ² is log_var itself: no "
    "logarithm, no constant."
)
ANY = "Any number of examples and of latent dimensions must do: sum over the last dimension."


def _case(mean: Tensor, log_var: Tensor, hint: str) -> Case:
    return Case({"mean": mean, "log_var": log_var}, hint)


def _cases() -> list[Case]:
    mean, log_var = MOMENTS
    far = torch.tensor([[-60.0, 5.0], [0.0, -30.0], [-45.0, 2.0]])
    return [
        _case(mean, log_var, "Compare your function with the equation, term by term."),
        _case(torch.zeros(3, 2), far, EXTREME),
        _case(mean[:1], log_var[:1], ANY),
        _case(mean[:, :1], log_var[:, :1], ANY),
        _case(torch.randn(2, 50), torch.randn(2, 50), ANY),
        _case(torch.randn(4, 4), torch.randn(4, 4), ANY),
        _case(torch.zeros(2, 3), torch.zeros(2, 3), "For mean 0 and log-variance 0, q is the prior: KL = 0."),
    ]


def _kl(per_term: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Half the sum over dimensions."""
    return lambda m, v: per_term(m, v).sum(dim=1) / 2


def _fudged(to_variance: float, to_std: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The divergence with constants added."""

    def log_var(v: Tensor) -> Tensor:
        return (((v / 2).exp() + to_std).square() + to_variance).log()

    return _kl(lambda m, v: m.square() + v.exp() - 1 - log_var(v))


MISTAKES: list[Row] = [
    *reductions(terms, "latent dimensions"),
    (lambda m, v: 2 * terms(m, v).sum(dim=1), "The factor 1/2 in front of the sum is missing."),
    (lambda m, v: -terms(m, v).sum(dim=1),
     "The sign is turned: a KL divergence is never negative. (Kingma & Welling print -KL, the term as it "
     "stands in the ELBO.)"),
    (_kl(lambda m, v: m.square() + v - 1 - v.log()),
     "You take log_var for the variance itself. It is its logarithm: σ² = exp(log_var)."),
    (_kl(lambda m, v: m.square() + v - 1 - v),
     "You take log_var for the variance itself: σ² = exp(log_var)."),
    (_kl(lambda m, v: m.square() + v.square() - 1 - v.square().log()),
     "You take log_var for the standard deviation. It is the logarithm of the variance: σ² = exp(log_var)."),
    (_kl(lambda m, v: m.square() + v.square() - 1 - v),
     "You take log_var for the standard deviation: σ² = exp(log_var)."),
    (_kl(lambda m, v: m.square() + (2 * v).exp() - 1 - 2 * v),
     "You take log_var for log σ, so that your variance is exp(2 · log_var). It is log σ²: the variance is "
     "exp(log_var)."),
    (_kl(lambda m, v: m.square() + (2 * v).exp() - 1 - v),
     "You square exp(log_var), but that is the variance already."),
    (_kl(lambda m, v: m.square() + (v / 2).exp() - 1 - v),
     "exp(log_var / 2) is the standard deviation σ; the equation has the variance, σ² = exp(log_var)."),
    (_kl(lambda m, v: m.square() + v.exp() - 1 - v / 2),
     "The equation has log σ², which is log_var itself; yours is log σ."),
    (_kl(lambda m, v: m.square() + v.exp() - v),
     "The -1 in each dimension is missing (KL would not be 0 for q = p)."),
    (lambda m, v: ((m.square() + v.exp() - v).sum(dim=1) - 1) / 2,
     "The -1 stands inside the sum, once for each dimension; yours is subtracted once."),
    (_kl(lambda m, v: m.square() + v.exp() + 1 - v), "The 1 has the wrong sign: it is -1."),
    (_kl(lambda m, v: m + v.exp() - 1 - v), "The mean enters squared."),
    (_kl(lambda m, v: m.abs() + v.exp() - 1 - v), "The mean enters squared, not as an absolute value."),
    (_kl(lambda m, v: v.exp() - 1 - v + 0 * m), "The mean is missing: its square belongs in every term."),
    (_kl(lambda m, v: v.exp() - 1 - v - m.square()), "The square of the mean has the wrong sign."),
    (_kl(lambda m, v: m.square() + v.exp() - 1 + v),
     "The logarithm has the wrong sign: it is -log σ², so that a small variance costs."),
    (_kl(lambda m, v: m.square() + v.exp() - 1),
     "The term -log σ² is missing: without it a variance of 0 would cost nothing."),
    (_kl(lambda m, v: m.square() - 1 - v), "The variance itself, exp(log_var), is missing."),
    (_kl(lambda m, v: (1 + m.square()) / v.exp() - 1 + v),
     "The divergence is turned round: this is KL(prior ‖ q). The expectation is over q."),
    (lambda m, v: terms(m, v).sum(dim=1) / math.log(2), "This is in bits; the book counts in nats."),
    *((_fudged(c, 0), FUDGE) for c in FUDGES if c > 1e-31),
    *((_fudged(0, c), FUDGE) for c in FUDGES if c > 1e-17),
]  # fmt: skip

GAUSSIAN_KL = Exercise(
    SameFunction(variational.gaussian_kl, _cases, MISTAKES, crashes=CRASHES),
    "one number per example, in nats, with the right gradient, also at log-variances of -60.",
)
