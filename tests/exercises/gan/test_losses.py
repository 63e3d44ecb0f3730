"""The checks of the three logistic losses accept every right form and name every usual mistake."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import vmap

PROB, BCE = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
D, G, S = "gan.discriminator_loss", "gan.generator_loss", "gan.saturating_generator_loss"


def one(x):
    return torch.ones_like(x)


def zero(x):
    return torch.zeros_like(x)


def both(r, f):
    return torch.cat([r.flatten(), f.flatten()]), torch.cat([one(r).flatten(), zero(f).flatten()])


def bernoulli(logits):
    return torch.distributions.Bernoulli(logits=logits)


def classes(logits):
    """The logits of two classes, of which the first is "real"."""
    return torch.stack([logits.ravel(), torch.zeros(logits.numel())], dim=1)


def whole(logits):
    return torch.zeros(logits.numel(), dtype=torch.long)


RIGHT = [
    (D, lambda r, f: BCE(r, one(r)) + BCE(f, zero(f))),
    (D, lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean()),
    (D, lambda r, f: torch.logaddexp(zero(r), -r).mean() + torch.logaddexp(zero(f), f).mean()),
    (D, lambda *logits: -F.logsigmoid(logits[0]).mean() - F.logsigmoid(-logits[1]).mean()),
    (D, lambda r, f: F.softplus(-r).sum() / r.numel() + F.softplus(f).sum() / f.numel()),
    (D, lambda r, f: -bernoulli(r).log_prob(one(r)).mean() - bernoulli(f).log_prob(zero(f)).mean()),
    (D, lambda r, f: vmap(lambda x: F.softplus(-x))(r.ravel()).mean() + vmap(F.softplus)(f.ravel()).mean()),
    (
        D,
        lambda r, f: (
            sum(map(F.softplus, -r.ravel())) / r.numel() + sum(map(F.softplus, f.ravel())) / f.numel()
        ),
    ),
    (D, lambda r, f: (F.softplus(-r.double()).mean() + F.softplus(f.double()).mean()).float()),
    (D, lambda r, f: F.cross_entropy(classes(r), whole(r)) + F.cross_entropy(classes(f), whole(f) + 1)),
    (G, lambda f: -bernoulli(f).log_prob(torch.ones(f.shape)).mean()),
    (G, lambda f: sum(torch.logaddexp(torch.zeros(()), -x) for x in f.ravel()) / f.numel()),
    (G, lambda f: F.softplus(-f.double()).mean()),
    (G, lambda f: -classes(f).log_softmax(dim=1)[:, 0].mean()),
    (S, lambda f: bernoulli(f).log_prob(torch.zeros(f.shape)).mean()),
    (S, lambda f: -sum(map(F.softplus, f.ravel())) / f.numel()),
    (S, lambda f: -vmap(F.softplus)(f.double().ravel()).mean()),
    (G, lambda f: BCE(f, one(f))),
    (G, lambda f: F.softplus(-f).mean()),
    (G, lambda f: (F.softplus(f) - f).mean()),
    (S, lambda f: -BCE(f, zero(f))),
    (S, lambda f: F.logsigmoid(-f).mean()),
    (S, lambda f: (F.logsigmoid(f) - f).mean()),
]

WRONG = [
    # the formula
    (D, lambda r, f: -(BCE(r, one(r)) + BCE(f, zero(f))), "sign is turned"),
    (D, lambda r, f: (BCE(r, one(r)) + BCE(f, zero(f))) / 2, "half of the loss"),
    (D, lambda r, f: BCE(r, zero(r)) + BCE(f, one(f)), "labels are swapped"),
    (D, lambda r, f: BCE(r, one(r)) + BCE(f, one(f)), "labelled as real"),
    (D, lambda r, f: BCE(r, one(r)) - BCE(f, zero(f)), "fake term has the wrong sign"),
    (D, lambda r, f: BCE(*both(r, f)), "pool the two batches"),
    (D, lambda r, f: 2 * BCE(*both(r, f)), "pool the two batches"),
    (D, lambda r, f: BCE(r, one(r), reduction="sum") + BCE(f, zero(f), reduction="sum"), "take a sum"),
    (D, lambda r, f: BCE(r, one(r)), "fake term is missing"),
    (D, lambda r, f: BCE(f, zero(f)), "real term is missing"),
    (D, lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-r).mean(), "over the data"),
    (D, lambda r, f: BCE(r.sigmoid(), one(r)) + BCE(f.sigmoid(), zero(f)), "sigmoid is taken twice"),
    (D, lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean(), "logarithm is missing"),
    (D, lambda r, f: BCE(r.mean(), torch.tensor(1.0)) + BCE(f.mean(), torch.tensor(0.0)), "mean too early"),
    (D, lambda r, f: BCE(r, 0.9 * one(r)) + BCE(f, zero(f)), "label smoothing"),
    (G, lambda f: -BCE(f, zero(f)), "saturating loss"),
    (G, lambda f: BCE(f, zero(f)), "labelled as fake"),
    (G, lambda f: -BCE(f, one(f)), "sign is turned"),
    (G, lambda f: BCE(f, one(f), reduction="sum"), "take a sum"),
    (G, lambda f: BCE(f, one(f)) / 2, "factor 1/2"),
    (G, lambda f: BCE(f.sigmoid(), one(f)), "sigmoid is taken twice"),
    (G, lambda f: -f.sigmoid().mean(), "logarithm is missing"),
    (G, lambda f: -f.mean(), "against a critic"),
    (G, lambda f: -f.sigmoid().mean().log(), "mean too early"),
    (G, lambda f: BCE(f, 0.9 * one(f)), "label smoothing"),
    (S, lambda f: BCE(f, one(f)), "non-saturating loss"),
    (S, lambda f: BCE(f, zero(f)), "sign is turned"),
    (S, lambda f: -BCE(f, one(f)), "1 - is missing"),
    (S, lambda f: F.logsigmoid(-f).sum(), "take a sum"),
    (S, lambda f: F.logsigmoid(-f).mean() / 2, "factor 1/2"),
    (S, lambda f: (1 - f.sigmoid()).mean(), "logarithm is missing"),
    # right for easy shapes only
    (D, lambda r, f: BCE(r, one(r)) + BCE(f, zero(f)) if len(r) == 3 else f.sum(), "differ in size"),
    (D, lambda r, f: BCE(r, torch.ones(3)) + BCE(f, torch.zeros(5)), "labels from the logits"),
    (D, lambda r, f: BCE(r - f, one(r)), "two batches may differ in size"),
    (D, lambda r, f: F.softplus(-r).sum() / len(r) + F.softplus(f).sum() / len(f), "first dimension only"),
    (D, lambda r, f: F.softplus(-r).mean(0) + F.softplus(f).mean(0), "One number is expected"),
    (G, lambda f: F.softplus(-f).sum() / 5, "any size"),
    (G, lambda f: F.softplus(-f), "One number is expected"),
    (S, lambda f: F.logsigmoid(-f).sum() / len(f), "first dimension only"),
    # right for moderate logits only
    (D, lambda r, f: -r.sigmoid().log().mean() - (1 - f.sigmoid()).log().mean(), "logarithm of a sigmoid"),
    (D, lambda r, f: -(r.sigmoid() + 1e-8).log().mean() - (1 - f.sigmoid() + 1e-8).log().mean(), "constant"),
    (D, lambda r, f: BCE(r.clamp(-30, 30), one(r)) + BCE(f.clamp(-30, 30), zero(f)), "moderate logits only"),
    (D, lambda r, f: PROB(r.sigmoid(), one(r)) + PROB(f.sigmoid(), zero(f)), "cross-entropy of a sigmoid"),
    (G, lambda f: -f.sigmoid().log().mean(), "logarithm of a sigmoid"),
    (G, lambda f: -(f.sigmoid() + 1e-8).log().mean(), "small constant inside the logarithm"),
    (G, lambda f: -(f.sigmoid() + 1e-12).log().mean(), "moderate logits only"),
    (G, lambda f: PROB(f.sigmoid(), one(f)), "cross-entropy of a sigmoid"),
    (G, lambda f: torch.log1p(torch.exp(-f)).mean(), "or of an exponential"),
    (G, lambda f: F.softplus(-f, threshold=5).mean(), "moderate logits only"),
    (S, lambda f: (1 - f.sigmoid()).log().mean(), "logarithm of a sigmoid"),
    (S, lambda f: (1 - f.sigmoid() + 1e-8).log().mean(), "small constant inside the logarithm"),
    # no gradient, or not all of it
    (D, lambda r, f: BCE(r, one(r)) + BCE(f.detach(), zero(f)), "gradient to fake_logits is cut"),
    (D, lambda r, f: BCE(r.data, one(r)) + BCE(f, zero(f)), "gradient to real_logits is cut"),
    (D, lambda r, f: (BCE(r, one(r)) + BCE(f, zero(f))).item(), "returns a float"),
    (G, lambda f: BCE(f, one(f)).detach(), "No gradient comes out"),
    (G, lambda f: torch.tensor(BCE(f, one(f)).item()), "No gradient comes out"),
    (G, lambda f: torch.log1p(f.exp()).mean().item() - f.mean(), "the value is right, but not the gradient"),
    (G, lambda f: (BCE(f, one(f)).backward(), BCE(f, one(f)))[1], "calls backward() itself"),
    (G, lambda f: (BCE(f, one(f)),), "returns a tuple"),
    (G, lambda f: BCE(f, one(f)) > 0, "torch.bool"),
    (S, lambda f: F.logsigmoid(-f.detach()).mean(), "No gradient comes out"),
    # hard-coded
    (D, lambda r, f: torch.tensor(1.3863, requires_grad=True), "Compare your function with the equation"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_the_first_difference_can_be_retyped(rejects):
    values = "for fake_logits = [-0.3, 1.2, 0.1, -2, 0.7]: expected 0.85843, got 4.2921."
    rejects(G, lambda f: F.softplus(-f).sum(), values)


def test_no_gradient_under_no_grad(rejects):
    @torch.no_grad()
    def loss(fake_logits):
        return F.softplus(-fake_logits).mean()

    rejects(G, loss, "torch.no_grad()")
