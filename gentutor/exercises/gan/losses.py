"""Exercises on the losses of the minimax game: discriminator, generator, saturating generator."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._batches import (
    BCE,
    CRASHES,
    EARLY,
    FUDGE,
    LENGTH,
    NAIVE,
    POOLED,
    SUM,
    one_batch,
    two_batches,
)
from gentutor.exercises._compare import Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import adversarial

EXTREME = (
    "This is right for moderate logits only, not at ±100, where a sigmoid rounds to 0 or 1 and a clamp has "
    "no gradient. Use log D = logsigmoid(logits) and log(1 - D) = logsigmoid(-logits), exact in "
    "torch.nn.functional, or a loss 'with logits'."
)
SIGN = "The sign is turned: {}."
TWICE = "The sigmoid is taken twice: a function 'with logits', or logsigmoid, contains it already."
SMOOTHED = "The label is 0.9 (label smoothing, a cure for later); the equation has the label 1."
NO_LOG = "The logarithm is missing: the loss is made of log D, not of D."

log_d: Callable[[Tensor], Tensor] = F.logsigmoid  # log D from a logit
d: Callable[[Tensor], Tensor] = torch.sigmoid


def log_not_d(logits: Tensor) -> Tensor:
    """log(1 - D) from a logit."""
    return F.logsigmoid(-logits)


def imprecise(loss: Callable[[Callable, Callable], Callable[..., Tensor]]) -> list[Row]:
    """The usual ways to lose a loss's precision; ``loss`` makes it from log D and log(1 - D)."""

    def entropy(target: float) -> Callable[[Tensor], Tensor]:
        return lambda x: -F.binary_cross_entropy(d(x), torch.full_like(x, target), reduction="none")

    return [
        (loss(lambda x: d(x).log(), lambda x: (1 - d(x)).log()), NAIVE),
        (loss(lambda x: (d(x) + 1e-8).log(), lambda x: (1 - d(x) + 1e-8).log()), FUDGE),
        (loss(entropy(1.0), entropy(0.0)), BCE),
    ]


DISCRIMINATOR_MISTAKES: list[Row] = [
    (lambda r, f: log_d(r).mean() + log_not_d(f).mean(),
     SIGN.format("logarithms of probabilities are negative, and the loss is minus their averages")),
    (lambda r, f: -(log_d(r).mean() + log_not_d(f).mean()) / 2,
     "You average the two terms; the equation adds them, so this is half of the loss (log 2 instead of log 4 "
     "at D = 1/2)."),
    (lambda r, f: -log_not_d(r).mean() - log_d(f).mean(),
     "The labels are swapped: the discriminator should say 1 for real and 0 for fake."),
    (lambda r, f: -log_d(r).mean() - log_d(f).mean(),
     "The fakes are labelled as real: for them the discriminator's term is log(1 - D), not log D. (Label 1 "
     "for fakes belongs in the generator's loss.)"),
    (lambda r, f: -log_d(r).mean() + log_not_d(f).mean(),
     "The fake term has the wrong sign: both expectations enter with a minus."),
    (lambda r, f: -torch.cat([log_d(r).flatten(), log_not_d(f).flatten()]).mean(), POOLED),
    (lambda r, f: -2 * torch.cat([log_d(r).flatten(), log_not_d(f).flatten()]).mean(), POOLED),
    (lambda r, f: -log_d(r).mean() - log_d(1 - f).mean(),
     "The 1 is subtracted from the logit, not from the probability: 1 - D = sigmoid(-logit)."),
    (lambda r, f: -r.log().mean() - (1 - f).log().mean(),
     "These are logits, not probabilities: D is the sigmoid of a logit."),
    (lambda r, f: -log_d(r).sum() - log_not_d(f).sum(), SUM),
    (lambda r, f: -log_d(r).mean() + 0 * f.sum(), "The fake term is missing."),
    (lambda r, f: -log_not_d(f).mean() + 0 * r.sum(), "The real term is missing."),
    (lambda r, f: -log_d(r).mean() - log_not_d(r).mean() + 0 * f.sum(),
     "The second expectation is over generated samples, but yours is over the data: use fake_logits."),
    (lambda r, f: -log_d(d(r)).mean() - log_not_d(d(f)).mean(), TWICE),
    (lambda r, f: -d(r).mean() - (1 - d(f)).mean(), NO_LOG),
    (lambda r, f: (1 - d(r)).mean() + d(f).mean(), NO_LOG),
    (lambda r, f: -d(r).mean().log() - (1 - d(f)).mean().log(), EARLY),
    (lambda r, f: -log_d(r.mean()) - log_not_d(f.mean()), EARLY),
    (lambda r, f: -(0.9 * log_d(r) + 0.1 * log_not_d(r)).mean() - log_not_d(f).mean(), SMOOTHED),
    (lambda r, f: -log_d(r).sum() / len(r) - log_not_d(f).sum() / len(f), LENGTH),
    *imprecise(lambda log_d, log_not_d: lambda r, f: -log_d(r).mean() - log_not_d(f).mean()),
]  # fmt: skip

DISCRIMINATOR = Exercise(
    SameFunction(
        adversarial.discriminator_loss,
        lambda: two_batches("real_logits", "fake_logits", EXTREME),
        DISCRIMINATOR_MISTAKES,
        crashes=CRASHES,
    ),
    "the value and the gradient are the reference's, for any two batches and at logits of ±100.",
)

HALF = "The factor 1/2 does not belong here."
GENERATOR_MISTAKES: list[Row] = [
    (lambda f: log_not_d(f).mean(),
     "This is the saturating loss, E[log(1 - D(G(z)))], of the minimax game: its gradient vanishes when the "
     "discriminator is sure. The non-saturating one is -E[log D(G(z))]."),
    (lambda f: -log_not_d(f).mean(),
     "The fakes are labelled as fake: this is the discriminator's term, and lowering it helps the "
     "discriminator. The generator wants the label 1."),
    (lambda f: log_d(f).mean(),
     SIGN.format("a generator that minimises E[log D(G(z))] learns to be found out")),
    (lambda f: -log_d(f).sum(), SUM),
    (lambda f: -log_d(f).mean() / 2, HALF),
    (lambda f: -log_d(d(f)).mean(), TWICE),
    (lambda f: -d(f).mean(), NO_LOG),
    (lambda f: (1 - d(f)).mean(), NO_LOG),
    (lambda f: -f.mean(),
     "This is the generator's loss against a critic, -E[score]. Here the output is a logit: D is its "
     "sigmoid."),
    (lambda f: -d(f).mean().log(), EARLY),
    (lambda f: -log_d(f.mean()), EARLY),
    (lambda f: -(0.9 * log_d(f) + 0.1 * log_not_d(f)).mean(), SMOOTHED),
    (lambda f: -log_d(f).sum() / len(f), LENGTH),
    *imprecise(lambda log_d, log_not_d: lambda f: -log_d(f).mean()),
]  # fmt: skip

GENERATOR = Exercise(
    SameFunction(
        adversarial.generator_loss,
        lambda: one_batch("fake_logits", EXTREME),
        GENERATOR_MISTAKES,
        crashes=CRASHES,
    ),
    "the value and the gradient are the reference's; at a logit of -100 the generator still learns.",
)

SATURATING_MISTAKES: list[Row] = [
    (lambda f: -log_d(f).mean(),
     "This is the non-saturating loss, -E[log D(G(z))]. The minimax game's own is E[log(1 - D(G(z)))]."),
    (lambda f: -log_not_d(f).mean(),
     SIGN.format("this is the discriminator's term; the generator lowers what the discriminator raises")),
    (lambda f: log_d(f).mean(),
     "This is E[log D(G(z))]: the 1 - is missing (and minimising this, the generator learns to be found "
     "out)."),
    (lambda f: log_not_d(f).sum(), SUM),
    (lambda f: log_not_d(f).mean() / 2, HALF),
    (lambda f: log_not_d(d(f)).mean(), TWICE),
    (lambda f: (1 - d(f)).mean(), NO_LOG),
    (lambda f: (1 - d(f)).mean().log(), EARLY),
    (lambda f: log_not_d(f.mean()), EARLY),
    (lambda f: log_not_d(f).sum() / len(f), LENGTH),
    *imprecise(lambda log_d, log_not_d: lambda f: log_not_d(f).mean()),
]  # fmt: skip

SATURATING = Exercise(
    SameFunction(
        adversarial.saturating_generator_loss,
        lambda: one_batch("fake_logits", EXTREME),
        SATURATING_MISTAKES,
        crashes=CRASHES,
    ),
    "the value and the gradient are the reference's, and the gradient is gone where D is sure.",
)
