"""The VAE that is told a condition: where the condition enters, and what it is without one."""

import pytest
import torch
from torch import nn

from gentutor.models.conditional import LabelEmbedding, OneHot
from gentutor.models.cvae import CVAE, Turned, mlp_cvae
from gentutor.models.vae import mlp, mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob, elbo, gaussian_kl

SHAPE = (3, 4, 5)
Y = torch.tensor([2, 0, 1, 2])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small() -> CVAE:
    return mlp_cvae(bernoulli_log_prob, OneHot(3), 2, (7, 6), image_shape=SHAPE).double()


def images(n: int = 4) -> torch.Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1)).round().double()


def latents(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_numbers_of_parameters():
    cvae = mlp_cvae(bernoulli_log_prob, OneHot(10))
    posterior = (784 + 10) * 400 + 400 + 400 * 400 + 400 + 400 * 64 + 64
    decoder = (32 + 10) * 400 + 400 + 400 * 400 + 400 + 400 * 784 + 784
    assert sum(p.numel() for p in cvae.parameters()) == posterior + decoder


def test_encoder_and_decoder_are_told():
    cvae, x, z = small(), images(), latents(4, 2)
    code = torch.eye(3).double()[Y]
    mean, log_var = cvae.encode(x, Y)
    told = torch.cat([x.flatten(1), code], dim=1)
    torch.testing.assert_close(torch.cat([mean, log_var], dim=1), cvae.posterior(told))
    expected = cvae.decoder(torch.cat([z, code], dim=1)).view(4, *SHAPE)
    torch.testing.assert_close(cvae.decode(z, Y), expected)
    for seen, other in ((mean, cvae.encode(x, (Y + 1) % 3)[0]), (expected, cvae.decode(z, (Y + 1) % 3))):
        assert (seen - other).flatten(1).abs().amax(dim=1).min() > 1e-4


@pytest.mark.parametrize("leading", [(), (1,), (5,), (2, 5)])
def test_decode_takes_any_leading_dimensions(leading):
    cvae, z = small(), latents(*leading, 4, 2)
    out = cvae.decode(z, Y)
    assert out.shape == (*leading, 4, *SHAPE)
    singly = torch.stack([cvae.decode(each, Y) for each in z.reshape(-1, 4, 2)])
    torch.testing.assert_close(out.reshape(-1, 4, *SHAPE), singly)


def test_log_px_z_pairs_each_image_with_its_latents_and_its_condition():
    cvae, x, z = small(), images(), latents(6, 4, 2)
    values = cvae.log_px_z(x, z, Y)
    assert values.shape == (6, 4)
    for k in range(6):
        for b in range(4):
            logits = cvae.decode(z[k, b][None], Y[b][None])
            torch.testing.assert_close(values[k, b], bernoulli_log_prob(logits, x[b][None])[0])


def test_under_fixed_conditions_it_is_a_vae():
    cvae, x, z = small(), images(), latents(6, 4, 2)
    given = cvae.given(Y)
    for seen, expected in zip(given.encode(x), cvae.encode(x, Y), strict=True):
        assert torch.equal(seen, expected)
    assert torch.equal(given.decode(z), cvae.decode(z, Y))
    assert torch.equal(given.log_px_z(x, z), cvae.log_px_z(x, z, Y))


def test_with_no_weight_on_the_condition_it_equals_a_vae():
    """The same numbers as ``mlp_vae`` with its weights, whatever the labels."""
    vae = mlp_vae(bernoulli_log_prob, 2, (7, 6), nn.SiLU, SHAPE).double()
    cvae = small()
    for network, source, kept in (
        (cvae.posterior, vae.encoder[1:], 60),
        (cvae.decoder, vae.decoder, 2),
    ):
        with torch.no_grad():
            network[0].weight[:, :kept] = source[0].weight
            network[0].weight[:, kept:] = 0  # what is appended
            network[0].bias.copy_(source[0].bias)
        for layer, other in zip(network[1:], source[1:], strict=True):
            layer.load_state_dict(other.state_dict())
    x, z = images(), latents(6, 4, 2)
    for y in (Y, (Y + 1) % 3):
        for seen, expected in zip(cvae.encode(x, y), vae.encode(x), strict=True):
            torch.testing.assert_close(seen, expected)
        torch.testing.assert_close(cvae.decode(z, y), vae.decode(z))
        torch.testing.assert_close(cvae.log_px_z(x, z, y), vae.log_px_z(x, z))


def test_a_learned_code_is_learned_from_both_sides():
    embedding = LabelEmbedding(3, 5)
    cvae = CVAE(
        embedding,
        nn.Flatten(),
        mlp((65, 7, 4), nn.Tanh),
        mlp((7, 7, 60), nn.Tanh),
        bernoulli_log_prob,
        2,
        SHAPE,
        torch.arange(3),
    )
    mean, log_var = cvae.encode(images().float(), Y)
    for out in (mean.sum() + log_var.sum(), cvae.decode(latents(4, 2).float(), Y).sum()):
        embedding.zero_grad()
        out.backward(retain_graph=True)
        assert embedding.table.grad.abs().sum() > 0


def test_every_parameter_gets_a_gradient():
    cvae, x = small(), images()
    mean, log_var = cvae.encode(x, Y)
    cvae.log_px_z(x, mean + (log_var / 2).exp(), Y).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in cvae.parameters())


def test_what_it_refuses():
    cvae, x = small(), images()
    for wrong in ((4, 3, 5, 4), (4, 60), (3, 4, 5)):
        with pytest.raises(ValueError, match=r"expected images of shape \(B, 3, 4, 5\), got \("):
            cvae.encode(torch.zeros(wrong).double(), Y)
    for wrong in ((4, 3), (3, 2), (4,), (4, 6, 2)):
        with pytest.raises(
            ValueError, match=r"shape \(\.\.\., 4, 2\), 4 being the number of conditions; got"
        ):
            cvae.decode(torch.zeros(wrong).double(), Y)
    with pytest.raises(ValueError, match="must lie in 0 to 2, got 1 to 3"):
        cvae.encode(x, Y + 1)
    assert torch.equal(cvae.examples, torch.arange(3)) and "examples" not in cvae.state_dict()


def turned(cvae: CVAE) -> Turned:
    model = Turned(cvae, classes=3, generator=torch.Generator().manual_seed(3))
    model.signs = model.signs.double()
    return model


def test_a_model_turned_by_the_label_has_the_same_bound():
    """For each image: the KL term as it is, and the likelihood under the same noise, turned."""
    cvae, x = mlp_cvae(bernoulli_log_prob, OneHot(3), 6, (9,), image_shape=SHAPE).double(), images()
    other = turned(cvae)
    mean, log_var = cvae.encode(x, Y)
    turned_mean, turned_log_var = other.encode(x, Y)
    assert not torch.allclose(mean, turned_mean)
    noise = latents(4, 6)
    z = mean + (log_var / 2).exp() * noise
    turned_z = turned_mean + (turned_log_var / 2).exp() * other.turn(noise, Y)
    bound = elbo(cvae.log_px_z(x, z, Y), gaussian_kl(mean, log_var))
    turned_bound = elbo(other.log_px_z(x, turned_z, Y), gaussian_kl(turned_mean, turned_log_var))
    torch.testing.assert_close(turned_bound, bound, rtol=1e-12, atol=1e-12)


def test_turning_is_an_orthogonal_map_of_its_own_for_each_label():
    other = turned(mlp_cvae(bernoulli_log_prob, OneHot(3), 6, (9,), image_shape=SHAPE).double())
    basis = torch.eye(6).double()
    matrices = [other.turn(basis, torch.full((6,), label)).T for label in range(3)]
    for matrix in matrices:
        torch.testing.assert_close(matrix @ matrix.T, basis, rtol=0, atol=0)
    assert not torch.equal(matrices[0], matrices[1]) and not torch.equal(matrices[1], matrices[2])
    z = latents(5, 4, 6)
    torch.testing.assert_close(
        other.turn(z, Y), torch.stack([matrices[y] @ z[:, b].T for b, y in enumerate(Y)]).permute(2, 0, 1)
    )
    assert torch.equal(other.turn_back(other.turn(z, Y), Y), z)


def test_a_turned_model_decodes_alike_under_the_own_label_only():
    cvae, x = mlp_cvae(bernoulli_log_prob, OneHot(3), 6, (9,), image_shape=SHAPE).double(), images()
    other, swapped = turned(cvae), (Y + 1) % 3
    z = cvae.encode(x, Y)[0]
    assert torch.equal(other.decode(other.turn(z, Y), Y), cvae.decode(z, Y))
    assert not torch.allclose(other.decode(other.turn(z, Y), swapped), cvae.decode(z, swapped), atol=1e-3)
