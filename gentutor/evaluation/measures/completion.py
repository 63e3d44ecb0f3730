"""What is measured of models that complete the lower half of a digit."""

import torch
from torch import Tensor, nn

from gentutor import _checks as check
from gentutor import data
from gentutor.evaluation.classes import wilson_interval
from gentutor.evaluation.distances import frechet_distance
from gentutor.evaluation.estimates import monte_carlo
from gentutor.evaluation.features import digit_features, digit_logits
from gentutor.evaluation.likelihood import conditional_log_likelihood
from gentutor.evaluation.measures.drawing import CHUNK, draw, measuring, on_device_of
from gentutor.models.completion import HalfRegression, halves
from gentutor.models.cvae import CVAE
from gentutor.models.sampling import Sampler, evaluating, sample_images
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.steps import binarize

ANSWERS = 10  # completions of each digit


def completion_metrics(answers: Tensor, hidden: Tensor, visible: Tensor, labels: Tensor) -> dict[str, float]:
    r"""Answers against the truth: right, near, and as varied as the truth is uncertain.

    For a model of p(x|c) whose answers are draws of it, the squared error of one answer is twice the
    conditional variance, that of the mean of many is the conditional variance, and ``variety`` is it, too:

    .. math::
        E\|x - x'\|^2 = 2\, E \operatorname{Var}(x|c), \qquad E\|x - E[x|c]\|^2 = E \operatorname{Var}(x|c)

    A model that gives one answer, or ignores its noise, has a variety of 0.

    Args:
        answers: (S, N, 1, 14, 28), in [0, 1], S completions of each digit.
        hidden: (N, 1, 14, 28), in [0, 1], the true lower halves.
        visible: (N, 1, 14, 28), in [0, 1], the upper ones.
        labels: (N,), int64, the digits.

    Returns:
        ``accuracy``: the share of first answers in which, with the upper half, the stored classifier sees the
        true digit, with its 95 % interval ``accuracy_low``, ``accuracy_high``; ``error``: their squared
        error, summed over pixels; ``error_mean``: that of the mean answer; ``error_best``: of the best one;
        ``variety``: the variance of the answers to one question, summed over pixels, 0 for S = 1;
        ``frechet``: of the completed digits' features from those of the true ones.

    Raises:
        TypeError: an argument but the labels is no floating-point tensor.
        ValueError: the shapes do not fit, or values lie outside [0, 1].
    """
    if answers.shape[1:] != hidden.shape or hidden.shape != visible.shape or len(labels) != len(hidden):
        shapes = [tuple(tensor.shape) for tensor in (answers, hidden, visible, labels)]
        raise ValueError(f"expected (S, N, 1, 14, 28), twice (N, 1, 14, 28) and (N,), got {shapes}")
    check.floats(answers=answers, hidden=hidden, visible=visible)
    check.within(0, 1, answers=answers, hidden=hidden, visible=visible)
    whole, truth = torch.cat([visible, answers[0]], dim=2), torch.cat([visible, hidden], dim=2)
    right = int((digit_logits(whole).argmax(dim=1) == labels).sum())
    low, high = wilson_interval(right, len(labels))
    errors = torch.stack([(answer - hidden).square().flatten(1).sum(dim=1) for answer in answers])  # (S, N)
    error_mean = (answers.mean(dim=0) - hidden).square().flatten(1).sum(dim=1)
    spread = answers.var(dim=0).flatten(1).sum(dim=1) if len(answers) > 1 else answers.new_zeros(1)
    return {
        "accuracy": right / len(labels),
        "accuracy_low": low,
        "accuracy_high": high,
        "error": errors[0].mean().item(),
        "error_mean": error_mean.mean().item(),
        "error_best": errors.amin(dim=0).mean().item(),
        "variety": spread.mean().item(),
        "frechet": frechet_distance(digit_features(truth), digit_features(whole)),
    }


@measuring
def measure_completion_gan(model: Sampler, samples: int, seed: int) -> dict[str, float]:
    """Of a conditional GAN that completes digits: what ``completion_metrics`` says of ten answers to each of
    so many random test digits.
    """
    visible, hidden, labels = on_device_of(model, *questions(samples, seed)[:3])
    return completion_metrics(_answers(model, visible, seed), hidden, visible, labels)


@measuring
def measure_completion_cvae(model: CVAE, samples: int, seed: int) -> dict[str, float]:
    """Of a conditional VAE that completes digits: as of a GAN, and ``nll``, minus the log-likelihood of the
    hidden half given the visible one, nats per digit, with a twentieth as many importance samples as digits,
    and ``nll_error``, its standard error over digits.
    """
    visible, hidden, labels, random = questions(samples, seed)
    x, visible, hidden, labels = on_device_of(model, binarize(hidden, random), visible, hidden, labels)
    draws = max(1, samples // 20)
    with evaluating(model):
        log_px = conditional_log_likelihood(model, x, visible, draws, CHUNK, random)
    numbers = completion_metrics(_answers(model, visible, seed), hidden, visible, labels)
    return {**_negative(log_px), **numbers}


@measuring
def measure_regression(model: HalfRegression, samples: int, seed: int) -> dict[str, float]:
    """Of a regression that completes digits: what ``completion_metrics`` says of its one answer to each of so
    many random test digits, and ``nll`` and ``nll_error`` as of a conditional VAE.
    """
    visible, hidden, labels, random = questions(samples, seed)
    x, visible, hidden, labels = on_device_of(model, binarize(hidden, random), visible, hidden, labels)
    with evaluating(model):
        logits = torch.cat([model(part) for part in visible.split(CHUNK)])
    numbers = completion_metrics(logits.sigmoid()[None], hidden, visible, labels)
    return {**_negative(bernoulli_log_prob(logits, x)), **numbers}


def questions(samples: int, seed: int) -> tuple[Tensor, Tensor, Tensor, torch.Generator]:
    """Upper and lower halves of random test digits, their labels, and the generator for what follows."""
    random = torch.Generator().manual_seed(seed)
    images, labels = draw(data.mnist("test"), samples, random)
    return *halves(images), labels, random


def _answers(model: nn.Module, visible: Tensor, seed: int) -> Tensor:
    """Completions of each digit, (S, N, 1, 14, 28), each round with its own noise."""
    rounds = range(ANSWERS * seed, ANSWERS * (seed + 1))
    return torch.stack([sample_images(model, len(visible), r, condition=visible) for r in rounds])


def _negative(log_px: Tensor) -> dict[str, float]:
    mean, error = monte_carlo(log_px)
    return {"nll": -mean, "nll_error": error}
