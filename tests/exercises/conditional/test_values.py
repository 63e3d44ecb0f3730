"""The checks of logits, losses, information and questions."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from gentutor.objectives import conditional

PROJECTION, AUXILIARY, INFORMATION, ACCURACY, SEPARATION, GAP, UNTOLD, BUG, INPUTS, WORTH = (
    f"conditional.{name}"
    for name in (
        "projection_logits",
        "auxiliary_loss",
        "mutual_information",
        "accuracy_90",
        "separation",
        "logit_gap",
        "untold",
        "spot_the_bug",
        "two_inputs",
        "label_is_worth",
    )
)


def rows(a, y):
    return a[torch.arange(len(y)), y]


def log_q(a):
    return a.log_softmax(1)


def information(c):
    p = c / c.sum()
    q = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def by_entropies(c):
    p = c / c.sum()

    def entropy(q):
        return -torch.xlogy(q, q).sum()

    return entropy(p.sum(0)) + entropy(p.sum(1)) - entropy(p)


def naive(c):
    p = c / c.sum()
    return (p * (p / (p.sum(1, keepdim=True) * p.sum(0, keepdim=True))).log()).sum()


def margins(c):
    p = c / c.sum()
    return p, p.sum(1, keepdim=True), p.sum(0, keepdim=True)


def h(p):
    return -torch.xlogy(p, p).sum()


def uncounted(c):
    return (c * (c / (c.sum(1, keepdim=True) * c.sum(0))).log()).sum()


def unweighted(c):
    p, rows_, columns = margins(c)
    return (p / (rows_ * columns)).log().sum()


def by_one_margin(c):
    p, rows_, _ = margins(c)
    return (p * (p / rows_).log()).sum()


def normalised(c):
    _, rows_, columns = margins(c)
    return information(c) / max(h(rows_), h(columns))


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (PROJECTION, conditional.projection_logits),
        (PROJECTION, lambda f, s, v: s + torch.einsum("bf,bf->b", f, v)),
        (PROJECTION, lambda f, s, v: (f[:, None] @ v[:, :, None])[:, 0, 0] + s),
        (PROJECTION, lambda f, s, v: (f @ v.T).diagonal() + s),
        (AUXILIARY, conditional.auxiliary_loss),
        (AUXILIARY, F.cross_entropy),
        (AUXILIARY, lambda a, y: -rows(log_q(a), y).mean()),
        (AUXILIARY, lambda a, y: -(F.one_hot(y, a.shape[1]) * log_q(a)).sum(1).mean()),
        (AUXILIARY, lambda a, y: (a.logsumexp(1) - rows(a, y)).mean()),
        (INFORMATION, conditional.mutual_information),
        (INFORMATION, information),
        (INFORMATION, by_entropies),
        (ACCURACY, 1.758),
        (ACCURACY, lambda: math.log(10) + 0.9 * math.log(0.9) + 0.1 * math.log(0.1 / 9)),
        (SEPARATION, 1.41),
        (SEPARATION, torch.tensor(1.414)),
        (GAP, 3),
        (GAP, lambda: Normal(torch.tensor([1.0, -1.0]), 1.0).log_prob(torch.tensor(1.5)).diff().neg()),
        (UNTOLD, "b"),
        (BUG, "(B)"),
        (INPUTS, "c"),
        (WORTH, 2.303),
        (WORTH, math.log(10)),
        (WORTH, np.float64(2.3026)),
    ],
)  # fmt: skip
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (PROJECTION, lambda f, s, v: f @ v.T + s, "That is a matrix"),
        (PROJECTION, lambda f, s, v: f @ v.T + s[:, None], "That is a matrix"),
        (PROJECTION, lambda f, s, v: (f * v).sum(1), "score is missing"),
        (PROJECTION, lambda f, s, v: s + 0 * f.sum(), "the label does not count"),
        (PROJECTION, lambda f, s, v: (f * v).mean(1) + s, "mean over the features"),
        (PROJECTION, lambda f, s, v: (f * v).sum() + s, "sums over the batch, too"),
        (PROJECTION, lambda f, s, v: (f + v).sum(1) + s, "they are multiplied"),
        (PROJECTION, lambda f, s, v: (f * v).sum(1) - s, "score is subtracted"),
        (PROJECTION, lambda f, s, v: F.cosine_similarity(f, v) + s, "a cosine"),
        (PROJECTION, lambda f, s, v: s - ((f - v) ** 2).sum(1), "squared distance"),
        (PROJECTION, lambda f, s, v: torch.sigmoid((f * v).sum(1) + s), "A sigmoid is taken"),
        (PROJECTION, lambda f, s, v: (f * v + s[:, None]).sum(1), "once for each feature"),
        (PROJECTION, lambda f, s, v: (f * v).sum(1, keepdim=True) + s[:, None], "size 1 is left over"),
        (PROJECTION, lambda f, s, v: (f * v).sum(1, keepdim=True) + s, "broadcasts to (B, B)"),
        (PROJECTION, lambda f, s, v: (f.detach() * v).sum(1) + s, "gradient to features is cut"),
        (AUXILIARY, lambda a, y: rows(log_q(a), y).mean(), "sign is turned"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a, y, reduction="sum"), "sum over the batch"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a, y, reduction="none"), "the mean over the batch"),
        (AUXILIARY, lambda a, y: F.nll_loss(a, y), "softmax is missing"),
        (AUXILIARY, lambda a, y: -rows(a.softmax(1), y).mean(), "logarithm is missing"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a.softmax(1), y), "softmax is taken twice"),
        (AUXILIARY, lambda a, y: F.nll_loss(a.log_softmax(0), y), "over the batch, dimension 0"),
        (AUXILIARY, lambda a, y: -(F.one_hot(y, a.shape[1]) * log_q(a)).mean(), "average over classes"),
        (AUXILIARY, lambda a, y: -log_q(a).sum(1).mean(), "the asked class alone"),
        (AUXILIARY, lambda a, y: -log_q(a).mean(), "the asked class alone"),
        (
            AUXILIARY,
            lambda a, y: F.binary_cross_entropy_with_logits(a, F.one_hot(y, a.shape[1]).to(a)),
            "a yes-no question",
        ),
        (AUXILIARY, lambda a, y: F.cross_entropy(a, a.argmax(1)), "likes best"),
        (AUXILIARY, lambda a, y: -log_q(a)[:, y].mean(), "each example with every label"),
        (AUXILIARY, lambda a, y: -rows(log_q(a), y).mean() / math.log(2), "In bits"),
        (AUXILIARY, lambda a, y: -rows(a.softmax(1).log(), y).mean(), "stays with the logits"),
        (AUXILIARY, lambda a, y: -(rows(a.softmax(1), y) + 1e-8).log().mean(), "stays with the logits"),
        (AUXILIARY, lambda a, y: (a.exp().sum(1).log() - rows(a, y)).mean(), "stays with the logits"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a, y - 1), "0 to K - 1 already"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a, y).item(), "plain number"),
        (INFORMATION, lambda c: information(c) / math.log(2), "In bits"),
        (INFORMATION, uncounted, "use the counts as they are"),
        (INFORMATION, lambda c: -naive(c), "sign is turned"),
        (INFORMATION, lambda c: h(margins(c)[0]), "entropy of the pair"),
        (INFORMATION, lambda c: h(margins(c)[1]), "entropy of the rows"),
        (INFORMATION, lambda c: h(margins(c)[2]), "entropy of the columns"),
        (INFORMATION, lambda c: h(margins(c)[0]) - h(margins(c)[1]), "conditional entropy"),
        (INFORMATION, lambda c: naive(c) / c.numel(), "mean over the cells"),
        (INFORMATION, unweighted, "weight p(y, ŷ)"),
        (INFORMATION, by_one_margin, "one of the two marginals"),
        (INFORMATION, lambda c: c.diagonal().sum() / c.sum(), "the accuracy"),
        (INFORMATION, lambda c: naive(c / c.sum(1, keepdim=True)), "each row by itself"),
        (INFORMATION, naive, "0 · log 0 is not a number"),
        (INFORMATION, normalised, "a normalised information"),
        (INFORMATION, lambda c: None, "returns nothing"),
        (ACCURACY, 2.303, "the ceiling"),
        (ACCURACY, 2.072, "not the ceiling times the accuracy"),
        (ACCURACY, 1.978, "one of nine"),
        (ACCURACY, 2.083, "entropy of a coin"),
        (ACCURACY, 0.545, "what remains unknown"),
        (ACCURACY, 2.536, "in bits"),
        (ACCURACY, 0.9, "the accuracy"),
        (ACCURACY, 0, "at an accuracy of 10 %"),
        (ACCURACY, 1.747, "nine classes, not of ten"),
        (SEPARATION, 2.83, "distance between the two means"),
        (SEPARATION, -1.41, "take the positive one"),
        (SEPARATION, 0, "x tells nothing"),
        (SEPARATION, 1.02, "half a bit"),
        (SEPARATION, 0.5, "the information asked for"),
        (GAP, 1.5, "2x, not x"),
        (GAP, -3, "sign is turned"),
        (GAP, 0, "but the data do not"),
        (GAP, 6, "factor 1/2"),
        (GAP, 0.9526, "sigmoid of the answer"),
        (GAP, 20.0855, "ratio of the densities"),
        (GAP, -0.125, "exponent of p(x | y = 1) alone"),
        (UNTOLD, "a", "Its loss knows no labels"),
        (UNTOLD, "c", "lack of variety"),
        (UNTOLD, "d", "Nothing in the shapes notices"),
        (BUG, "a", "a row for each image"),
        (BUG, "c", "Real images stand under their own labels"),
        (BUG, "d", "as in the discriminator's loss"),
        (BUG, "e", "one of the letters a, b, c, d"),
        (INPUTS, "a", "one input from layer to layer"),
        (INPUTS, "b", "wants a tensor"),
        (INPUTS, "d", "do not fit on each other"),
        (WORTH, 0, "less surprising"),
        (WORTH, 3.322, "in bits"),
        (WORTH, 10, "logarithm of ten"),
        (WORTH, 1, "natural logarithm"),
        (WORTH, -2.303, "the answer is positive"),
        (WORTH, 0.1, "minus its logarithm"),
        (WORTH, 5.0, "too large"),
    ],
)  # fmt: skip
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
