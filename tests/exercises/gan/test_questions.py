"""The checks of the questions without code, and the facts behind them."""

import math

import numpy as np
import pytest
import torch

from gentutor.exercises import EXERCISES
from gentutor.objectives import adversarial

LOG_4, NEAR = "gan.optimal_value_prediction", "gan.loss_near_log_4"


@pytest.mark.parametrize(
    "answer",
    [math.log(4), 1.386, 1.39, torch.tensor(1.3863), np.float32(1.386), np.array([1.386]), lambda: 1.386],
)
def test_right_prediction(answer, accepts):
    accepts(LOG_4, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (0, "D = 1 on real"),
        (0.693, "One of the two terms"),
        (-1.386, "sign is turned"),
        (-0.693, "which is positive"),
        (1, "D and 1 - D add up to 1"),
        (0.5, "That is D itself"),
        (2.0, "in bits"),
        (lambda: 0.0, "D = 1 on real"),
        (7, "That is too large"),
        (float("nan"), "That is not a number"),
        ("1.386", "Leave out the quotation marks"),
        ("log 4", "Leave out the quotation marks"),
        (1.4, "give 2 decimals"),
        (True, "a bool"),
        (1.386j, "a complex"),
        ([1.386], "a list"),
        (torch.zeros(3), "a Tensor"),
        (lambda: None, "returns nothing"),
        (lambda x: 1.386, "takes (x), but it is called as f()"),
    ],
)
def test_wrong_prediction(answer, phrase, rejects):
    rejects(LOG_4, answer, phrase)


def test_the_prediction_is_the_loss_of_equal_densities():
    x = torch.randn(10_000)
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(x)
    logits = adversarial.optimal_discriminator_logits(log_p, log_p.clone())
    loss = adversarial.discriminator_loss(logits, logits).item()
    assert loss == pytest.approx(EXERCISES[LOG_4].judge.expected)


@pytest.mark.parametrize("answer", ["c", "C", "(c)", " c. ", lambda: "c"])
def test_right_choice(answer, accepts):
    accepts(NEAR, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        ("a", "too weak to see"),
        ("b", "no difference left"),
        ("d", "perfect generator has this loss"),
        ("e", "one of the letters a, b, c, d"),
        ("cc", "one of the letters"),
        (3, "your answer is 3"),
        (["c"], "one of the letters"),
    ],
)
def test_wrong_choice(answer, phrase, rejects):
    rejects(NEAR, answer, phrase)


def test_a_weak_discriminator_has_the_loss_log_4_however_far_apart_the_two_are():
    real, fake = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(100.0, 1.0)
    x, y = real.sample((1000,)), fake.sample((1000,))
    weak = adversarial.discriminator_loss(0 * x, 0 * y)
    best = adversarial.discriminator_loss(
        *(adversarial.optimal_discriminator_logits(real.log_prob(z), fake.log_prob(z)) for z in (x, y))
    )
    assert weak.item() == pytest.approx(math.log(4))
    assert best.item() == pytest.approx(0.0, abs=1e-6)
