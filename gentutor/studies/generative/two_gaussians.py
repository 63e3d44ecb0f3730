"""Ng and Jordan's experiment where every error is known: two Gaussian classes, and what theory predicts."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.classical import GaussianClassifier, minimize
from gentutor.studies.generative.classifiers import LOGISTIC, NAIVE, crossing_sizes, curve, summary


def two_gaussians(
    seeds: tuple[int, ...] = tuple(range(50, 100)),
    sizes: tuple[int, ...] = (20, 30, 50, 100, 120, 150, 200, 500, 1000, 2000, 5000),
    dims: int = 16,
    correlation: float = 0.2,
    l2: float = 0.001,
) -> dict[str, Any]:
    """Two Gaussian classes whose errors are known: every rule's is computed exactly, no test set needed.

    The classes N(mean, covariance) and N(-mean, covariance) are equally likely. All features have variance
    1 and correlate with each other, which naive Bayes (Gaussian, with one diagonal covariance for both
    classes) ignores; so its error for endless data is above that of the best rule, which is linear.
    """
    mean, covariance = _toy(dims, correlation)
    truth = GaussianClassifier(
        torch.full((2,), 0.5, dtype=torch.float64),
        torch.stack([-mean, mean]),
        covariance.expand(2, dims, dims),
    )
    asymptotic, slope = expected_errors(mean, covariance)
    rows = []
    for size in sizes:
        draws = [truth.sample(size, torch.Generator().manual_seed(1000 * size + seed)) for seed in seeds]
        rules = {
            NAIVE: [_gaussian_naive_bayes(x, y) for x, y in draws],
            LOGISTIC: _logistic_rules(
                torch.stack([x for x, _ in draws]), torch.stack([y for _, y in draws]), l2
            ),
        }
        rows += [
            {
                "model": name,
                "size": size,
                "predicted": round(asymptotic[name] + slope[name] / size, 5),
                **summary([_error(weight, bias, mean, covariance) for weight, bias in fitted]),
            }
            for name, fitted in rules.items()
        ]
    settings = {"seeds": seeds, "sizes": sizes, "dims": dims, "correlation": correlation, "l2": l2}
    crossing = (slope[LOGISTIC] - slope[NAIVE]) / (asymptotic[NAIVE] - asymptotic[LOGISTIC])
    return {
        "settings": {**settings, "mean": mean.tolist()},
        "rows": rows,
        "asymptotic": asymptotic,
        "slope": slope,
        "crossings": crossing_sizes(curve(rows, NAIVE), curve(rows, LOGISTIC)),
        "predicted_crossing": round(crossing),
    }


def expected_errors(mean: Tensor, covariance: Tensor) -> tuple[dict[str, float], dict[str, float]]:
    r"""Each rule's error for endless data, and what finite data add: the error is limit + slope / n.

    Expanded to the order 1/n. For naive Bayes, with w = 2 mean, a = w' mean, s^2 = w' Sigma w, h = a / s,
    u = mean / a - Sigma w / s^2, and C / n the covariance of its estimated weights,

    .. math::
        \Phi(-h) + \frac{h \varphi(h)}{2 n} \Big(1 + \frac4{s^2} + \frac{\operatorname{tr} C \Sigma}{s^2}
        + \frac{\mu^\top C \mu}{a^2} - \frac{2\, w^\top \Sigma C \Sigma w}{s^4} + (h^2 - 1)\, u^\top C u\Big)

    For logistic regression, Efron's expansion (1975): each of its D errors, in direction and border, has
    the variance 1 / (n A) of the Fisher information, and costs phi(Delta / 2) / (4 Delta) of it.

    Args:
        mean: (D,), of class 1; that of class 0 is its opposite. Both are equally likely.
        covariance: (D, D), of either class, with variances 1 (naive Bayes ignores the features' units).

    Returns:
        (limit, slope), shares of wrong labels by the model's name.

    >>> limit, slope = expected_errors(torch.ones(1), torch.ones(1, 1))  # Phi(-1), and phi(1) of it
    >>> round(limit["naive Bayes"], 4), round(slope["naive Bayes"], 4)
    (0.1587, 0.242)
    """
    mean, covariance = mean.double(), covariance.double()
    best = torch.linalg.solve(covariance, mean)
    zero = torch.zeros((), dtype=torch.float64)
    limit = {
        NAIVE: _error(mean, zero, mean, covariance),  # the variances are 1
        LOGISTIC: _error(best, zero, mean, covariance),
    }

    weight = 2 * mean
    pull, ahead = covariance @ weight, weight @ mean  # Sigma w, a
    variance = weight @ pull  # s^2
    h = ahead / variance.sqrt()
    noise = 4 * (covariance + 2 * torch.outer(mean, mean) * covariance.square())  # C: of means, of variances
    u = mean / ahead - pull / variance
    costs = (
        (1 + 4 / variance)  # the mid-point of the means, and the classes' shares
        + ((noise * covariance).sum() - 2 * pull @ noise @ pull / variance) / variance
        + mean @ noise @ mean / ahead.square()
        + (h.square() - 1) * (u @ noise @ u)
    )

    distance = 2 * (mean @ best).sqrt()  # Delta
    x = torch.linspace(-10, 10, 4001, dtype=torch.float64)  # along the best direction, from a class's mean
    p = torch.sigmoid(distance * (x + distance / 2))
    information = (_density(x) * p * (1 - p)).sum() * 0.005  # A
    slope = {
        NAIVE: float(h * _density(h) * costs / 2),
        LOGISTIC: float(len(mean) * _density(distance / 2) / (4 * distance * information)),
    }
    return limit, slope


def _density(x: Tensor) -> Tensor:
    return torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)


def _toy(dims: int, correlation: float) -> tuple[Tensor, Tensor]:
    """The mean and covariance of the class at +mean: features of differing use, equally correlated."""
    covariance = torch.full((dims, dims), correlation, dtype=torch.float64).fill_diagonal_(1.0)
    return torch.linspace(0.1, 0.5, dims, dtype=torch.float64), covariance


def _gaussian_naive_bayes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(weight, bias) of the rule weight x + bias > 0 under a diagonal covariance common to both classes."""
    means = torch.stack([x[y == 0].mean(dim=0), x[y == 1].mean(dim=0)])
    weight = means.diff(dim=0)[0] / (x - means[y]).square().mean(dim=0)
    shares = torch.bincount(y, minlength=2).double() / len(y)
    return weight, (shares[1] / shares[0]).log() - weight @ means.mean(dim=0)


def _logistic_rules(x: Tensor, y: Tensor, l2: float, iterations: int = 300) -> list[tuple[Tensor, Tensor]]:
    """(weight, bias) of a logistic regression of two classes on each of S training sets, fitted at once.

    x is (S, N, D), y (S, N); each minimises its summed cross-entropy plus l2 / 2 times its squared weights.
    """
    weight = torch.zeros_like(x[:, 0], requires_grad=True)  # (S, D)
    bias = torch.zeros_like(x[:, 0, :1], requires_grad=True)  # (S, 1)

    def loss() -> Tensor:
        logits = (x @ weight[:, :, None]).squeeze(2) + bias  # (S, N)
        cross_entropy = F.binary_cross_entropy_with_logits(logits, y.to(x.dtype), reduction="sum")
        return (cross_entropy + l2 / 2 * weight.square().sum()) / y.shape[1]

    minimize(loss, [weight, bias], iterations)
    return list(zip(weight.detach(), bias.detach().squeeze(1), strict=True))


def _error(weight: Tensor, bias: Tensor, mean: Tensor, covariance: Tensor) -> float:
    """The share of x that the rule weight x + bias > 0 puts into the wrong class, exactly."""
    std = (weight @ covariance @ weight).sqrt()
    missed = torch.special.ndtr(-(weight @ mean + bias) / std)
    false = torch.special.ndtr(-(weight @ mean - bias) / std)
    return float(missed + false) / 2
