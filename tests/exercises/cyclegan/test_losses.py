"""The checks of the two mean absolute differences and of the generators' objective."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.optim import frozen
from gentutor.steps import cyclegan_step
from tests.exercises.solutions import solution

CYCLE, IDENTITY, OBJECTIVE = (
    f"cyclegan.{name}" for name in ("cycle_consistency_loss", "identity_loss", "generator_loss")
)
BOTH = pytest.mark.parametrize("id", [CYCLE, IDENTITY])


def loop(x, y):
    return sum((p - q).abs() for p, q in zip(x.flatten(), y.flatten(), strict=True)) / x.numel()


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        lambda x, y: (x - y).abs().mean(),
        F.l1_loss,
        nn.L1Loss(),
        lambda x, y: torch.abs(y - x).sum() / x.numel(),
        lambda x, y: torch.mean(torch.abs(x - y.detach())),
        lambda x, y: (x - y).abs().flatten(1).mean(1).mean() if x.dim() > 1 else (x - y).abs().mean(),
        loop,
    ],
)
def test_right_losses(id, answer, accepts):
    accepts(id, answer)


@BOTH
@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda x, y: (x - y).abs().sum(), "sum where the expectation is a mean"),
        (lambda x, y: F.l1_loss(x, y, reduction="sum") / len(x), "sum over the pixels"),
        (F.mse_loss, "mean squared error"),
        (lambda x, y: ((x - y) ** 2).mean().sqrt(), "root of the mean squared error"),
        (lambda x, y: (x - y).mean(), "opposite sign cancel"),
        (lambda x, y: (y - x).mean(), "opposite sign cancel"),
        (lambda x, y: (x - y).mean().abs(), "opposite sign cancel"),
        (lambda x, y: abs(x.mean() - y.mean()), "opposite sign cancel"),
        (lambda x, y: -(x - y).abs().mean(), "sign is turned"),
        (lambda x, y: (x - y).abs().mean() / 2, "no factor 1/2"),
        (lambda x, y: 2 * (x - y).abs().mean(), "no factor 2"),
        (lambda x, y: (x - y).abs(), "too early"),
        (lambda x, y: (x - y).abs().flatten(1).mean(1), "runs over the batch as well"),
        (F.smooth_l1_loss, "Huber"),
        (lambda x, y: torch.norm(x - y), "Euclidean length"),
        (lambda x, y: torch.dist(x, y), "Euclidean length"),
        (lambda x, y: (x - y).abs().max(), "largest difference"),
        (lambda x, y: (x + y).abs().mean(), "added, not compared"),
        (lambda x, y: (x - y).abs().sum((1, 2, 3)).mean(), "any shape"),
        (lambda x, y: (x - y).abs().clamp(max=10).mean(), "no square and no limit"),
        (lambda x, y: (x - y).abs().mean() + 1e-3, "Compare your function"),
        (lambda x, y: (x - y).abs().mean().item(), "returns a float"),
        (lambda x, y: (x - y).detach().abs().mean(), "No gradient comes out"),
        (lambda x, y: (x != y).to(x.dtype).mean(), "Compare your function"),
        (lambda x, y: (x != y).abs().mean(), "a comparison has no gradient"),
    ],
)
def test_wrong_losses(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def test_what_is_no_function_of_two_tensors(rejects):
    rejects(CYCLE, lambda x: x, "2 arguments by position")
    rejects(CYCLE, None, "must be a function")


FOOL = "fool = ((D_B(G(a)) - 1) ** 2).mean() + ((D_A(F(b)) - 1) ** 2).mean()\n"
AROUND = "around = l1(F(G(a)), a) + l1(G(F(b)), b)\n"
SAME = "same = l1(G(b), b) + l1(F(a), a)\n"
SUM = "return fool + 10 * around + 5 * same"
RIGHT = FOOL + AROUND + SAME + SUM


def objective(body):
    """The function ``generator_loss(a, b, G, F, D_A, D_B)`` with this body."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    names = {"torch": torch, "l1": F.l1_loss, "functional": F, "frozen": frozen}
    exec(f"def generator_loss(a, b, G, F, D_A, D_B):\n{lines}", names)
    return names["generator_loss"]


@pytest.mark.parametrize(
    "body",
    [
        RIGHT,
        RIGHT.replace("((D_B(G(a)) - 1) ** 2).mean()", "(1 - D_B(G(a))).pow(2).mean()"),
        "fake_b, fake_a = G(a), F(b)\n" + RIGHT.replace("G(a)", "fake_b").replace("F(b)", "fake_a"),
        RIGHT.replace("10 * around + 5 * same", "10 * (around + 0.5 * same)"),
        "with frozen(D_A), frozen(D_B):\n    " + FOOL + AROUND + SAME + SUM,
    ],
)
def test_right_objectives(body, accepts):
    accepts(OBJECTIVE, objective(body))


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        (RIGHT.replace("l1(G(b), b) + l1(F(a), a)", "l1(G(a), a) + l1(F(b), b)"), "told not to translate"),
        (RIGHT.replace("D_B(G(a))", "D_A(G(a))").replace("D_A(F(b))", "D_B(F(b))"), "are swapped"),
        (RIGHT.replace(" - 1) ** 2", ") ** 2"), "target is 1"),
        (RIGHT.replace("return fool", "return -fool"), "sign of the adversarial loss"),
        (
            FOOL.replace("((D_B(G(a)) - 1) ** 2).mean()", "-functional.logsigmoid(D_B(G(a))).mean()").replace(
                "((D_A(F(b)) - 1) ** 2).mean()", "-functional.logsigmoid(D_A(F(b))).mean()"
            )
            + AROUND
            + SAME
            + SUM,
            "is a cross-entropy",
        ),
        ("fool = -D_B(G(a)).mean() - D_A(F(b)).mean()\n" + AROUND + SAME + SUM, "linear in the scores"),
        (RIGHT.replace("return fool", "return fool / 2"), "are halved"),
        (RIGHT.replace("return fool + ", "return "), "adversarial loss is missing"),
        (RIGHT.replace(" + ((D_A(F(b)) - 1) ** 2).mean()", ""), "of one direction is missing"),
        (RIGHT.replace("+ 10 * around ", ""), "cycle-consistency loss is missing"),
        (RIGHT.replace(" + l1(G(F(b)), b)", ""), "Only one of the two cycles"),
        (RIGHT.replace("l1(F(G(a)), a) + ", ""), "Only one of the two cycles"),
        (RIGHT.replace("F(G(a))", "G(F(a))").replace("G(F(b))", "F(G(b))"), "run the wrong way"),
        (
            RIGHT.replace(AROUND, "around = ((F(G(a)) - a) ** 2).mean() + ((G(F(b)) - b) ** 2).mean()\n"),
            "is a squared error",
        ),
        (RIGHT.replace(" + 5 * same", ""), "identity loss is missing"),
        (RIGHT.replace(" + l1(F(a), a)", ""), "Only one of the two identity losses"),
        (RIGHT.replace("5 * same", "0.5 * same"), "weighted by 0.5 or 10"),
        (RIGHT.replace("5 * same", "10 * same"), "weighted by 0.5 or 10"),
        (RIGHT.replace("10 * around", "around"), "lacks its weight of 10"),
        (RIGHT.replace("10 * around + 5 * same", "around + same"), "weights are missing"),
        (
            RIGHT.replace("10 * around + 5 * same", "5 * around + 10 * same"),
            "and of the identity are swapped",
        ),
        (
            RIGHT.replace(
                "l1(G(b), b) + l1(F(a), a)", "(G(b) - b).abs().sum() + (F(a) - a).abs().sum()"
            ).replace(
                "l1(F(G(a)), a) + l1(G(F(b)), b)", "(F(G(a)) - a).abs().sum() + (G(F(b)) - b).abs().sum()"
            ),
            "sums where the losses are means",
        ),
        (RIGHT + " + ((D_A(a) - 1) ** 2).mean() + ((D_B(b) - 1) ** 2).mean()", "discriminators' own loss"),
        (RIGHT.replace("F(G(a))", "F(G(a).detach())"), "part of the gradient is cut"),
        (RIGHT.replace("D_B(G(a))", "D_B(G(a).detach())"), "part of the gradient is cut"),
        ("with torch.no_grad():\n    back = F(G(a))\n" + RIGHT.replace("F(G(a))", "back"), "gradient is cut"),
        (RIGHT.replace("l1(F(G(a)), a)", "l1(F(G(a)), b)"), "The parts should be"),
        (RIGHT.replace("l1(F(G(a)), a)", "l1(F(D_A(a)), a)"), "gives scores, not images"),
        ("paired = (G(a) - b).abs().mean()\n" + RIGHT, "a and b are no pairs"),
        (
            RIGHT.replace(SUM, "loss = fool + 10 * around + 5 * same\nloss.backward()\nreturn loss"),
            "backward()",
        ),
        (RIGHT.replace(SUM, SUM.replace("return ", "return (") + ").item()"), "returns a float"),
        (RIGHT.replace(SUM, "fool + around"), "returns nothing"),
        (RIGHT.replace("((D_B(G(a)) - 1) ** 2).mean()", "((D_B(G(a)) - 1) ** 2)"), "the shape"),
        ("for p in D_A.parameters():\n    p.requires_grad_(False)\n" + RIGHT, "leaves D_A frozen"),
        ("D_B.requires_grad_(False)\n" + RIGHT, "leaves D_B frozen"),
    ],
)
def test_wrong_objectives(body, phrase, rejects):
    assert body != RIGHT
    rejects(OBJECTIVE, objective(body), phrase)


def test_the_solution_is_what_the_books_step_minimises():
    """Gradient descent with a rate of 1 shows the step's gradient; it is the solution's."""
    torch.manual_seed(3)

    def random(channels):
        return nn.Conv2d(2, channels, 3, padding=1).double()

    generators, discriminators = Generators(random(2), random(2)), Discriminators(random(1), random(1), 0)
    a, b = torch.randn(2, 4, 2, 5, 5, dtype=torch.float64)
    loss = solution(OBJECTIVE)(a, b, generators.G, generators.F, discriminators.D_A, discriminators.D_B)
    gradients = torch.autograd.grad(loss, list(generators.parameters()))
    before = [parameter.detach().clone() for parameter in generators.parameters()]
    optimizers = torch.optim.SGD(generators.parameters(), lr=1), torch.optim.SGD(discriminators.parameters())
    cyclegan_step((a, b), generators, discriminators, *optimizers)
    for start, now, gradient in zip(before, generators.parameters(), gradients, strict=True):
        torch.testing.assert_close(start - now.detach(), gradient)
