"""The checks of divergences, estimates, counts and bits: right forms pass, mistakes have their hints."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import rel_entr

KL, MC, SMOOTHED, BITS = (
    f"generative.{name}"
    for name in ("kl_divergence", "monte_carlo", "smoothed_probabilities", "bits_per_symbol")
)


def kl(p, q, dx):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum() * dx


def masked(p, q, dx):
    here = p > 0
    return (p[here] * (p[here] / q[here]).log()).sum() * dx


def by_where(p, q, dx):
    safe = torch.where(p > 0, p, torch.ones_like(p))
    return torch.where(p > 0, p * (safe.log() - torch.where(p > 0, q, 1.0).log()), 0.0).sum() * dx


def naive(p, q, dx, add=0.0):
    return (p * ((p + add) / (q + add)).log()).sum() * dx


def where_both(p, q, dx):
    here = (p > 0) & (q > 0)
    return (p[here] * (p[here] / q[here]).log()).sum() * dx


def by_math_log(p, q, dx):
    return sum(a * math.log((a / b).item()) for a, b in zip(p.flatten(), q.flatten(), strict=True)) * dx


def error(v):
    return v.std() / len(v) ** 0.5


def by_squares(v):
    variance = (v.square().mean() - v.mean().square()) * len(v) / (len(v) - 1)
    return v.mean(), (variance / len(v)).clamp(min=0).sqrt()


def by_hand(v):
    mean = sum(v.tolist()) / len(v)
    squares = sum((x - mean) ** 2 for x in v.tolist())
    return mean, math.sqrt(squares / (len(v) * (len(v) - 1)))


def without_keepdim(c, a):
    return (c + a) / (c.sum(-1) + a * c.shape[-1])


def total(c):
    return c.sum(-1, keepdim=True)


RIGHT = [
    (KL, kl),
    (KL, masked),
    (KL, by_where),
    (KL, lambda p, q, dx: kl(p, q, dx).item()),
    (KL, lambda p, q, dx: kl(p.detach().double(), q.double(), dx)),
    (KL, lambda p, q, dx: rel_entr(p.double().numpy(), q.double().numpy()).sum() * dx),
    (MC, lambda v: (v.mean(), error(v))),
    (MC, by_hand),
    (MC, lambda v: [v.mean().item(), (v.var() / len(v)).sqrt().item()]),
    (MC, lambda v: torch.stack([v.mean(), v.std(unbiased=False) / (len(v) - 1) ** 0.5])),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * c.shape[-1])),
    (SMOOTHED, lambda c, a: (c + a) / total(c + a)),
    (SMOOTHED, lambda c, a: (c.double() + a) / total(c.double() + a)),
    (BITS, lambda v: (-v.mean() / math.log(2)).item()),
    (BITS, lambda v: -v.double().mean() / math.log(2)),
    (BITS, lambda v: np.mean(-v.numpy() / np.log(2))),
    (SMOOTHED, lambda c, a: F.normalize(c.to(c.dtype if c.is_floating_point() else torch.float) + a, 1, -1)),
    (BITS, lambda v: -v.mean() / math.log(2)),
    (BITS, lambda v: -(v / math.log(2)).mean()),
    (BITS, lambda v: (-v).sum() / len(v) * math.log2(math.e)),
]

WRONG = [
    (KL, lambda p, q, dx: kl(q, p, dx), "expectation is over the first argument"),
    (KL, lambda p, q, dx: (q * (p / q).log()).sum() * dx, "expectation runs over q"),
    (KL, lambda p, q, dx: -kl(p, q, dx), "never negative"),
    (KL, lambda p, q, dx: kl(p, q, dx) / math.log(2), "in bits"),
    (KL, lambda p, q, dx: kl(p, q, 1.0), "dx is missing"),
    (KL, lambda p, q, dx: kl(p, q, 1.0) / p.numel(), "mean over the grid"),
    (KL, lambda p, q, dx: (p * (p / q).log() * dx).mean(), "mean over the grid"),
    (KL, lambda p, q, dx: (p / q).log().sum() * dx, "weight p is missing"),
    (KL, lambda p, q, dx: (p * (p / q)).sum() * dx, "logarithm is missing"),
    (KL, lambda p, q, dx: -(p * q.log()).sum() * dx, "cross-entropy"),
    (KL, lambda p, q, dx: (p * p.log()).sum() * dx, "minus the entropy"),
    (KL, lambda p, q, dx: (kl(p, (p + q) / 2, dx) + kl(q, (p + q) / 2, dx)) / 2, "Jensen-Shannon"),
    (KL, lambda p, q, dx: kl(p, q, dx) + kl(q, p, dx), "symmetric in p and q"),
    (KL, lambda p, q, dx: (kl(p, q, dx) + kl(q, p, dx)) / 2, "symmetric in p and q"),
    (KL, lambda p, q, dx: (p * (p / q).log()).abs().sum() * dx, "absolute value of each term"),
    (KL, lambda p, q, dx: (p - q).abs().sum() * dx / 2, "total variation"),
    (KL, lambda p, q, dx: p * (p / q).log() * dx, "no sum"),
    (KL, lambda p, q, dx: torch.trapezoid(p * (p / q).log(), dx=dx), "trapezoidal rule"),
    (KL, naive, "is not a number on a computer"),
    (KL, lambda p, q, dx: F.kl_div(q.log(), p, reduction="sum") * dx, "is not a number on a"),
    (KL, lambda p, q, dx: naive(p, q, dx, 1e-8), "A small constant, or a clamp, inside the"),
    (KL, where_both, "hide it with no mask and no small constant"),
    (KL, lambda p, q, dx: kl(p, q.clamp(min=1e-30), dx), "is the right answer"),
    (KL, lambda p, q, dx: kl(p, q.clamp(min=1e-10), dx), "a clamp, inside the logarithm"),
    (KL, lambda p, q, dx: kl(p, q, dx).nan_to_num(), "is the right answer"),
    (KL, by_math_log, "math domain error"),
    (KL, by_math_log, "torch.xlogy(p, p) - torch.xlogy(p, q) takes care of it"),
    (KL, lambda p, q, dx: (p * (p / q).log() if p > 0 else 0).sum() * dx, "An if decides once"),
    (KL, lambda p, q, dx: math.log(p / q), "math.log takes one number"),
    # Monte Carlo
    (MC, lambda v: (v.mean(), v.std()), "standard deviation of one value"),
    (MC, lambda v: (v.mean(), v.std() / len(v)), "it is divided by the root of N"),
    (MC, lambda v: (v.mean(), v.var() / len(v) ** 0.5), "variance by the root of N"),
    (MC, lambda v: (v.mean(), v.var() / len(v)), "variance of the mean"),
    (MC, lambda v: (v.mean(), v.var()), "variance of the values"),
    (MC, lambda v: (v.mean(), v.std(unbiased=False) / len(v) ** 0.5), "Divide by N - 1"),
    (MC, lambda v: (v.mean(), v.std() / (len(v) - 1) ** 0.5), "twice over"),
    (MC, lambda v: (v.mean(), 1.96 * error(v)), "95 % interval"),
    (MC, lambda v: (v.mean(), 2 * error(v)), "twice the standard error"),
    (MC, lambda v: (v.mean(), v.std() * len(v) ** 0.5), "so divide"),
    (MC, lambda v: (error(v), v.mean()), "wrong way round"),
    (MC, lambda v: (v.sum(), error(v)), "the estimate is the mean"),
    (MC, lambda v: (v.median(), error(v)), "median"),
    (MC, by_squares, "loses all its digits"),
    (MC, lambda v: v.mean(), "Two numbers are expected"),
    (MC, lambda v: (v.mean(), math.sqrt(v) / len(v)), "math.sqrt takes one number"),
    (MC, lambda v: (v.mean(), v - v.mean()), "Two numbers are expected"),
    (MC, lambda v: (v.mean() + torch.randn(()), error(v)), "nothing random"),
    # counts
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a), "once for each of the V outcomes"),
    (SMOOTHED, lambda c, a: (c + a) / total(c), "The denominator must grow"),
    (SMOOTHED, lambda c, a: c / (total(c) + a * c.shape[-1]), "denominator alone"),
    (SMOOTHED, lambda c, a: c / total(c), "smoothing is ignored"),
    (SMOOTHED, lambda c, a: (c + 1) / (total(c) + c.shape[-1]), "add-one smoothing"),
    (SMOOTHED, lambda c, a: (c + a) / (c + a).sum(), "all counts together"),
    (SMOOTHED, lambda c, a: (c + a) / (c + a).sum(0), "along dimension 0"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * len(c)), "that of the first"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * 2), "not always 2"),
    (SMOOTHED, without_keepdim, "Keep the summed dimension"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * c.numel()), "counts all elements"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * (c > 0).sum(-1, keepdim=True)), "never seen"),
    (SMOOTHED, lambda c, a: c.clamp(min=a) / total(c.clamp(min=a)), "Only outcomes that were never seen"),
    (SMOOTHED, lambda c, a: (1 - a) * c / total(c) + a / c.shape[-1], "mix the shares"),
    (SMOOTHED, lambda c, a: c / total(c) + a, "added after the division"),
    (SMOOTHED, lambda c, a: ((c + a) / total(c + a)).log(), "logarithms"),
    (SMOOTHED, lambda c, a: (c + a).softmax(-1), "softmax of the counts"),
    (SMOOTHED, lambda c, a: c + a, "These are counts"),
    (SMOOTHED, lambda c, a: (c + a) / (c + a).sum(1, keepdim=True), "Counts may have one dimension"),
    (SMOOTHED, lambda c, a: (c + (a or 1)) / total(c + (a or 1)), "With a smoothing of 0"),
    (SMOOTHED, lambda c, a: ((c + a) / total(c + a)).to(c.dtype), "decimal numbers are expected"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c + a) + 1e-8), "Add no constant but the smoothing"),
    (SMOOTHED, lambda c, a: (c + a + 1e-8) / total(c + a + 1e-8), "Add no constant but the smoothing"),
    (SMOOTHED, lambda c, a: (c + a) / (total(c) + a * c.shape[1]), "use the last, dim=-1"),
    # bits
    (BITS, lambda v: -v.mean(), "in nats"),
    (BITS, lambda v: v.mean() / math.log(2), "sign is turned"),
    (BITS, lambda v: v.mean(), "and this is in nats"),
    (BITS, lambda v: -v.sum() / math.log(2), "the bits of the whole sequence"),
    (BITS, lambda v: -v.sum(), "the sum, in nats"),
    (BITS, lambda v: -v.mean() * math.log(2), "from nats to bits you divide"),
    (BITS, lambda v: -v.mean() / 2, "natural logarithm of 2"),
    (BITS, lambda v: (-v.mean()).exp(), "perplexity"),
    (BITS, lambda v: -v.exp().mean().log2(), "average the probabilities"),
    (BITS, lambda v: -v.log2().mean(), "logarithm once more"),
    (BITS, lambda v: -v.mean() / math.log(10), "base 10"),
    (BITS, lambda v: -v / math.log(2), "mean over the symbols is missing"),
    (BITS, lambda v: -v.median() / math.log(2), "median"),
    (BITS, lambda v: -(v.exp() * v).sum() / math.log(2), "entropy's form"),
    (BITS, lambda v: -v.exp().log2().mean(), "back to probabilities"),
    (BITS, lambda v: -v.mean() / 0.693, "log2 p = log p / log 2"),
    (BITS, lambda v: -v.clamp(min=-100).mean() / math.log(2), "stay with its logarithm"),
    (BITS, lambda v: -math.log2(v), "take the mean first"),
    (BITS, lambda v: -v.mean() / torch.log(2), "take math.log(2)"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
