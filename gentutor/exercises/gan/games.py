"""Exercises with games small enough for pen and paper: xy, and the Dirac-GAN."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Mistake, SameFunction
from gentutor.exercises._numbers import read_pair, read_unordered_pair
from gentutor.exercises._verdict import Exercise

Pair = tuple[float, float]


def extragradient_step(x: float, y: float, learning_rate: float) -> Pair:
    """The solution: look one step ahead, then step from where you were with the gradient found there."""
    ahead_x, ahead_y = x - learning_rate * y, y + learning_rate * x
    return x - learning_rate * ahead_y, y + learning_rate * ahead_x


def _bilinear_cases() -> list[Case]:
    points = [
        (1.0, 0.5, 0.1),
        (1.0, 0.0, 0.1),
        (0.0, 1.0, 0.3),
        (-2.0, 3.0, 0.5),
        (0.4, -0.7, 1.5),
        (0.0, 0.0, 1.0),
    ]
    hint = "min over x, max over y of xy: the gradient is y with respect to x, and x with respect to y."
    return [Case({"x": x, "y": y, "learning_rate": rate}, hint, gradients=False) for x, y, rate in points]


def _ahead(x: float, y: float, rate: float) -> Pair:
    return x - rate * y, y + rate * x


def _alternating(x: float, y: float, rate: float) -> Pair:
    return x - rate * y, y + rate * (x - rate * y)


def _from_ahead(x: float, y: float, rate: float) -> Pair:
    a, b = _ahead(x, y, rate)
    return _ahead(a, b, rate)


def _midpoint(x: float, y: float, rate: float) -> Pair:
    a, b = _ahead(x, y, rate / 2)
    return x - rate * b, y + rate * a


def _both_descend(x: float, y: float, rate: float) -> Pair:
    return x - rate * (y - rate * x), y - rate * (x - rate * y)


def _alternating_ahead(x: float, y: float, rate: float) -> Pair:
    a, b = _alternating(x, y, rate)
    return x - rate * b, y + rate * a


def _implicit(x: float, y: float, rate: float) -> Pair:
    return (x - rate * y) / (1 + rate**2), (y + rate * x) / (1 + rate**2)


BILINEAR = Exercise(
    judge=SameFunction(
        extragradient_step,
        _bilinear_cases,
        [
            Mistake("This is the plain simultaneous step, which spirals out: look ahead first.", _ahead),
            Mistake(
                "This is the alternating step, which circles: look ahead with both, then step.", _alternating
            ),
            Mistake(
                "You step on from the point ahead, which makes two plain steps. Use its gradient, but step "
                "from where you were.",
                _from_ahead,
            ),
            Mistake(
                "The look ahead is a full step, not half a step (that would be the midpoint rule).", _midpoint
            ),
            Mistake("Both players descend; y maximises, so it goes up.", _both_descend),
            Mistake(
                "Both look ahead from the old point; your y looks ahead from the new x.",
                _alternating_ahead,
            ),
            Mistake(
                "This is the implicit step, which solves for the new point; extra-gradient only looks ahead.",
                _implicit,
            ),
            Mistake(
                "The results are the wrong way round: first x, then y.",
                lambda x, y, r: extragradient_step(x, y, r)[::-1],
            ),
            Mistake(
                "The players are swapped: x minimises, y maximises.",
                lambda x, y, r: extragradient_step(x, y, -r),
            ),
            Mistake(
                "Only x looks ahead at y; y needs the gradient at the point ahead, too.",
                lambda x, y, r: (x - r * (y + r * x), y + r * x),
            ),
        ],
        read=read_pair,
        tolerance=1e-6,
    ),
    solution=extragradient_step,
    praise="with a learning rate below 1, such steps come to the equilibrium (0, 0).",
    hints=(
        "The gradient of xy is y with respect to x and x with respect to y. x goes down, y goes up.",
        "First a plain simultaneous step to a point ahead (keep the old point).",
        "Then step from the old point with the gradient at the point ahead.",
    ),
)


def dirac_eigenvalues(learning_rate: float, gamma: float) -> Tensor:
    """The solution: A = I + learning_rate · B with B = [[0, 1/2], [-1/2, -gamma]]."""
    return _dirac(learning_rate, -gamma)


def _dirac(rate: float, corner: float, off: tuple[float, float] = (0.5, -0.5), one: float = 1.0) -> Tensor:
    """The eigenvalues of one · I + rate · [[0, off[0]], [off[1], corner]]."""
    b = torch.tensor([[0.0, off[0]], [off[1], corner]], dtype=torch.float64)
    return torch.linalg.eigvals(one * torch.eye(2, dtype=torch.float64) + rate * b)


def _roots(b: float, c: float, four: float = 4, two: float = 2) -> Tensor:
    """The roots of x² + b x + c = 0 by the usual formula, or with another number in place of its 4 or 2."""
    root = torch.tensor(b**2 - four * c + 0j).sqrt()
    return torch.stack([-b + root, -b - root]) / two


def _real_root(gamma: float) -> Tensor:
    return torch.tensor(gamma**2 - 1).sqrt()  # not a number for gamma < 1


def _dirac_cases() -> list[Case]:
    values = [(0.3, 0.4), (0.5, 0.4), (0.1, 0.0), (1.0, 0.0), (0.2, 1.5), (1.0, 0.7), (0.3, 3.0), (1.0, 2.0)]
    hint = "Solve det(A - λ I) = 0 for the matrix A of the text, or let torch.linalg.eigvals do it."
    return [Case({"learning_rate": rate, "gamma": gamma}, hint, gradients=False) for rate, gamma in values]


OF_B = "These are the eigenvalues µ of B in A = I + learning_rate · B; those of A are 1 + learning_rate · µ."
FOUR = "The roots of x² + b x + c = 0 are (-b ± √(b² - 4 c)) / 2: the 4 is missing."
TWO = "The roots of x² + b x + c = 0 are (-b ± √(b² - 4 c)) / 2: the division by 2 is missing."
IMAGINARY = "For γ < 1 the root is imaginary: use cmath.sqrt, complex tensors, or torch.linalg.eigvals."
DIRAC = Exercise(
    judge=SameFunction(
        dirac_eigenvalues,
        _dirac_cases,
        [
            Mistake(OF_B, lambda h, g: _dirac(1.0, -g, one=0.0)),
            Mistake(
                "These are the eigenvalues of the gradients' matrix; a step subtracts learning_rate times it "
                "from the identity.",
                lambda h, g: _dirac(-1.0, -g, one=0.0),
            ),
            Mistake(OF_B + " (Your learning_rate is not used.)", lambda h, g: _dirac(1.0, -g)),
            Mistake(FOUR, lambda h, g: 1 + h * _roots(g, 0.25, four=1)),
            Mistake(TWO, lambda h, g: 1 + h * _roots(g, 0.25, two=1)),
            Mistake(FOUR, lambda h, g: _roots(h * g - 2, 1 - h * g + h * h / 4, four=1)),
            Mistake(TWO, lambda h, g: _roots(h * g - 2, 1 - h * g + h * h / 4, two=1)),
            Mistake(
                "The identity is missing: a step adds its change to where it was.",
                lambda h, g: _dirac(h, -g, one=0.0),
            ),
            Mistake("The penalty is missing: A's lower right entry is 1 - ηγ.", lambda h, g: _dirac(h, 0.0)),
            Mistake(
                "The sign of the step is turned: both losses are minimised, so A has 1 - ηγ, not 1 + ηγ.",
                lambda h, g: _dirac(h, g),
            ),
            Mistake(
                "The penalty γ/2 · ψ² has the derivative γψ, without the 1/2.", lambda h, g: _dirac(h, -g / 2)
            ),
            Mistake("The penalty γ/2 · ψ² has the derivative γψ, not 2γψ.", lambda h, g: _dirac(h, -2 * g)),
            Mistake(
                "A's off-diagonal entries are η/2 and -η/2: at 0 the logistic loss has the slope 1/2, not 1.",
                lambda h, g: _dirac(h, -g, (1.0, -1.0)),
            ),
            Mistake(
                "The off-diagonal entries have opposite signs: what lowers one player's loss raises the "
                "other's.",
                lambda h, g: _dirac(h, -g, (0.5, 0.5)),
            ),
            Mistake(
                "This is the alternating update; here both players step from the same point.",
                lambda h, g: _dirac(h, -g - h / 4),
            ),
            Mistake(IMAGINARY, lambda h, g: 1 - h * (g + torch.tensor([1.0, -1.0]) * _real_root(g)) / 2),
            Mistake(
                "Their imaginary parts are missing.",
                lambda h, g: dirac_eigenvalues(h, g).real,
            ),
            Mistake(
                "These are the moduli; the eigenvalues themselves are asked for, as complex numbers.",
                lambda h, g: dirac_eigenvalues(h, g).abs(),
            ),
        ],
        read=read_unordered_pair,
        tolerance=1e-4,
        crashes={"math domain error": IMAGINARY},
    ),
    solution=dirac_eigenvalues,
    praise="without the penalty both moduli are above 1, so steps lead away; enough of it brings them in.",
    hints=(
        "A = I + ηB with B = [[0, 1/2], [-1/2, -γ]], where η is learning_rate.",
        "The eigenvalues of A are 1 + ηµ for the eigenvalues µ of B, which solve µ² + γµ + 1/4 = 0.",
        "Their root is imaginary for γ < 1: use complex numbers, or torch.linalg.eigvals of A.",
    ),
)

EXERCISES = {"bilinear_step": BILINEAR, "dirac_eigenvalues": DIRAC}
