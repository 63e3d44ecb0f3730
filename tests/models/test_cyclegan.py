"""Translation networks: shapes and sizes, what a score sees by gradients, and parts against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor.models.cyclegan import (
    Discriminators,
    Generators,
    PatchDiscriminator,
    ResnetGenerator,
    UNetGenerator,
    receptive_field,
)
from gentutor.models.layers import InstanceNorm, UpsampleConv

GENERATORS = [
    (ResnetGenerator(), 1, 1),
    (ResnetGenerator(3, 1, width=4, blocks=1, kernel=3), 3, 1),
    (ResnetGenerator(1, 3, width=4, blocks=0, transposed=True), 1, 3),
    (UNetGenerator(), 1, 1),
    (UNetGenerator(3, 1, width=4), 3, 1),
]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("size", [(16, 16), (32, 32), (20, 36)])
@pytest.mark.parametrize(("generator", "channels_in", "channels_out"), GENERATORS)
def test_generators_keep_the_size_and_give_images_between_minus_1_and_1(
    generator, channels_in, channels_out, size
):
    images = generator(torch.randn(2, channels_in, *size))
    assert images.shape == (2, channels_out, *size)
    assert images.min() >= -1 and images.max() <= 1
    assert images[0].ne(images[1]).any()


@pytest.mark.parametrize(("generator", "channels", "_"), GENERATORS)
def test_a_batch_is_translated_image_by_image(generator, channels, _):
    """Instance normalisation knows no batch: alone or together, an image has the same translation."""
    images = torch.rand(3, channels, 16, 16) * 2 - 1
    alone = torch.cat([generator(image[None]) for image in images])
    torch.testing.assert_close(generator(images), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("generator", "channels", "_"), GENERATORS)
def test_every_parameter_gets_a_gradient(generator, channels, _):
    weights = torch.randn(2, generator(torch.zeros(2, channels, 16, 16)).shape[1], 16, 16)
    generator.zero_grad()
    (generator(torch.randn(2, channels, 16, 16)) * weights).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.parameters())


@pytest.mark.parametrize("shape", [(2, 1, 30, 32), (2, 1, 12, 12), (2, 3, 32, 32), (1, 32, 32)])
def test_images_that_do_not_fit_a_generator(shape):
    for generator in (ResnetGenerator(), UNetGenerator()):
        with pytest.raises(ValueError, match=r"\(B, 1, H, W\), H and W at least 16 and multiples of 4, got"):
            generator(torch.zeros(shape))


def test_an_even_kernel_would_not_keep_the_size():
    with pytest.raises(ValueError, match="kernel must be odd, got 4"):
        ResnetGenerator(kernel=4)


def test_numbers_of_parameters():
    w = 16
    edges = [49 * w, w * 49 + 1]
    down, up = [9 * w * 2 * w, 9 * 2 * w * 4 * w], [9 * 4 * w * 2 * w, 9 * 2 * w * w]
    assert count(ResnetGenerator(blocks=3)) == sum(edges + down + up) + 3 * 2 * 9 * (4 * w) ** 2
    assert count(ResnetGenerator(transposed=True)) == count(ResnetGenerator())
    layers = [16 * w + w, 16 * w * 2 * w, 16 * 2 * w * 4 * w, 16 * 4 * w + 1]
    assert count(PatchDiscriminator(layers=2)) == sum(layers)
    published = [16 * 3 * 64 + 64, 16 * 64 * 128, 16 * 128 * 256, 16 * 256 * 512, 16 * 512 + 1]
    assert count(PatchDiscriminator(3, 64, 3)) == sum(published)


def test_without_its_blocks_the_last_residual_generator_is_nearly_a_skip():
    """A residual block adds to what comes in; with weights of 0 it changes nothing."""
    generator = ResnetGenerator(blocks=2)
    x = torch.randn(1, 1, 16, 16)
    without = ResnetGenerator(blocks=0)
    kept = {k: v for k, v in generator.state_dict().items() if ".net." not in k.removeprefix("net.")}
    without.load_state_dict(dict(zip(without.state_dict(), kept.values(), strict=True)))
    for name, parameter in generator.named_parameters():
        if ".net." in name.removeprefix("net."):
            nn.init.zeros_(parameter)
    torch.testing.assert_close(generator(x), without(x))


def test_the_unet_sees_fine_detail_past_its_bottleneck():
    """Cut off the quarter-size maps: a single pixel still reaches the output, through the skips."""
    unet = UNetGenerator()
    for parameter in unet.quarter_size.parameters():
        nn.init.zeros_(parameter)
    x = torch.zeros(1, 1, 32, 32)
    y = x.clone()
    y[0, 0, 16, 16] = 1
    assert (unet(y) - unet(x)).abs().max() > 1e-4


def test_noise_is_added_in_training_only():
    generator, x = ResnetGenerator(width=2, blocks=0, noise=0.1), torch.randn(1, 1, 16, 16)
    assert not torch.equal(generator(x), generator(x))
    assert torch.equal(generator.eval()(x), generator(x))
    silent = ResnetGenerator(width=2, blocks=0)
    state = torch.get_rng_state()
    silent(x)
    assert torch.equal(torch.get_rng_state(), state)  # without noise no random number is drawn


def test_instance_norm_against_pytorchs():
    x = torch.randn(3, 5, 8, 6, dtype=torch.float64) * 3 + 7
    torch.testing.assert_close(InstanceNorm(5)(x), nn.InstanceNorm2d(5)(x))
    assert list(InstanceNorm(5).parameters()) == []


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3)])
def test_doubling_in_one_go_is_nearest_neighbours_and_a_convolution(size):
    up = UpsampleConv(3, 2).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    plain = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), up.weight, padding=1)
    torch.testing.assert_close(up(x), plain)
    weights = torch.randn_like(plain)
    got = torch.autograd.grad((up(x) * weights).sum(), (x, up.weight))
    expected = torch.autograd.grad((plain * weights).sum(), (x, up.weight))
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize(("transposed", "steps"), [(True, {1, 2, 4}), (False, {9})])
def test_the_transposed_convolution_draws_a_checkerboard_and_the_other_does_not(transposed, steps):
    """Constant maps and constant weights: each output adds up the taps that reach it."""
    generator = ResnetGenerator(width=1, blocks=0, transposed=transposed)
    doubling = next(m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d | UpsampleConv))
    nn.init.ones_(doubling.weight)
    out = doubling(torch.ones(1, doubling.in_channels, 8, 8))[0, 0] / doubling.in_channels
    assert set(out[2:-2, 2:-2].unique().tolist()) == steps


@pytest.mark.parametrize(("layers", "size", "map_size"), [(1, 16, 6), (2, 32, 6), (2, 16, 2), (3, 256, 30)])
def test_a_map_of_scores(layers, size, map_size):
    scores = PatchDiscriminator(width=4, layers=layers)(torch.randn(2, 1, size, size))
    assert scores.shape == (2, 1, map_size, map_size)


def test_the_smallest_image_that_has_a_score():
    for layers in (1, 2, 3):
        discriminator = PatchDiscriminator(width=2, layers=layers)
        assert discriminator(torch.randn(1, 1, *[3 * 2**layers] * 2)).numel() == 1
        with pytest.raises(ValueError, match=rf"H and W at least {3 * 2**layers}, got"):
            discriminator(torch.randn(1, 1, 64, 3 * 2**layers - 1))
    with pytest.raises(ValueError, match=r"\(B, 1, H, W\)"):
        PatchDiscriminator()(torch.zeros(2, 3, 32, 32))
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        PatchDiscriminator(layers=0)


def without_norm(model: nn.Module) -> nn.Module:
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, InstanceNorm):
                setattr(module, name, nn.Identity())
    return model


def seen_by_the_middle(model: nn.Module, size: int) -> torch.Tensor:
    """Whether each pixel has a gradient in the score in the middle of the map."""
    x = torch.randn(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    scores = model.double()(x)
    middle = scores.shape[2] // 2
    return torch.autograd.grad(scores[0, 0, middle, middle], x)[0][0, 0] != 0


CHAINS = [
    (PatchDiscriminator(width=2, layers=1), 16),
    (PatchDiscriminator(width=2, layers=2), 34),
    (PatchDiscriminator(width=2, layers=3), 70),
    (nn.Sequential(nn.Conv2d(1, 2, 3, dilation=4), nn.Conv2d(2, 1, 5, stride=3)), 13),
    (nn.Sequential(nn.AvgPool2d(3, stride=2), nn.Conv2d(1, 1, 3), nn.AvgPool2d(2), nn.Conv2d(1, 1, 2)), 13),
    (nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(1, 1, 1)), 2),
]


@pytest.mark.equation("eq-receptive-field")
@pytest.mark.parametrize(("model", "expected"), CHAINS)
def test_the_receptive_field_is_the_square_that_has_a_gradient(model, expected):
    assert receptive_field(model) == expected
    if any(isinstance(layer, nn.MaxPool2d) for layer in model.modules()):
        return  # of four pixels only the largest has a gradient
    seen = seen_by_the_middle(without_norm(model), 192)
    rows, columns = seen.any(dim=1).nonzero()[:, 0], seen.any(dim=0).nonzero()[:, 0]
    assert rows[-1] - rows[0] + 1 == columns[-1] - columns[0] + 1 == expected
    assert seen.sum() == expected**2


def test_instance_normalisation_shows_a_score_the_whole_image():
    discriminator = PatchDiscriminator(width=2, layers=1)
    assert receptive_field(discriminator) == 16
    assert seen_by_the_middle(discriminator, 64).float().mean() > 0.9


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear(2, 2), "expected a model with convolutions, got Linear without any"),
        (nn.Conv2d(1, 1, (3, 5)), "expected the same size in both directions, got Conv2d"),
        (nn.Conv2d(1, 1, 3, stride=(1, 2)), "expected the same size in both directions"),
        (ResnetGenerator(), "that do not upsample, got UpsampleConv"),
        (ResnetGenerator(transposed=True), "that do not upsample, got ConvTranspose2d"),
        (nn.Upsample(scale_factor=2), "that do not upsample, got Upsample"),
    ],
)
def test_models_without_a_receptive_field(model, message):
    with pytest.raises(ValueError, match=message):
        receptive_field(model)


def test_both_directions_are_saved_with_the_pools():
    def judges() -> Discriminators:
        return Discriminators(PatchDiscriminator(width=2), PatchDiscriminator(width=2), pool_capacity=4)

    first, second = judges(), judges()
    first.pool_A(torch.randn(3, 1, 16, 16))
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.pool_A.images, first.pool_A.images) and second.pool_A.count == 3
    assert second.pool_B.count == 0
    assert sum(p.numel() for p in judges().parameters()) == 2 * count(PatchDiscriminator(width=2))
    names = set(Generators(ResnetGenerator(), UNetGenerator()).state_dict())
    assert any(name.startswith("G.net") for name in names) and any(
        name.startswith("F.full") for name in names
    )
