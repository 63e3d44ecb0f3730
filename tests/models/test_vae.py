"""The VAE's networks: sizes counted by hand, shapes, leading dimensions, and images drawn from it."""

import functools

import pytest
import torch
from torch import nn

from gentutor.models.sampling import sample_images
from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob, gaussian_log_prob

SHAPE = (3, 4, 5)


def small(likelihood=bernoulli_log_prob) -> VAE:
    torch.manual_seed(0)
    return mlp_vae(likelihood, latent_dim=2, hidden=(7, 6), image_shape=SHAPE).double()


def images(n: int = 4, shape=SHAPE) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)).round().double()


def latents(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_numbers_of_parameters():
    encoder = [784 * 200 + 200, 200 * 200 + 200, 200 * 100 + 100]  # means and log-variances
    decoder = [50 * 200 + 200, 200 * 200 + 200, 200 * 784 + 784]
    vae = mlp_vae(bernoulli_log_prob)
    assert sum(p.numel() for p in vae.encoder.parameters()) == sum(encoder)
    assert sum(p.numel() for p in vae.decoder.parameters()) == sum(decoder)
    assert sum(p.numel() for p in vae.parameters()) == sum(encoder) + sum(decoder)


@pytest.mark.parametrize("hidden", [(), (9,), (9, 8, 7)])
def test_widths_there_and_back(hidden):
    def widths(module: nn.Module) -> list[int]:
        layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        return [layers[0].in_features, *(layer.out_features for layer in layers)]

    vae = mlp_vae(bernoulli_log_prob, 3, hidden, nn.ReLU, (1, 2, 5))
    assert widths(vae.encoder) == [10, *hidden, 6]
    assert widths(vae.decoder) == [3, *reversed(hidden), 10]
    for network in (vae.encoder, vae.decoder):
        assert isinstance(network[-1], nn.Linear)  # any number may come out
        assert sum(isinstance(layer, nn.ReLU) for layer in network) == len(hidden)
    assert not any(isinstance(layer, nn.Tanh) for layer in vae.modules())


def test_encode_gives_means_then_log_variances():
    vae, x = small(), images()
    mean, log_var = vae.encode(x)
    assert mean.shape == log_var.shape == (4, 2)
    assert torch.equal(torch.cat([mean, log_var], dim=1), vae.encoder(x))


@pytest.mark.parametrize("leading", [(), (1,), (5,), (6, 5), (2, 3, 5)])
def test_decode_takes_any_leading_dimensions(leading):
    vae, z = small(), latents(*leading, 2)
    out = vae.decode(z)
    assert out.shape == (*leading, *SHAPE)
    flat = torch.stack([vae.decoder(one[None])[0].view(SHAPE) for one in z.reshape(-1, 2)])
    torch.testing.assert_close(out.reshape(-1, *SHAPE), flat)
    torch.testing.assert_close(vae.decode(z.flip(-1).flip(-1)), out)


def test_a_decoder_may_give_images_in_any_memory_layout():
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Unflatten(1, (2, 1, 1)), nn.ConvTranspose2d(2, 3, (4, 5)))
    vae = VAE(nn.Flatten(), decoder, bernoulli_log_prob, 2, SHAPE).to(memory_format=torch.channels_last)
    for leading in ((4,), (5, 4)):
        z = latents(*leading, 2).float()
        assert vae.decode(z).shape == (*leading, *SHAPE)
        assert vae.log_px_z(images().float(), z).shape == leading


@pytest.mark.parametrize("likelihood", [bernoulli_log_prob, functools.partial(gaussian_log_prob, std=0.3)])
def test_log_px_z_pairs_each_image_with_its_own_latents(likelihood):
    vae, x, z = small(likelihood), images(), latents(6, 4, 2)
    values = vae.log_px_z(x, z)
    assert values.shape == (6, 4)
    for k in range(6):
        for b in range(4):
            out = vae.decoder(z[k, b][None]).view(1, *SHAPE)
            torch.testing.assert_close(values[k, b], likelihood(out, x[[b]])[0])
    torch.testing.assert_close(vae.log_px_z(x, z[0]), values[0])
    torch.testing.assert_close(vae.log_px_z(x, z[None]), values[None])


def test_the_decoders_output_comes_first_in_the_likelihood():
    seen = {}

    def likelihood(out: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        seen.update(out=out, x=x)
        return torch.zeros(len(x)).double()

    vae, x, z = small(likelihood), images(), latents(4, 2)
    vae.log_px_z(x, z)
    assert torch.equal(seen["x"], x)
    assert torch.equal(seen["out"], vae.decode(z))


def test_every_parameter_gets_a_gradient():
    vae, x = small(), images()
    mean, log_var = vae.encode(x)
    vae.log_px_z(x, mean + (log_var / 2).exp()).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in vae.parameters())


def test_images_of_another_shape():
    vae = small()
    for wrong in ((4, 3, 5, 4), (4, 1, 4, 5), (4, 60), (3, 4, 5), (2, 4, 3, 4, 5)):
        with pytest.raises(ValueError, match=r"expected images of shape \(B, 3, 4, 5\), got \("):
            vae.encode(torch.zeros(wrong).double())


def test_latents_of_another_shape():
    vae = small()
    for wrong in ((3,), (4, 1), (2, 3)):
        with pytest.raises(ValueError, match=r"expected latents of shape \(\.\.\., 2\), got \("):
            vae.decode(torch.zeros(wrong).double())


def test_samples_are_the_means_of_p_x_given_z():
    """Not draws of x, and not logits: each pixel the probability of ink, at z from the prior."""
    vae = small().float()
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(3))
    samples = sample_images(vae, 5, seed=3)
    assert samples.shape == (5, *SHAPE) and not samples.requires_grad
    mean = torch.distributions.Bernoulli(logits=vae.decoder(z)).mean.view(5, *SHAPE)
    torch.testing.assert_close(samples, mean.detach())
    assert ((samples > 0) & (samples < 1)).all()
    assert torch.allclose(samples, sample_images(vae, 5, seed=3, chunk=2), atol=1e-6)
    assert not torch.equal(samples, sample_images(vae, 5, seed=4))


def test_samples_of_a_sure_decoder_are_black_and_white():
    vae = small().float()
    with torch.no_grad():
        vae.decoder[-1].weight.zero_()
        vae.decoder[-1].bias.copy_(torch.tensor([-200.0, 200.0]).repeat(30))
    assert sample_images(vae, 2).flatten(1).tolist() == [[0.0, 1.0] * 30] * 2
