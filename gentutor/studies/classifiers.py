"""Naive Bayes against logistic regression as the training set grows (Ng & Jordan 2001): digits and a toy."""

import math
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import data
from gentutor.classical import BernoulliNaiveBayes, GaussianClassifier
from gentutor.evaluation import expected_calibration_error, monte_carlo, reliability
from gentutor.models.logistic import LogisticRegression
from gentutor.training import minimize

NAIVE, LOGISTIC = "naive Bayes", "logistic regression"
SIZES = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000)


def logistic_regression(x: Tensor, y: Tensor, classes: int, l2: float, iterations: int) -> LogisticRegression:
    """Fit by L-BFGS: the summed cross-entropy plus l2 / 2 times the squared weights, not the biases."""
    model = LogisticRegression(x.shape[1], classes).to(x.dtype)

    def loss() -> Tensor:
        penalty = l2 / (2 * len(x)) * model.linear.weight.square().sum()
        return F.cross_entropy(model(x), y) + penalty

    minimize(loss, model.parameters(), iterations)
    return model


def naive_bayes_or_logistic(
    seeds: tuple[int, ...] = tuple(range(10)),
    sizes: tuple[int, ...] = SIZES,
    smoothings: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0),
    l2s: tuple[float, ...] = (0.001, 1.0, 10.0),
    iterations: int = 100,
    bins: int = 15,
) -> dict[str, Any]:
    """Error on MNIST's binarised test images, by training-set size; and the calibration at the largest one.

    At each size every model sees the same subsets, one for each seed, drawn without replacement and
    whatever the classes; of all images there is only one, so that size has one fit and no error bar.
    """
    train, test = _binary_digits("train"), _binary_digits("test")
    rows, calibration = [], []
    for size in sizes:
        errors: dict[tuple[str, float], list[float]] = {}
        for seed in seeds if size < len(train[1]) else seeds[:1]:
            chosen = torch.randperm(len(train[1]), generator=torch.Generator().manual_seed(seed))[:size]
            x, y = train[0][chosen], train[1][chosen]
            for name, strength in [*product([NAIVE], smoothings), *product([LOGISTIC], l2s)]:
                if name == NAIVE:
                    log_posterior = BernoulliNaiveBayes.fit(x, y, 10, strength).log_posterior(test[0])
                else:
                    model = logistic_regression(x, y, 10, strength, iterations)
                    log_posterior = model(test[0]).detach().log_softmax(dim=1)
                confidence, prediction = log_posterior.exp().max(dim=1)
                correct = prediction == test[1]
                errors.setdefault((name, strength), []).append(1 - correct.double().mean().item())
                if size == sizes[-1] and seed == seeds[0]:
                    found = _calibration(confidence.clamp(max=1), correct, bins)
                    calibration.append({"model": name, "strength": strength, **found})
        rows += [
            {"model": name, "strength": strength, "size": size, **_summary(values)}
            for (name, strength), values in errors.items()
        ]
    crossings = [
        {"smoothing": a, "l2": l2, "sizes": _crossings(_curve(rows, NAIVE, a), _curve(rows, LOGISTIC, l2))}
        for a, l2 in product(smoothings, l2s)
    ]
    settings = {
        "seeds": seeds,
        "sizes": sizes,
        "smoothings": smoothings,
        "l2s": l2s,
        "iterations": iterations,
        "threshold": 0.5,
    }
    return {"settings": settings, "rows": rows, "crossings": crossings, "calibration": calibration}


def two_gaussians(
    seeds: tuple[int, ...] = tuple(range(50)),
    sizes: tuple[int, ...] = (20, 30, 50, 100, 200, 500, 1000, 2000, 5000),
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
    rows = []
    for size in sizes:
        draws = [truth.sample(size, torch.Generator().manual_seed(1000 * size + seed)) for seed in seeds]
        rules = {
            NAIVE: [_gaussian_naive_bayes(x, y) for x, y in draws],
            LOGISTIC: _logistic_rules(
                torch.stack([x for x, _ in draws]), torch.stack([y for _, y in draws]), l2
            ),
        }
        predicted = _predicted(mean, covariance, size)
        rows += [
            {
                "model": name,
                "size": size,
                "predicted": predicted[name],
                **_summary([_error(weight, bias, mean, covariance) for weight, bias in fitted]),
            }
            for name, fitted in rules.items()
        ]
    zero = torch.zeros((), dtype=torch.float64)
    asymptotic = {
        NAIVE: _error(mean, zero, mean, covariance),  # the variances are 1
        LOGISTIC: _error(torch.linalg.solve(covariance, mean), zero, mean, covariance),
    }
    settings = {"seeds": seeds, "sizes": sizes, "dims": dims, "correlation": correlation, "l2": l2}
    return {
        "settings": {**settings, "mean": mean.tolist()},
        "rows": rows,
        "asymptotic": asymptotic,
        "crossings": _crossings(_curve(rows, NAIVE), _curve(rows, LOGISTIC)),
        "predicted_crossing": _predicted_crossing(mean, covariance),
    }


def _binary_digits(split: str) -> tuple[Tensor, Tensor]:
    images, labels = data.mnist(split)
    return (data.to_unit(images).flatten(1) > 0.5).float(), labels


def _calibration(confidence: Tensor, correct: Tensor, bins: int) -> dict[str, Any]:
    mean, accuracy, count = reliability(confidence, correct, bins)
    return {
        "confidence": [
            round(v, 4) if n else None for v, n in zip(mean.tolist(), count.tolist(), strict=True)
        ],
        "accuracy": [
            round(v, 4) if n else None for v, n in zip(accuracy.tolist(), count.tolist(), strict=True)
        ],
        "count": count.tolist(),
        "expected_calibration_error": round(expected_calibration_error(confidence, correct, bins), 5),
        "error": round(1 - correct.double().mean().item(), 5),
    }


def _summary(errors: list[float]) -> dict[str, Any]:
    values = torch.tensor(errors, dtype=torch.float64)
    mean, standard_error = monte_carlo(values) if len(errors) > 1 else (errors[0], None)
    return {
        "error": round(mean, 5),
        "standard_error": None if standard_error is None else round(standard_error, 5),
        "errors": [round(error, 5) for error in errors],
    }


def _curve(rows: list[dict[str, Any]], model: str, strength: float | None = None) -> dict[int, float]:
    return {
        row["size"]: row["error"] for row in rows if row["model"] == model and row.get("strength") == strength
    }


def _crossings(naive: dict[int, float], logistic: dict[int, float]) -> list[int]:
    """The sizes where the first curve goes from below the second to above it, between those measured."""
    found = []
    gaps = [(size, naive[size] - logistic[size]) for size in naive]
    for (size, gap), (next_size, next_gap) in zip(gaps, gaps[1:], strict=False):
        if gap < 0 <= next_gap:
            share = gap / (gap - next_gap)
            found.append(round(math.exp(math.log(size) + share * math.log(next_size / size))))
    return found


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


def _predicted(mean: Tensor, covariance: Tensor, size: float) -> dict[str, float]:
    """The expected errors for large n: what the noise of the estimates adds to the asymptotic ones.

    Naive Bayes: its weight is 2 mean plus noise of covariance 4 Sigma / n, its border off by noise of
    variance w Sigma w / n. Logistic regression: the inverse of the Fisher information (Efron 1975), an
    error in direction and in border of variance 1 / (n A) each in D - 1 + 1 coordinates.
    """
    spread = 4 * mean @ covariance @ mean + 4 / size * covariance.square().sum()
    naive = torch.special.ndtr(-2 * mean @ mean / (spread * (1 + 1 / size)).sqrt())
    distance = 2 * (mean @ torch.linalg.solve(covariance, mean)).sqrt()
    density = torch.exp(-distance.square() / 8) / math.sqrt(2 * math.pi)
    u = torch.linspace(-10, 10, 4001, dtype=torch.float64)  # of the best direction, in standard deviations
    normal = torch.exp(-u.square() / 2) / math.sqrt(2 * math.pi)
    p = torch.sigmoid(distance * (u + distance / 2))
    information = (normal * p * (1 - p)).sum() * 0.005
    logistic = torch.special.ndtr(-distance / 2) + len(mean) * density / (4 * distance * information * size)
    return {NAIVE: round(float(naive), 5), LOGISTIC: round(float(logistic), 5)}


def _predicted_crossing(mean: Tensor, covariance: Tensor) -> int | None:
    for size in range(20, 100_000):
        predicted = _predicted(mean, covariance, size)
        if predicted[NAIVE] >= predicted[LOGISTIC]:
            return size if size > 20 else None
    return None
