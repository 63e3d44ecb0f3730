"""The checks of the ELBO, of the importance-weighted bound and of its weights."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal

ELBO, IWAE, WEIGHTS = "vae.elbo", "vae.iwae_bound", "vae.importance_log_weights"


def log_normal(z, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 / log_var.exp())


def log_prior(z):
    return log_normal(z, torch.zeros_like(z), torch.zeros_like(z))


def log_w(p, z, m, v):
    return p + (log_prior(z) - log_normal(z, m, v)).sum(-1)


def by_distributions(p, z, m, v):
    q, prior = Normal(m, (v / 2).exp()), Normal(0.0, 1.0)
    return p + prior.log_prob(z).sum(-1) - q.log_prob(z).sum(-1)


def by_loop(p, z, m, v):
    q = Independent(Normal(m, (v / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(m), torch.ones_like(m)), 1)
    return torch.stack([a + prior.log_prob(b) - q.log_prob(b) for a, b in zip(p, z, strict=True)])


def by_maximum(w):
    largest = w.max(dim=0).values
    return largest + (w - largest).exp().mean(0).log()


def with_variance_as_std(p, z, m, v):
    return p + Normal(0.0, 1.0).log_prob(z).sum(-1) - Normal(m, v.exp()).log_prob(z).sum(-1)


def density_first(p, z, m, v):
    q, prior = Normal(m, (v / 2).exp()), Normal(0.0, 1.0)
    return p + (prior.log_prob(z).exp().prod(-1) / q.log_prob(z).exp().prod(-1)).log()


def keeps_no_gradient_of_q(p, z, m, v):
    return log_w(p, z, m.detach(), v.detach())


def no_beta(log_px_z, kl):
    return log_px_z - kl


RIGHT = [
    (ELBO, lambda log_px_z, kl, beta=1.0: log_px_z - beta * kl),
    (ELBO, lambda p, k, beta=1: -(beta * k - p)),
    (ELBO, lambda *terms, beta=1.0: torch.sub(*terms, alpha=beta)),
    (IWAE, lambda w: torch.logsumexp(w, 0) - math.log(w.shape[0])),
    (IWAE, by_maximum),
    (IWAE, lambda w: torch.stack([by_maximum(column) for column in w.T])),
    (IWAE, lambda w: (w - math.log(len(w))).logsumexp(dim=0)),
    (WEIGHTS, log_w),
    (WEIGHTS, by_distributions),
    (WEIGHTS, by_loop),
    (WEIGHTS, lambda p, z, m, v: p + 0.5 * (((z - m) / (v / 2).exp()) ** 2 + v - z**2).sum(2)),
]

WRONG = [
    (ELBO, lambda p, k, beta=1.0: p + beta * k, "it is subtracted"),
    (ELBO, lambda p, k, beta=1.0: beta * k - p, "sign is turned"),
    (ELBO, lambda p, k, beta=1.0: -p - beta * k, "it enters as it is"),
    (ELBO, lambda p, k, beta=1.0: (p - beta * k).mean(), "belongs in the training step"),
    (ELBO, lambda p, k, beta=1.0: -(p - beta * k).mean(), "sign is turned"),
    (ELBO, lambda p, k, beta=1.0: (p - beta * k).sum(), "sums over the batch"),
    (ELBO, lambda p, k, beta=1.0: p - beta * k.mean(), "each example has its own"),
    (ELBO, lambda p, k, beta=1.0: p, "its weight beta is 1"),
    (ELBO, lambda p, k, beta=1.0: -beta * k, "log p(x|z) is missing"),
    (ELBO, lambda p, k, beta=1.0: p - k, "beta is ignored"),
    (ELBO, lambda p, k, beta=1.0: beta * p - k, "multiplies the likelihood"),
    (ELBO, lambda p, k, beta=1.0: beta * (p - k), "multiplies both terms"),
    (ELBO, lambda p, k, beta=1.0: p - k / beta, "divide by beta"),
    (ELBO, lambda p, k, beta=1.0: p - beta**2 * k, "not squared"),
    (ELBO, lambda p, k, beta=4.0: p - beta * k, "By default beta is 1"),
    (ELBO, lambda p, k, beta=0.0: p - beta * k, "its weight beta is 1"),
    (ELBO, lambda p, k, beta=0.5: p - beta * k, "By default beta is 1"),
    (ELBO, lambda p, k, beta: p - beta * k, "but it is called as f(log_px_z, kl), with 2 arguments"),
    (ELBO, no_beta, "but it is called as f(log_px_z, kl, beta=4.0)"),
    (ELBO, lambda p, k, weight=1.0: p - weight * k, "called as f(log_px_z, kl, beta=4.0)"),
    (ELBO, lambda p, k, beta=1.0: (p - beta * k).clamp(max=0), "cut the result at 0"),
    (ELBO, lambda p, k, beta=1.0: -p.abs() - beta * k, "absolute value"),
    (ELBO, lambda p, k, beta=1.0: p - beta * k.detach(), "gradient to kl is cut"),
    (ELBO, lambda p, k, beta=1.0: (p - beta * k).item(), "crashed"),
    (ELBO, lambda p, k, beta=1.0: p[:3] - beta * k[:3] if len(p) > 1 else p, "One example must do"),
    # the importance-weighted bound
    (IWAE, lambda w: w.mean(0), "which is the ELBO"),
    (IWAE, lambda w: w.logsumexp(0), "log K is missing"),
    (IWAE, lambda w: w.logsumexp(0) + math.log(len(w)), "log K has the wrong sign"),
    (IWAE, lambda w: w.logsumexp(0) / len(w), "divide the logarithm by K"),
    (IWAE, lambda w: w.logsumexp(0) - len(w), "subtract K"),
    (IWAE, lambda w: w.logsumexp(1) - math.log(w.shape[1]), "wrong axis"),
    (IWAE, lambda w: w.logsumexp(1), "wrong axis"),
    (IWAE, lambda w: w.logsumexp(0) - math.log(w.shape[1]), "logarithm of the batch size"),
    (IWAE, lambda w: w.logsumexp(0) - math.log(w.numel()), "number of all weights"),
    (IWAE, lambda w: math.log(len(w)) - w.logsumexp(0), "its negative is the loss"),
    (IWAE, lambda w: (w.logsumexp(0) - math.log(len(w))).mean(), "belongs in the training step"),
    (IWAE, lambda w: -(w.logsumexp(0) - math.log(len(w))).mean(), "sign is turned"),
    (IWAE, lambda w: w.exp().mean().log(), "mixes the samples of all examples"),
    (IWAE, lambda w: w.max(0).values, "largest of the log-weights"),
    (IWAE, lambda w: w.exp().mean(0), "logarithm is missing"),
    (IWAE, lambda w: (w.softmax(0) * w).sum(0), "with their softmax"),
    (IWAE, lambda w: ((-w).softmax(0) * w).sum(0), "the worst sample dominates"),
    (IWAE, lambda w: ((-w).softmax(0) * -w).sum(0), "the worst sample dominates"),
    (IWAE, lambda w: (-w).exp().mean(0).log(), "exponential has the wrong sign"),
    (IWAE, lambda w: -(-w).exp().mean(0).log(), "harmonic mean"),
    (IWAE, lambda w: (w - w.max(0).values).exp().mean(0).log(), "not added again"),
    (IWAE, lambda w: (w.logsumexp(0) - math.log(len(w))) / math.log(2), "in bits"),
    (IWAE, lambda w: w.logsumexp(0, keepdim=True) - math.log(len(w)), "keeps the dimension"),
    (IWAE, lambda w: w.exp().mean(0).log(), "every weight is 0 in float32"),
    (IWAE, lambda w: (w.exp().mean(0) + 1e-8).log(), "small constant"),
    (IWAE, lambda w: (w.exp().mean(0) + 1e-12).log(), "small constant"),
    (IWAE, lambda w: w.max() + (w - w.max()).exp().mean(0).log(), "one maximum for the whole batch"),
    (IWAE, lambda w: w.logsumexp(0) - math.log(3), "With one sample"),
    (IWAE, lambda w: w.detach().logsumexp(0) - math.log(len(w)), "No gradient comes out"),
    (IWAE, lambda w: (w.exp().mean(0) + 2**-126).log(), "small constant"),
    (IWAE, lambda w: w.exp().mean(0).clamp(min=1e-30).log(), "or clamp there"),
    (IWAE, lambda w: by_maximum(w.clamp(min=-700)), "no clamp mends that"),
    (IWAE, lambda w: math.log(w.exp().mean(0)), "take torch's"),
    (IWAE, lambda w: torch.as_tensor(np.log(np.exp(w).mean(0))), "NumPy would cut the gradient"),
    # its weights
    (WEIGHTS, lambda p, z, m, v: p + log_prior(z).sum(-1), "q(z|x) is not divided out"),
    (WEIGHTS, lambda p, z, m, v: p - log_normal(z, m, v).sum(-1), "prior p(z) is missing"),
    (WEIGHTS, lambda p, z, m, v: p + (log_prior(z) + log_normal(z, m, v)).sum(-1), "log q(z|x) is added"),
    (WEIGHTS, lambda p, z, m, v: p - (log_prior(z) - log_normal(z, m, v)).sum(-1), "and q are swapped"),
    (WEIGHTS, lambda p, z, m, v: (log_prior(z) - log_normal(z, m, v)).sum(-1), "log p(x|z) is missing"),
    (WEIGHTS, lambda p, z, m, v: log_w(-p, z, m, v), "log p(x|z) has the wrong sign"),
    (WEIGHTS, lambda p, z, m, v: p - 0.5 * (m**2 + v.exp() - 1 - v).sum(1), "KL divergence in closed form"),
    (WEIGHTS, lambda p, z, m, v: p, "ratio p(z) / q(z|x) is missing"),
    (WEIGHTS, with_variance_as_std, "the variance, for the standard deviation"),
    (
        WEIGHTS,
        lambda p, z, m, v: p + 0.5 * (((z - m) / v.exp()) ** 2 + v - z**2).sum(-1),
        "In the square",
    ),
    (WEIGHTS, lambda p, z, m, v: p + (log_prior(z) - Normal(m, v).log_prob(z)).sum(-1), "must be positive"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v.log()), "or for the variance, of q"),
    (WEIGHTS, lambda p, z, m, v: p + 0.5 * ((z - m) ** 2 / v.exp() - z**2).sum(-1), "it is missing"),
    (WEIGHTS, lambda p, z, m, v: p + 0.5 * ((z - m) ** 2 / v.exp() + 2 * v - z**2).sum(-1), "all of log_var"),
    (WEIGHTS, lambda p, z, m, v: p + 0.5 * ((z - m) ** 2 / v.exp() - v - z**2).sum(-1), "wrong sign"),
    (
        WEIGHTS,
        lambda p, z, m, v: p + 0.5 * ((z - m) ** 2 / (v / 2).exp() + v - z**2).sum(-1),
        "is divided by the variance",
    ),
    (WEIGHTS, lambda p, z, m, v: p + 0.5 * ((z - m) ** 2 * v.exp() + v - z**2).sum(-1), "multiplies"),
    (WEIGHTS, lambda p, z, m, v: p - (z**2 / 2 + log_normal(z, m, v)).sum(-1), "in one of them only"),
    (WEIGHTS, lambda p, z, m, v: p + ((z - m) ** 2 / v.exp() + v / 2 - z**2).sum(-1), "factor 1/2"),
    (WEIGHTS, lambda p, z, m, v: p + ((z - m) ** 2 / v.exp() + v - z**2).sum(-1), "factor 1/2"),
    (WEIGHTS, lambda p, z, m, v: p + (log_prior(z - m) - log_normal(z, m, v)).sum(-1), "centred at q's mean"),
    (WEIGHTS, lambda p, z, m, v: p + (log_prior(m) - log_normal(z, m, v)).sum(-1), "taken at z"),
    (WEIGHTS, lambda p, z, m, v: p + (log_prior(z) - log_normal(z, m, v)).mean(-1), "mean over the latent"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v).exp(), "weights themselves"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v).softmax(0), "normalised over the samples"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v).log_softmax(0), "normalised over the samples"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v).mean(0), "averages over the samples"),
    (WEIGHTS, lambda p, z, m, v: p[..., None] + log_prior(z) - log_normal(z, m, v), "sum over the latent"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, (v.exp() + 1e-8).log()), "no constant added to the variance"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, 2 * ((v / 2).exp() + 1e-6).log()), "no constant added"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z, m, v.clamp(min=-10)), "no clamp"),
    (WEIGHTS, density_first, "density is 0 in float32"),
    (WEIGHTS, keeps_no_gradient_of_q, "gradient to mean is cut"),
    (WEIGHTS, lambda p, z, m, v: log_w(p, z.detach(), m, v), "gradient to z is cut"),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
