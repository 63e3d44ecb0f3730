"""Right answers to the exercises on conditions in forms that their solutions do not have, and near misses."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical
from torch.func import vmap

CONCAT, PROJECTION, AUXILIARY, INFORMATION, BAG, RANKS = (
    f"conditional.{name}"
    for name in (
        "concat_condition",
        "projection_logits",
        "auxiliary_loss",
        "mutual_information",
        "bag_of_words",
        "retrieval_ranks",
    )
)


def maps(e, h):
    return e if h.dim() == 2 else e[:, :, None, None].expand(-1, -1, *h.shape[2:])


def numbers_put_in_place(h, y, k):
    out = h.new_zeros(len(h), h.shape[1] + k, *h.shape[2:])
    out[:, : h.shape[1]] = h
    out[torch.arange(len(h)), h.shape[1] + y] = 1
    return out


def mapped_concat(h, y, k):
    def one(x, label):
        e = (torch.arange(k) == label).to(x)
        return torch.cat([x, e.view(-1, *[1] * (x.dim() - 1)).expand(-1, *x.shape[1:])])

    return vmap(one)(h, y)


def shifted_softmax(a, y):
    a = a - a.detach().max(dim=1, keepdim=True).values
    return (a.exp().sum(dim=1).log() - a.gather(1, y[:, None])[:, 0]).mean()


def bag_by_loop(tokens, table):
    out = torch.zeros(len(tokens), table.shape[1], dtype=table.dtype)
    for i, name in enumerate(tokens.tolist()):
        for word in name:
            if word:
                out[i] += table[word]
    return out


def bag_by_counts(tokens, table):
    counts = torch.zeros(len(tokens), len(table), dtype=table.dtype)
    return counts.scatter_add_(1, tokens, (tokens > 0).to(table)) @ table


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (CONCAT, numbers_put_in_place),
        (CONCAT, mapped_concat),
        (CONCAT, lambda h, y, k: torch.cat([h, maps(y[:, None] == torch.arange(k), h)], 1)),
        (CONCAT, lambda h, y, k: torch.cat([h, maps(torch.from_numpy(np.eye(k)[y.numpy()]), h)], 1)),
        (PROJECTION, lambda f, s, v: torch.stack([a @ b + c for a, b, c in zip(f, v, s, strict=True)])),
        (PROJECTION, vmap(lambda f, s, v: torch.dot(f, v) + s)),
        (PROJECTION, lambda f, s, v: ((f + v).square().sum(1) - (f - v).square().sum(1)) / 4 + s),
        (PROJECTION, lambda f, s, v: (f.double() * v.double()).sum(1) + s.double()),
        (PROJECTION, lambda f, s, v: s + torch.bmm(f.unsqueeze(1), v.unsqueeze(2)).squeeze()),
        (AUXILIARY, lambda a, y: -Categorical(logits=a).log_prob(y).mean()),
        (AUXILIARY, lambda a, y: vmap(F.cross_entropy)(a, y).mean()),
        (AUXILIARY, lambda a, y: sum(r.logsumexp(0) - r[k] for r, k in zip(a, y, strict=True)) / len(y)),
        (AUXILIARY, lambda a, y: -(F.one_hot(y, a.shape[1]) * a.log_softmax(1)).sum() / len(y)),
        (AUXILIARY, lambda a, y: F.cross_entropy(a.double(), y)),
        (AUXILIARY, shifted_softmax),
        (AUXILIARY, nn.CrossEntropyLoss()),
        (BAG, bag_by_loop),
        (BAG, bag_by_counts),
        (BAG, lambda w, e: F.embedding_bag(w, e, mode="sum", padding_idx=0)),
        (BAG, lambda w, e: e[w].sum(1) - (w == 0).sum(1, keepdim=True) * e[0]),
        (BAG, lambda w, e: vmap(lambda row: (e[row] * (row > 0)[:, None]).sum(0))(w)),
        (BAG, lambda w, e: torch.stack([e[row[row > 0]].sum(0) for row in w]).double()),
    ],
)
def test_right_answers_with_a_gradient(id, answer, accepts):
    accepts(id, answer)


def by_numpy(counts):
    p = counts.numpy() / counts.numpy().sum()
    q = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    return (p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum()


def by_plain_loop(counts):
    table = (counts / counts.sum()).tolist()
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    return sum(
        p * math.log(p / (rows[i] * columns[j]))
        for i, row in enumerate(table)
        for j, p in enumerate(row)
        if p
    )


def by_categorical(counts):
    p = counts / counts.sum()
    return sum(Categorical(p.sum(d)).entropy() for d in (0, 1)) - Categorical(p.flatten()).entropy()


def by_nansum(counts):
    p = counts / counts.sum()
    return torch.nansum(p * (p / torch.outer(p.sum(1), p.sum(0))).log())


def in_double(counts):
    p = counts.double() / counts.double().sum()
    q = torch.outer(p.sum(1), p.sum(0))
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def ranks_by_loop(made, candidates):
    ranks = []
    for i in range(len(made)):
        row = [torch.linalg.vector_norm(made[i] - t).item() for t in candidates]
        ranks.append(1 + sum(row[j] <= row[i] for j in range(len(row)) if j != i))
    return ranks


def ranks_by_numpy(made, candidates):
    m, t = (x.numpy().reshape(len(x), -1) for x in (made, candidates))
    distance = np.linalg.norm(m[:, None] - t[None], axis=-1)
    return (distance <= np.diag(distance)[:, None]).sum(axis=1)


def far(made, candidates):
    return torch.cdist(made.flatten(1), candidates.flatten(1))


def ranks_by_vmap(made, candidates):
    def one(m, own):
        return ((m - candidates).flatten(1).norm(dim=1) <= (m - own).norm()).sum()

    return vmap(one)(made, candidates)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (INFORMATION, by_numpy),
        (INFORMATION, by_plain_loop),
        (INFORMATION, lambda c: torch.tensor(by_plain_loop(c))),
        (INFORMATION, by_categorical),
        (INFORMATION, by_nansum),
        (INFORMATION, in_double),
        (INFORMATION, lambda c: in_double(c).float()),
        (INFORMATION, lambda c: in_double(c).item()),
        (RANKS, ranks_by_loop),
        (RANKS, lambda m, t: torch.tensor(ranks_by_loop(m, t), dtype=torch.int32)),
        (RANKS, ranks_by_numpy),
        (RANKS, ranks_by_vmap),
        (RANKS, lambda m, t: len(m) - (far(m, t) > far(m, t).diagonal()[:, None]).sum(1)),
    ],
)
def test_right_answers_without_a_gradient(id, answer, accepts):
    accepts(id, answer)


def table_of(c):
    p = c / c.sum()
    return p, torch.outer(p.sum(1), p.sum(0))


@pytest.mark.parametrize("e", [1e-3, 1e-6, 1e-8, 1e-10, 1e-12])
@pytest.mark.parametrize(
    "form",
    [
        lambda p, q, e: torch.nansum(p * (p / (q + e)).log()),
        lambda p, q, e: (p * ((p + e) / (q + e)).log()).sum(),
        lambda p, q, e: (p * ((p + e).log() - (q + e).log())).sum(),
        lambda p, q, e: (p * (p.clamp(min=e).log() - q.clamp(min=e).log())).sum(),
        lambda p, q, e: (p * (p / (q + e) + e).log()).sum(),
    ],
)
def test_a_small_constant_in_the_information(form, e, rejects):
    rejects(INFORMATION, lambda c: form(*table_of(c), e), "a small constant")


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (INFORMATION, lambda c: in_double(c + 1e-8), "a small constant"),
        (INFORMATION, lambda c: in_double(c).round(decimals=4), "a rounding"),
        (INFORMATION, lambda c: in_double(c)[None], "without dimensions"),
        (INFORMATION, lambda c: sum(p * math.log(p) for p in c.flatten()) * 0 + in_double(c), "0 · log 0"),
        (PROJECTION, lambda f, s, v: ((f * v).sum(1) + s).clamp(-20, 20), "no limit"),
        (PROJECTION, lambda f, s, v: torch.dot(f, v) + s, "two vectors"),
        (PROJECTION, lambda f, s, v: f @ v + s, "multiplies matrices"),
        (PROJECTION, lambda f, s, v: (f * v + s).sum(1), "features first"),
        (AUXILIARY, lambda a, y: F.nll_loss(a.double().softmax(1).log(), y), "At large logits"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a.clamp(-50, 50), y), "At large logits"),
        (AUXILIARY, lambda a, y: F.cross_entropy(y, a), "logits first"),
        (AUXILIARY, lambda a, y: F.cross_entropy(a.T, y), "do not transpose"),
        (BAG, lambda w, e: e[w[w > 0]].sum(0), "words of all names"),
        (BAG, lambda w, e: torch.stack([sum(e[t] for t in n if t > 0) for n in w]), "begin with torch.zeros"),
        (RANKS, lambda m, t: (far(m, t) <= far(m, t).diagonal()).sum(1), "the diagonal as a column"),
        (
            RANKS,
            lambda m, t: (far(m, t) <= far(m, t).diagonal()[:, None] + 1e-3).sum(1),
            "do not round or add",
        ),
        (
            RANKS,
            lambda m, t: far(m, t).argsort(dim=1, stable=True).argsort(dim=1).diagonal() + 1,
            "leaves ties to chance",
        ),
        (RANKS, lambda m, t: [r / len(m) for r in ranks_by_loop(m, t)], "whole number"),
        (RANKS, lambda m, t: torch.tensor(ranks_by_loop(m, t))[:, None], "size 1 is left over"),
    ],
)
def test_near_misses(id, answer, phrase, rejects):
    rejects(id, answer, phrase)
