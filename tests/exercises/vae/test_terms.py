"""The checks of the ELBO's two terms accept every right form and name every usual mistake."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

BCE, PROB = F.binary_cross_entropy_with_logits, F.binary_cross_entropy
KL, FREE, LIKELIHOOD = "vae.gaussian_kl", "vae.free_bits", "vae.bernoulli_log_prob"


def terms(m, v):
    return 0.5 * (m**2 + v.exp() - 1 - v)


def by_distributions(m, v):
    return kl_divergence(Normal(m, (v / 2).exp()), Normal(torch.zeros_like(m), torch.ones_like(m))).sum(1)


def by_loop(m, v):
    return torch.stack([terms(*row).sum() for row in zip(m, v, strict=True)])


def monte_carlo(m, v):
    q = Normal(m, (v / 2).exp())
    z = q.rsample()
    return (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)


def plain_free_bits(m, v, floor):
    total = 0.0
    for kl in terms(m, v).mean(0):
        total += kl if kl > floor else floor
    return total


def log_p(logits, x):
    return -BCE(logits, x, reduction="none")


def product(logits, x):
    p = logits.sigmoid()
    return torch.where(x == 1, p, 1 - p).flatten(1).prod(1)


def add(logits, x, c):
    p = logits.sigmoid()
    return (x * (p + c).log() + (1 - x) * (1 - p + c).log()).flatten(1).sum(1)


RIGHT = [
    (KL, lambda m, v: terms(m, v).sum(dim=1)),
    (KL, lambda m, v: -0.5 * torch.sum(1 + v - m.pow(2) - v.exp(), dim=-1)),
    (KL, lambda mean, log_var: (mean.square() + log_var.expm1() - log_var).sum(1) / 2),
    (KL, by_distributions),
    (KL, by_loop),
    (FREE, lambda m, v, floor: terms(m, v).mean(0).clamp(min=floor).sum()),
    (FREE, lambda m, v, floor: torch.maximum(terms(m, v).mean(0), torch.tensor(floor)).sum()),
    (FREE, lambda m, v, floor: (F.relu(terms(m, v).mean(0) - floor) + floor).sum()),
    (FREE, plain_free_bits),
    (FREE, lambda m, v, c: torch.stack([max(k, torch.tensor(c).to(k)) for k in terms(m, v).mean(0)]).sum()),
    (FREE, lambda m, v, free: sum(torch.clamp(t.mean(), min=free) for t in terms(m, v).T)),
    (LIKELIHOOD, lambda logits, x: log_p(logits, x).flatten(1).sum(1)),
    (LIKELIHOOD, lambda logits, x: (x * logits - F.softplus(logits)).flatten(1).sum(1)),
    (LIKELIHOOD, lambda logits, x: Bernoulli(logits=logits).log_prob(x).reshape(len(x), -1).sum(-1)),
    (LIKELIHOOD, lambda logits, x: F.logsigmoid(torch.where(x == 1, logits, -logits)).flatten(1).sum(1)),
    (LIKELIHOOD, lambda logits, x: -F.softplus((1 - 2 * x.long()) * logits).sum(tuple(range(1, x.dim())))),
]

WRONG = [
    # how the terms are added up
    (KL, lambda m, v: terms(m, v).mean(1), "mean over the latent dimensions"),
    (KL, lambda m, v: terms(m, v).sum(), "also sum over the batch"),
    (KL, lambda m, v: terms(m, v).mean(), "mean over all elements"),
    (KL, lambda m, v: terms(m, v).sum(1).mean(), "belongs in the training step"),
    (KL, lambda m, v: -0.5 * torch.sum(1 + v - m.pow(2) - v.exp()), "also sum over the batch"),
    (KL, lambda m, v: 0.5 * torch.mean(1 + v - m.pow(2) - v.exp()), "sign is turned"),
    (KL, lambda m, v: terms(m, v).sum(0), "sum over the batch, dimension 0"),
    (KL, lambda m, v: terms(m, v).mean(0), "mean over the batch"),
    (KL, terms, "these are the single terms"),
    (KL, lambda m, v: terms(m, v).sum(1, keepdim=True), "keeps its dimension"),
    (KL, lambda m, v: terms(m, v).sum(1) / 2 * m.shape[1], "Any number of examples"),
    # the formula
    (KL, lambda m, v: 2 * terms(m, v).sum(1), "factor 1/2"),
    (KL, lambda m, v: -terms(m, v).sum(1), "never negative"),
    (KL, lambda m, v: 0.5 * (m**2 + v - 1 - v.log()).sum(1), "log_var for the variance"),
    (KL, lambda m, v: 0.5 * (m**2 + v - 1 - v).sum(1), "log_var for the variance"),
    (KL, lambda m, v: 0.5 * (m**2 + v**2 - 1 - (v**2).log()).sum(1), "log_var for the standard deviation"),
    (KL, lambda m, v: 0.5 * (m**2 + v**2 - 1 - v).sum(1), "log_var for the standard deviation"),
    (KL, lambda m, v: terms(m, 2 * v).sum(1), "log_var for log σ"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() ** 2 - 1 - v).sum(1), "that is the variance already"),
    (KL, lambda m, v: 0.5 * (m**2 + (v / 2).exp() - 1 - v).sum(1), "is the standard deviation σ"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v / 2).sum(1), "yours is log σ"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - v).sum(1), "-1 in each dimension is missing"),
    (KL, lambda m, v: 0.5 * ((m**2 + v.exp() - v).sum(1) - 1), "stands inside the sum"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() + 1 - v).sum(1), "it is -1"),
    (KL, lambda m, v: 0.5 * (m + v.exp() - 1 - v).sum(1), "The mean enters squared."),
    (KL, lambda m, v: 0.5 * (m.abs() + v.exp() - 1 - v).sum(1), "absolute value"),
    (KL, lambda m, v: 0.5 * (v.exp() - 1 - v).sum(1), "mean is missing"),
    (KL, lambda m, v: 0.5 * (v.exp() - 1 - v - m**2).sum(1), "square of the mean has the wrong sign"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - 1 + v).sum(1), "logarithm has the wrong sign"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - 1).sum(1), "-log σ² is missing"),
    (KL, lambda m, v: 0.5 * (m**2 - 1 - v).sum(1), "exp(log_var), is missing"),
    (KL, lambda m, v: kl_divergence(Normal(0.0, 1.0), Normal(m, (v / 2).exp())).sum(1), "turned round"),
    (KL, lambda m, v: terms(m, v).sum(1) / math.log(2), "in bits"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - 1 - (v.exp() + 1e-8).log()).sum(1), "small constant"),
    (KL, lambda m, v: terms(m, v.clamp(-20, 20)).sum(1), "moderate log-variances"),
    (KL, lambda m, v: kl_divergence(Normal(m, v), Normal(0.0, 1.0)).sum(1), "must be positive"),
    (KL, monte_carlo, "nothing random in the equation"),
    # the gradient, the precision, what comes back
    (KL, lambda m, v: terms(m, v).sum(1).detach(), "No gradient comes out"),
    (KL, lambda m, v: terms(m, v.detach()).sum(1), "gradient to log_var is cut"),
    (KL, lambda m, v: 0.5 * (m**2 + v.exp() - 1 - (v.exp() + 1e-20).log()).sum(1), "small constant"),
    (KL, lambda m, v: terms(m, 2 * ((v / 2).exp() + 1e-6).log()).sum(1), "or to the standard deviation"),
    (KL, lambda m, v: terms(m, v).sum(1).clamp(max=60), "moderate log-variances"),
    (KL, lambda m, v: 0.5 * (m**2 + math.exp(v) - 1 - v).sum(1), "take torch's"),
    (KL, lambda m, v: 0.5 * (m**2 + np.exp(v) - 1 - v).sum(1), "NumPy would cut the gradient"),
    (KL, lambda m, v: terms(m, v).sum(1).tolist(), "returns a list"),
    (KL, lambda m, v: terms(m, v).sum(2), "The batch is dimension 0"),
    # free bits
    (FREE, lambda m, v, c: terms(m, v).clamp(min=c).mean(0).sum(), "each example's own KL, before the mean"),
    (FREE, lambda m, v, c: terms(m, v).clamp(min=c).sum(), "and the batch is summed"),
    (FREE, lambda m, v, c: terms(m, v).sum(1).mean().clamp(min=c), "The floor does nothing here"),
    (FREE, lambda m, v, c: terms(m, v).sum(1).mean().clamp(min=c * m.shape[1]), "The floor, times D"),
    (FREE, lambda m, v, c: terms(m, v).sum(1).clamp(min=3.0).mean(), "then the floor, then the sum"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(max=c).sum(), "smaller of the two"),
    (FREE, lambda m, v, c: F.relu(terms(m, v).mean(0) - c).sum(), "subtract the floor"),
    (FREE, lambda m, v, c: terms(m, v).sum(1).mean(), "The floor does nothing here"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=c).mean(), "mean over the latent dimensions"),
    (FREE, lambda m, v, c: terms(m, v).sum(0).clamp(min=c).sum(), "sum over the batch before the floor"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=c), "sum over the dimensions is missing"),
    (FREE, lambda m, v, c: terms(m, v).mean(1).clamp(min=c).sum(), "the floor of each example"),
    (FREE, lambda m, v, c: F.threshold(terms(m, v).mean(0), c, 0.0).sum(), "you put 0"),
    (FREE, lambda m, v, c: (terms(m, v).mean(0) + c).sum(), "add the floor"),
    (FREE, lambda m, v, c: (2 * terms(m, v)).mean(0).clamp(min=c).sum(), "factor 1/2"),
    (FREE, lambda m, v, c: -terms(m, v).mean(0).clamp(min=c).sum(), "sign is turned"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=0.4).sum(), "With a floor of 0"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=c).sum().item(), "returns a float"),
    (FREE, lambda m, v, c: max(terms(m, v).mean(0), c).sum(), "kl.clamp(min=floor) compares each"),
    (FREE, lambda m, v, c: torch.max(terms(m, v).mean(0), c).sum(), "kl.clamp(min=floor) compares each"),
    (FREE, lambda m, v, c: torch.maximum(terms(m, v).mean(0), c).sum(), "kl.clamp(min=floor)"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=c, max=5).sum(), "nothing limits it"),
    (FREE, lambda m, v, c: terms(m, (v.exp() + 1e-8).log()).mean(0).clamp(min=c).sum(), "added to the var"),
    (FREE, lambda m, v, c: terms(m, v).mean(0).clamp(min=c).sum(0, keepdim=True), "keeps its dimension"),
    # the likelihood: how the terms are added up
    (LIKELIHOOD, lambda a, x: log_p(a, x).mean(1), "mean over the pixels"),
    (LIKELIHOOD, lambda a, x: -BCE(a, x), "mean over all elements"),
    (LIKELIHOOD, lambda a, x: BCE(a, x), "sign is turned"),
    (LIKELIHOOD, lambda a, x: -BCE(a, x, reduction="sum"), "also sum over the batch"),
    (LIKELIHOOD, lambda a, x: BCE(a, x, reduction="sum"), "also sum over the batch"),
    (LIKELIHOOD, lambda a, x: -BCE(a, x, reduction="sum") / len(x), "belongs in the training step"),
    (LIKELIHOOD, lambda a, x: log_p(a, x), "single terms"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).sum(1), "the channels"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).sum(-1), "one row of pixels"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).sum((1, 2, 3)), "The batch is dimension 0"),
    # the formula
    (LIKELIHOOD, lambda a, x: -log_p(a, x).flatten(1).sum(1), "negative log-likelihood"),
    (LIKELIHOOD, lambda a, x: log_p(x, a).flatten(1).sum(1), "swapped"),
    (LIKELIHOOD, lambda a, x: BCE(x, a, reduction="none").flatten(1).sum(1), "swapped"),
    (LIKELIHOOD, lambda a, x: log_p(a.sigmoid(), x).flatten(1).sum(1), "sigmoid is taken twice"),
    (LIKELIHOOD, lambda a, x: -log_p(a.sigmoid(), x).flatten(1).sum(1), "sigmoid is taken twice (and"),
    (LIKELIHOOD, lambda a, x: log_p(-a, x).flatten(1).sum(1), "Black and white"),
    (LIKELIHOOD, lambda a, x: (x * F.logsigmoid(a)).flatten(1).sum(1), "Only the pixels that are 1"),
    (LIKELIHOOD, lambda a, x: ((1 - x) * F.logsigmoid(-a)).flatten(1).sum(1), "Only the pixels that are 0"),
    (
        LIKELIHOOD,
        lambda a, x: (x * F.logsigmoid(a) - (1 - x) * F.logsigmoid(-a)).flatten(1).sum(1),
        "second term has the wrong sign",
    ),
    (
        LIKELIHOOD,
        lambda a, x: (x * a.sigmoid().log() + (1 - x) * (1 - a.sigmoid().log())).flatten(1).sum(1),
        "inside the logarithm",
    ),
    (
        LIKELIHOOD,
        lambda a, x: (x * a.sigmoid() + (1 - x) * (1 - a.sigmoid())).flatten(1).sum(1),
        "logarithm is missing",
    ),
    (LIKELIHOOD, product, "a product of probabilities"),
    (LIKELIHOOD, lambda a, x: (x * a.log() + (1 - x) * (1 - a).log()).flatten(1).sum(1), "for probabilities"),
    (LIKELIHOOD, lambda a, x: -F.mse_loss(a.sigmoid(), x, reduction="none").flatten(1).sum(1), "squared"),
    (LIKELIHOOD, lambda a, x: -((a.sigmoid() - x) ** 2 / 2).flatten(1).sum(1), "squared error"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).flatten(1).sum(1) / math.log(2), "in bits"),
    # right for easy cases only
    (LIKELIHOOD, lambda a, x: product(a, x).log(), "underflows to 0"),
    (LIKELIHOOD, lambda a, x: add(a, x, 0.0), "rounds to 0, 1 or infinity"),
    (LIKELIHOOD, lambda a, x: (x * a - (1 + a.exp()).log()).flatten(1).sum(1), "rounds to 0, 1 or infinity"),
    (LIKELIHOOD, lambda a, x: add(a, x, 1e-8), "small constant"),
    (LIKELIHOOD, lambda a, x: add(a, x, 1e-10), "small constant"),
    (LIKELIHOOD, lambda a, x: -PROB(a.sigmoid(), x, reduction="none").flatten(1).sum(1), "cut at 100"),
    (LIKELIHOOD, lambda a, x: log_p(a.clamp(-30, 30), x).flatten(1).sum(1), "moderate logits only"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).flatten(1).sum(1) - (a.max() > 99), "[-9.3576e-14, -9.358e-14]"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).sum() / 3 * torch.ones(3), "Compare your function"),
    (LIKELIHOOD, lambda a, x: log_p(a.detach(), x).flatten(1).sum(1), "No gradient comes out"),
    (LIKELIHOOD, lambda a, x: log_p(a, x).flatten(1).sum(1).half(), "Compare your function"),
    (LIKELIHOOD, lambda a, x: add(a, x, 2**-126), "small constant"),
    (LIKELIHOOD, lambda a, x: add(a.sigmoid().clamp(1e-7, 1 - 1e-7).logit(), x, 0.0), "or clamp there"),
    (LIKELIHOOD, lambda a, x: Bernoulli(a.sigmoid()).log_prob(x).flatten(1).sum(1), "or clamp there"),
    (LIKELIHOOD, lambda a, x: -PROB(a, x, reduction="none").flatten(1).sum(1), "may have any sign"),
    (LIKELIHOOD, lambda a, x: (a if x == 1 else -a).flatten(1).sum(1), "torch.where"),
    (
        LIKELIHOOD,
        lambda a, x: -F.soft_margin_loss(a, 2 * x - 1, reduction="none").flatten(1).sum(1),
        "of an exponential",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_the_first_difference_can_be_retyped(rejects):
    values = "mean = [[0.5, -1.2], [2, 0.3], [-0.4, 0.1]] and log_var = [[-0.6, 0.8], [0.4, -1.5], [-2, 0.7]]"
    rejects(KL, lambda m, v: -terms(m, v).sum(1), values)
