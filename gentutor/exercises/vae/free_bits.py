"""The exercise on free bits."""

from collections.abc import Callable

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES as DISTRIBUTIONS
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import variational


def _cases() -> list[Case]:
    mean = torch.tensor([[1.6, 0.2, -0.5, 0.0], [-1.0, -0.3, 1.4, 0.2], [0.8, 0.1, 0.0, -0.1]])
    log_var = torch.tensor([[-1.0, 0.1, -0.3, 0.0], [-2.0, -0.2, 0.4, 0.1], [0.5, 0.0, 0.2, -0.1]])

    def case(mean: Tensor, log_var: Tensor, floor: float, hint: str) -> Case:
        return Case({"mean": mean, "log_var": log_var, "floor": floor}, hint)

    many = "Any number of examples and of latent dimensions must do."
    return [
        case(mean, log_var, 0.4, "Per dimension: the mean over the batch, then the floor, then the sum."),
        case(mean, log_var, 0.0, "With a floor of 0 it is the mean over the batch of the KL divergence."),
        case(
            mean,
            log_var,
            0.7,
            "A dimension below the floor adds the floor, with gradient 0; others their KL.",
        ),
        case(mean[:1], log_var[:1], 0.3, many),
        case(mean[:, :1], log_var[:, :1], 0.1, many),
        case(torch.randn(20, 7) * 0.3, torch.randn(20, 7) * 0.3, 0.05, many),
        case(
            mean,
            log_var - torch.tensor([0.0, 0.0, 0.0, 60.0]),
            0.25,
            "At log_var = -60 a dimension's KL is 29.5: nothing limits it, or is added to the variance.",
        ),
    ]


def _free(reduce: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, Tensor, float], Tensor]:
    return lambda m, v, floor: reduce(variational.gaussian_kl_terms(m, v), floor)


CRASHES = {
    **DISTRIBUTIONS,
    **dict.fromkeys(
        ("boolean value of tensor", "must be tensor, not float", "got (tensor, float)"),
        "Python's max compares single numbers, torch.max two tensors; kl.clamp(min=floor) compares each.",
    ),
}
MISTAKES: list[Row] = [
    (_free(lambda t, floor: t.clamp(min=floor).mean(dim=0).sum()),
     "The floor is applied to each example's own KL, before the mean over the batch. Take the mean over the "
     "batch first: then a dimension may say much about some examples and little about others."),
    (_free(lambda t, floor: t.clamp(min=floor).sum()),
     "The floor is applied to each example's own KL, and the batch is summed. Take the mean over the batch "
     "first, then the floor of each dimension."),
    (_free(lambda t, floor: t.sum(dim=1).mean().clamp(min=floor * t.shape[1])),
     "The floor, times D, is applied to the whole KL: one dimension could then keep all of it, and the "
     "others collapse. Each dimension has its own floor."),
    (_free(lambda t, floor: t.mean(dim=0).clamp(max=floor).sum()),
     "You keep the smaller of the two: that limits the KL from above. Free bits keep the larger."),
    (_free(lambda t, floor: (t.mean(dim=0) - floor).relu().sum()),
     "You subtract the floor: the gradient is right, but the value is too low by floor · D, and no longer "
     "the KL where it is above the floor."),
    (_free(lambda t, floor: t.mean(dim=0).sum()),
     "The floor does nothing here. It belongs to each dimension, after the mean over the batch. (For the "
     "whole KL, one dimension could keep all of it, and the others collapse.)"),
    (_free(lambda t, floor: t.mean(dim=0).clamp(min=floor).mean()),
     "You take the mean over the latent dimensions; they are summed."),
    (_free(lambda t, floor: t.sum(dim=0).clamp(min=floor).sum()),
     "You sum over the batch before the floor; it is the mean over the batch that is compared."),
    (_free(lambda t, floor: t.mean(dim=0).clamp(min=floor)),
     "The sum over the dimensions is missing: one number is expected."),
    (_free(lambda t, floor: t.mean(dim=0).clamp(min=floor).sum(dim=0, keepdim=True)),
     "Your sum keeps its dimension: one number is expected, shape ()."),
    (_free(lambda t, floor: t.mean(dim=1).clamp(min=floor).sum()),
     "You take the mean over dimensions, and the floor of each example: it is the mean over the batch, and "
     "the floor of each dimension."),
    (_free(lambda t, floor: torch.where(t.mean(dim=0) > floor, t.mean(dim=0), 0).sum()),
     "Below the floor you put 0; the larger of the two is the floor itself."),
    (_free(lambda t, floor: (t.mean(dim=0) + floor).sum()),
     "You add the floor to every dimension; it is the larger of the two that counts."),
    (_free(lambda t, floor: (2 * t).mean(dim=0).clamp(min=floor).sum()),
     "The factor 1/2 of the KL divergence is missing."),
    (_free(lambda t, floor: -t.mean(dim=0).clamp(min=floor).sum()),
     "The sign is turned: this is a cost, and at least 0."),
]  # fmt: skip

FREE_BITS = Exercise(
    SameFunction(variational.free_bits_kl, _cases, MISTAKES, crashes=CRASHES),
    "below its floor a dimension costs a constant, so nothing is gained by letting it collapse.",
)
