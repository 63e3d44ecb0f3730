"""Exercises with games small enough for pen and paper: xy, and the Dirac-GAN."""

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Mistake, same_function
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
    judge=same_function(
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
    """The solution: the update is I - h A with A = [[0, -1/2], [1/2, gamma]] at the equilibrium."""
    a = torch.tensor([[0.0, -0.5], [0.5, gamma]], dtype=torch.float64)
    return torch.linalg.eigvals(torch.eye(2, dtype=torch.float64) - learning_rate * a)


def _dirac(a: list[list[float]], rate: float, sign: float = -1.0, identity: float = 1.0) -> Tensor:
    return torch.linalg.eigvals(identity * torch.eye(2) + sign * rate * torch.tensor(a))


def _real_root(gamma: float) -> Tensor:
    return torch.tensor(gamma**2 - 1).sqrt()  # not a number for gamma < 1


def _dirac_cases() -> list[Case]:
    values = [(0.5, 0.4), (0.1, 0.0), (1.0, 0.0), (0.2, 1.5), (1.0, 0.7), (0.3, 3.0), (1.0, 2.0)]
    hint = "Write down both derivatives, linearise them at (0, 0), and take I - learning_rate times that."
    return [Case({"learning_rate": rate, "gamma": gamma}, hint, gradients=False) for rate, gamma in values]


NO_IDENTITY = (
    "These are the eigenvalues of the gradient's matrix; a step with it has the matrix I - learning_rate · A."
)
IMAGINARY = "For γ < 1 the root is imaginary: use cmath.sqrt, complex tensors, or torch.linalg.eigvals."
DIRAC = Exercise(
    judge=same_function(
        dirac_eigenvalues,
        _dirac_cases,
        [
            Mistake(NO_IDENTITY, lambda h, g: _dirac([[0, -0.5], [0.5, g]], 1.0, 1.0, 0.0)),
            Mistake(NO_IDENTITY, lambda h, g: _dirac([[0, -0.5], [0.5, g]], 1.0, -1.0, 0.0)),
            Mistake(
                "The identity is missing: a step adds its change to where it was.",
                lambda h, g: _dirac([[0, -0.5], [0.5, g]], h, -1.0, 0.0),
            ),
            Mistake(
                "The penalty is missing: its gradient with respect to ψ is γψ.",
                lambda h, g: _dirac([[0, -0.5], [0.5, 0]], h),
            ),
            Mistake(
                "The sign of the step is turned: both losses are minimised, so it is minus learning_rate.",
                lambda h, g: _dirac([[0, -0.5], [0.5, g]], h, 1.0),
            ),
            Mistake(
                "The penalty γ/2 · ψ² has the derivative γψ, without the 1/2.",
                lambda h, g: _dirac([[0, -0.5], [0.5, g / 2]], h),
            ),
            Mistake(
                "The penalty γ/2 · ψ² has the derivative γψ, not 2γψ.",
                lambda h, g: _dirac([[0, -0.5], [0.5, 2 * g]], h),
            ),
            Mistake(
                "At 0 the logistic loss has the slope 1/2, the sigmoid of 0, not 1.",
                lambda h, g: _dirac([[0, -1.0], [1.0, g]], h),
            ),
            Mistake(
                "At 0 the logistic loss has the slope 1/2, not 1/4 (that is the sigmoid's slope).",
                lambda h, g: _dirac([[0, -0.25], [0.25, g]], h),
            ),
            Mistake(
                "The off-diagonal entries have opposite signs: what lowers one player's loss raises the "
                "other's.",
                lambda h, g: _dirac([[0, 0.5], [0.5, g]], h),
            ),
            Mistake(
                "This is the alternating update; here both players step from the same point.",
                lambda h, g: torch.linalg.eigvals(
                    torch.tensor([[1.0, h / 2], [-h / 2, 1 - h * g - h * h / 4]])
                ),
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
        "The losses are softplus(-ψθ) for the generator and log 2 + softplus(ψθ) + γ/2 · ψ² for the "
        "discriminator. The derivative of softplus is the sigmoid, 1/2 at 0.",
        "At (θ, ψ) = (0, 0) the gradients are -ψ/2 and θ/2 + γψ to first order.",
        (
            "The update's matrix is [[1, h/2], [-h/2, 1 - hγ]] with h the learning rate; take "
            "torch.linalg.eigvals."
        ),
    ),
)

EXERCISES = {"bilinear_step": BILINEAR, "dirac_eigenvalues": DIRAC}
