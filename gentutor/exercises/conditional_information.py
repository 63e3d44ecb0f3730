"""The exercises on control: the information in a confusion matrix, and what it says."""

import math

import torch
from torch import Tensor

from gentutor.exercises._compare import Case, Mistake, same_function
from gentutor.exercises._values import number
from gentutor.exercises._verdict import Exercise
from gentutor.objectives import conditional

ZEROS = "Where a count is 0 its term is 0, but 0 · log 0 is not a number: torch.xlogy, or leave those out."
COUNTS = "Counts may have any sum, and may be 0 in whole rows: divide by the sum of all first."


def _cases() -> list[Case]:
    table = torch.tensor([[40.0, 8.0, 2.0], [5.0, 20.0, 5.0], [1.0, 4.0, 15.0]])
    zeros = torch.tensor([[30.0, 0.0], [0.0, 10.0]])

    def case(counts: Tensor, hint: str) -> Case:
        return Case({"counts": counts}, hint, gradients=False)

    return [
        case(table, "Compare with the equation: p(y, ŷ) log [p(y, ŷ) / (p(y) p(ŷ))], summed."),
        case(table / table.sum(), "A table of probabilities is a table of counts with the sum 1."),
        case(table[:2], "The table may have more columns than rows."),
        case(table.T.contiguous() * 7, COUNTS),
        case(zeros, ZEROS),
        case(torch.tensor([[5.0, 5.0], [0.0, 0.0]]), ZEROS),
        case(torch.ones(4, 4), "For independent variables it is 0."),
        case(torch.rand(6, 3, dtype=torch.float64), "In float64 it is only as exact as in float32."),
    ]


def _parts(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    p = counts / counts.sum()
    return p, p.sum(dim=1, keepdim=True), p.sum(dim=0, keepdim=True)


def _backwards(counts: Tensor) -> Tensor:
    p, rows, columns = _parts(counts)
    return (rows * columns * (p / (rows * columns)).log()).sum()


def _entropy(p: Tensor) -> Tensor:
    return -torch.xlogy(p, p).sum()


def _plain(counts: Tensor) -> Tensor:
    p, rows, columns = _parts(counts)
    return (p * (p / (rows * columns)).log()).sum()


MUTUAL_INFORMATION = Exercise(
    judge=same_function(
        conditional.mutual_information,
        _cases,
        [
            Mistake("In bits: with the natural logarithm it is in nats.", lambda c: _plain(c) / math.log(2)),
            Mistake(
                "You use the counts as they are: divide by the sum of all, so that they are probabilities.",
                lambda c: (c * (c / (c.sum(dim=1, keepdim=True) * c.sum(dim=0))).log()).sum(),
            ),
            Mistake("The sign is turned: information is never negative.", lambda c: -_plain(c)),
            Mistake(
                "This is the entropy of the pair (y, ŷ): subtract it from the sum of the two entropies.",
                lambda c: _entropy(_parts(c)[0]),
            ),
            Mistake(
                "This is the entropy of the rows; subtract what stays unknown once ŷ is seen.",
                lambda c: _entropy(_parts(c)[1]),
            ),
            Mistake(
                "This is the entropy of the columns; subtract what is due to chance once y is known.",
                lambda c: _entropy(_parts(c)[2]),
            ),
            Mistake(
                "This is the conditional entropy, what stays unknown of one once the other is seen; the "
                "information is the entropy minus that.",
                lambda c: _entropy(_parts(c)[0]) - _entropy(_parts(c)[2]),
            ),
            Mistake(
                "This is the conditional entropy, what stays unknown of one once the other is seen; the "
                "information is the entropy minus that.",
                lambda c: _entropy(_parts(c)[0]) - _entropy(_parts(c)[1]),
            ),
            Mistake(
                "You take the mean over the cells; each is weighted by its own p(y, ŷ), and they are summed.",
                lambda c: _plain(c) / c.numel(),
            ),
            Mistake(
                "The weight p(y, ŷ) in front of the logarithm is missing.",
                lambda c: (_parts(c)[0] / (_parts(c)[1] * _parts(c)[2])).log().sum(),
            ),
            Mistake(
                "Weighted by p(y) p(ŷ): this is the divergence the other way round. The expectation is over "
                "the pairs that occur together.",
                _backwards,
            ),
            Mistake(
                "You divide by one of the two marginals only.",
                lambda c: (_parts(c)[0] * (_parts(c)[0] / _parts(c)[1]).log()).sum(),
            ),
            Mistake(
                "You divide by one of the two marginals only.",
                lambda c: (_parts(c)[0] * (_parts(c)[0] / _parts(c)[2]).log()).sum(),
            ),
            Mistake(
                "This is the accuracy, the share on the diagonal; which errors are made counts as well.",
                lambda c: c.diagonal().sum() / c.sum(),
            ),
            Mistake(
                "You normalise each row by itself: then every class counts the same, however frequent.",
                lambda c: _plain(c / c.sum(dim=1, keepdim=True)),
            ),
            Mistake(
                "You divide by the larger entropy: that is a normalised information, without unit.",
                lambda c: _plain(c) / torch.maximum(_entropy(_parts(c)[1]), _entropy(_parts(c)[2])),
            ),
            Mistake(ZEROS, _plain),
            Mistake(
                "You add a small constant inside the logarithm: the result is then wrong by about as much.",
                lambda c: (_parts(c)[0] * (_parts(c)[0] / (_parts(c)[1] * _parts(c)[2]) + 1e-3).log()).sum(),
            ),
        ],
        tolerance=1e-5,
    ),
    solution=conditional.mutual_information,
    praise="0 for a condition that is ignored, the entropy of the condition for one that always shows.",
    hints=(
        "p = counts / counts.sum(); p(y) and p(ŷ) are its sums along dimension 1 and 0.",
        "The product of the marginals is a table again: rows (K, 1) times columns (1, M).",
        "With keep = p > 0: (p[keep] * (p[keep] / (rows * columns)[keep]).log()).sum()",
    ),
)  # fmt: skip

# The question: ten classes, equally frequent; a classifier sees the class asked for in 90 % of all
# samples, and each of the other nine equally often in the rest. How many nats is I(y; ŷ)?
H_ERROR = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
ACCURACY_90 = Exercise(
    judge=number(
        math.log(10) - H_ERROR - 0.1 * math.log(9),
        {
            math.log(10): "That is the ceiling, reached if the condition always shows.",
            0.9 * math.log(10): (
                "The information is not the ceiling times the accuracy: an error destroys more than its own "
                "share, since you do not know where it happened."
            ),
            math.log(10) - H_ERROR: (
                "Knowing whether there was an error is not enough: in the 10 % that are wrong, one of nine "
                "classes is still to be named, 0.1 · log 9 nats."
            ),
            math.log(10) - 0.1 * math.log(9): (
                "What is missing: which samples are wrong is not known either, and costs the entropy of a "
                "coin with 0.9 and 0.1."
            ),
            H_ERROR + 0.1 * math.log(9): "That is what remains unknown, H(y|ŷ); subtract it from log 10.",
            (math.log(10) - H_ERROR - 0.1 * math.log(9)) / math.log(2): "That is in bits, not nats.",
            0.9: "That is the accuracy.",
            0.0: "It would be 0 at an accuracy of 10 %, if every class were seen equally often.",
            math.log(10) - H_ERROR - 0.1 * math.log(10): (
                "A wrong sample shows one of nine classes, not of ten: 0.1 · log 9."
            ),
        },
        tolerance=0.001,
    ),
    solution=1.758,
    praise="1.758 of 2.303 nats: one error in ten costs a quarter of the control.",
    hints=(
        "I(y; ŷ) = H(y) - H(y|ŷ). By symmetry H(y|ŷ) is the same for every ŷ.",
        "Given ŷ, y is that class with probability 0.9, and each of nine others with 0.1 / 9.",
        "H(y|ŷ) = -0.9 log 0.9 - 0.1 log(0.1 / 9).",
    ),
)  # fmt: skip


def two_gaussians(a: float) -> float:
    """I(y; x) in nats for y = ±1, equally likely, and x | y ~ N(a y, 1), by quadrature.

    >>> round(two_gaussians(0.0), 6), round(two_gaussians(8.0), 4)  # nothing, and log 2
    (0.0, 0.6931)
    """
    x = torch.linspace(-a - 12, a + 12, 20_001, dtype=torch.float64)
    log_p = [-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (a, -a)]
    log_px = torch.logaddexp(*log_p) - math.log(2)
    return torch.trapezoid(log_p[0].exp() * (log_p[0] - log_px), x).item()


def separation(information: float) -> float:
    """The a > 0 at which ``two_gaussians`` gives so many nats, below log 2."""
    low, high = 0.0, 8.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if two_gaussians(middle) < information else (low, middle)
    return low


# The experiment: y is -1 or 1, equally likely, and x | y ~ N(a y, 1). Compute I(y; x) on a grid for a few
# a, and find the a for which a sample carries half a nat about its condition.
HALF_A_NAT = separation(0.5)
SEPARATION = Exercise(
    judge=number(
        HALF_A_NAT,
        {
            2 * HALF_A_NAT: "That is the distance between the two means; a is half of it.",
            -HALF_A_NAT: "By symmetry -a gives the same information; take the positive one.",
            0.0: "At a = 0 both classes have the same density: x tells nothing.",
            separation(0.5 * math.log(2)): "There it is half a bit: is your logarithm to base 2?",
            0.5: "That is the information asked for; the answer is the a that gives it.",
        },
        tolerance=0.01,
    ),
    solution=round(HALF_A_NAT, 2),
    praise="log 2 = 0.693 nats would be all there is to know about y; at this a it is 0.5.",
    hints=(
        "I = ½ Σ_y ∫ p(x|y) log [p(x|y) / p(x)] dx with p(x) = ½ N(x; a, 1) + ½ N(x; -a, 1); by symmetry one "
        "of the two integrals is enough.",
        "torch.trapezoid over x from -15 to 15; then try a = 0.5, 1, 1.5, 2.",
        "The information rises with a: halve the interval between a value that is too low and one too high.",
    ),
)

EXERCISES = {
    "mutual_information": MUTUAL_INFORMATION,
    "accuracy_90": ACCURACY_90,
    "separation": SEPARATION,
}
