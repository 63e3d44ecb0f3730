"""The exercise on counting the latent dimensions that a VAE uses."""

import torch
from torch import Tensor

from gentutor import evaluation
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._numbers import read_count
from gentutor.exercises._verdict import Exercise


def _cases() -> list[Case]:
    base = torch.randn(400, 27)
    base = (base - base.mean(dim=0)) / base.std(dim=0)
    # six are active; the others make every mistake below count to another number
    stds = [1.0, 0.9, 0.5, 0.3, 0.12, 0.12, 0.09, 0.05, 0.05, 0.035, 0.02, 0.02, 0.011]
    std = torch.tensor([*stds, 0.007, 0.007, *[0.003] * 3, *[0.0005] * 2, *[0.0] * 7])
    offset = torch.zeros(27)
    offset[[1, 3, 9, 16, 17]] = torch.tensor([0.05, -0.06, 0.05, -0.8, 0.3])
    mixed = base * std + offset
    weak = 0.05 * base  # each variance is 0.0025, and their sum 0.03

    def case(means: Tensor, hint: str) -> Case:
        return Case({"means": means}, hint, gradients=False)

    definition = "A dimension is active if the variance of its mean over the data is above 0.01."
    return [
        case(mixed, definition),
        case(base, "If every dimension varies with the data, all are active."),
        case(weak, "A dimension is judged by itself, not by the sum of all."),
        case(torch.zeros(50, 6), "If every mean is the prior's, posterior collapse, the count is 0."),
        case(mixed[:, 12:], "A mean that is far from 0, but the same for all data, carries no information."),
        case(base[:, :3] * torch.tensor([0.105, 0.095, 0.08]), definition),
        case(base[:, :1].repeat(1, 3), "Dimensions count one by one, also where three say the same."),
        case(torch.tensor([[-1.0, 0.01, 1.0], [1.0, -0.01, 1.02]]), "Two examples are enough."),
    ]


MISTAKES: list[Row] = [
    (lambda m: (m.std(dim=0) > 0.01).sum(),
     "You compare the standard deviation with 0.01; it is the variance."),
    (lambda m: (m.var(dim=1) > 0.01).sum(),
     "The variance runs over the data, dimension 0. You count examples, not dimensions."),
    (lambda m: (m.mean(dim=0).abs() > 0.01).sum(),
     "You count means that are far from 0. A mean that is the same for all data carries no information: take "
     "the variance over the data."),
    (lambda m: (m.abs().mean(dim=0) > 0.01).sum(),
     "You count means that are far from 0: take the variance over the data."),
    (lambda m: (m.square().mean(dim=0) > 0.01).sum(),
     "You take the mean of the squares, not the variance: subtract the mean over the data first."),
    (lambda m: (m.var(dim=0) <= 0.01).sum(), "You count the dimensions that are not active."),
    (lambda m: m.shape[1], "You count all dimensions."),
    (lambda m: ((m - m.mean(dim=0)).square() > 0.01).sum(),
     "You count numbers, examples times dimensions: take the variance over the data first."),
    (lambda m: (m.var(dim=0) > 0).sum(), "The largest variance is not compared with 0.01."),
    (lambda m: (m.amax(dim=0) - m.amin(dim=0) > 0.01).sum(),
     "You take the range over the data; it is the variance."),
    (lambda m: (m.var(dim=0) > 0.001).sum(), "You compare with 0.001; the variance is to be above 0.01."),
    (lambda m: (m.var(dim=0) > 0.02).sum(), "You compare with 0.02; the variance is to be above 0.01."),
    (lambda m: ((m - m.mean(dim=0)).square().sum(dim=0) > 0.01).sum(),
     "You take the sum of the squares; the variance is their mean."),
    (lambda m: ((m - m.mean(dim=0)).abs().mean(dim=0) > 0.01).sum(),
     "You take the mean of the absolute deviations; it is the variance."),
    (lambda m: (m.var(dim=0) > 0.1).sum(), "You compare with 0.1; the variance is to be above 0.01."),
]  # fmt: skip

ACTIVE_UNITS = Exercise(
    SameFunction(
        evaluation.active_units,
        _cases,
        MISTAKES,
        read=read_count,
        crashes={
            "python scalars": "A count is a sum: (variances > 0.01).sum() counts where it is true.",
        },
    ),
    "dimensions that move with the data are counted, whatever their mean.",
)
