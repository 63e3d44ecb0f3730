"""The exercise on the ELBO."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES, PER_EXAMPLE, TURNED
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import variational

TERM = "The ELBO is log p(x|z) minus β times the KL divergence, for each example."


def _cases() -> list[Case]:
    log_px_z, kl = torch.tensor([-3.0, -1.5, -7.2]), torch.tensor([0.4, 2.5, 1.1])

    def case(log_px_z: Tensor, kl: Tensor, hint: str, **beta: float) -> Case:
        return Case({"log_px_z": log_px_z, "kl": kl, **beta}, hint, keywords=tuple(beta))

    return [
        case(log_px_z, kl, "Without a third argument β is 1. " + TERM),
        case(log_px_z, kl, "β is passed by keyword. " + TERM, beta=4.0),
        case(log_px_z, kl, TERM, beta=0.5),
        case(log_px_z, kl, "With β = 0 only log p(x|z) is left.", beta=0.0),
        case(-log_px_z, kl, "A log-density may be positive, and so may the ELBO.", beta=2.0),
        case(log_px_z[:1], kl[:1], "One example must do."),
        case(torch.randn(6) - 90, torch.rand(6) * 30, TERM),
    ]


DEFAULT = "By default beta is 1: def elbo(log_px_z, kl, beta=1.0)."
MISTAKES: list[Row] = [
    (lambda p, k, beta=1.0: p + beta * k,
     "The KL divergence is added; it is the price of q(z|x), so it is subtracted."),
    (lambda p, k, beta=1.0: beta * k - p,
     "The sign is turned: this is the loss -ELBO. The ELBO is to be maximised, and -ELBO is taken in the "
     "training step."),
    (lambda p, k, beta=1.0: -p - beta * k,
     "Both terms are negative: log p(x|z) is a log-probability already, so it enters as it is."),
    (lambda p, k, beta=1.0: (p - beta * k).mean(),
     f"{PER_EXAMPLE}the mean over the batch belongs in the training step."),
    (lambda p, k, beta=1.0: (beta * k - p).mean(),
     PER_EXAMPLE + "the mean over the batch belongs in the training step." + TURNED),
    (lambda p, k, beta=1.0: (p - beta * k).sum(), f"{PER_EXAMPLE}yours sums over the batch."),
    (lambda p, k, beta=1.0: p - beta * k.mean(),
     "You take the mean of the KL over the batch before subtracting: each example has its own."),
    (lambda p, k, beta=1.0: p + 0 * k,
     "The KL divergence is missing; without a third argument its weight beta is 1."),
    (lambda p, k, beta=1.0: 0 * p - beta * k, "The term log p(x|z) is missing."),
    (lambda p, k, beta=1.0: p - k, "The weight beta is ignored: it multiplies the KL divergence."),
    (lambda p, k, beta=1.0: beta * p - k,
     "Here beta multiplies the likelihood; it is the weight of the KL divergence."),
    (lambda p, k, beta=1.0: beta * (p - k),
     "Here beta multiplies both terms; it is the weight of the KL alone."),
    (lambda p, k, beta=1.0: p - k / beta, "You divide by beta; it multiplies the KL divergence."),
    (lambda p, k, beta=1.0: p - k if beta == 1 else (1 - beta) * p - beta * k,
     "The weights add up to 1 in yours; here the likelihood has the weight 1, and the KL the weight β."),
    (lambda p, k, beta=1.0: p - beta**2 * k, "The weight beta enters as it is, not squared."),
    (lambda p, k, beta=4.0: p - beta * k, DEFAULT),
    (lambda p, k, beta=0.5: p - beta * k, DEFAULT),
    (lambda p, k, beta=1.0: -p.abs() - beta * k,
     "You take the absolute value of log p(x|z). A log-density may be positive."),
    (lambda p, k, beta=1.0: (p - beta * k).clamp(max=0),
     "You cut the result at 0. A log-density may be positive, and so may the ELBO."),
]  # fmt: skip

ELBO = Exercise(
    SameFunction(variational.elbo, _cases, MISTAKES, crashes=CRASHES),
    "one bound per example, with β = 1 unless told otherwise.",
)
