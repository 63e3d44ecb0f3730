"""The checks of the questions without code, of the active units, and the facts behind them."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from gentutor.exercises import EXERCISES
from gentutor.objectives import variational

GAP, BETA, COLLAPSE, BUG, BITS, UNITS = (
    f"vae.{name}"
    for name in ("gap", "silent_beta", "collapse", "spot_the_bug", "bits_per_pixel", "active_units")
)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (GAP, 0.716),
        (GAP, 0.72),
        (GAP, lambda: 0.5 * (2 + 0.75**2 / 0.5 - 1 + math.log(0.5))),
        (GAP, torch.tensor(0.7159)),
        (BETA, 784),
        (BETA, 784.0),
        (BETA, 28 * 28),
        (BITS, 0.16),
        (BITS, 86.76 / 784 / math.log(2)),
        (BITS, np.float64(0.1597)),
        (COLLAPSE, "b"),
        (COLLAPSE, "(B)"),
        (COLLAPSE, lambda: "b"),
        (BUG, "b"),
        (BUG, "B"),
        (BUG, " (b) "),
    ],
)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (GAP, 0.0, "only if q is the true posterior"),
        (GAP, -0.716, "never negative"),
        (GAP, -1.828, "log p(x) itself"),
        (GAP, 1.828, "That is -log p(x)"),
        (GAP, -2.544, "the ELBO itself"),
        (GAP, 2.544, "That is -ELBO"),
        (GAP, 0.378, "KL(posterior ‖ q)"),
        (GAP, 1.033, "in bits"),
        (GAP, 0.216, "at the mean of q alone"),
        (GAP, 1.125, "N(1.5, 1)"),
        (GAP, 2.40, "halfway between"),
        (GAP, 0.281, "not 1 but 1/2"),
        (GAP, 3.0, "That is too large"),
        (GAP, "0.716", "Leave out the quotation marks"),
        (BETA, 1, "By default that function takes the mean"),
        (BETA, 0.001276, "weight of the likelihood"),
        (BETA, 28, "28 · 28"),
        (BETA, 784 / 50, "their number does not enter"),
        (BETA, 50, "does not enter"),
        (BETA, 100, "its size cancels"),
        (BETA, 784 * 100, "its size cancels"),
        (BETA, -784, "β is positive"),
        (BITS, 0.1107, "nats per pixel"),
        (BITS, 0.0767, "divide by ln 2"),
        (BITS, 125.168, "bits per image"),
        (BITS, -0.1597, "which is positive"),
        (BITS, 4.470, "784 pixels"),
        (BITS, 1, "without any model"),
        (BITS, 6.264, "compression factor"),
        (BITS, 0.01996, "bytes per pixel"),
        (COLLAPSE, "a", "then all cost"),
        (COLLAPSE, "c", "the same for every z"),
        (COLLAPSE, "d", "lowers the KL for nothing"),
        (COLLAPSE, "e", "one of the letters a, b, c, d"),
        (BUG, "a", "in this order"),
        (BUG, "c", "one too many"),
        (BUG, "d", "sums over dimensions"),
        (BUG, "e", "minus the ELBO"),
        (BUG, 2, "one of the letters"),
    ],
)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_the_gap_is_the_divergence_from_the_posterior():
    prior, x = Normal(torch.tensor(0.0), 1.0), torch.tensor(1.5)
    posterior = Normal(torch.tensor(0.75), math.sqrt(0.5))
    assert kl_divergence(prior, posterior).item() == pytest.approx(EXERCISES[GAP].judge.expected, abs=5e-4)
    z = torch.linspace(-12, 12, 100_001)
    joint = prior.log_prob(z) + Normal(z, 1.0).log_prob(x)
    log_px = torch.trapezoid(joint.exp(), z).log()
    bound = torch.trapezoid(prior.log_prob(z).exp() * Normal(z, 1.0).log_prob(x), z)
    assert (log_px - bound).item() == pytest.approx(EXERCISES[GAP].judge.expected, abs=5e-4)


def test_the_mean_over_pixels_is_a_beta_of_their_number():
    logits, x = torch.randn(128, 1, 28, 28), (torch.rand(128, 1, 28, 28) < 0.5).float()
    mean, log_var = torch.randn(128, 50), torch.randn(128, 50)
    kl = variational.gaussian_kl(mean, log_var)
    loss = F.binary_cross_entropy_with_logits(logits, x) + kl.mean()
    beta = EXERCISES[BETA].judge.expected
    bound = variational.elbo(variational.bernoulli_log_prob(logits, x), kl, beta).mean()
    assert (784 * loss).item() == pytest.approx(-bound.item(), rel=1e-5)


def test_a_decoder_that_ignores_z_wants_the_mean_image_and_a_divergence_of_0():
    torch.manual_seed(0)
    x = (torch.rand(200, 5) < torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])).float()

    def loss(logits, mean, log_var):
        log_px_z = variational.bernoulli_log_prob(logits.expand(200, 5), x)
        return -variational.elbo(log_px_z, variational.gaussian_kl(mean, log_var)).mean()

    best = [x.mean(dim=0).logit(), torch.zeros(200, 2), torch.zeros(200, 2)]
    for value in best:
        value.requires_grad_()
    for gradient in torch.autograd.grad(loss(*best), best):
        assert gradient.abs().max() < 1e-6
    for _ in range(20):
        assert loss(*(value + 0.1 * torch.randn_like(value) for value in best)) > loss(*best)


def count(means):
    return (means.var(dim=0) > 0.01).sum()


@pytest.mark.parametrize(
    "answer",
    [
        lambda means: int(count(means)),
        count,
        lambda means: len([1 for column in means.T if column.var() > 0.01]),
        lambda means: (means.numpy().var(axis=0, ddof=1) > 0.01).sum(),
        lambda means: (means.std(0) > 0.1).sum().item(),
        lambda means: float((means.var(0, unbiased=False) > 0.01).sum()),
        lambda means: (torch.cov(means.T).reshape(means.shape[1], -1).diagonal() > 0.01).sum(),
    ],
)
def test_right_counts(answer, accepts):
    accepts(UNITS, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda m: (m.std(0) > 0.01).sum(), "compare the standard deviation"),
        (lambda m: (m.var(1) > 0.01).sum(), "count examples, not dimensions"),
        (lambda m: (m.mean(0).abs() > 0.01).sum(), "means that are far from 0"),
        (lambda m: (m.abs().mean(0) > 0.01).sum(), "means that are far from 0"),
        (lambda m: (m.square().mean(0) > 0.01).sum(), "mean of the squares"),
        (lambda m: (m.var(0) <= 0.01).sum(), "that are not active"),
        (lambda m: m.shape[1], "count all dimensions"),
        (lambda m: len(m), "count examples"),
        (lambda m: (m.var(0) > 0).sum(), "not compared with 0.01"),
        (lambda m: (m.amax(0) - m.amin(0) > 0.01).sum(), "the range over the data"),
        (lambda m: (m.var(0) > 0.1).sum(), "compare with 0.1"),
        (lambda m: ((m - m.mean(0)) ** 2 > 0.01).sum(), "examples times dimensions"),
        (lambda m: 6, "all are active"),
        (lambda m: (m.var(0) > 0.02).sum(), "compare with 0.02"),
        (lambda m: (m.var(0) > 0.001).sum(), "compare with 0.001"),
        (lambda m: (m.var(0) * len(m) > 0.01).sum(), "sum of the squares"),
        (lambda m: ((m - m.mean(0)).abs().mean(0) > 0.01).sum(), "absolute deviations"),
        (lambda m: (torch.linalg.eigvalsh(m.T.cov().reshape(len(m.T), -1)) > 0.01).sum(), "say the same"),
        (lambda m: int(m.var(0) > 0.01), "A count is a sum"),
        (lambda m: (m.var(0) > 0.01).float().mean(), "A whole number is expected"),
        (lambda m: m.var(0) > 0.01, "A whole number is expected"),
        (lambda m: "4", "A whole number is expected"),
        (lambda m: count(m).item() > 0, "A whole number is expected"),
        (lambda m: None, "returns nothing"),
    ],
)
def test_wrong_counts(answer, phrase, rejects):
    rejects(UNITS, answer, phrase)
