"""The checks of the questions without code, and the facts behind them."""

import math

import pytest
import torch
import torch.nn.functional as F

from gentutor.classical import minimize
from gentutor.exercises import EXERCISES
from gentutor.objectives.divergences import kl_divergence, total_variation

BASE, SEEKING, SMALL, BUG, TV = (
    f"generative.{name}"
    for name in ("base_rate", "mode_seeking", "small_data", "spot_the_bug", "total_variation")
)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (BASE, 1 / 6),
        (BASE, 0.167),
        (BASE, 0.17),
        (BASE, 0.16),
        (BASE, 99 / (99 + 495)),
        (BASE, lambda: torch.tensor(0.1667)),
        (SEEKING, "b"),
        (SEEKING, "(B)"),
        (SEEKING, lambda: "b"),
        (SMALL, "a"),
        (SMALL, "A"),
        (SMALL, "a."),
        (BUG, "b"),
        (BUG, "B"),
        (BUG, "(b)"),
        (TV, 0.683),
        (TV, 0.682),
        (TV, lambda: 1 - 2 * torch.special.ndtr(torch.tensor(-1.0))),
    ],
)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (BASE, 0.99, "p(flagged | no digit)"),
        (BASE, 0.95, "p(not flagged | digit)"),
        (BASE, 0.05, "p(flagged | digit)"),
        (BASE, 0.0099, "divide it by p(flagged)"),
        (BASE, 0.01, "divide it by p(flagged)"),
        (BASE, 0.0594, "That is p(flagged)"),
        (BASE, 0.833, "p(digit | flagged)"),
        (BASE, 0.2, "odds"),
        (BASE, 0.952, "The prior is forgotten"),
        (BASE, 16.667, "between 0 and 1"),
        (BASE, 16.67, "between 0 and 1"),
        (BASE, 16.7, "between 0 and 1"),
        (BASE, 17, "between 0 and 1"),
        (BASE, 0.5, "That is too large.\nYou answered 0.5."),
        (BASE, 0.1, "That is too small.\nYou answered 0.1."),
        (BASE, math.nan, "That is not a number.\nYou answered nan."),
        (BASE, "1/6", "Leave out the quotation marks"),
        (SEEKING, "a", "KL(q ‖ p) say to that"),
        (SEEKING, "c", "the other way round"),
        (SEEKING, "d", "KL(p ‖ q) say to that"),
        (SEEKING, "x", "one of the letters a, b, c, d"),
        (SMALL, "b", "outvotes many"),
        (SMALL, "c", "shift the boundary"),
        (SMALL, "d", "fits the noise"),
        (SMALL, 1, "one of the letters"),
        (BUG, "a", "has the probability θ"),
        (BUG, "c", "as long as the likelihood is not 0"),
        (BUG, "d", "what does argmax return"),
        (BUG, "e", "one of the letters"),
        (TV, 0.159, "That is the error"),
        (TV, 0.317, "the overlap"),
        (TV, 0.341, "half of it"),
        (TV, 0.841, "the share that is right"),
        (TV, 1.365, "at most 1"),
        (TV, 0.954, "not 2"),
        (TV, 0.07, "nine times as frequent"),
        (TV, 0.86, "equal priors only"),
        (TV, 0.5, "too small"),
        (TV, 1.0, "too large"),
        (TV, "0.683", "Leave out the quotation marks"),
        (TV, 0.68, "give 3 decimals"),
    ],
)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_one_flagged_image_in_six_is_no_digit():
    torch.manual_seed(0)
    digit = torch.rand(1_000_000) > 0.01
    flagged = torch.rand(1_000_000) < torch.where(digit, 0.05, 0.99)
    share = (flagged & ~digit).sum() / flagged.sum()
    assert share.item() == pytest.approx(EXERCISES[BASE].judge.expected, abs=0.005)


def test_the_best_error_between_two_gaussians_gives_their_total_variation():
    x = torch.linspace(-9, 9, 18_001, dtype=torch.float64)
    dx = 0.001
    p, q = (torch.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (-1.0, 1.0))
    tv = total_variation(p, q, dx).item()
    assert tv == pytest.approx(EXERCISES[TV].judge.expected, abs=1e-6)
    equal, unequal = ((torch.minimum(w * p, (1 - w) * q).sum() * dx).item() for w in (0.5, 0.9))
    assert equal == pytest.approx((1 - tv) / 2, abs=1e-6)
    assert unequal == pytest.approx(0.0701, abs=1e-4)  # so that (1 - TV) / 2 = 0.159 is not it


def test_one_divergence_covers_both_modes_and_the_other_seeks_one():
    x = torch.linspace(-9, 9, 1201, dtype=torch.float64)
    dx = 0.015

    def density(mean, std):
        q = torch.exp(-(((x - mean) / std) ** 2) / 2)
        return q / q.sum() / dx

    p = (density(-3.0, 0.5) + density(3.0, 0.5)) / 2
    qs = {(m / 4, s / 4): density(m / 4, s / 4) for m in range(-18, 19) for s in range(1, 19)}
    wide = min(qs, key=lambda fit: kl_divergence(p, qs[fit], dx))
    narrow = min(qs, key=lambda fit: kl_divergence(qs[fit], p, dx))
    assert wide == (0.0, 3.0)  # its moments are those of the mixture, 0 and the root of 9.25
    assert narrow in ((3.0, 0.5), (-3.0, 0.5))
    assert kl_divergence(qs[narrow], p, dx).item() == pytest.approx(math.log(2), abs=1e-3)


def test_naive_bayes_with_a_little_smoothing_wins_on_20_images_where_its_assumption_holds():
    torch.manual_seed(0)
    sets, per_class = 60, 10
    lit = torch.full((2, 40), 0.1)
    lit[0, 20:] = lit[1, :20] = 0.3
    y, test_y = torch.arange(2).repeat_interleave(per_class), torch.arange(2).repeat_interleave(250)
    x, test_x = ((torch.rand(sets, len(label), 40) < lit[label]).float() for label in (y, test_y))

    def errors(weight, bias):
        logits = (test_x @ weight[:, :, None]).squeeze(2) + bias
        return ((logits > 0) != test_y.bool()).float().mean(dim=1)

    def naive_bayes(smoothing):
        counts = torch.stack([x[:, y == label].sum(dim=1) for label in (0, 1)])
        theta = (counts + smoothing) / (per_class + 2 * smoothing)  # (2, sets, 40)
        ink, white = theta.log().diff(dim=0)[0], torch.log1p(-theta).diff(dim=0)[0]
        return errors(ink - white, white.sum(dim=1, keepdim=True))

    weight, bias = torch.zeros(sets, 40, requires_grad=True), torch.zeros(sets, 1, requires_grad=True)

    def loss():
        logits = (x @ weight[:, :, None]).squeeze(2) + bias
        cross_entropy = F.binary_cross_entropy_with_logits(
            logits, y.float().expand(sets, -1), reduction="sum"
        )
        return (cross_entropy + 0.001 / 2 * weight.square().sum()) / sets

    minimize(loss, [weight, bias], 50)
    best = naive_bayes(1.0)
    for other in (naive_bayes(0.001), naive_bayes(1000.0), errors(weight.detach(), bias.detach())):
        gap = other - best
        assert gap.mean() > 5 * gap.std() / sets**0.5


def test_a_product_of_784_probabilities_underflows():
    torch.manual_seed(0)
    pixel, prior = torch.rand(10, 784) * 0.9 + 0.05, torch.full((10,), 0.1)
    y = torch.arange(10).repeat(5)
    x = (torch.rand(50, 784) < pixel[y]).float()
    factors = torch.where(x[:, None] == 1, pixel, 1 - pixel)
    assert (prior * factors.prod(dim=2)).argmax(dim=1).unique().tolist() == [0]
    assert torch.equal((prior.log() + factors.log().sum(dim=2)).argmax(dim=1), y)
