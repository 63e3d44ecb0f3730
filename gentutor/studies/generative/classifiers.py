"""Naive Bayes against logistic regression as the training set grows (Ng & Jordan 2001), on digits."""

import math
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor import data
from gentutor.classical import BernoulliNaiveBayes, minimize
from gentutor.evaluation import expected_calibration_error, monte_carlo, reliability
from gentutor.models.classifier import LogisticRegression

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
    train, test = binary_digits("train"), binary_digits("test")
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
            {"model": name, "strength": strength, "size": size, **summary(values)}
            for (name, strength), values in errors.items()
        ]
    settings = {
        "seeds": seeds,
        "sizes": sizes,
        "smoothings": smoothings,
        "l2s": l2s,
        "iterations": iterations,
        "threshold": 0.5,
    }
    return {"settings": settings, "rows": rows, "calibration": calibration}


def binary_digits(split: str) -> tuple[Tensor, Tensor]:
    """MNIST as rows of 0 and 1 (N, 784), on where the ink is above one half; and the labels (N,)."""
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


def summary(errors: list[float]) -> dict[str, Any]:
    """The mean of some draws' errors, its standard error (None for one draw), and the errors."""
    values = torch.tensor(errors, dtype=torch.float64)
    mean, standard_error = monte_carlo(values) if len(errors) > 1 else (errors[0], None)
    return {
        "error": round(mean, 5),
        "standard_error": None if standard_error is None else round(standard_error, 5),
        "errors": [round(error, 5) for error in errors],
    }


def curve(rows: list[dict[str, Any]], model: str, strength: float | None = None) -> dict[int, float]:
    """A model's mean error by training-set size."""
    return {
        row["size"]: row["error"] for row in rows if row["model"] == model and row.get("strength") == strength
    }


def crossing_sizes(naive: dict[int, float], logistic: dict[int, float]) -> list[int]:
    """The sizes where the first curve goes from below the second to above it, between those measured."""
    found = []
    gaps = [(size, naive[size] - logistic[size]) for size in naive]
    for (size, gap), (next_size, next_gap) in zip(gaps, gaps[1:], strict=False):
        if gap < 0 <= next_gap:
            share = gap / (gap - next_gap)
            found.append(round(math.exp(math.log(size) + share * math.log(next_size / size))))
    return found
