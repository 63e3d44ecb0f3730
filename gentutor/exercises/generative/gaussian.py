"""The exercise on Gaussian classes with a common covariance, whose posterior is logistic-linear."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gentutor.exercises._calls import NOTHING, a
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._verdict import Exercise, Judge, Wrong
from gentutor.objectives.classical import linear_discriminant

COVARIANCE = " The covariance may be any symmetric positive definite matrix, not only a diagonal one."
ANY = " Any number of classes and of features must do: means is (K, D), covariance (D, D), prior (K,)."
Linear = tuple[Tensor, Tensor]


def _read_pair(result: Any) -> Linear:
    """A weight (K, D) and a bias (K,), tensors or whatever makes one.

    Raises:
        Wrong: it is something else.
    """
    if result is None:
        raise Wrong(NOTHING)
    try:
        weight, bias = (torch.as_tensor(part) for part in result)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(
            f"A pair of tensors, weight and bias, is expected; your function returns {a(result)}."
        ) from None
    if bias.dim() == 2 and weight.dim() == 1:
        raise Wrong("The results are the wrong way round: first the weight, (K, D), then the bias, (K,).")
    if weight.dim() != 2 or bias.shape != weight.shape[:1]:
        if weight.dim() == 2 and bias.shape == weight.shape[1:]:
            raise Wrong("The weight needs a row for each class, (K, D): yours is transposed.")
        raise Wrong(
            "The weight needs the shape (K, D) and the bias (K,), one row and one number for each class; "
            f"yours are {tuple(weight.shape)} and {tuple(bias.shape)}."
        )
    return weight, bias


def read_weight(result: Any) -> Tensor:
    """The weight (K, D), without what all classes share: a term without k changes no posterior."""
    weight, _ = _read_pair(result)
    return weight - weight.mean(dim=0)


def read_bias(result: Any) -> Tensor:
    """The bias (K,), without what all classes share."""
    _, bias = _read_pair(result)
    return bias - bias.mean()


def _cases(hint: str) -> list[Case]:
    def case(means: Tensor, covariance: Tensor, prior: Tensor, more: str = "") -> Case:
        arguments = {"means": means, "covariance": covariance, "prior": prior}
        return Case(arguments, hint + more, gradients=False)

    means = torch.tensor([[0.5, -1.0], [2.0, 0.4], [-1.5, 1.2]])
    covariance = torch.tensor([[2.0, 0.6], [0.6, 0.5]])
    root = torch.randn(4, 4)
    return [
        case(means, covariance, torch.tensor([0.2, 0.5, 0.3])),
        case(torch.tensor([[0.0], [2.0]]), torch.tensor([[0.25]]), torch.tensor([0.5, 0.5]), ANY),
        case(torch.randn(4, 4), root @ root.T + torch.eye(4), torch.full((4,), 0.25), COVARIANCE),
        case(torch.randn(2, 4), root @ root.T + torch.eye(4), torch.tensor([0.9, 0.1]), COVARIANCE),
    ]


def _linear(
    weight: Callable[[Tensor, Tensor], Tensor] = lambda m, c: m @ c.inverse(),
    quadratic: float = -0.5,
    log_prior: Callable[[Tensor], Tensor] = torch.log,
    metric: Callable[[Tensor], Tensor] = torch.inverse,
) -> Callable[[Tensor, Tensor, Tensor], Linear]:
    """The linear function with one part done in another way."""

    def answer(means: Tensor, covariance: Tensor, prior: Tensor) -> Linear:
        square = ((means @ metric(covariance)) * means).sum(dim=1)
        return weight(means, covariance), log_prior(prior) + quadratic * square

    return answer


WEIGHT_MISTAKES: list[Row] = [
    (_linear(lambda m, c: m @ c),
     "The covariance is not inverted: w_k = Σ⁻¹ μ_k, so that a feature that scatters much weighs little."),
    (_linear(lambda m, c: m @ (1 / c)),
     "You invert the elements of the covariance one by one; the inverse of a matrix is torch.linalg.inv, or "
     "better torch.linalg.solve."),
    (_linear(lambda m, c: m / c.diagonal()),
     "You use the variances alone, the diagonal of the covariance: that is naive Bayes. Here features may "
     "correlate."),
    (_linear(lambda m, c: m), "The weight is the mean itself: the covariance is missing, w_k = Σ⁻¹ μ_k."),
    (_linear(lambda m, c: m @ c.inverse() / 2),
     "The weight is only half: the mixed term of the square comes twice, so w_k = Σ⁻¹ μ_k without a ½."),
    (_linear(lambda m, c: -m @ c.inverse()), "The weight has the wrong sign: it is +Σ⁻¹ μ_k."),
    (_linear(lambda m, c: torch.linalg.solve(torch.linalg.cholesky(c), m.T).T),
     "You use the covariance's root (its Cholesky factor) once; the inverse of Σ needs it twice."),
    (_linear(lambda m, c: m @ c.inverse() @ c.inverse()), "You square the inverse: w_k = Σ⁻¹ μ_k."),
]  # fmt: skip
BIAS_MISTAKES: list[Row] = [
    (_linear(metric=lambda c: c), "In the bias the covariance is not inverted: it is -½ μ_kᵀ Σ⁻¹ μ_k."),
    (_linear(metric=lambda c: torch.eye(len(c))),
     "In the bias the covariance is missing: it is -½ μ_kᵀ Σ⁻¹ μ_k."),
    (_linear(log_prior=lambda prior: 0 * prior), "The prior is missing: log π_k belongs in the bias."),
    (_linear(log_prior=lambda prior: prior), "The prior enters with its logarithm, log π_k."),
    (_linear(log_prior=lambda prior: -prior.log()), "The term log π_k has the wrong sign."),
    (_linear(log_prior=torch.log2), "The logarithm of the prior is in bits; the book counts in nats."),
    (_linear(quadratic=0.0), "The bias lacks -½ μ_kᵀ Σ⁻¹ μ_k, the part of the square without x. If you have "
                             "it, sum over the features, dim=1: one number for each class."),
    (_linear(quadratic=-1.0), "The factor ½ in -½ μ_kᵀ Σ⁻¹ μ_k is missing."),
    (_linear(quadratic=0.5), "The term ½ μ_kᵀ Σ⁻¹ μ_k has the wrong sign: it is subtracted."),
    (_linear(quadratic=1.0), "The term ½ μ_kᵀ Σ⁻¹ μ_k has the wrong sign, and lacks its ½."),
]  # fmt: skip
CRASHES = {
    "mat1 and mat2 shapes": "Each class has a row in means, (K, D), so that means @ inverse is (K, D), too.",
    "incompatible shapes of a and b": "torch.linalg.solve takes the means as columns: means.T, (D, K).",
    "math.log": "Use prior.log(): math.log takes one number.",
    "python scalars": "Use prior.log(): math.log takes one number.",
}


def _judge_part(read: Callable[[Any], Tensor], mistakes: list[Row], hint: str) -> Judge:
    """A judge of one of the two results, with ``hint`` where no mistake is known."""
    return SameFunction(
        linear_discriminant, lambda: _cases(hint), mistakes, read=read, tolerance=1e-4, crashes=CRASHES
    )


_judge_weight = _judge_part(
    read_weight,
    WEIGHT_MISTAKES,
    "The weight, the first result, is not right: in log π_k + log N(x; μ_k, Σ) it multiplies x.",
)
_judge_bias = _judge_part(
    read_bias,
    BIAS_MISTAKES,
    "The weight is right, but the bias, the second result, is not: in log π_k + log N(x; μ_k, Σ) it is all "
    "that depends on k, but not on x.",
)


def _judge(answer: Any) -> None:
    _judge_weight(answer)
    _judge_bias(answer)


LINEAR_DISCRIMINANT = Exercise(
    _judge, "softmax(x @ weight.T + bias) is p(y | x): a posterior of logistic-linear form."
)
