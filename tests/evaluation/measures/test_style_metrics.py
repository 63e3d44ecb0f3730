"""Ink, slant, and how much of them outlives a change of label."""

import pytest
import torch

from gentutor import data
from gentutor.evaluation.measures.styles import ink, other_labels, slant, style_correlation
from gentutor.models.cvae import Turned
from gentutor.objectives import variational
from gentutor.recipes import pretrained
from gentutor.steps import binarize


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("lean", [-0.7, 0.0, 1.3])
def test_slant_is_that_of_a_sheared_blob(lean):
    """Ink at (i, a + lean · i + noise) leans by ``lean``, wherever it stands and however dark it is."""
    down, across = torch.meshgrid(torch.arange(40.0), torch.arange(120.0), indexing="ij")
    blob = torch.exp(-((across - 60 - lean * (down - 20)).square()) / 8 - (down - 20).square() / 60)
    both = torch.stack([blob, 0.2 * blob.roll(3, dims=1)])[:, None]
    torch.testing.assert_close(slant(both), torch.full((2,), lean), atol=1e-3, rtol=0)
    torch.testing.assert_close(ink(both)[1] / ink(both)[0], torch.tensor(0.2))


def test_slant_agrees_with_a_weighted_least_squares_line():
    image = torch.rand(1, 1, 9, 7, dtype=torch.float64)
    rows, columns = torch.meshgrid(torch.arange(9.0).double(), torch.arange(7.0).double(), indexing="ij")
    root = image.flatten().sqrt()
    design = torch.stack([rows.flatten(), torch.ones(63).double()], dim=1) * root[:, None]
    line = torch.linalg.lstsq(design, columns.flatten() * root).solution
    torch.testing.assert_close(slant(image)[0], line[0])


def test_other_labels_are_others_and_all_others():
    y = torch.full((90,), 4)
    other = other_labels(y)
    assert other.unique(return_counts=True)[1].tolist() == [10] * 9 and 4 not in other


def test_style_correlation_sees_styles_and_not_labels():
    own = torch.randint(10, (20_000,))
    other, style = other_labels(own), torch.randn(20_000)
    noise = torch.randn(20_000)
    assert style_correlation(style, 3 * style + 100 * other, own, other) == pytest.approx(1)
    assert style_correlation(style, -style, own, other) == pytest.approx(-1)
    assert style_correlation(style, style + noise, own, other) == pytest.approx(0.5**0.5, abs=0.01)
    by_label = own + 0.1 * style  # what differs is the label alone, on both sides
    pooled = torch.corrcoef(torch.stack([by_label, -other + 0.1 * noise]))[0, 1]
    assert abs(pooled) > 0.1 and abs(style_correlation(by_label, -other + 0.1 * noise, own, other)) < 0.02


def test_errors():
    one = torch.zeros(4)
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        style_correlation(one, one[:3], one.long(), one.long())
    with pytest.raises(ValueError, match="only 2 times"):
        style_correlation(
            torch.arange(5.0), torch.arange(5.0), torch.tensor([0, 0, 0, 1, 1]), torch.ones(5).long()
        )


def test_the_bound_of_the_stored_model_does_not_see_what_its_styles_have_in_common():
    """Turned by the label: the same bound to rounding, and nothing left of the hand in another digit."""
    cvae = pretrained("cvae-mnist")[0]
    images, y = data.mnist("test")
    x, y = binarize(data.to_unit(images[:3000]), torch.Generator().manual_seed(0)), y[:3000]
    other, turned = other_labels(y), Turned(cvae, generator=torch.Generator().manual_seed(0))
    bounds, kept = [], []
    noise = torch.randn(len(x), cvae.latent_dim)
    with torch.no_grad():
        for model, e in ((cvae, noise), (turned, turned.turn(noise, y))):
            mean, log_var = model.encode(x, y)
            z = mean + (log_var / 2).exp() * e
            bounds.append(variational.elbo(model.log_px_z(x, z, y), variational.gaussian_kl(mean, log_var)))
            drawn = model.decode(mean, other).sigmoid()
            kept.append([style_correlation(style(x), style(drawn), y, other) for style in (ink, slant)])
    torch.testing.assert_close(bounds[1], bounds[0], rtol=1e-5, atol=1e-4)
    assert min(kept[0]) > 0.85 and max(abs(value) for value in kept[1]) < 0.15
