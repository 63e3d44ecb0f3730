"""Dropout of the fully connected discriminator: the same law as PyTorch's own."""

import pytest
import torch

from gentutor.models.gan import Dropout


def test_in_training_a_number_is_dropped_or_scaled() -> None:
    torch.manual_seed(0)
    x = torch.rand(400, 1000) + 1
    y = Dropout(0.3)(x)
    kept = y != 0
    torch.testing.assert_close(y[kept], x[kept] / 0.7)
    share = 1 - kept.float().mean().item()
    assert share == pytest.approx(0.3, abs=5 * (0.3 * 0.7 / x.numel()) ** 0.5)  # five standard errors


def test_decisions_are_independent_of_position_and_neighbours() -> None:
    torch.manual_seed(1)
    dropped = (Dropout(0.3)(torch.ones(20_000, 8)) == 0).float()
    error = 5 * (0.3 * 0.7 / len(dropped)) ** 0.5
    assert (dropped.mean(dim=0) - 0.3).abs().max() < error
    correlation = torch.corrcoef(dropped.T) - torch.eye(8)
    assert correlation.abs().max() < 5 / len(dropped) ** 0.5


def test_the_gradient_passes_where_a_number_was_kept() -> None:
    torch.manual_seed(2)
    x = torch.ones(50, 50, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, y.detach())  # 0 or 2, the same mask


def test_evaluation_and_zero_probability_change_nothing() -> None:
    x = torch.randn(5, 7)
    assert Dropout(0.3).eval()(x) is x
    torch.testing.assert_close(Dropout(0.0)(x), x)


def test_a_seed_gives_the_same_mask() -> None:
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        masks.append(Dropout(0.3)(torch.ones(100)))
    torch.testing.assert_close(*masks, rtol=0, atol=0)


def test_a_probability_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="probability"):
        Dropout(1.5)
