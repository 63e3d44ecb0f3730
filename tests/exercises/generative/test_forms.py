"""Right answers in forms that readers of other schools write: NumPy, loops, vmap, distributions, float64."""

import math
import statistics

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, MultivariateNormal
from torch.func import vmap

KL, MC, LINEAR, SMOOTHED, JOINT, MISSING, EM, BITS = (
    f"generative.{name}"
    for name in (
        "kl_divergence",
        "monte_carlo",
        "linear_discriminant",
        "smoothed_probabilities",
        "naive_bayes_log_joint",
        "missing_pixels",
        "em_responsibilities",
        "bits_per_symbol",
    )
)


def kl_by_loop(p, q, dx):
    total = 0.0
    for a, b in zip(p.flatten().tolist(), q.flatten().tolist(), strict=True):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total * dx


def kl_in_numpy(p, q, dx):
    p, q = p.numpy(), q.numpy()
    with np.errstate(divide="ignore"):
        return np.sum(p * np.log(np.where(p > 0, p, 1)) - p * np.log(np.where(p > 0, q, 1))) * dx


def error_by_loop(values):
    mean = sum(values.double()) / len(values)
    return mean, (sum((v - mean) ** 2 for v in values.double()) / (len(values) - 1) / len(values)) ** 0.5


def linear_by_loop(means, covariance, prior):
    inverse = torch.linalg.inv(covariance)
    weight = [inverse @ mean for mean in means]
    bias = [p.log() - mean @ w / 2 for p, mean, w in zip(prior, means, weight, strict=True)]
    return torch.stack(weight), torch.stack(bias)


def linear_in_numpy(means, covariance, prior):
    weight = np.linalg.solve(covariance.numpy(), means.numpy().T).T
    return weight, np.log(prior.numpy()) - np.einsum("kd,kd->k", weight, means.numpy()) / 2


def linear_by_cholesky(means, covariance, prior):
    root = torch.linalg.cholesky(covariance.double())
    half = torch.linalg.solve_triangular(root, means.double().T, upper=False)
    weight = torch.linalg.solve_triangular(root.T, half, upper=True).T
    return weight.float(), prior.log() - half.square().sum(dim=0) / 2


def linear_from_densities(means, covariance, prior):
    densities = MultivariateNormal(means, covariance)
    at_zero = densities.log_prob(torch.zeros(means.shape[1]))
    return means @ densities.precision_matrix[0], at_zero + prior.log()


def joint_in_numpy(x, prior, pixel):
    on, off = (x.numpy() == 1).astype(float), (x.numpy() == 0).astype(float)
    return np.log(prior.numpy()) + on @ np.log(pixel.numpy()).T + off @ np.log1p(-pixel.numpy()).T


def joint_in_float32(x, prior, pixel):
    on, off = (x == 1).float(), (x == 0).float()
    return prior.log() + on @ pixel.log().T + off @ (1 - pixel).log().T


def joint_by_log_odds(x, prior, pixel):
    seen = (~x.isnan()).double()
    odds, off = pixel.double().logit(), (1 - pixel.double()).log()
    return prior.double().log() + x.double().nan_to_num(0) @ odds.T + seen @ off.T


def joint_by_distributions(x, prior, pixel):
    terms = Bernoulli(pixel).log_prob(x.nan_to_num(0)[:, None])
    return prior.log() + (terms * ~x.isnan()[:, None]).sum(dim=-1)


def joint_by_vmap(x, prior, pixel):
    def one(image, p, theta):
        terms = torch.where(image == 1, theta, torch.where(image == 0, 1 - theta, 1.0)).log()
        return p.log() + terms.sum()

    return vmap(vmap(one, (None, 0, 0)), (0, None, None))(x, prior, pixel)


def joint_by_class_and_chunk(x, prior, pixel):
    return torch.cat(
        [
            torch.stack(
                [
                    p.log() + (part * t.log() + (1 - part) * (1 - t).log()).nansum(dim=1)
                    for p, t in zip(prior, pixel, strict=True)
                ],
                dim=1,
            )
            for part in x.split(2)
        ]
    )


def posterior(joint):
    def answer(x, seen, prior, pixel):
        return torch.as_tensor(joint(torch.where(seen, x, math.nan), prior, pixel)).softmax(dim=1)

    return answer


def pixel_by_pixel(x, seen, prior, pixel):
    p = prior.expand(len(x), -1)
    for j in range(x.shape[1]):  # Bayes' rule, one pixel after the other
        factor = torch.where(x[:, j, None] == 1, pixel[:, j], 1 - pixel[:, j])
        p = torch.where(seen[:, j, None], p * factor, p)
        p = p / p.sum(dim=1, keepdim=True)
    return p


def products_in_float64(x, seen, prior, pixel):
    factors = torch.where(x[:, None] == 1, pixel, 1 - pixel).double()
    joint = prior * torch.where(seen[:, None], factors, 1.0).prod(dim=2)
    return joint / joint.sum(dim=1, keepdim=True)


def labels_in_numpy(log_joint, y, num_classes):
    weights = np.exp(log_joint.numpy() - log_joint.numpy().max(axis=1, keepdims=True))
    return np.concatenate([np.eye(num_classes)[y.numpy()], weights / weights.sum(axis=1, keepdims=True)])


def labels_in_float64(log_joint, y, num_classes):
    p = log_joint.double().exp()
    return torch.vstack([torch.eye(num_classes)[y], p / p.sum(dim=1, keepdim=True)])


RIGHT = [
    (KL, kl_by_loop),
    (KL, kl_in_numpy),
    (KL, lambda p, q, dx: (p * (p / q).log()).nansum() * dx),
    (KL, lambda p, q, dx: -(torch.special.entr(p) + torch.xlogy(p, q)).sum() * dx),
    (KL, lambda p, q, dx: torch.where(p > 0, p * (p.log2() - q.log2()), 0).sum().item() * dx * math.log(2)),
    (KL, lambda p, q, dx: sum(torch.xlogy(a, a) - torch.xlogy(a, b) for a, b in zip(p, q)).sum() * dx),  # noqa: B905
    (MC, error_by_loop),
    (MC, lambda v: (np.mean(v.numpy()), np.std(v.numpy(), ddof=1) / np.sqrt(len(v)))),
    (MC, lambda v: [statistics.fmean(v.tolist()), statistics.stdev(v.tolist()) / math.sqrt(len(v))]),
    (MC, lambda v: (v.mean(), (v - v.mean()).norm() / (len(v) * (len(v) - 1)) ** 0.5)),
    (LINEAR, linear_by_loop),
    (LINEAR, linear_in_numpy),
    (LINEAR, lambda *given: [part.tolist() for part in linear_in_numpy(*given)]),
    (LINEAR, linear_by_cholesky),
    (LINEAR, linear_from_densities),
    (SMOOTHED, lambda c, a: (c.numpy() + a) / (c.numpy() + a).sum(axis=-1, keepdims=True)),
    (SMOOTHED, lambda c, a: (c + a).log().softmax(dim=-1)),
    (SMOOTHED, lambda c, a: Categorical(probs=c.float() + a).probs),
    (SMOOTHED, lambda c, a: np.apply_along_axis(lambda row: (row + a) / (row + a).sum(), -1, c.numpy())),
    (SMOOTHED, lambda c, a: torch.einsum("...v,...->...v", c.float() + a, 1 / (c.float() + a).sum(-1))),
    *(
        (JOINT, joint)
        for joint in (
            joint_in_numpy,
            joint_in_float32,
            joint_by_log_odds,
            joint_by_distributions,
            joint_by_vmap,
            joint_by_class_and_chunk,
        )
    ),
    *((MISSING, posterior(joint)) for joint in (joint_in_numpy, joint_in_float32, joint_by_vmap)),
    (MISSING, pixel_by_pixel),
    (MISSING, products_in_float64),
    (EM, labels_in_numpy),
    (EM, labels_in_float64),
    (EM, lambda t, y, k: torch.cat([y[:, None] == torch.arange(k), Categorical(logits=t).probs])),
    (EM, lambda t, y, k: torch.cat([F.one_hot(y, k).float(), (t - t.logsumexp(1, keepdim=True)).exp()])),
    (BITS, lambda v: -sum(v.tolist()) / len(v) / math.log(2)),
    (BITS, lambda v: -np.mean([x.item() / math.log(2) for x in v])),
    (BITS, lambda v: F.nll_loss(v[:, None], torch.zeros(len(v), dtype=torch.long)) / math.log(2)),
    (BITS, lambda v: (-v.mean() / torch.tensor([2.0]).log())[0]),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)
