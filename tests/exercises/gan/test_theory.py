"""The checks of the optimal discriminator and of the Jensen-Shannon divergence."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.func import vmap

LOGITS, JSD = "gan.optimal_discriminator_logits", "gan.jensen_shannon_divergence"


def kl(p, q, dx):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum() * dx


def jsd(p, q, dx):
    m = (p + q) / 2
    return (kl(p, m, dx) + kl(q, m, dx)) / 2


def masked(p, q, dx):
    m = (p + q) / 2
    terms = [torch.where(x > 0, x * (x / m).log(), torch.zeros_like(x)) for x in (p, q)]
    return sum(terms).sum() * dx / 2


def by_entropies(p, q, dx):
    h = [-torch.xlogy(x, x).sum() * dx for x in (p, q, (p + q) / 2)]
    return h[2] - (h[0] + h[1]) / 2


def naive(p, q, dx, m=0.5, add=0.0):
    mixture = m * (p + q)
    terms = p * ((p + add) / (mixture + add)).log() + q * ((q + add) / (mixture + add)).log()
    return terms.sum() * dx / 2


def clamped(p, q, dx):
    m = ((p + q) / 2).clamp(min=1e-8)
    return ((p * (p.clamp(min=1e-8) / m).log()).sum() + (q * (q.clamp(min=1e-8) / m).log()).sum()) * dx / 2


def by_kl_div(p, q, dx):
    log_m = ((p + q) / 2).log()
    return (F.kl_div(log_m, p, reduction="sum") + F.kl_div(log_m, q, reduction="sum")) * dx / 2


def by_trapezoid(p, q, dx):
    m = (p + q) / 2
    integrand = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(m, m)
    return torch.trapezoid(integrand, dx=dx) / 2


def in_plain_python(p, q, dx):
    total = 0.0
    for a, b in zip(p.flatten().tolist(), q.flatten().tolist(), strict=True):
        total += sum(t * math.log(2 * t / (a + b)) for t in (a, b) if t > 0)
    return total * dx / 2


def by_nansum(p, q, dx):
    p, q = p.numpy(), q.numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return dx / 2 * (np.nansum(p * np.log(2 * p / (p + q))) + np.nansum(q * np.log(2 * q / (p + q))))


RIGHT = [
    (LOGITS, lambda log_p, log_q: log_p - log_q),
    (LOGITS, lambda log_p, log_q: -torch.sub(log_q, log_p)),
    (JSD, jsd),
    (JSD, masked),
    (JSD, lambda p, q, dx: jsd(p.double(), q, dx).item()),
    (LOGITS, lambda log_p, log_q: log_p.numpy().astype(float) - log_q.numpy()),
    (JSD, by_entropies),
    (JSD, in_plain_python),
    (JSD, by_nansum),
    (LOGITS, lambda log_p, log_q: torch.stack([log_q, log_p]).diff(dim=0)[0]),
    (LOGITS, lambda log_p, log_q: vmap(torch.sub)(log_p, log_q)),
    (LOGITS, lambda log_p, log_q: log_p.double() - log_q.double()),
]

WRONG = [
    (LOGITS, lambda log_p, log_q: log_q - log_p, "sign is turned"),
    (LOGITS, lambda log_p, log_q: torch.sigmoid(log_p - log_q), "probability D* itself"),
    (LOGITS, lambda log_p, log_q: log_p.exp() / (log_p.exp() + log_q.exp()), "probability D* itself"),
    (LOGITS, lambda log_p, log_q: log_p.exp() / log_q.exp(), "ratio p/q"),
    (LOGITS, lambda log_p, log_q: log_p - torch.logaddexp(log_p, log_q), "This is log D*"),
    (LOGITS, lambda log_p, log_q: log_p / log_q, "not their quotient"),
    (LOGITS, lambda log_p, log_q: log_p / (log_p + log_q), "as if they were densities"),
    (LOGITS, lambda log_p, log_q: log_p.log() - log_q.log(), "logarithm once more"),
    (LOGITS, lambda log_p, log_q: log_p + log_q, "not a sum"),
    (LOGITS, lambda log_p, log_q: (log_p - log_q).mean(), "not their mean"),
    (LOGITS, lambda log_p, log_q: (log_p.exp() / log_q.exp()).log(), "no exp() is needed"),
    (LOGITS, lambda log_p, log_q: torch.logit(torch.sigmoid(log_p - log_q)), "no exp() is needed"),
    (
        LOGITS,
        lambda log_p, log_q: (log_p.exp() + 1e-8).log() - (log_q.exp() + 1e-8).log(),
        "no exp() is needed",
    ),
    (LOGITS, lambda log_p, log_q: torch.nan_to_num(log_p - log_q), "the logit is infinite"),
    (LOGITS, lambda log_p, log_q: (log_p - log_q).flatten(), "Any shape must do"),
    (JSD, lambda p, q, dx: 2 * jsd(p, q, dx), "takes half of each"),
    (JSD, lambda p, q, dx: naive(p, q, dx, m=1.0), "without the 1/2"),
    (JSD, kl, "This is KL(p ‖ q)"),
    (JSD, lambda p, q, dx: kl(q, p, dx), "This is KL(q ‖ p)"),
    (JSD, lambda p, q, dx: (kl(p, q, dx) + kl(q, p, dx)) / 2, "mean of KL(p ‖ q) and KL(q ‖ p)"),
    (JSD, lambda p, q, dx: kl(p, q, dx) + kl(q, p, dx), "KL(p ‖ q) + KL(q ‖ p)"),
    (JSD, lambda p, q, dx: kl(p, (p + q) / 2, dx), "Only KL(p ‖ m)"),
    (JSD, lambda p, q, dx: kl(p, (p + q) / 2, dx) / 2, "Only half of KL(p ‖ m)"),
    (JSD, lambda p, q, dx: (kl((p + q) / 2, p, dx) + kl((p + q) / 2, q, dx)) / 2, "arguments are turned"),
    (JSD, lambda p, q, dx: -jsd(p, q, dx), "never negative"),
    (JSD, lambda p, q, dx: jsd(p, q, dx) / math.log(2), "in bits"),
    (JSD, lambda p, q, dx: jsd(p, q, dx).sqrt(), "square root of the divergence"),
    (JSD, lambda p, q, dx: jsd(p, q, 1.0), "dx is missing"),
    (JSD, lambda p, q, dx: jsd(p, q, 1.0) / p.numel(), "mean over the grid"),
    (JSD, by_trapezoid, "trapezoidal rule"),
    (JSD, naive, "0 · log 0 is not a number"),
    (JSD, by_kl_div, "0 · log 0 is not a number"),
    (JSD, lambda p, q, dx: naive(p, q, dx, add=1e-8), "must not depend on the unit"),
    (JSD, clamped, "must not depend on the unit"),
    (JSD, lambda p, q, dx: jsd(p, q, dx) if p.dim() == 1 else jsd(p[0], q[0], dx), "any shape"),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
