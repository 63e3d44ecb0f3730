"""The checks of the games on paper, and the facts behind them."""

import cmath
import math

import numpy as np
import pytest
import torch

from gentutor.objectives import adversarial
from tests.exercises.solutions import solution

BILINEAR, DIRAC = "gan.bilinear_step", "gan.dirac_eigenvalues"


def ahead(x, y, rate):
    return x - rate * y, y + rate * x


def extragradient(x, y, rate):
    a, b = ahead(x, y, rate)
    return x - rate * b, y + rate * a


def from_ahead(x, y, rate):
    return ahead(*ahead(x, y, rate), rate)


def midpoint(x, y, rate):
    a, b = ahead(x, y, rate / 2)
    return x - rate * b, y + rate * a


def alternating(x, y, rate):
    x = x - rate * y
    return x, y + rate * x


def alternating_ahead(x, y, rate):
    a, b = alternating(x, y, rate)
    return x - rate * b, y + rate * a


def both_descend(x, y, rate):
    a, b = x - rate * y, y - rate * x
    return x - rate * b, y - rate * a


def by_matrix(x, y, r):
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    start = torch.tensor([x, y], dtype=torch.float64)
    return start + r * turn @ (start + r * turn @ start)


def by_gradients(x, y, r):
    """Ascent and descent of xy, with the gradients from autograd."""

    def moved(point, at):
        value, signs = at[0] * at[1], torch.tensor([-1.0, 1.0])
        return point + r * signs * torch.autograd.grad(value, at)[0]

    start = torch.tensor([x, y], requires_grad=True)
    return moved(start, moved(start, start).detach().requires_grad_())


@pytest.mark.parametrize(
    "answer",
    [
        extragradient,
        lambda x, y, r: torch.tensor(extragradient(x, y, r)),
        lambda x, y, r: [*extragradient(x, y, r)],
        lambda x, y, r: np.array([[1 - r * r, -r], [r, 1 - r * r]]) @ np.array([x, y]),
        by_matrix,
        by_gradients,
    ],
)
def test_right_steps(answer, accepts):
    accepts(BILINEAR, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (ahead, "plain simultaneous step"),
        (alternating, "alternating step"),
        (from_ahead, "two plain steps"),
        (midpoint, "not half a step"),
        (both_descend, "y maximises, so it goes up"),
        (alternating_ahead, "from the old point"),
        (lambda x, y, r: extragradient(x, y, r)[::-1], "first x, then y"),
        (lambda x, y, r: extragradient(x, y, -r), "players are swapped"),
        (lambda x, y, r: (extragradient(x, y, r)[0], ahead(x, y, r)[1]), "Only x looks ahead"),
        (lambda x, y, r: (ahead(x, y, r)[0] / (1 + r * r), ahead(x, y, r)[1] / (1 + r * r)), "implicit step"),
        (lambda x, y, r: extragradient(x, y, 0.1), "the gradient is y with respect to x"),
        (lambda x, y, r: extragradient(x, y, r)[0], "Two numbers are expected"),
    ],
)
def test_wrong_steps(answer, phrase, rejects):
    rejects(BILINEAR, answer, phrase)


def test_the_step_converges_where_its_look_ahead_does_not():
    point, plain = (1.0, 0.0), (1.0, 0.0)
    for _ in range(300):
        point, plain = solution(BILINEAR)(*point, 0.3), ahead(*plain, 0.3)
    assert math.hypot(*point) < 1e-4
    assert math.hypot(*plain) > 1e4


def matrix(rate, gamma, slope=0.5):
    return torch.tensor([[1.0, rate * slope], [-rate * slope, 1 - rate * gamma]], dtype=torch.float64)


def by_formula(rate, gamma):
    root = cmath.sqrt(gamma**2 - 1)
    return [1 - rate * (gamma + root) / 2, 1 - rate * (gamma - root) / 2]


def by_autograd(rate, gamma):
    """The eigenvalues of the Jacobian of one update, from the two losses themselves."""

    def update(point):
        theta, psi = point
        generator_loss = adversarial.generator_loss(psi * theta)
        real, fake = psi * torch.zeros(1, dtype=torch.float64), psi * theta.reshape(1)
        penalty = adversarial.r1_penalty(lambda x: psi * x, torch.zeros(1, 1, dtype=torch.float64))
        discriminator_loss = adversarial.discriminator_loss(real, fake) + gamma / 2 * penalty
        (d_theta,) = torch.autograd.grad(generator_loss, theta, create_graph=True)
        (d_psi,) = torch.autograd.grad(discriminator_loss, psi, create_graph=True)
        return point - rate * torch.stack([d_theta, d_psi])

    return torch.linalg.eigvals(
        torch.autograd.functional.jacobian(update, torch.zeros(2, dtype=torch.float64))
    )


@pytest.mark.parametrize(
    "answer",
    [
        by_formula,
        by_autograd,
        lambda rate, gamma: torch.tensor(by_formula(rate, gamma)[::-1]),
        lambda rate, gamma: np.linalg.eigvals(matrix(rate, gamma).numpy()),
        lambda rate, gamma: torch.linalg.eigvals(matrix(rate, gamma).float()),
        lambda rate, gamma: np.roots([1, rate * gamma - 2, 1 - rate * gamma + rate**2 / 4]),
    ],
)
def test_right_eigenvalues(answer, accepts):
    accepts(DIRAC, answer)


def eigenvalues_of(make):
    return lambda rate, gamma: torch.linalg.eigvals(make(rate, gamma))


EYE = torch.eye(2, dtype=torch.float64)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (eigenvalues_of(lambda h, g: (EYE - matrix(h, g)) / h), "the gradients' matrix"),
        (eigenvalues_of(lambda h, g: (matrix(h, g) - EYE) / h), "eigenvalues µ of B"),
        (lambda h, g: [1 + h * (-g + s * cmath.sqrt(g * g - 0.25)) / 2 for s in (1, -1)], "the 4 is missing"),
        (
            lambda h, g: [1 + h * (-g + s * cmath.sqrt(g * g - 1)) for s in (1, -1)],
            "division by 2 is missing",
        ),
        (eigenvalues_of(lambda h, g: matrix(h, g) - EYE), "identity is missing"),
        (eigenvalues_of(lambda h, g: matrix(h, 0.0)), "penalty is missing"),
        (eigenvalues_of(lambda h, g: matrix(-h, g)), "sign of the step"),
        (eigenvalues_of(lambda h, g: matrix(h, g / 2)), "without the 1/2"),
        (eigenvalues_of(lambda h, g: matrix(h, 2 * g)), "not 2γψ"),
        (eigenvalues_of(lambda h, g: matrix(h, g, slope=1.0)), "slope 1/2, not 1"),
        (eigenvalues_of(lambda h, g: matrix(h, g).abs()), "opposite signs"),
        (lambda h, g: torch.tensor(by_formula(h, g)).abs(), "moduli"),
        (lambda h, g: torch.tensor(by_formula(h, g)).real, "imaginary parts are missing"),
        (lambda h, g: [1 - h * (g + s * math.sqrt(g * g - 1)) / 2 for s in (1, -1)], "the root is imaginary"),
        (
            lambda h, g: 1 - h * (g + torch.tensor([1, -1]) * torch.tensor(g * g - 1).sqrt()) / 2,
            "is imaginary",
        ),
        (lambda h, g: by_formula(h, g)[0], "Two numbers are expected"),
        (matrix, "Two numbers are expected"),
        (lambda h, g: [1.0, 1.0], "Solve det(A - λ I) = 0"),
    ],
)
def test_wrong_eigenvalues(answer, phrase, rejects):
    rejects(DIRAC, answer, phrase)


def test_alternating_updates_have_other_eigenvalues(rejects):
    def alternate(rate, gamma):
        theta_moves = torch.tensor([[1.0, rate / 2], [0.0, 1.0]])
        psi_moves = torch.tensor([[1.0, 0.0], [-rate / 2, 1 - rate * gamma]])
        return torch.linalg.eigvals(psi_moves @ theta_moves)

    rejects(DIRAC, alternate, "alternating update")


def test_the_penalty_turns_the_spiral_inwards():
    eigenvalues = solution(DIRAC)
    assert (eigenvalues(0.2, 0.0).abs() > 1).all()
    assert (eigenvalues(0.2, 0.5).abs() < 1).all()
