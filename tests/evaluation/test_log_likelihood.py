"""Log-likelihoods by importance sampling: exact models, quadrature, all binary images, and memory."""

import functools
import math

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

from gentutor.evaluation import active_units, latent_information, log_likelihood
from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob, gaussian_log_prob

SHAPE = (1, 2, 3)
STD = 0.7


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear_gaussian(exact: bool) -> tuple[VAE, MultivariateNormal]:
    """z ~ N(0, I), x|z ~ N(W z + b, s²), W's columns orthogonal; p(x). If exact, q is the posterior."""
    columns = torch.linalg.qr(torch.randn(6, 2, generator=seeded(), dtype=torch.float64)).Q
    columns = columns * torch.tensor([2.0, 0.5]).double()
    bias = torch.arange(6).double()
    variance = 1 / (1 + columns.square().sum(dim=0) / STD**2)
    weight = (columns * variance / STD**2).T
    encoder, decoder = nn.Linear(6, 4).double(), nn.Linear(2, 6).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.cat([weight, torch.zeros(2, 6)]))
        encoder.bias.copy_(torch.cat([-weight @ bias, variance.log()]))
        decoder.weight.copy_(columns)
        decoder.bias.copy_(bias)
        if not exact:
            encoder.bias += torch.tensor([0.3, -0.2, 0.8, 0.4]).double()
    vae = VAE(
        nn.Sequential(nn.Flatten(), encoder), decoder, functools.partial(gaussian_log_prob, std=STD), 2, SHAPE
    )
    return vae, MultivariateNormal(bias, columns @ columns.T + STD**2 * torch.eye(6).double())


def observations(p: MultivariateNormal, n: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Images x (N, 1, 2, 3) and their log p(x)."""
    x = p.mean + torch.randn(n, 6, generator=seeded(1), dtype=torch.float64) @ p.scale_tril.T
    return x.view(n, *SHAPE), p.log_prob(x)


def binary_vae(latent_dim: int = 1) -> VAE:
    torch.manual_seed(0)
    vae = mlp_vae(bernoulli_log_prob, latent_dim, (5,), image_shape=SHAPE).double()
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter *= 3  # so that the latents matter
    return vae


def all_binary_images() -> torch.Tensor:
    return torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 6).view(64, *SHAPE)


def by_quadrature(vae: VAE, x: torch.Tensor) -> torch.Tensor:
    """log p(x) of a VAE with one latent variable, as an integral over a fine grid."""
    z = torch.linspace(-10, 10, 2001, dtype=torch.float64)[:, None, None].expand(-1, len(x), 1)
    joint = vae.log_px_z(x, z) - z[..., 0].square() / 2 - math.log(2 * math.pi) / 2
    return torch.trapezoid(joint.exp(), dx=0.01, dim=0).log().detach()


@pytest.mark.equation("eq-log-likelihood")
@pytest.mark.parametrize(("samples", "chunk"), [(1, 100), (1, 2), (7, 1), (7, 12), (50, 10_000)])
def test_with_the_exact_posterior_it_is_exact_whatever_the_samples_and_the_chunk(samples, chunk):
    vae, p = linear_gaussian(exact=True)
    x, log_px = observations(p)
    seen = log_likelihood(vae, x, samples, chunk, seeded())
    torch.testing.assert_close(seen, log_px, rtol=0, atol=1e-10)


@pytest.mark.equation("eq-log-likelihood")
def test_another_q_gives_the_same_in_the_limit():
    vae, p = linear_gaussian(exact=False)
    x, log_px = observations(p)
    one = log_likelihood(vae, x.repeat_interleave(2000, 0), 1, 10_000, seeded()).view(5, 2000).mean(dim=1)
    assert (one < log_px - 0.1).all()  # the ELBO
    many = log_likelihood(vae, x, 100_000, 20_000, seeded())
    torch.testing.assert_close(many, log_px, rtol=0, atol=0.03)


@pytest.mark.equation("eq-log-likelihood")
def test_a_binary_model_against_quadrature_without_bias():
    """2,500 estimates of p(x) with 20 samples each, against the integral over z."""
    vae, x = binary_vae(), all_binary_images()[::9]
    exact = by_quadrature(vae, x).exp()
    repeated = x.repeat_interleave(2500, dim=0)
    estimates = log_likelihood(vae, repeated, 20, 50_000, seeded()).exp().view(len(x), 2500)
    error = 4 * estimates.std(dim=1) / 50
    assert ((estimates.mean(dim=1) - exact).abs() < error).all()
    assert (error < 0.1 * exact).all()


@pytest.mark.equation("eq-log-likelihood")
def test_all_binary_images_together_have_probability_one():
    vae, x = binary_vae(latent_dim=2), all_binary_images()
    total = log_likelihood(vae, x, 5000, 20_000, seeded()).exp().sum()
    assert total.item() == pytest.approx(1, abs=0.02)
    assert by_quadrature(binary_vae(), x).exp().sum().item() == pytest.approx(1, rel=1e-9)


@pytest.mark.equation("eq-log-likelihood")
def test_the_bias_of_the_logarithm_is_half_the_relative_variance_of_the_mean_weight():
    """E[log mean w] = log p(x) - Var(w) / (2 K p(x)²) to first order: what the docstring promises."""
    vae, p = linear_gaussian(exact=False)
    x, log_px = observations(p, 1)
    w = log_likelihood(vae, x.expand(200_000, *SHAPE), 1, 50_000, seeded()).exp()
    k, n = 40, 60_000
    estimates = log_likelihood(vae, x.expand(n, *SHAPE), k, n, seeded(1))
    bias = (log_px - estimates.mean()).item()
    expected = (w.var() / w.mean() ** 2 / (2 * k)).item()
    assert bias == pytest.approx(expected, rel=0.1, abs=4 * estimates.std().item() / math.sqrt(n))
    assert expected > 10 * estimates.std().item() / math.sqrt(n)  # the comparison means something


@pytest.mark.parametrize("chunk", [1, 3, 7, 64, 1000, 100_000])
def test_the_decoder_sees_every_pair_and_never_more_than_a_chunk(chunk):
    vae, x, rows = binary_vae(), all_binary_images()[:7], []
    vae.decoder.register_forward_pre_hook(lambda module, inputs: rows.append(len(inputs[0])))
    log_likelihood(vae, x, 50, chunk)
    assert sum(rows) == 7 * 50
    assert max(rows) <= chunk
    assert max(rows) > min(chunk, 350) / 2  # and not much less


def test_another_chunk_gives_the_same_but_for_the_order_of_random_numbers():
    vae, p = linear_gaussian(exact=False)
    x, log_px = observations(p)
    for chunk in (3, 64, 20_000):
        seen = log_likelihood(vae, x, 500, chunk, seeded())
        torch.testing.assert_close(seen, log_px, rtol=0, atol=0.15)
        assert torch.equal(seen, log_likelihood(vae, x, 500, chunk, seeded()))
    assert torch.equal(log_likelihood(vae, x, 30, 150, seeded()), log_likelihood(vae, x, 30, 999, seeded()))


def test_a_generator_leaves_the_global_random_numbers_alone():
    vae, x, state = binary_vae(), all_binary_images(), torch.get_rng_state()
    seen = log_likelihood(vae, x, 3, 100, seeded())
    assert torch.equal(torch.get_rng_state(), state)
    assert seen.shape == (64,) and seen.dtype == torch.float64 and not seen.requires_grad
    log_likelihood(vae, x, 3, 100)
    assert not torch.equal(torch.get_rng_state(), state)
    assert log_likelihood(vae.float(), x.float(), 3, 100).dtype == torch.float32


@pytest.mark.parametrize(("samples", "chunk"), [(0, 5), (-1, 5), (5, 0)])
def test_counts_must_be_positive(samples, chunk):
    with pytest.raises(ValueError, match=f"samples and chunk must be at least 1, got {samples} and {chunk}"):
        log_likelihood(binary_vae(), all_binary_images(), samples, chunk)


def test_no_images_and_images_of_another_shape():
    with pytest.raises(ValueError, match=r"x is empty: its shape is \(0, 1, 2, 3\)"):
        log_likelihood(binary_vae(), torch.zeros(0, *SHAPE), 5, 5)
    with pytest.raises(ValueError, match=r"expected images of shape \(B, 1, 2, 3\), got \(4, 6\)"):
        log_likelihood(binary_vae(), torch.zeros(4, 6), 5, 5)


@pytest.mark.equation("eq-active-units")
def test_active_units_are_those_whose_mean_varies_more_than_the_threshold():
    noise = torch.randn(500, 4, generator=seeded(), dtype=torch.float64)
    white = (noise - noise.mean(dim=0)) / noise.std(dim=0)
    means = white * torch.tensor([1.0, 0.0101, 0.0099, 0.0]).double().sqrt() + torch.tensor([0, 0, 9, 9])
    assert active_units(means) == 2  # a mean far from 0 is not activity
    assert active_units(means, threshold=0.0098) == 3
    assert active_units(means, threshold=1.1) == 0
    assert isinstance(active_units(means), int)


@pytest.mark.equation("eq-active-units")
def test_active_units_of_a_linear_model():
    """The posterior mean's variance is 1 - the posterior's: 0.89 and 0.34 here, and 0 for a z without use."""
    vae, p = linear_gaussian(exact=True)
    means, log_var = vae.encode(observations(p, 20_000)[0])
    torch.testing.assert_close(means.var(dim=0), 1 - log_var[0].exp(), rtol=0.05, atol=0)
    assert active_units(torch.cat([means, torch.full((20_000, 1), 0.3)], dim=1)) == 2
    assert active_units(means, threshold=0.5) == 1


@pytest.mark.parametrize("shape", [(5,), (1, 5), (5, 2, 2)])
def test_active_units_wants_a_matrix_of_examples(shape):
    with pytest.raises(ValueError, match=r"expected means of shape \(N, D\) with N >= 2, got \("):
        active_units(torch.zeros(shape))


@pytest.mark.equation("eq-latent-information")
def test_the_two_parts_of_the_kl_by_quadrature():
    """Four posteriors on a line, some overlapping: I(n; z) and KL(q(z) || p(z)) as integrals."""
    mean, log_var = (
        torch.tensor([[-1.0, 0.0, 0.2, 3.0]]).double(),
        torch.tensor([[-1.0, 0.5, -3.0, -2.0]]).double(),
    )
    z, dz = torch.linspace(-12, 12, 24_001, dtype=torch.float64), 0.001
    parts, prior = Normal(mean[0], (log_var[0] / 2).exp()), Normal(0.0, 1.0)
    together = MixtureSameFamily(Categorical(torch.ones(4)), parts).log_prob(z)
    each = parts.log_prob(z[:, None])
    information = (each.exp() * (each - together[:, None])).sum().item() * dz / 4
    misfit = (together.exp() * (together - prior.log_prob(z))).sum().item() * dz
    seen = latent_information(mean.T, log_var.T, 100_000, seeded())
    assert seen == pytest.approx((information, misfit), abs=0.02)
    assert sum(seen) == pytest.approx(kl_divergence(parts, prior).mean().item(), rel=1e-6)
    assert 0.5 < information < math.log(4) and misfit > 0.3


@pytest.mark.equation("eq-latent-information")
def test_latent_information_between_nothing_and_log_n():
    same = torch.full((50, 3), 0.7), torch.full((50, 3), -1.2)
    assert latent_information(*same)[0] == pytest.approx(0, abs=1e-9)
    apart = 100 * torch.randn(50, 3, generator=seeded())
    information, misfit = latent_information(apart, torch.full((50, 3), -4.0))
    assert information == pytest.approx(math.log(50), rel=1e-9) and misfit > 100
    assert latent_information(*same, 7, seeded()) == latent_information(*same, 7, seeded())


def test_latent_information_refuses_other_shapes():
    good = torch.zeros(5, 2)
    for mean, log_var, draws in ((good, torch.zeros(5, 1), 9), (good[0], good[0], 9), (good, good, 0)):
        with pytest.raises(ValueError, match="one shape|must have shape|draws must be at least 1, got 0"):
            latent_information(mean, log_var, draws)
    with pytest.raises(ValueError, match=r"\(N, D\)"):
        latent_information(good[None], good[None])
