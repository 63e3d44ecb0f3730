"""Exercises on losses of unbounded scores: least squares and hinge."""

import torch
import torch.nn.functional as F

from gentutor.exercises._batches import CRASHES, EARLY, LENGTH, POOLED, SUM, two_batches
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import adversarial

FAR = "Far from 0 this differs: a score is unbounded, so squash or clamp only what the equation does."
HALF = "The factor 1/2 does not belong here: the text adds the two expectations as they are."
SWAPPED = "Real and fake are swapped."


def _cases() -> list[Case]:
    return two_batches("real_scores", "fake_scores", FAR)


def _hinge_cases() -> list[Case]:
    first = {
        "real_scores": torch.tensor([0.5, 3.0, 2.5]),
        "fake_scores": torch.tensor([-0.3, 1.2, -2.0, 0.7]),
    }
    cases = [Case(first, "Compare your function with the equation, term by term."), *_cases()]
    return [Case({name: _off_kink(x) for name, x in case.arguments.items()}, case.hint) for case in cases]


def _off_kink(scores: torch.Tensor) -> torch.Tensor:
    """Scores at ±1, where the hinge has no gradient, moved away from it."""
    return torch.where((scores.abs() - 1).abs() < 1e-3, scores * 1.01, scores)


LEAST_SQUARES_MISTAKES: list[Row] = [
    (lambda r, f: ((r - 1).square().mean() + f.square().mean()) / 2, HALF),
    (lambda r, f: r.square().mean() + (f - 1).square().mean(),
     SWAPPED + " The target is 1 for real and 0 for fake."),
    (lambda r, f: (r - 1).square().mean() + (f + 1).square().mean(),
     "The target of the fakes is 0 here, not -1."),
    (lambda r, f: (r - 1).square().mean() + (f - 1).square().mean(),
     "The fakes have the target 1: that is the generator's loss. The discriminator wants 0."),
    (lambda r, f: (r - 1).square().sum() + f.square().sum(), SUM),
    (lambda r, f: (r.sigmoid() - 1).square().mean() + f.sigmoid().square().mean(),
     "There is no sigmoid here: scores are compared with their targets as they are."),
    (lambda r, f: (r.mean() - 1).square() + f.mean().square(), EARLY),
    (lambda r, f: (r - 1).abs().mean() + f.abs().mean(),
     "You take absolute values where the loss has squares."),
    (lambda r, f: (r - 1).square().mean() - f.square().mean(),
     "The fake term has the wrong sign: both squares are to become small."),
    (lambda r, f: torch.cat([(r - 1).flatten(), f.flatten()]).square().mean(), POOLED),
    (lambda r, f: 2 * torch.cat([(r - 1).flatten(), f.flatten()]).square().mean(), POOLED),
    (lambda r, f: (r - 1).square().mean() + 0 * f.sum(), "The fake term is missing."),
    (lambda r, f: f.square().mean() + 0 * r.sum(), "The real term is missing."),
    (lambda r, f: (r - 1).square().sum() / len(r) + f.square().sum() / len(f), LENGTH),
]  # fmt: skip

LEAST_SQUARES = Exercise(
    SameFunction(
        adversarial.least_squares_discriminator_loss, _cases, LEAST_SQUARES_MISTAKES, crashes=CRASHES
    ),
    "the value and the gradient are the reference's, for any two batches.",
)

HINGE_MISTAKES: list[Row] = [
    (lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean()) / 2, HALF),
    (lambda r, f: F.relu(1 + r).mean() + F.relu(1 - f).mean(),
     SWAPPED + " Real scores should come above 1, fake ones below -1."),
    (lambda r, f: F.relu(1 - r).mean() + F.relu(1 - f).mean(),
     "Both batches are pushed above 1. For the fakes the margin is at -1: max(0, 1 + score)."),
    (lambda r, f: (1 - r).mean() + (1 + f).mean(),
     "The hinge is missing: scores beyond the margin should cost nothing, so cut at 0."),
    (lambda r, f: f.mean() - r.mean(),
     "This is the Wasserstein critic's loss. The hinge loss has a margin of 1 and cuts at 0."),
    (lambda r, f: F.relu(-r).mean() + F.relu(f).mean(),
     "The margin is missing: the hinge lies at 1 and -1, not at 0."),
    (lambda r, f: F.relu(1 - r.mean()) + F.relu(1 + f.mean()), EARLY),
    (lambda r, f: -F.relu(1 - r).mean() - F.relu(1 + f).mean(),
     "The sign is turned: written with a minimum, the loss has a minus in front of each mean, -E[min(0, -1 + "
     "D(x))] - E[min(0, -1 - D(G(z)))]."),
    (lambda r, f: F.relu(r - 1).mean() + F.relu(-1 - f).mean(),
     "You take the hinge on the wrong side: a real score above 1 is good and costs nothing."),
    (lambda r, f: F.relu(1 - r).mean() - F.relu(1 + f).mean(),
     "The fake term has the wrong sign: both hinges are to become small."),
    (lambda r, f: F.relu(1 - r).square().mean() + F.relu(1 + f).square().mean(),
     "There is no square in this hinge."),
    (lambda r, f: F.relu(1 - r).sum() + F.relu(1 + f).sum(), SUM),
    (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(),
     "This is the logistic loss, which never quite reaches 0; the hinge is max(0, ·)."),
    (lambda r, f: F.relu(torch.cat([1 - r.flatten(), 1 + f.flatten()])).mean(), POOLED),
    (lambda r, f: 2 * F.relu(torch.cat([1 - r.flatten(), 1 + f.flatten()])).mean(), POOLED),
    (lambda r, f: F.relu(1 - r).mean() + 0 * f.sum(), "The fake term is missing."),
    (lambda r, f: F.relu(1 + f).mean() + 0 * r.sum(), "The real term is missing."),
    (lambda r, f: F.relu(1 - r).sum() / len(r) + F.relu(1 + f).sum() / len(f), LENGTH),
]  # fmt: skip

HINGE = Exercise(
    SameFunction(adversarial.hinge_discriminator_loss, _hinge_cases, HINGE_MISTAKES, crashes=CRASHES),
    "the value and the gradient are the reference's, and scores beyond the margin cost nothing.",
)
