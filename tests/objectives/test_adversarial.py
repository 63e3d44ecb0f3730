"""The logit losses against binary cross-entropy, closed forms and exact gradients at extreme logits."""

import math

import pytest
import torch
import torch.nn.functional as F

from gentutor.objectives import adversarial as objective

LOSSES_OF_BOTH = [
    objective.minimax_value,
    objective.discriminator_loss,
    objective.smoothed_discriminator_loss,
    objective.least_squares_discriminator_loss,
    objective.hinge_discriminator_loss,
    objective.critic_loss,
]
LOSSES_OF_FAKE = [
    objective.generator_loss,
    objective.saturating_generator_loss,
    objective.least_squares_generator_loss,
    objective.critic_generator_loss,
]


def random_logits(*shape: int, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradient(loss: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, logits)[0]


@pytest.mark.equation("eq-discriminator-loss")
def test_discriminator_loss_is_binary_cross_entropy_of_each_batch():
    real, fake = random_logits(7), random_logits(11, seed=1)
    bce = F.binary_cross_entropy_with_logits
    expected = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    torch.testing.assert_close(objective.discriminator_loss(real, fake), expected, rtol=1e-14, atol=0)


@pytest.mark.equation("eq-minimax-value")
def test_minimax_value_from_probabilities():
    real, fake = random_logits(7), random_logits(11, seed=1)
    expected = torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean()
    torch.testing.assert_close(objective.minimax_value(real, fake), expected)
    torch.testing.assert_close(objective.discriminator_loss(real, fake), -expected)


@pytest.mark.equation("eq-generator-loss")
def test_generator_loss_is_cross_entropy_with_the_label_real():
    fake = random_logits(11)
    expected = F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
    torch.testing.assert_close(objective.generator_loss(fake), expected, rtol=1e-14, atol=0)


@pytest.mark.equation("eq-saturating-generator-loss")
def test_saturating_loss_is_minus_cross_entropy_with_the_label_fake():
    fake = random_logits(11)
    expected = -F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    torch.testing.assert_close(objective.saturating_generator_loss(fake), expected, rtol=1e-14, atol=0)


@pytest.mark.equation("eq-saturating-generator-loss")
def test_saturating_loss_is_the_part_of_the_game_that_the_generator_can_change():
    real, fake = random_logits(7), random_logits(11, seed=1).requires_grad_()
    of_game = gradient(objective.minimax_value(real, fake), fake)
    of_generator = gradient(objective.saturating_generator_loss(fake), fake)
    torch.testing.assert_close(of_generator, of_game)


@pytest.mark.equation("eq-smoothed-discriminator-loss")
@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (0.9, 0.0), (0.9, 0.1), (0.25, 1.0)])
def test_smoothed_loss_is_cross_entropy_with_soft_labels(a, b):
    real, fake = random_logits(7), random_logits(11, seed=1)
    bce = F.binary_cross_entropy_with_logits
    expected = bce(real, torch.full_like(real, a)) + bce(fake, torch.full_like(fake, b))
    torch.testing.assert_close(objective.smoothed_discriminator_loss(real, fake, a, b), expected)


def test_smoothed_loss_with_hard_labels_is_the_discriminator_loss():
    real, fake = random_logits(7), random_logits(11, seed=1)
    assert objective.smoothed_discriminator_loss(real, fake, 1.0, 0.0) == objective.discriminator_loss(
        real, fake
    )


@pytest.mark.equation("eq-minimax-value")
@pytest.mark.equation("eq-discriminator-loss")
@pytest.mark.equation("eq-generator-loss")
@pytest.mark.equation("eq-saturating-generator-loss")
def test_values_of_an_undecided_discriminator():
    real, fake = torch.zeros(3, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
    assert objective.minimax_value(real, fake).item() == pytest.approx(-math.log(4), rel=1e-15)
    assert objective.discriminator_loss(real, fake).item() == pytest.approx(math.log(4), rel=1e-15)
    assert objective.generator_loss(fake).item() == pytest.approx(math.log(2), rel=1e-15)
    assert objective.saturating_generator_loss(fake).item() == pytest.approx(-math.log(2), rel=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-100.0, -40.0, 0.0, 40.0, 100.0])
def test_values_and_gradients_at_extreme_logits(logit, dtype):
    """d softplus(x) / dx = sigmoid(x), written so that neither tail is rounded to 0 or 1."""
    rel = 4 * torch.finfo(dtype).eps
    # at -100 sigmoid is 3.7e-44: below float32's normal range, so that only a few digits are left
    tiny = torch.finfo(dtype).tiny
    up, down = 1 / (1 + math.exp(-logit)), 1 / (1 + math.exp(logit))  # D and 1 - D
    real = torch.tensor([logit], dtype=dtype, requires_grad=True)
    fake = torch.tensor([logit], dtype=dtype, requires_grad=True)

    loss = objective.discriminator_loss(real, fake)
    assert loss.item() == pytest.approx(abs(logit) + 2 * math.log1p(math.exp(-abs(logit))), rel=rel)
    assert gradient(objective.discriminator_loss(real, fake), real).item() == pytest.approx(
        -down, rel=rel, abs=tiny
    )
    assert gradient(loss, fake).item() == pytest.approx(up, rel=rel, abs=tiny)
    assert gradient(objective.generator_loss(fake), fake).item() == pytest.approx(-down, rel=rel, abs=tiny)
    assert gradient(objective.saturating_generator_loss(fake), fake).item() == pytest.approx(
        -up, rel=rel, abs=tiny
    )


def test_where_the_discriminator_wins_only_the_non_saturating_loss_pulls():
    fake = torch.tensor([math.log(0.01 / 0.99)], dtype=torch.float64, requires_grad=True)  # D = 0.01
    assert gradient(objective.generator_loss(fake), fake).item() == pytest.approx(-0.99)
    assert gradient(objective.saturating_generator_loss(fake), fake).item() == pytest.approx(-0.01)


@pytest.mark.parametrize("loss", LOSSES_OF_BOTH)
def test_each_expectation_is_the_mean_of_its_own_argument(loss):
    real, fake = random_logits(6), random_logits(4, seed=1)
    value = loss(real, fake)
    assert value.shape == ()
    torch.testing.assert_close(loss(real.repeat(3), fake), value)
    torch.testing.assert_close(loss(real, fake.repeat(5)), value)
    torch.testing.assert_close(loss(real.view(2, 3), fake.view(4, 1, 1)), value)
    assert loss(real[:1], fake).shape == loss(real[0], fake[0]).shape == ()


@pytest.mark.parametrize("loss", LOSSES_OF_FAKE)
def test_a_generator_loss_is_a_mean_whatever_the_shape(loss):
    fake = random_logits(12)
    value = loss(fake)
    assert value.shape == ()
    torch.testing.assert_close(loss(fake.view(3, 4, 1)), value)
    torch.testing.assert_close(torch.stack([loss(one) for one in fake]).mean(), value)


@pytest.mark.parametrize("loss", LOSSES_OF_BOTH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_of_numbers_is_kept(loss, dtype):
    assert loss(torch.zeros(2, dtype=dtype), torch.zeros(2, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("loss", LOSSES_OF_BOTH)
def test_bad_arguments_of_both(loss):
    good = torch.zeros(3)
    with pytest.raises(ValueError, match=r"real_\w+ is empty: its shape is \(0, 1\)"):
        loss(torch.zeros(0, 1), good)
    with pytest.raises(ValueError, match=r"fake_\w+ is empty"):
        loss(good, torch.zeros(0))
    with pytest.raises(TypeError, match=r"real_\w+ must be a floating-point tensor, got torch.int64"):
        loss(torch.ones(3, dtype=torch.int64), good)
    with pytest.raises(TypeError, match=r"fake_\w+ must be a tensor, got float"):
        loss(good, 0.5)


@pytest.mark.parametrize("loss", LOSSES_OF_FAKE)
def test_bad_arguments_of_a_generator_loss(loss):
    with pytest.raises(ValueError, match="empty"):
        loss(torch.zeros(0))
    with pytest.raises(TypeError, match="torch.bool"):
        loss(torch.ones(3, dtype=torch.bool))


@pytest.mark.parametrize(("a", "b", "name"), [(1.1, 0.0, "real_target"), (0.9, -0.1, "fake_target")])
def test_a_soft_label_outside_0_to_1(a, b, name):
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\]"):
        objective.smoothed_discriminator_loss(torch.zeros(2), torch.zeros(2), a, b)
