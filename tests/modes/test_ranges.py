"""Numbers outside of what a function means: one line says the range and what was seen."""

import numpy as np
import pytest
import torch

from gentutor import evaluation, steps
from gentutor.evaluation.measures import styles
from gentutor.models.cyclegan import Generators, ResnetGenerator
from gentutor.models.rescale import ink_moments
from gentutor.models.sampling import translate
from gentutor.models.vae import mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.recipes import start_at_pixel_means
from gentutor.showing.plotting import image_grid, player
from gentutor.showing.samples import png, tile, translations
from tests.modes.modes import rand

UNIT, HALF, GLYPHS = rand(4, 1, 28, 28), rand(4, 1, 14, 28), 2 * rand(4, 1, 32, 32) - 1
LABELS = torch.arange(4) % 2
OUTSIDE = {
    "0 to 255": lambda unit: 255 * unit.round(),
    "-1 to 1": lambda unit: 2 * unit.round() - 1,
    "nan": lambda unit: torch.where(unit > 0.5, torch.nan, unit),
}


def generators():
    return Generators(*[ResnetGenerator(width=2, blocks=1, kernel=3) for _ in "GF"])


def vae():
    return mlp_vae(bernoulli_log_prob, 2, (3,))


def adam(network):
    return torch.optim.Adam(network.parameters())


def step(function, unit):
    network = vae()
    return function((unit,), network, adam(network))


IN_UNIT = {  # functions of images in [0, 1]
    "tile": tile,
    "image_grid": image_grid,
    "binarize": steps.binarize,
    "vae_step": lambda unit: step(steps.vae_step, unit),
    "bernoulli_log_prob": lambda unit: bernoulli_log_prob(torch.zeros_like(unit), unit),
    "log_likelihood": lambda unit: evaluation.log_likelihood(vae(), unit, 2, 9),
    "start_at_pixel_means": lambda unit: start_at_pixel_means(vae(), unit),
    "digit_features": evaluation.digit_features,
    "digit_logits": evaluation.digit_logits,
    "class_metrics": lambda unit: evaluation.class_metrics(unit, LABELS, UNIT, LABELS),
    "class_metrics of data": lambda unit: evaluation.class_metrics(UNIT, LABELS, unit, LABELS),
    "completion_metrics": lambda unit: evaluation.completion_metrics(
        torch.stack([HALF, unit[:, :, :14]]), HALF, HALF, LABELS
    ),
    "completion_metrics of hidden halves": lambda unit: evaluation.completion_metrics(
        HALF[None], unit[:, :, :14], HALF, LABELS
    ),
}


@pytest.mark.parametrize("seen", OUTSIDE)
@pytest.mark.parametrize("function", IN_UNIT.values(), ids=IN_UNIT.keys())
def test_images_outside_of_0_to_1(function, seen):
    with pytest.raises(ValueError, match=rf"must lie in \[0, 1\], got {seen}$|not finite$") as caught:
        function(OUTSIDE[seen](UNIT))
    assert "\n" not in str(caught.value)
    function(UNIT)


IN_SIGNED = {
    "translate": lambda images: translate(generators().G, images),
    "translations": lambda images: translations(generators(), images, GLYPHS, 2),
    "translations of B": lambda images: translations(generators(), GLYPHS, images, 2),
    "ink_moments": ink_moments,
    "glyph_features": lambda images: evaluation.glyph_features("brush", images),
}


@pytest.mark.parametrize("seen", ["0 to 255", "nan"])
@pytest.mark.parametrize("function", IN_SIGNED.values(), ids=IN_SIGNED.keys())
def test_images_outside_of_minus_1_to_1(function, seen):
    with pytest.raises(ValueError, match=rf"must lie in \[-1, 1\], got {seen}$"):
        function(OUTSIDE[seen](GLYPHS / 2 + 0.5))
    with pytest.raises(TypeError, match="must be a floating-point tensor, got torch.uint8"):
        function(torch.zeros(4, 1, 32, 32, dtype=torch.uint8))
    function(GLYPHS)


def test_noise_on_images_to_translate_and_rounding_are_no_error():
    translate(generators().G, GLYPHS + 0.5 * torch.randn(GLYPHS.shape))
    assert tile(torch.tensor([[[[1.0005, -0.0005]]]])).tolist() == [[255, 0]]
    steps.binarize(torch.tensor([1 + 1e-6, -1e-6]))


@pytest.mark.parametrize("picture", [rand(4, 4).numpy(), np.full((4, 4), 255), np.zeros((4, 4), bool)])
def test_pictures_that_are_not_uint8(picture):
    with pytest.raises(TypeError, match=f"must be uint8, 0 to 255, got .*{picture.dtype}"):
        png(picture)
    with pytest.raises(TypeError, match=f"must be uint8, 0 to 255, got .*{picture.dtype}"):
        player([picture], ["one"], "a square")


NAN = torch.tensor([[0.0, 1.0], [torch.nan, 2.0], [1.0, 1.0]])
NOT_FINITE = {
    "active_units": lambda: evaluation.active_units(NAN),
    "latent_information": lambda: evaluation.latent_information(NAN, torch.zeros(3, 2)),
    "within_class_variance": lambda: evaluation.within_class_variance(NAN, torch.zeros(3, dtype=torch.int64)),
    "style_correlation": lambda: styles.style_correlation(NAN[:, 0], NAN[:, 1], *2 * [torch.zeros(3).long()]),
    "monte_carlo": lambda: evaluation.monte_carlo(NAN[:, 0]),
    "mode_hits": lambda: evaluation.mode_hits(NAN, torch.zeros(1, 2), 1.0),
    "retrieval_ranks": lambda: evaluation.retrieval_ranks(NAN, NAN),
    "nearest_neighbours": lambda: evaluation.nearest_neighbours(NAN, NAN),
}


@pytest.mark.parametrize("function", NOT_FINITE.values(), ids=NOT_FINITE.keys())
def test_numbers_that_are_not_finite(function):
    with pytest.raises(ValueError, match="not finite|are not"):
        function()


def test_the_other_ranges():
    with pytest.raises(ValueError, match="log_w holds nan"):
        evaluation.effective_sample_size(NAN)
    with pytest.raises(ValueError, match=r"seen must lie in \[0, 2\], got 0 to 3"):
        evaluation.confusion(torch.tensor([0, 1]), torch.tensor([0, 3]), classes=3)
    with pytest.raises(ValueError, match="images must be at least 0, got -1"):
        styles.slant(2 * UNIT.round() - 1)
    with pytest.raises(ValueError, match="images must be at least 0, got nan"):
        styles.slant(OUTSIDE["nan"](UNIT))
    with pytest.raises(ValueError, match="ink in fewer than two rows"):
        styles.slant(torch.zeros(1, 1, 4, 4))


def test_a_range_is_not_looked_at_within_vmap():
    logits, x = torch.randn(5, 1, 3), rand(5, 1, 3).round()
    found = torch.vmap(bernoulli_log_prob)(logits, x)
    torch.testing.assert_close(found[:, 0], bernoulli_log_prob(logits[:, 0], x[:, 0]))
