"""Exercises with games small enough for pen and paper: xy, and the Dirac-GAN."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Row, SameFunction
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


BILINEAR_MISTAKES: list[Row] = [
    (_ahead, "This is the plain simultaneous step, which spirals out: look ahead first."),
    (_alternating, "This is the alternating step, which circles: look ahead with both, then step."),
    (_from_ahead, "You step on from the point ahead, which makes two plain steps. Use its gradient, but step "
                  "from where you were."),
    (_midpoint, "The look ahead is a full step, not half a step (that would be the midpoint rule)."),
    (_both_descend, "Both players descend; y maximises, so it goes up."),
    (_alternating_ahead, "Both look ahead from the old point; your y looks ahead from the new x."),
    (_implicit, "This is the implicit step, which solves for the new point; extra-gradient only looks "
                "ahead."),
    (lambda x, y, r: extragradient_step(x, y, r)[::-1],
     "The results are the wrong way round: first x, then y."),
    (lambda x, y, r: extragradient_step(x, y, -r), "The players are swapped: x minimises, y maximises."),
    (lambda x, y, r: (x - r * (y + r * x), y + r * x),
     "Only x looks ahead at y; y needs the gradient at the point ahead, too."),
]  # fmt: skip

BILINEAR = Exercise(
    SameFunction(extragradient_step, _bilinear_cases, BILINEAR_MISTAKES, read=read_pair, tolerance=1e-6),
    "with a learning rate below 1, such steps come to the equilibrium (0, 0).",
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
DIRAC_MISTAKES: list[Row] = [
    (lambda h, g: _dirac(1.0, -g, one=0.0), OF_B),
    (lambda h, g: _dirac(-1.0, -g, one=0.0),
     "These are the eigenvalues of the gradients' matrix; a step subtracts learning_rate times it from the "
     "identity."),
    (lambda h, g: _dirac(1.0, -g), OF_B + " (Your learning_rate is not used.)"),
    (lambda h, g: 1 + h * _roots(g, 0.25, four=1), FOUR),
    (lambda h, g: 1 + h * _roots(g, 0.25, two=1), TWO),
    (lambda h, g: _roots(h * g - 2, 1 - h * g + h * h / 4, four=1), FOUR),
    (lambda h, g: _roots(h * g - 2, 1 - h * g + h * h / 4, two=1), TWO),
    (lambda h, g: _dirac(h, -g, one=0.0), "The identity is missing: a step adds its change to where it was."),
    (lambda h, g: _dirac(h, 0.0), "The penalty is missing: A's lower right entry is 1 - ηγ."),
    (lambda h, g: _dirac(h, g),
     "The sign of the step is turned: both losses are minimised, so A has 1 - ηγ, not 1 + ηγ."),
    (lambda h, g: _dirac(h, -g / 2), "The penalty γ/2 · ψ² has the derivative γψ, without the 1/2."),
    (lambda h, g: _dirac(h, -2 * g), "The penalty γ/2 · ψ² has the derivative γψ, not 2γψ."),
    (lambda h, g: _dirac(h, -g, (1.0, -1.0)),
     "A's off-diagonal entries are η/2 and -η/2: at 0 the logistic loss has the slope 1/2, not 1."),
    (lambda h, g: _dirac(h, -g, (0.5, 0.5)),
     "The off-diagonal entries have opposite signs: what lowers one player's loss raises the other's."),
    (lambda h, g: _dirac(h, -g - h / 4),
     "This is the alternating update; here both players step from the same point."),
    (lambda h, g: 1 - h * (g + torch.tensor([1.0, -1.0]) * _real_root(g)) / 2, IMAGINARY),
    (lambda h, g: dirac_eigenvalues(h, g).real, "Their imaginary parts are missing."),
    (lambda h, g: dirac_eigenvalues(h, g).abs(),
     "These are the moduli; the eigenvalues themselves are asked for, as complex numbers."),
]  # fmt: skip

DIRAC = Exercise(
    SameFunction(
        dirac_eigenvalues,
        _dirac_cases,
        DIRAC_MISTAKES,
        read=read_unordered_pair,
        tolerance=1e-4,
        crashes={"math domain error": IMAGINARY},
    ),
    "without the penalty both moduli are above 1, so steps lead away; enough of it brings them in.",
)
