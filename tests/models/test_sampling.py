import numpy as np
import pytest
import torch
from torch import nn

from gentutor.models.conditional import OneHot, label_generator
from gentutor.models.cvae import CVAE, mlp_cvae
from gentutor.models.gan import DCGANGenerator, MLPGenerator
from gentutor.models.sampling import evaluating, sample_images
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.showing.samples import from_png, png, tile


@pytest.fixture(params=[MLPGenerator, DCGANGenerator])
def generator(request) -> nn.Module:
    torch.manual_seed(0)
    return request.param()


def test_samples_are_the_generators_images_in_unit_range(generator):
    z = torch.randn(5, generator.latent_dim, generator=torch.Generator().manual_seed(3))
    with evaluating(generator), torch.no_grad():
        expected = (generator(z) + 1) / 2
    images = sample_images(generator, 5, seed=3)
    assert images.shape == (5, 1, 28, 28) and not images.requires_grad
    assert torch.equal(images, expected)
    assert images.min() >= 0 and images.max() <= 1


def test_the_seed_gives_the_images_and_the_chunk_does_not(generator):
    images = sample_images(generator, 7, seed=1)
    assert torch.equal(images, sample_images(generator, 7, seed=1))
    assert not torch.equal(images, sample_images(generator, 7, seed=2))
    for chunk in (1, 3, 7, 100):
        assert torch.allclose(images, sample_images(generator, 7, seed=1, chunk=chunk), atol=1e-6)


def test_sampling_leaves_the_model_and_the_random_numbers_alone(generator):
    generator.train()
    generator.net[0].eval()  # a mixture of modes stays one
    modes = [module.training for module in generator.modules()]
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    random = torch.get_rng_state()
    sample_images(generator, 4)
    assert [module.training for module in generator.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_modes_come_back_after_an_error(generator):
    generator.train()
    with pytest.raises(RuntimeError, match="inside"), evaluating(generator):
        assert not generator.training
        raise RuntimeError("inside")
    assert all(module.training for module in generator.modules())


@pytest.mark.parametrize("n", [0, -1])
def test_counts_must_be_positive(generator, n):
    with pytest.raises(ValueError, match=f"at least 1, got {n}"):
        sample_images(generator, n)
    with pytest.raises(ValueError, match=f"at least 1, got 4 and {n}"):
        sample_images(generator, 4, chunk=n)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("gap", [0, 2])
def test_tile_puts_every_image_in_its_place(channels, gap):
    images = torch.rand(5, channels, 4, 6)
    picture = tile(images, columns=3, gap=gap)
    assert picture.dtype == np.uint8
    assert picture.shape == (8 + gap, 18 + 2 * gap) + ((3,) if channels == 3 else ())
    for i, image in enumerate(images):
        row, column = divmod(i, 3)
        top, left = row * (4 + gap), column * (6 + gap)
        cell = picture[top : top + 4, left : left + 6].reshape(4, 6, channels)
        assert np.array_equal(cell, (image * 255).round().byte().permute(1, 2, 0).numpy())
    assert (picture[-4:, -6:] == 255).all()  # the sixth is missing
    assert (picture[4 : 4 + gap] == 255).all()


def test_fewer_images_than_columns_make_one_row():
    assert tile(torch.zeros(3, 1, 2, 2), columns=8).shape == (2, 6)


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (2, 4, 4), (2, 2, 4, 4)])
def test_tile_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"expected images of shape \(N, 1 or 3, H, W\), got"):
        tile(torch.zeros(shape))


@pytest.mark.parametrize("options", [{"columns": 0}, {"gap": -1}])
def test_tile_refuses_other_layouts(options):
    with pytest.raises(ValueError, match="expected columns >= 1 and gap >= 0"):
        tile(torch.zeros(1, 1, 2, 2), **options)


def test_png_is_lossless():
    for shape in [(5, 7), (5, 7, 3)]:
        picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        assert np.array_equal(from_png(png(picture)), picture)


@pytest.fixture(params=["gan", "vae"])
def conditional(request) -> nn.Module:
    torch.manual_seed(0)
    if request.param == "gan":
        return label_generator(OneHot(10), latent_dim=8, width=4)
    return mlp_cvae(bernoulli_log_prob, OneHot(10), 8, (7,))


def test_a_conditional_models_images_are_asked_for_in_turn_or_by_condition(conditional):
    z = torch.randn(13, 8, generator=torch.Generator().manual_seed(3))

    def expected(labels: torch.Tensor) -> torch.Tensor:
        with evaluating(conditional), torch.no_grad():
            if isinstance(conditional, CVAE):
                return conditional.decode(z, labels).sigmoid()
            return (conditional(z, labels) + 1) / 2

    in_turn = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
    asked = torch.tensor([7] * 12 + [3])
    images = sample_images(conditional, 13, seed=3)
    assert images.shape == (13, 1, 28, 28) and not images.requires_grad
    torch.testing.assert_close(images, expected(in_turn))
    for chunk in (5, 1000):
        seen = sample_images(conditional, 13, seed=3, chunk=chunk, condition=asked)
        torch.testing.assert_close(seen, expected(asked))


def test_conditions_that_do_not_fit(conditional, generator):
    with pytest.raises(ValueError, match="expected 4 conditions, one for each image, got 3"):
        sample_images(conditional, 4, condition=torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="must lie in 0 to 9"):
        sample_images(conditional, 1, condition=torch.tensor([10]))
    with pytest.raises(ValueError, match=f"{type(generator).__name__} takes no condition, got one"):
        sample_images(generator, 1, condition=torch.tensor([0]))
