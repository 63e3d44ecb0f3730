"""The checks of the least-squares and the hinge loss."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import vmap

LS, HINGE = "gan.least_squares_discriminator_loss", "gan.hinge_discriminator_loss"
MSE, relu = F.mse_loss, F.relu


def one(x):
    return torch.ones_like(x)


def zero(x):
    return torch.zeros_like(x)


RIGHT = [
    (LS, lambda r, f: MSE(r, one(r)) + MSE(f, zero(f))),
    (LS, lambda r, f: ((1 - r) ** 2).mean() + f.pow(2).mean()),
    (LS, lambda r, f: sum((x - 1) ** 2 for x in r.flatten()) / r.numel() + f.pow(2).sum() / f.numel()),
    (LS, lambda r, f: 1 - 2 * r.mean() + r.double().square().mean() + f.double().square().mean()),
    (LS, lambda r, f: vmap(lambda x: (x - 1) ** 2)(r.flatten()).mean() + vmap(torch.square)(f).mean()),
    (LS, lambda r, f: torch.linalg.vector_norm(r - 1) ** 2 / r.numel() + f.ravel() @ f.ravel() / f.numel()),
    (HINGE, lambda r, f: ((1 - r) * (r < 1)).mean() + torch.where(f > -1, 1 + f, 0).mean()),
    (HINGE, lambda r, f: (1 - r.minimum(one(r))).mean() + (1 + f.maximum(-one(f))).mean()),
    (HINGE, lambda r, f: vmap(lambda x: relu(1 - x))(r).mean() + sum(map(relu, 1 + f.ravel())) / f.numel()),
    (HINGE, lambda r, f: F.threshold(1 - r.double(), 0, 0).mean() + F.threshold(1 + f, 0, 0).mean()),
    (HINGE, lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean()),
    (HINGE, lambda r, f: -torch.min(zero(r), r - 1).mean() - torch.min(zero(f), -f - 1).mean()),
    (HINGE, lambda r, f: torch.maximum(zero(r), 1 - r).mean() + torch.maximum(zero(f), 1 + f).mean()),
]

WRONG = [
    (LS, lambda r, f: (MSE(r, one(r)) + MSE(f, zero(f))) / 2, "factor 1/2"),
    (LS, lambda r, f: MSE(r, zero(r)) + MSE(f, one(f)), "Real and fake are swapped"),
    (LS, lambda r, f: MSE(r, one(r)) + MSE(f, -one(f)), "is 0 here, not -1"),
    (LS, lambda r, f: MSE(r, one(r)) + MSE(f, one(f)), "that is the generator's loss"),
    (LS, lambda r, f: MSE(r, one(r), reduction="sum") + MSE(f, zero(f), reduction="sum"), "take a sum"),
    (LS, lambda r, f: MSE(r.sigmoid(), one(r)) + MSE(f.sigmoid(), zero(f)), "no sigmoid here"),
    (LS, lambda r, f: (r.mean() - 1) ** 2 + f.mean() ** 2, "mean too early"),
    (LS, lambda r, f: F.l1_loss(r, one(r)) + F.l1_loss(f, zero(f)), "absolute values"),
    (LS, lambda r, f: MSE(r, one(r)) - MSE(f, zero(f)), "wrong sign"),
    (LS, lambda r, f: torch.cat([(r - 1).flatten(), f.flatten()]).square().mean(), "pool the two batches"),
    (LS, lambda r, f: MSE(r, one(r)) + 0 * f.sum(), "fake term is missing"),
    (LS, lambda r, f: (r - 1).square().sum() / len(r) + f.square().sum() / len(f), "first dimension only"),
    (LS, lambda r, f: MSE(r.clamp(-50, 50), one(r)) + MSE(f, zero(f)), "Far from 0"),
    (LS, lambda r, f: MSE(r, one(r)) + MSE(f.detach(), zero(f)), "gradient to fake_scores is cut"),
    (LS, lambda r, f: MSE(r, torch.ones(len(r))) + MSE(f, torch.zeros(len(f))), "(N, 1) against (N,)"),
    (LS, lambda r, f: MSE(r, torch.ones(len(r), 1)) + MSE(f, torch.zeros(len(f), 1)), "(3, 1) and (3)"),
    (HINGE, lambda r, f: max(0, 1 - r).mean() + max(0, 1 + f).mean(), "Python's if, and, or, max"),
    (HINGE, lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean()) / 2, "factor 1/2"),
    (HINGE, lambda r, f: relu(1 + r).mean() + relu(1 - f).mean(), "Real and fake are swapped"),
    (HINGE, lambda r, f: relu(1 - r).mean() + relu(1 - f).mean(), "Both batches are pushed above 1"),
    (HINGE, lambda r, f: (1 - r).mean() + (1 + f).mean(), "The hinge is missing"),
    (HINGE, lambda r, f: f.mean() - r.mean(), "Wasserstein critic"),
    (HINGE, lambda r, f: relu(-r).mean() + relu(f).mean(), "margin is missing"),
    (HINGE, lambda r, f: relu(1 - r.mean()) + relu(1 + f.mean()), "mean too early"),
    (
        HINGE,
        lambda r, f: torch.min(zero(r), r - 1).mean() + torch.min(zero(f), -f - 1).mean(),
        "with a minimum",
    ),
    (HINGE, lambda r, f: relu(r - 1).mean() + relu(-1 - f).mean(), "wrong side"),
    (HINGE, lambda r, f: relu(1 - r).mean() - relu(1 + f).mean(), "wrong sign"),
    (HINGE, lambda r, f: relu(1 - r).square().mean() + relu(1 + f).square().mean(), "no square"),
    (HINGE, lambda r, f: relu(1 - r).sum() + relu(1 + f).sum(), "take a sum"),
    (HINGE, lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), "logistic loss"),
    (HINGE, lambda r, f: relu(torch.cat([1 - r.flatten(), 1 + f.flatten()])).mean(), "pool the two batches"),
    (HINGE, lambda r, f: F.relu6(1 - r).mean() + F.relu6(1 + f).mean(), "Far from 0"),
    (HINGE, lambda r, f: relu(1 - r.detach()).mean() + relu(1 + f).mean(), "gradient to real_scores is cut"),
    (HINGE, lambda r, f: relu(1 - r).mean().item() + relu(1 + f).mean().item(), "returns a float"),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
