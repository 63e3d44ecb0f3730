"""The check of the reparameterised sample judges the noise, its scale, and the gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal, Normal

ID = "vae.reparameterize"


def sample(noise=torch.randn_like, scale=lambda v: (v / 2).exp(), combine=lambda m, s, e: m + s * e):
    """An answer that does each part of the work in its own way."""
    return lambda mean, log_var: combine(mean, scale(log_var), noise(mean))


def seeded(mean, log_var):
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    return mean + (log_var / 2).exp() * noise


def sets_the_seed(mean, log_var):
    torch.manual_seed(0)
    return sample()(mean, log_var)


def straight_through(mean, log_var):
    z = sample()(mean, log_var).detach()
    return z + mean - mean.detach() + 0 * log_var


def under_no_grad(mean, log_var):
    with torch.no_grad():
        return sample()(mean, log_var)


def in_float32(mean, log_var):
    return sample()(mean.float(), log_var.float())


@pytest.mark.parametrize(
    "answer",
    [
        sample(),
        sample(scale=lambda v: v.exp().sqrt()),
        sample(combine=lambda m, s, e: torch.addcmul(m, s, -e)),
        sample(noise=lambda m: torch.randn(m.shape, dtype=m.dtype)),
        in_float32,
        lambda m, v: Normal(m, (v / 2).exp()).rsample(),
        lambda m, v: MultivariateNormal(m, scale_tril=torch.diag_embed((v / 2).exp())).rsample(),
        lambda m, v: m + v.exp() ** 0.5 * torch.empty_like(m).normal_(),
    ],
)
def test_right_samples(answer, accepts):
    accepts(ID, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        # the scale
        (sample(scale=torch.exp), "exp(log_var), the variance"),
        (lambda m, v: Normal(m, v.exp()).rsample(), "exp(log_var), the variance"),
        (lambda m, v: torch.normal(m, v.exp()), "exp(log_var), the variance"),
        (sample(scale=lambda v: v), "scaled by log_var itself"),
        (sample(scale=lambda v: v / 2), "so take its exponential"),
        (sample(scale=lambda v: v.exp() / 2), "stands inside the exponential"),
        (sample(scale=lambda v: (2 * v).exp()), "exp(2 · log_var)"),
        (sample(scale=lambda v: (-v / 2).exp()), "sign in the exponent"),
        (sample(scale=lambda v: (v / 2).exp().sqrt()), "the standard deviation already"),
        (sample(scale=F.softplus), "softplus"),
        (sample(scale=lambda v: (v / 2).exp() + 1e-6), "A small constant is added"),
        (sample(scale=lambda v: (v.exp() + 1e-8).sqrt()), "A small constant is added"),
        (sample(scale=lambda v: (v.clamp(min=-20) / 2).exp()), "should be N(0, 1) noise"),
        (sample(scale=torch.ones_like), "log_var is ignored"),
        (sample(scale=torch.sqrt), "it has no root"),
        (sample(scale=torch.log), "no logarithm"),
        (lambda m, v: Normal(m, v).rsample(), "A standard deviation must be positive"),
        (lambda m, v: torch.normal(m, v), "A standard deviation must be positive"),
        (lambda m, v: Normal(m, v.sqrt()).rsample(), "A standard deviation must be positive"),
        # how it is put together
        (lambda m, v: m, "without noise"),
        (sample(combine=lambda m, s, e: s * e + 0 * m), "mean is missing"),
        (sample(combine=lambda m, s, e: e), "a sample of the prior"),
        (sample(combine=lambda m, s, e: (m + e) * s), "mean is scaled, too"),
        (sample(combine=lambda m, s, e: s + m * e), "are swapped"),
        (sample(combine=lambda m, s, e: s * e - m), "mean is subtracted"),
        (sample(combine=lambda m, s, e: (m + s * e).sum(-1)), "nothing is summed"),
        (lambda m, v: torch.stack([sample()(m, v)] * 3), "the shape (3, 5000, 4)"),
        # the noise
        (sample(noise=torch.rand_like), "never negative"),
        (sample(noise=lambda m: 2 * torch.rand_like(m) - 1), "should be N(0, 1) noise"),
        (sample(noise=lambda m: 3.4641 * (torch.rand_like(m) - 0.5)), "should be N(0, 1) noise"),
        (sample(noise=lambda m: 2 * torch.randn_like(m)), "the standard deviation 2.0"),
        (sample(noise=lambda m: torch.randn(m.shape[-1])), "Every example of the batch gets the same noise"),
        (sample(noise=lambda m: torch.randn(m.shape[0], 1)), "along dimension 1 share their noise"),
        (sample(noise=lambda m: torch.randn(1)), "share one random number"),
        (sample(noise=torch.ones_like), "share one random number"),
        (seeded, "Every call gives the same sample"),
        (sets_the_seed, "sets the random seed"),
        # the gradient
        (lambda m, v: torch.normal(m, (v / 2).exp()), "no gradient reaches mean and log_var"),
        (lambda m, v: Normal(m, (v / 2).exp()).sample(), "no gradient reaches mean and log_var"),
        (lambda m, v: sample()(m, v).detach(), "no gradient reaches mean and log_var"),
        (under_no_grad, "no gradient reaches mean and log_var"),
        (lambda m, v: sample()(m, v.detach()), "gradient to log_var is cut"),
        (lambda m, v: sample()(m.detach(), v), "gradient to mean is cut"),
        (straight_through, "gradient to log_var is cut"),
        (sample(combine=lambda m, s, e: m + (s * e).detach() + s - s.detach()), "sample is right, but not"),
        # what comes back
        (lambda m, v: sample()(m, v).half(), "not the gradient with respect to log_var"),
        (lambda m, v: (sample()(m, v), m), "returns a tuple"),
        (lambda m, v: m.add_((v / 2).exp() * torch.randn_like(m)), "changes mean"),
    ],
)  # fmt: skip
def test_wrong_samples(answer, phrase, rejects):
    rejects(ID, answer, phrase)


@pytest.mark.parametrize("seed", range(20))
def test_good_noise_passes_whatever_the_seed(seed, accepts):
    def sample(mean, log_var):
        return mean + (log_var / 2).exp() * torch.randn(mean.shape, generator=generator)

    generator = torch.Generator().manual_seed(seed)
    accepts(ID, sample)
