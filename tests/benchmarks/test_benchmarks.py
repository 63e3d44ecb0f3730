"""What the benchmarks compare is the same: other networks with the weights of ours give the same numbers."""

import pytest
import torch

from benchmarks import by_hand_cyclegan, tutorial_cyclegan
from benchmarks.cyclegan import RECIPE

PAIRS = {
    "generator, by hand": (RECIPE.model().G, by_hand_cyclegan.generator()),
    "discriminator, by hand": (RECIPE.discriminators().D_A, by_hand_cyclegan.discriminator()),
    "generator, tutorial": (
        RECIPE.model().G,
        tutorial_cyclegan.Generator(RECIPE.width, RECIPE.blocks, RECIPE.noise),
    ),
    "discriminator, tutorial": (RECIPE.discriminators().D_A, tutorial_cyclegan.Discriminator(RECIPE.width)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_cyclegans_networks_compute_the_same(name):
    ours, other = PAIRS[name]
    x = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        for mine, theirs in zip(ours.parameters(), other.parameters(), strict=True):
            theirs.copy_(mine)
        torch.manual_seed(0)  # of the noise on a generator's input
        expected = ours(x)
        torch.manual_seed(0)
        assert torch.allclose(other(x), expected, atol=1e-5)
        torch.manual_seed(1)
    assert expected.std() > 0.01


def test_a_pool_by_hand_hands_out_each_image_at_most_once_and_none_from_nowhere():
    pool, seen = by_hand_cyclegan.Pool(), []
    for step in range(20):
        fake = (torch.arange(8.0) + 8 * step).view(8, 1, 1, 1)
        shown = pool(fake).flatten().tolist()
        assert set(shown) <= set(range(8 * step + 8))
        seen += shown if step >= 7 else []
    old = [x for k in range(13) for x in seen[8 * k : 8 * k + 8] if x < 8 * (k + 7)]
    assert len(set(old)) == len(old) and 20 < len(old) < 84
