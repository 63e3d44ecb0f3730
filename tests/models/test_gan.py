"""Generators and discriminators: shapes, sizes counted by hand, initial weights, behaviour in training."""

import copy
import math

import pytest
import torch
from torch import nn

from gentutor.models.gan import (
    MLP,
    DCGANDiscriminator,
    DCGANGenerator,
    Dropout,
    GaussianNoise,
    MLPDiscriminator,
    MLPGenerator,
)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


GENERATORS = [
    (MLPGenerator(), (1, 28, 28)),
    (MLPGenerator(7, (3, 4, 6), (5,)), (3, 4, 6)),
    (DCGANGenerator(), (1, 28, 28)),
    (DCGANGenerator(10, image_size=32, channels=3, width=8), (3, 32, 32)),
]
DISCRIMINATORS = [
    (MLPDiscriminator(), (1, 28, 28)),
    (MLPDiscriminator((3, 4, 6), (5,)), (3, 4, 6)),
    (DCGANDiscriminator(), (1, 28, 28)),
    (DCGANDiscriminator(image_size=32, channels=3, width=8, noise=0.1), (3, 32, 32)),
]


@pytest.mark.parametrize(("generator", "shape"), GENERATORS)
def test_generators_map_noise_to_images_between_minus_1_and_1(generator, shape):
    images = generator(torch.randn(5, generator.latent_dim))
    assert images.shape == (5, *shape) == (5, *generator.image_shape)
    assert images.min() >= -1 and images.max() <= 1
    assert images[0].ne(images[1]).any()  # another z, another image


@pytest.mark.parametrize(("discriminator", "shape"), DISCRIMINATORS)
def test_discriminators_give_one_logit_per_image(discriminator, shape):
    logits = discriminator(torch.randn(5, *shape))
    assert logits.shape == (5,)
    assert discriminator.eval()(torch.randn(1, *shape)).shape == (1,)


@pytest.mark.parametrize(("generator", "shape"), GENERATORS)
def test_every_parameter_gets_a_gradient(generator, shape):
    generator = copy.deepcopy(generator)
    generator(torch.randn(5, generator.latent_dim)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.parameters())


def test_numbers_of_parameters():
    linear = [100 * 256 + 256, 256 * 512 + 512, 512 * 1024 + 1024, 1024 * 784 + 784]
    assert count(MLPGenerator()) == sum(linear)
    linear = [784 * 1024 + 1024, 1024 * 512 + 512, 512 * 256 + 256, 256 + 1]
    assert count(MLPDiscriminator()) == sum(linear)
    for size, small in ((28, 7), (32, 8)):
        linear, up, image = 64 * 64 * small**2, 64 * 32 * 4 * 4, 32 * 1 * 4 * 4 + 1
        assert count(DCGANGenerator(image_size=size)) == linear + 2 * 64 + up + 2 * 32 + image
        down = [1 * 32 * 16 + 32, 32 * 64 * 16 + 2 * 64, 64 * 128 * 9 + 2 * 128]
        assert count(DCGANDiscriminator(image_size=size)) == sum(down) + 128 * 4 * 4 + 1
    assert count(MLP(2, 3)) == 2 * 128 + 128 + 128 * 128 + 128 + 128 * 3 + 3
    assert count(MLP(2, 3, (10,), minibatch_std=True)) == 2 * 10 + 10 + 11 * 3 + 3


def test_widths_of_the_fully_connected_networks():
    def widths(module: nn.Module) -> list[int]:
        layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        assert all(a.out_features == b.in_features for a, b in zip(layers, layers[1:], strict=False))
        return [layers[0].in_features, *(layer.out_features for layer in layers)]

    assert widths(MLPGenerator()) == [100, 256, 512, 1024, 784]
    assert widths(MLPDiscriminator()) == [784, 1024, 512, 256, 1]
    assert {m.p for m in MLPDiscriminator().modules() if isinstance(m, nn.Dropout)} == {0.3}


@pytest.mark.parametrize("network", [DCGANGenerator, DCGANDiscriminator])
def test_dcgan_weights_start_from_a_narrow_normal_distribution(network):
    torch.manual_seed(0)
    module = network()
    layers = [m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    weights = torch.cat([layer.weight.flatten() for layer in layers])
    error = 0.02 / math.sqrt(len(weights))
    assert abs(weights.mean()) < 4 * error
    assert weights.std().item() == pytest.approx(0.02, abs=4 * error / math.sqrt(2))
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    gains = torch.cat([norm.weight for norm in norms])
    assert gains.mean().item() == pytest.approx(1, abs=4 * 0.02 / math.sqrt(len(gains)))
    assert gains.std().item() == pytest.approx(0.02, rel=4 / math.sqrt(2 * len(gains)))
    assert all((norm.bias == 0).all() for norm in norms)


@pytest.mark.parametrize("size", [4, 28, 32, 64])
def test_image_size_is_a_parameter(size):
    images = DCGANGenerator(8, size, width=4)(torch.randn(3, 8))
    assert images.shape == (3, 1, size, size)
    assert DCGANDiscriminator(size, width=4).eval()(images).shape == (3,)


@pytest.mark.parametrize("size", [0, 2, 27, 30, -4])
@pytest.mark.parametrize("network", [DCGANGenerator, DCGANDiscriminator])
def test_an_image_size_that_cannot_be_halved_twice(network, size):
    with pytest.raises(ValueError, match=f"multiple of 4, got {size}"):
        network(image_size=size)


@pytest.mark.parametrize(("generator", "shape"), GENERATORS)
def test_noise_of_another_shape(generator, shape):
    n = generator.latent_dim
    for wrong in ((5, n + 1), (n,), (5, n, 1, 1)):
        with pytest.raises(ValueError, match=rf"expected noise of shape \(B, {n}\), got \({wrong[0]},"):
            generator(torch.randn(wrong))


@pytest.mark.parametrize(("discriminator", "shape"), DISCRIMINATORS)
def test_images_of_another_shape(discriminator, shape):
    c, h, w = shape
    for wrong in ((5, c, h, w + 4), (5, c + 1, h, w), (5, c * h * w), shape):
        with pytest.raises(ValueError, match=rf"expected images of shape \(B, {c}, {h}, {w}\), got"):
            discriminator(torch.randn(wrong))


def test_noise_is_added_in_training_only():
    torch.manual_seed(0)
    noise, x = GaussianNoise(0.2), torch.full((200, 500), 3.0)
    added = noise(x) - x
    assert added.std().item() == pytest.approx(0.2, rel=0.01)
    assert abs(added.mean()) < 4 * 0.2 / math.sqrt(added.numel())
    assert torch.equal(noise.eval()(x), x)
    assert torch.equal(GaussianNoise(0.0)(x), x)


def test_a_discriminators_noise_is_on_its_input_in_training_only():
    discriminator = DCGANDiscriminator(width=4, noise=0.2)
    x = torch.randn(6, 1, 28, 28)
    assert discriminator(x).ne(discriminator(x)).any()
    discriminator.eval()
    assert torch.equal(discriminator(x), discriminator(x))


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
def test_dropout_silences_a_share_and_keeps_the_mean_in_training_only(p):
    torch.manual_seed(0)
    dropout, x = Dropout(p), torch.full((300, 400), 3.0)
    out = dropout(x)
    kept = out != 0
    assert (~kept).double().mean().item() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / out.numel()))
    torch.testing.assert_close(out[kept], x[kept] / (1 - p))
    assert torch.equal(dropout.eval()(x), x)


def test_dropout_passes_the_gradient_of_what_it_keeps():
    torch.manual_seed(0)
    x = torch.ones(50, requires_grad=True)
    out = Dropout(0.4)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())  # 1 / (1 - p) where kept, 0 elsewhere
    assert {0, 1} == set((x.grad > 0).int().tolist())


def test_minibatch_std_shows_a_discriminator_how_varied_its_batch_is():
    torch.manual_seed(0)
    network = MLP(2, 1, (16,), minibatch_std=True)
    varied = torch.randn(32, 2)
    collapsed = varied[:1].expand(32, 2)
    plain = network.last.weight[:, :-1] @ network.features(varied).T + network.last.bias[:, None]
    spread = network.features(varied).std(dim=0).mean()
    torch.testing.assert_close(network(varied), plain.T + network.last.weight[0, -1] * spread)
    assert network(collapsed)[0].ne(network(varied)[0])  # the same point, in another company
    network(collapsed).sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_without_minibatch_std_each_point_is_seen_alone():
    network, x = MLP(2, 3), torch.randn(8, 2)
    assert network(x).shape == (8, 3)
    torch.testing.assert_close(torch.cat([network(one[None]) for one in x]), network(x))
