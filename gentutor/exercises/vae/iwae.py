"""The exercise on the importance-weighted bound."""

import math

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._per_example import CRASHES, FUDGES, PER_EXAMPLE, TURNED
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import variational

UNDERFLOW = (
    "At log w = -800 every weight is 0 in float32, and at +800 it is infinity; no constant and no clamp "
    "mends that. Take torch.logsumexp, which takes the largest weight of each example out first."
)
FUDGE = (
    "You add a small constant inside the logarithm, or clamp there: then the bound can never be below log of "
    "that constant. torch.logsumexp needs none."
)
COMMON = (
    "You take out one maximum for the whole batch. An example whose weights are all far smaller underflows: "
    "take out the maximum of each example, as torch.logsumexp(log_w, dim=0) does."
)


def _cases() -> list[Case]:
    log_w = torch.tensor([[-1.0, 0.5], [-2.5, 1.5], [-0.3, -0.7]])
    apart = torch.tensor([[-800.0, -2.0], [-803.0, -1.0], [-801.5, -4.0]])
    any_size = "Any number of samples and of examples must do: log_w is (K, B)."

    def case(log_w: Tensor, hint: str, gradients: bool = True) -> Case:
        return Case({"log_w": log_w}, hint, gradients)

    return [
        case(log_w, "Compare your function with the equation: the logarithm of a mean of weights."),
        case(torch.tensor([[-1.0, 2.0, -3.0, 0.5]]), "With one sample, K = 1, the bound is log w itself."),
        case(log_w[:, :1], any_size),
        case(torch.randn(50, 7) * 2, any_size),
        case(torch.randn(4, 4), any_size),
        case(log_w - 60, UNDERFLOW),
        case(log_w - 800, UNDERFLOW, gradients=False),
        case(log_w + 800, UNDERFLOW, gradients=False),
        case(apart, COMMON, gradients=False),
        case(torch.tensor([[-1000.0], [-10.0]]), "Where one weight is all that counts, it is log w - log K."),
    ]


def _lse(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, dim=0)


MISTAKES: list[Row] = [
    (lambda w: w.mean(dim=0),
     "This is the mean of the logarithms, which is the ELBO (from K samples). The bound is the logarithm of "
     "the mean."),
    (_lse, "The term log K is missing: the weights are averaged, not summed."),
    (lambda w: _lse(w) + math.log(len(w)),
     "The term log K has the wrong sign: a mean is the sum divided by K."),
    (lambda w: _lse(w) / len(w),
     "You divide the logarithm by K; the mean inside the logarithm becomes - log K outside."),
    (lambda w: _lse(w) - len(w), "You subtract K; it is log K."),
    (lambda w: torch.logsumexp(w, dim=1) - math.log(w.shape[1]),
     "The mean runs over the wrong axis: log_w is (K, B), and the samples are dimension 0."),
    (lambda w: torch.logsumexp(w, dim=1),
     "The mean runs over the wrong axis (and log K is missing): the samples are dimension 0."),
    (lambda w: _lse(w) - math.log(w.shape[1]),
     "You subtract the logarithm of the batch size; K is the length of dimension 0."),
    (lambda w: _lse(w) - math.log(w.numel()),
     "You subtract the logarithm of the number of all weights; K is the length of dimension 0."),
    (lambda w: math.log(len(w)) - _lse(w),
     "The sign is turned: the bound is to be maximised; its negative is the loss."),
    (lambda w: (_lse(w) - math.log(len(w))).mean(),
     f"{PER_EXAMPLE}the mean over the batch belongs in the training step."),
    (lambda w: (math.log(len(w)) - _lse(w)).mean(),
     PER_EXAMPLE + "the mean over the batch belongs in the training step." + TURNED),
    (lambda w: torch.logsumexp(w.flatten(), dim=0) - math.log(w.numel()),
     f"{PER_EXAMPLE}yours mixes the samples of all examples."),
    (lambda w: w.amax(dim=0), "This is the largest of the log-weights; their mean is inside the logarithm."),
    (lambda w: w.exp().mean(dim=0), "The logarithm is missing: this is the mean of the weights."),
    (lambda w: (w.softmax(dim=0) * w).sum(dim=0),
     "You average the log-weights with their softmax. That is how the gradient is weighted; the bound itself "
     "is the logarithm of the mean weight."),
    (lambda w: ((-w).softmax(dim=0) * w).sum(dim=0),
     "You average the log-weights with a softmax of their negatives (of the errors): then the worst sample "
     "dominates. The bound is the logarithm of the mean weight."),
    (lambda w: -((-w).softmax(dim=0) * w).sum(dim=0),
     "You average the errors -log w with their softmax: then the worst sample dominates. The bound is the "
     "logarithm of the mean weight."),
    (lambda w: torch.logsumexp(-w, dim=0) - math.log(len(w)),
     "The exponential has the wrong sign: log w is given, and its exponential is the weight."),
    (lambda w: math.log(len(w)) - torch.logsumexp(-w, dim=0),
     "The exponential has the wrong sign: this is the logarithm of a harmonic mean, which the worst sample "
     "dominates."),
    (lambda w: (w - w.amax(dim=0)).exp().mean(dim=0).log(), "The maximum is taken out, but not added again."),
    (lambda w: (_lse(w) - math.log(len(w))) / math.log(2), "This is in bits; the book counts in nats."),
    (lambda w: (_lse(w) - math.log(len(w)))[None],
     "The bound keeps the dimension of the samples: (B,) is expected."),
    (lambda w: w.exp().mean(dim=0).log(), UNDERFLOW),
    *((lambda w, c=c: (w.exp().mean(dim=0) + c).log(), FUDGE) for c in FUDGES),
    *((lambda w, c=c: w.exp().mean(dim=0).clamp(min=c).log(), FUDGE) for c in FUDGES),
    (lambda w: (w - w.max()).exp().mean(dim=0).log() + w.max(), COMMON),
]  # fmt: skip

IWAE = Exercise(
    SameFunction(variational.iwae_bound, _cases, MISTAKES, crashes=CRASHES),
    "the logarithm of the mean weight of each example, also where every weight is 0 in float32.",
)
