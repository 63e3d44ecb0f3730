"""Losses on pairs: cross-entropies of differences, exact at extreme scores."""

import math

import pytest
import torch
import torch.nn.functional as F

from gentutor.objectives import adversarial as objective

BOTH = (objective.relativistic_discriminator_loss, objective.relativistic_generator_loss)


def scores(*shape: int, seed: int) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_they_are_cross_entropies_of_the_difference():
    real, fake = scores(5, 2, seed=0), scores(5, 2, seed=1)
    for loss, target in zip(BOTH, (1.0, 0.0), strict=True):
        expected = F.binary_cross_entropy_with_logits(real - fake, torch.full_like(real, target))
        torch.testing.assert_close(loss(real, fake), expected)


def test_what_both_scores_share_changes_nothing():
    real, fake = scores(7, seed=0), scores(7, seed=1)
    for loss in BOTH:
        torch.testing.assert_close(loss(real + 5, fake + 5), loss(real, fake))
        assert loss(real, real).item() == pytest.approx(math.log(2))


def test_the_two_differ_by_the_mean_difference_of_scores():
    """softplus(t) - softplus(-t) = t."""
    real, fake = scores(9, seed=0), scores(9, seed=1)
    d_loss, g_loss = (loss(real, fake) for loss in BOTH)
    torch.testing.assert_close(g_loss - d_loss, (real - fake).mean())


@pytest.mark.parametrize(("real", "fake"), [(100.0, -100.0), (-100.0, 100.0), (0.0, 0.0)])
def test_losses_and_gradients_are_exact_at_extreme_scores(real, fake):
    for loss, sign in zip(BOTH, (1, -1), strict=True):
        pair = [torch.tensor([value], requires_grad=True) for value in (real, fake)]
        value = loss(*pair)
        value.backward()
        difference = sign * (fake - real)
        assert value.item() == pytest.approx(max(difference, 0) if difference else math.log(2), abs=1e-6)
        slope = 1 / (1 + math.exp(-difference))
        assert pair[1].grad.item() == pytest.approx(sign * slope, abs=1e-6)
        assert pair[0].grad.item() == pytest.approx(-sign * slope, abs=1e-6)


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((3, 1), (3,)), ((0,), (0,))])
def test_scores_that_are_no_pairs_are_refused(shapes):
    for loss in BOTH:
        with pytest.raises(ValueError, match="real_scores|fake_scores"):
            loss(*(torch.zeros(shape) for shape in shapes))
        with pytest.raises(TypeError, match="real_scores must be a floating-point tensor"):
            loss(torch.tensor([1]), torch.tensor([1.0]))
