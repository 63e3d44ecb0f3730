"""The exercise on the reparameterisation trick.

Readers may draw their noise in any way. The check recovers it from the sample, judges it, and then
knows what the gradients must be.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.exercises._calls import call
from gentutor.exercises._compare import Row
from gentutor.exercises._networks import CONSTANT
from gentutor.exercises._outcome import PARTLY_CUT, close, read_tensor
from gentutor.exercises._per_example import CRASHES, FUDGES
from gentutor.exercises._show import show_difference
from gentutor.exercises._verdict import Exercise, Wrong

NO_GRADIENT = (
    "The samples are right, but no gradient reaches mean and log_var: torch.normal, Normal(...).sample(), "
    "detach() and torch.no_grad() cut it. Draw ε ~ N(0, 1) first, then compute mean + std · ε from it (or "
    "take .rsample())."
)
FUDGE = (
    "A small constant is added to the standard deviation or to the variance: exp is never 0, so it only adds "
    "noise where log_var is small."
)
MISTAKES: list[Row] = [  # what ε would be after one of these mistakes, from z, mean and log_var
    *((undo, FUDGE)
      for c in FUDGES
      for undo in (lambda z, m, v, c=c: (z - m) / ((v / 2).exp() + c),
                   lambda z, m, v, c=c: (z - m) / (v.exp() + c).sqrt())),
    (lambda z, m, v: (z - m) / v.exp(),
     "The noise is scaled by exp(log_var), the variance. The standard deviation is exp(log_var / 2): at "
     "log_var = 2 it is 2.72, not 7.39."),
    (lambda z, m, v: (z - m) / v,
     "The noise is scaled by log_var itself. The standard deviation is exp(log_var / 2)."),
    (lambda z, m, v: (z - m) / (v / 2),
     "The noise is scaled by log_var / 2: that is log σ, so take its exponential."),
    (lambda z, m, v: (z - m) / (v.exp() / 2),
     "The noise is scaled by exp(log_var) / 2: the 1/2 stands inside the exponential."),
    (lambda z, m, v: (z - m) / (2 * v).exp(),
     "The noise is scaled by exp(2 · log_var): it is exp(log_var / 2)."),
    (lambda z, m, v: (z - m) * (v / 2).exp(),
     "The noise is scaled by exp(-log_var / 2): the sign in the exponent is turned."),
    (lambda z, m, v: (z - m) / (v / 4).exp(),
     "The noise is scaled by exp(log_var / 4): exp(log_var / 2) is the standard deviation already."),
    (lambda z, m, v: (z - m) / F.softplus(v),
     "The noise is scaled by softplus(log_var). The standard deviation is exp(log_var / 2)."),
    (lambda z, m, v: z - m,
     "log_var is ignored: the noise has a standard deviation of 1 everywhere, not exp(log_var / 2)."),
    (lambda z, m, v: z / (v / 2).exp(), "The mean is missing: z = mean + std · ε."),
    (lambda z, m, v: z, "The mean and log_var are ignored: this is a sample of the prior."),
    (lambda z, m, v: z / (v / 2).exp() - m,
     "The mean is scaled, too: it is mean + std · ε, not (mean + ε) · std."),
    (lambda z, m, v: (z - (v / 2).exp()) / m,
     "Mean and standard deviation are swapped: z = mean + std · ε."),
    (lambda z, m, v: (z + m) / (v / 2).exp(), "The mean is subtracted; it is added."),
]  # fmt: skip


def _judge(answer: object) -> None:
    for number, shape in enumerate([(5000, 4), (2000, 1), (12, 30, 10), (7,), (1, 3)]):
        mean, log_var = 2 * torch.randn(shape) + 1, torch.randn(shape)
        if number == 0:  # one value per column, so that each column's noise has one size
            log_var = torch.tensor([-3.0, -1.0, 1.0, 2.0]).expand(shape)
        if number == 1:  # the noise is 1e-8, which a mean that is not 0 would round away
            mean, log_var = torch.zeros(shape), torch.full(shape, -37.0)
        leaves = mean.clone().requires_grad_(), log_var.clone().requires_grad_()
        given = {"mean": leaves[0].clone(), "log_var": leaves[1].clone()}
        z = read_tensor(call(answer, given, CRASHES))
        _judge_shape(z, mean)
        _judge_noise(z.detach(), mean, log_var)
        _judge_gradients(z, leaves, (z.detach() - mean) / 2)
        if torch.equal(z, read_tensor(call(answer, given, CRASHES))):
            raise Wrong(f"Every call gives the same sample: {CONSTANT}")


def _judge_shape(z: Tensor, mean: Tensor) -> None:
    if z.shape != mean.shape:
        raise Wrong(
            f"Your sample has the shape {tuple(z.shape)}, mean {tuple(mean.shape)}. The noise needs mean's "
            "shape, as torch.randn_like(mean) has, and nothing is summed."
        )


def _judge_noise(z: Tensor, mean: Tensor, log_var: Tensor) -> None:
    """Judge the ε for which z is mean + exp(log_var / 2) ε."""
    if not bool(torch.isfinite(z).all()):
        raise Wrong(
            "The sample is not a number somewhere: log_var may be negative, so it has no root and no "
            "logarithm. The standard deviation is exp(log_var / 2)."
        )
    noise = (z - mean) / (log_var / 2).exp()
    if bool((noise.abs() < 1e-3).all()):
        raise Wrong("Your function returns the mean, without noise: z = mean + std · ε.")
    _expect_own_noise(noise)
    if noise.numel() < 1000 or _is_standard_normal(noise):
        return
    for undo, hint in MISTAKES:
        if _is_standard_normal(undo(z, mean, log_var)):
            raise Wrong(hint)
    if bool((noise > -1e-3).all()):
        raise Wrong("The noise is never negative: torch.rand is uniform on [0, 1], torch.randn is N(0, 1).")
    raise Wrong(
        "(z - mean) / exp(log_var / 2) should be N(0, 1) noise, but in yours it has the mean "
        f"{noise.mean():.2f} and the standard deviation {noise.std():.2f}, or another shape than a normal "
        "one."
    )


def _expect_own_noise(noise: Tensor) -> None:
    """Raise ``Wrong`` if elements share their noise."""
    for dim, size in enumerate(noise.shape):
        if size < 2 or bool(noise.std(dim=dim).max() > 1e-3):
            continue
        if noise.dim() > 1 and noise.numel() > size and bool(noise.std() < 1e-3):
            raise Wrong("All elements share one random number: draw one for each, torch.randn_like(mean).")
        if dim == 0 and noise.dim() > 1:
            raise Wrong(
                "Every example of the batch gets the same noise: draw a number for each element, "
                "torch.randn_like(mean)."
            )
        raise Wrong(
            f"The elements along dimension {dim} share their noise: draw a number for each element, "
            "torch.randn_like(mean)."
        )


def _is_standard_normal(noise: Tensor) -> bool:
    """Whether many numbers look like N(0, 1), also each column of (N, D) by itself."""
    if not bool(torch.isfinite(noise).all()):
        return False
    columns = noise.flatten(0, -2)
    slack = 8 / len(columns) ** 0.5
    if bool((columns.mean(dim=0).abs() > slack).any()) or bool(
        ((columns.std(dim=0) - 1).abs() > slack).any()
    ):
        return False
    values = noise.flatten().double().sort().values
    ranks = (torch.arange(len(values), dtype=torch.float64) + 0.5) / len(values)
    largest = (torch.special.ndtr(values) - ranks).abs().max()
    return bool(largest < 2.8 / len(values) ** 0.5)


def _judge_gradients(z: Tensor, leaves: tuple[Tensor, Tensor], by_log_var: Tensor) -> None:
    """dz/dmean is 1, and dz/dlog_var is half of std · ε, which is z - mean."""
    if not z.requires_grad:
        raise Wrong(NO_GRADIENT)
    got = torch.autograd.grad(z.sum(), leaves, allow_unused=True)
    mean, log_var = (None if g is None or not bool((g != 0).any()) else g for g in got)
    if mean is None and log_var is None:
        raise Wrong(NO_GRADIENT)
    for name, gradient, right in (
        ("mean", mean, torch.ones_like(by_log_var)),
        ("log_var", log_var, by_log_var),
    ):
        if gradient is None:
            raise Wrong(PARTLY_CUT.format(name))
        if not close(gradient, right, 1e-4):
            text = show_difference(f"the gradient with respect to {name}, ", gradient, right)
            raise Wrong(f"The sample is right, but not {text}")


REPARAMETERIZE = Exercise(
    _judge, "the samples have the right distribution, a number of noise for each element, and gradients flow."
)
