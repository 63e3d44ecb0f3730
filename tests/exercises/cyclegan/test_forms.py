"""Right answers to the exercises on CycleGAN in other forms than the solutions', and near misses."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Laplace
from torch.func import vmap

from gentutor.exercises.cyclegan.mistakes import BUGS, Networks
from tests.exercises.solutions import solution

CYCLE, IDENTITY, OBJECTIVE, POOL = (
    f"cyclegan.{name}"
    for name in ("cycle_consistency_loss", "identity_loss", "generator_loss", "history_pool")
)
BOTH = pytest.mark.parametrize("id", [CYCLE, IDENTITY])


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        lambda x, y: vmap(F.l1_loss)(x, y).mean(),
        lambda x, y: torch.stack([(p - q).abs().mean() for p, q in zip(x, y, strict=True)]).mean(),
        lambda x, y: (
            sum((p - q).abs().sum() for p, q in zip(x.split(2), y.split(2), strict=True)) / x.numel()
        ),
        lambda x, y: torch.where(x > y, x - y, y - x).mean(),  # another slope at 0 than abs
        lambda x, y: torch.maximum(x - y, y - x).mean(),
        lambda x, y: (F.relu(x - y) + F.relu(y - x)).mean(),
        lambda x, y: torch.linalg.vector_norm(x - y, ord=1) / x.numel(),
        lambda x, y: -Laplace(y, torch.ones_like(y)).log_prob(x).mean() - math.log(2),
        lambda x, y: F.l1_loss(x.double(), y.double()),
    ],
)
def test_right_distances(id, answer, accepts):
    accepts(id, answer)


@BOTH
@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda x, y: (x - y).square().sqrt().mean(), "the root of a square has none"),
        (lambda x, y: ((x - y).square() + 1e-8).sqrt().mean(), "there is no constant"),
        (lambda x, y: ((x - y).square() + 1e-12).sqrt().mean(), "there is no constant"),
        (lambda x, y: F.pairwise_distance(x.flatten(), y.flatten(), p=1) / x.numel(), "there is no constant"),
    ],
)
def test_near_misses_of_distances(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


def least_squares(scores):
    return F.mse_loss(scores, torch.ones_like(scores))


def by_loops(a, b, G, F, D_A, D_B):
    total = 0
    for x in a:
        there = G(x[None])
        total = total + ((D_B(there) - 1).square().mean() + 10 * (F(there) - x).abs().mean()) / len(a)
        total = total + 5 * (F(x[None]) - x).abs().mean() / len(a)
    for x in b:
        there = F(x[None])
        total = total + ((D_A(there) - 1).square().mean() + 10 * (G(there) - x).abs().mean()) / len(b)
        total = total + 5 * (G(x[None]) - x).abs().mean() / len(b)
    return total


def by_vmap(a, b, G, F, D_A, D_B):
    def one_way(x, there, back, judge):
        made = there(x)
        same = (back(x) - x).abs().mean()
        return (judge(made) - 1).square().mean() + 10 * (back(made) - x).abs().mean() + 5 * same

    return vmap(lambda x: one_way(x, G, F, D_B))(a).mean() + vmap(lambda x: one_way(x, F, G, D_A))(b).mean()


def by_moments(a, b, G, F, D_A, D_B):
    scores = D_B(G(a)), D_A(F(b))
    fooled = sum(s.var(correction=0) + (s.mean() - 1).square() for s in scores)
    pairs = [(10, F(G(a)), a), (10, G(F(b)), b), (5, G(b), b), (5, F(a), a)]
    return fooled + sum(weight * (x - y).norm(p=1) / y.numel() for weight, x, y in pairs)


def in_joint_batches(a, b, G, F, D_A, D_B):
    fake_a, same_a = F(torch.cat([b, a])).split([len(b), len(a)])
    fake_b, same_b, back_b = G(torch.cat([a, b, fake_a])).split([len(a), len(b), len(b)])
    terms = [
        least_squares(D_B(fake_b)) + least_squares(D_A(fake_a)),
        (F(fake_b) - a).abs().mean() + (back_b - b).abs().mean(),
        (same_b - b).abs().mean() + (same_a - a).abs().mean(),
    ]
    return torch.stack(terms) @ torch.tensor([1.0, 10.0, 5.0])


def printed(*given):
    return solution(OBJECTIVE)(*given)


@pytest.mark.parametrize(
    "answer",
    [by_loops, by_vmap, by_moments, in_joint_batches, lambda *networks: printed(*networks).double()],
)
def test_right_objectives(answer, accepts):
    accepts(OBJECTIVE, answer)


@pytest.mark.parametrize(("hint", "part"), [(hint, part) for parts, hint in BUGS for part in parts])
def test_each_catalogued_objective_gets_its_own_hint(hint, part, rejects):
    rejects(OBJECTIVE, lambda a, b, G, F, D_A, D_B: part(a, b, Networks(G, F, D_A, D_B)), hint)


def test_what_the_objective_leaves_behind(rejects):
    def in_evaluation_mode(a, b, *networks):
        networks[3].eval()
        return printed(a, b, *networks)

    rejects(OBJECTIVE, in_evaluation_mode, "leaves D_B in evaluation mode")
    rejects(OBJECTIVE, lambda a, b, G, F, D_A, D_B: F.l1_loss(F(G(a)), a), "hides torch.nn.functional")
    rejects(OBJECTIVE, lambda *x: printed(*x).detach() + printed(*x) * 0, "gradient is cut")


def shape(fake):
    return -1, *[1] * (fake.dim() - 1)


def exchanged_in_lists(fake, past, swap, place):
    shown, after = list(fake.detach()), list(past)
    for k in range(len(shown)):
        if swap[k]:
            shown[k], after[place[k]] = after[place[k]], shown[k]
    return torch.stack(shown), torch.stack(after)


def by_numpy(fake, past, swap, place):
    new, old, s, i = fake.detach().numpy(), past.numpy(), swap.numpy(), place.numpy()
    shown, after = new.copy(), old.copy()
    shown[s], after[i[s]] = old[i[s]], new[s]
    return shown, after


def by_permutation(fake, past, swap, place):
    rows, from_new = torch.arange(len(fake) + len(past)), swap.nonzero()[:, 0]
    from_old = len(fake) + place[swap]
    rows[from_new], rows[from_old] = from_old, from_new
    both = torch.cat([fake.detach(), past])[rows]
    return both[: len(fake)], both[len(fake) :]


def by_arithmetic(fake, past, swap, place):
    fake = fake.detach()
    keep = 1 - swap.view(shape(fake)).to(fake)
    return keep * fake + (1 - keep) * past[place], past.index_add(0, place, (1 - keep) * (fake - past[place]))


@pytest.mark.parametrize("answer", [exchanged_in_lists, by_numpy, by_permutation, by_arithmetic])
def test_right_exchanges(answer, accepts):
    accepts(POOL, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda *x: by_permutation(*x)[::-1], "results are swapped"),
        (lambda f, p, s, i: (by_permutation(f, p, s, i)[0], torch.cat([p, f.detach()[s]])), "pool grows"),
        (lambda f, p, s, i: (np.array(1), p), "of one shape"),
    ],
)
def test_near_misses_of_the_exchange(answer, phrase, rejects):
    rejects(POOL, answer, phrase)
