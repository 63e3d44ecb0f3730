"""The checks of Gaussian classes and of naive Bayes."""

import math

import pytest
import torch
from torch.distributions import Bernoulli

LINEAR, JOINT = "generative.linear_discriminant", "generative.naive_bayes_log_joint"


def linear(weight=lambda m, c: m @ c.inverse(), bias=-0.5, inverse=torch.inverse, log=torch.log):
    """The weight and bias, each part done in its own way."""

    def answer(means, covariance, prior):
        square = torch.stack([m @ inverse(covariance) @ m for m in means])
        return weight(means, covariance), log(prior) + bias * square

    return answer


def by_solve(means, covariance, prior):
    weight = torch.linalg.solve(covariance, means.T).T
    return weight, prior.log() - (weight * means).sum(1) / 2


def summed_over_everything(means, covariance, prior):
    weight, _ = by_solve(means, covariance, prior)
    return weight, prior.log() - (weight * means).sum() / 2


def whole_constant(means, covariance, prior):
    weight, bias = by_solve(means, covariance, prior)
    return weight, bias - covariance.logdet() / 2 - means.shape[1] / 2 * math.log(2 * math.pi)


def against_the_first(means, covariance, prior):
    weight, bias = by_solve(means, covariance, prior)
    return [weight - weight[0], bias - bias[0]]


def only_two_classes(means, covariance, prior):
    weight, bias = by_solve(means, covariance, prior)
    return weight[1] - weight[0], bias[1] - bias[0]


def terms(x, pixel):
    """(N, K, D), 0 where x is nan."""
    x = x[:, None]
    return torch.where(x.isnan(), 0.0, torch.where(x == 1, pixel.log(), (1 - pixel).log()))


def joint(x, prior, pixel):
    return prior.log() + terms(x, pixel).sum(2)


def by_products(x, prior, pixel):
    ones, zeros = x.nan_to_num(0), (1 - x).nan_to_num(0)
    return prior.log() + ones @ pixel.log().T + zeros @ torch.log1p(-pixel).T


def by_loop(x, prior, pixel):
    rows = []
    for image in x:
        seen = ~image.isnan()
        log_prob = Bernoulli(pixel[:, seen]).log_prob(image[seen].expand(len(pixel), -1))
        rows.append(prior.log() + log_prob.sum(1))
    return torch.stack(rows)


def nansum(x, prior, pixel):
    x = x[:, None]
    return prior.log() + (x * pixel.log() + (1 - x) * (1 - pixel).log()).nansum(2)


def products(x, prior, pixel, fill=None, add=0.0):
    if fill is not None:
        x = x.nan_to_num(fill)
    return prior.log() + x @ (pixel + add).log().T + (1 - x) @ (1 - pixel + add).log().T


def multiplied(x, prior, pixel):
    return (prior * terms(x, pixel).exp().prod(2)).log()


RIGHT = [
    (LINEAR, by_solve),
    (LINEAR, linear()),
    (LINEAR, whole_constant),
    (LINEAR, against_the_first),
    (JOINT, joint),
    (JOINT, by_products),
    (JOINT, by_loop),
    (JOINT, nansum),
]

WRONG = [
    (LINEAR, linear(lambda m, c: m @ c, inverse=lambda c: c), "covariance is not inverted"),
    (LINEAR, linear(lambda m, c: m @ c), "w_k = Σ⁻¹ μ_k, so that"),
    (LINEAR, linear(inverse=lambda c: c), "In the bias the covariance is not inverted"),
    (LINEAR, linear(lambda m, c: m @ (1 / c), inverse=lambda c: 1 / c), "one by one"),
    (LINEAR, linear(lambda m, c: m / c.diag(), inverse=lambda c: (1 / c.diag()).diag()), "naive Bayes"),
    (LINEAR, linear(lambda m, c: m, inverse=lambda c: torch.eye(len(c)).to(c)), "weight is the mean itself"),
    (LINEAR, linear(inverse=lambda c: torch.eye(len(c))), "In the bias the covariance is missing"),
    (LINEAR, linear(log=torch.zeros_like), "prior is missing"),
    (LINEAR, linear(log=lambda p: p), "enters with its logarithm"),
    (LINEAR, linear(log=lambda p: -p.log()), "log π_k has the wrong sign"),
    (LINEAR, linear(log=torch.log2), "in bits"),
    (LINEAR, linear(bias=0), "bias lacks"),
    (LINEAR, summed_over_everything, "sum over the features, dim=1: one number for each class"),
    (LINEAR, linear(bias=-1), "factor ½"),
    (LINEAR, linear(bias=0.5), "it is subtracted"),
    (LINEAR, linear(bias=1), "lacks its ½"),
    (LINEAR, linear(lambda m, c: m @ c.inverse() / 2), "only half"),
    (LINEAR, linear(lambda m, c: -m @ c.inverse()), "weight has the wrong sign"),
    (LINEAR, linear(lambda m, c: torch.linalg.solve(torch.linalg.cholesky(c), m.T).T), "root"),
    (LINEAR, linear(lambda m, c: (m @ c.inverse()).T), "yours is transposed"),
    (LINEAR, linear(lambda m, c: m @ c.inverse() @ c.inverse()), "square the inverse"),
    (LINEAR, linear(lambda m, c: m @ c.inverse() + 1, log=lambda p: p + 1), "enters with its logarithm"),
    (LINEAR, only_two_classes, "one row and one number for each class"),
    (LINEAR, lambda m, c, p: by_solve(m, c, p)[::-1], "first the weight"),
    (LINEAR, lambda m, c, p: by_solve(m, c, p)[0], "A pair of tensors"),
    (LINEAR, lambda m, c, p: (by_solve(m, c, p)[0], math.log(p)), "prior.log()"),
    (LINEAR, lambda m, c, p: (by_solve(m, c, p)[0], by_solve(m, c, p)[1][:, None]), "yours are (3, 2) and"),
    (LINEAR, lambda m, c, p: (m / c[0, 0], p.log()), "The weight, the first result, is not right"),
    (LINEAR, lambda m, c, p: by_solve(m, c + 0.01 * torch.eye(len(c)), p), "The weight, the first result"),
    (LINEAR, lambda m, c, p: (by_solve(m, c, p)[0], by_solve(m, c, p)[1] * 1.01), "but the bias, the second"),
    (LINEAR, lambda m, c, p: (torch.linalg.solve(c, m), p.log()), "takes the means as columns"),
    # naive Bayes
    (JOINT, lambda x, prior, pixel: prior.log() + x @ pixel.log().T, "Only the pixels with ink"),
    (JOINT, lambda x, prior, pixel: prior.log() + (1 - x) @ (1 - pixel).log().T, "Only the empty pixels"),
    (JOINT, lambda x, prior, pixel: joint(x, prior, pixel) - prior.log(), "prior is forgotten"),
    (JOINT, lambda x, prior, pixel: terms(x, pixel).sum(2) + prior, "enters with its logarithm"),
    (JOINT, lambda x, prior, pixel: (terms(x, pixel) + prior.log()[:, None]).sum(2), "once for each image"),
    (JOINT, lambda x, prior, pixel: terms(x, pixel).sum(2) * prior, "multiply by the prior"),
    (JOINT, lambda x, prior, pixel: terms(x, pixel).sum(2) * prior.log(), "multiply by log p(y)"),
    (JOINT, lambda *given: joint(*given).log_softmax(1), "log p(y | x)"),
    (JOINT, lambda *given: joint(*given).softmax(1), "the posterior p(y | x)"),
    (JOINT, lambda *given: joint(*given).exp(), "joint probability itself"),
    (JOINT, lambda x, prior, pixel: prior.log() + terms(x, pixel).mean(2), "mean over the pixels"),
    (JOINT, lambda *given: -joint(*given), "at most 0"),
    (JOINT, lambda *given: joint(*given).T, "transposed"),
    (JOINT, lambda *given: joint(*given) / math.log(2), "in bits"),
    (JOINT, lambda x, prior, pixel: joint(1 - x, prior, pixel), "On and off are swapped"),
    (
        JOINT,
        lambda x, prior, pixel: prior.log() + x @ pixel.log().T + (1 - x) @ (1 - pixel.log()).T,
        "inside the logarithm",
    ),
    (JOINT, lambda x, prior, pixel: prior.log() + x @ pixel.T + (1 - x) @ (1 - pixel).T, "is missing"),
    (JOINT, multiplied, "With 784 pixels a product"),
    (JOINT, lambda x, prior, pixel: prior.log() + terms(x, pixel).exp().prod(2).log(), "784 pixels"),
    (JOINT, lambda x, prior, pixel: products(x, prior, pixel, 0.0, 1e-8), "small constant"),
    (JOINT, lambda x, prior, pixel: products(x, prior, pixel, 0.0), "counted as empty"),
    (JOINT, lambda x, prior, pixel: products(x, prior, pixel, 1.0), "counted as ink"),
    (JOINT, lambda x, prior, pixel: products(x, prior, pixel, 0.5), "counted as half ink"),
    (JOINT, products, "The whole image has become nan"),
    (JOINT, lambda *given: products(*given).nan_to_num(0.0), "A pixel that is nan was not seen"),
    (JOINT, lambda x, prior, pixel: joint(x, prior, pixel).argmax(1), "decimal numbers"),
    (JOINT, lambda *given: joint(*given).half().float().half(), "Compare your function"),
    (JOINT, lambda x, prior, pixel: products(x, prior, pixel, 0.0, 1e-10), "small constant"),
    (JOINT, lambda x, prior, pixel: joint(x, prior, pixel.clamp(1e-6, 1 - 1e-6)), "no clamp"),
    (JOINT, lambda x, prior, pixel: prior.log() + (pixel.log() if x == 1 else -pixel).sum(1), "torch.where"),
    (JOINT, lambda x, prior, pixel: prior.log() + x @ pixel.log(), "x @ pixel.log().T is (N, K)"),
    (JOINT, lambda x, prior, pixel: (prior.log() + x * pixel.log()).sum(2), "x[:, None], (N, 1, D)"),
    (JOINT, lambda x, prior, pixel: prior.log() + Bernoulli(pixel).log_prob(x[:, None]).sum(2), "not seen"),
    (JOINT, lambda x, prior, pixel: -(x == 1) @ pixel.log().T, "~mask is the other mask"),
    (JOINT, lambda x, prior, pixel: prior.log() + (x == 1) @ pixel.log().T, "make it with .to(pixel)"),
    (JOINT, lambda x, prior, pixel: math.log(prior) + x @ pixel.log().T, "prior.log() takes"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(("id", "answer", "phrase"), WRONG)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
