"""Rescaled images: against moves that can be made by hand, and by their moments."""

import pytest
import torch

from gentutor.data import domain_images
from gentutor.evaluation.measures.translation import translation_metrics
from gentutor.models.cyclegan import Generators
from gentutor.models.rescale import Rescale, ink_moments, matched_rescale
from gentutor.recipes import CYCLEGAN_CHARACTERS


def paper(n: int = 1, side: int = 16) -> torch.Tensor:
    return -torch.ones(n, 1, side, side)


def blots(seed: int, n: int = 20, side: int = 32) -> torch.Tensor:
    """Smooth ink in the middle, each image with blots of its own."""
    x = torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(seed))
    keep = torch.zeros(side)
    keep[side // 4 : 3 * side // 4] = 1
    smooth = torch.nn.functional.avg_pool2d(x * keep[:, None] * keep, 5, stride=1, padding=2)
    return 2 * smooth - 1


def test_nothing_changes_without_scale_and_shift():
    x = blots(0)
    torch.testing.assert_close(Rescale(torch.ones(2), torch.zeros(2))(x), x)


def test_shift_by_whole_pixels():
    x = paper()
    x[0, 0, 5, 3] = 1
    right_and_up = Rescale(torch.ones(2), torch.tensor([2 * 4 / 16, -2 * 1 / 16]))
    expected = paper()
    expected[0, 0, 4, 7] = 1
    torch.testing.assert_close(right_and_up(x), expected)


def test_half_the_width():
    """Two pixels become one; the height stays."""
    x = paper()
    x[0, 0, 6, 4:8] = 1  # x from -1/2 to 0
    made = Rescale(torch.tensor([0.5, 1.0]), torch.zeros(2))(x)
    expected = paper()
    expected[0, 0, 6, 6:8] = 1  # x from -1/4 to 0
    torch.testing.assert_close(made, expected)


def test_what_comes_from_outside_is_paper():
    made = Rescale(torch.tensor([0.5, 0.5]), torch.zeros(2))(torch.ones(1, 1, 16, 16))
    assert made[0, 0, 0, 0] == -1 and made[0, 0, 8, 8] == 1
    assert (made > 0).sum() == 8 * 8


def test_moments_of_one_bar():
    x = paper(2)
    x[1, 0, 2:4, 4:10] = 1  # two rows, six columns; the other image is blank
    mean, spread = ink_moments(x)
    centres_x, centres_y = torch.arange(4, 10) + 0.5, torch.arange(2, 4) + 0.5
    expected = torch.stack([centres_x.mean(), centres_y.mean()]).double() / 8 - 1
    torch.testing.assert_close(mean, expected)
    expected = torch.stack([centres_x.std(correction=0), centres_y.std(correction=0)]).double() / 8
    torch.testing.assert_close(spread, expected)


def test_a_set_that_was_rescaled_is_found_again():
    """The oracle is the rescaling that made the target, from other images of the same kind."""
    true = Rescale(torch.tensor([0.8, 0.9]), torch.tensor([0.05, -0.1]))
    found = matched_rescale(blots(0, n=400), true(blots(1, n=400)))
    torch.testing.assert_close(found.scale, true.scale, atol=0.01, rtol=0)
    torch.testing.assert_close(found.shift, true.shift, atol=0.01, rtol=0)


def test_the_two_directions_undo_each_other():
    a, b = blots(0), Rescale(torch.tensor([0.7, 1.1]), torch.tensor([0.1, 0.0]))(blots(1))
    there, back = matched_rescale(a, b), matched_rescale(b, a)
    torch.testing.assert_close(back.scale * there.scale, torch.ones(2))
    torch.testing.assert_close(back.scale * there.shift + back.shift, torch.zeros(2), atol=1e-6, rtol=0)
    itself = matched_rescale(a, a)
    torch.testing.assert_close(itself.scale, torch.ones(2))
    torch.testing.assert_close(itself.shift, torch.zeros(2), atol=1e-7, rtol=0)


def test_print_is_made_as_small_as_brushwork():
    """Afterwards the moments of unseen print are those of unseen brushwork, and more of it is found."""
    printed, brush = (domain_images(domain, "train") for domain in ("printed", "brush"))
    model = Generators(matched_rescale(printed, brush), matched_rescale(brush, printed))
    a, b = CYCLEGAN_CHARACTERS.images("validation")
    for one, other in zip(ink_moments(model.G(a)), ink_moments(b), strict=True):
        torch.testing.assert_close(one, other, atol=0.02, rtol=0)
    assert (ink_moments(a)[1] - ink_moments(b)[1]).min() > 0.05
    found = translation_metrics(CYCLEGAN_CHARACTERS, model, "validation")
    assert found["retrieval_b"] > found["untranslated_b"]
    assert found["retrieval_a"] > found["untranslated_a"]


@pytest.mark.parametrize("images", [torch.zeros(3, 4, 4), torch.full((1, 1, 4, 4), 1.5)])
def test_no_images(images):
    with pytest.raises(ValueError, match=r"expected images of shape|must lie in \[-1, 1\]"):
        ink_moments(images)


def test_no_ink():
    with pytest.raises(ValueError, match="hold no ink"):
        ink_moments(paper())
    line = paper()
    line[0, 0, 3] = 1
    with pytest.raises(ValueError, match="single row or column"):
        matched_rescale(line, blots(0))


@pytest.mark.parametrize(
    ("scale", "shift"),
    [
        (torch.ones(1), torch.zeros(2)),
        (torch.ones(2), torch.zeros(3)),
        (torch.tensor([1.0, 0.0]), torch.zeros(2)),
    ],
)
def test_no_rescaling(scale, shift):
    with pytest.raises(ValueError, match="two positive scales and two shifts"):
        Rescale(scale, shift)
