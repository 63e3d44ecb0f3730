"""The checks of a bag of words, of ranks, and of the questions on words."""

import pytest
import torch
import torch.nn.functional as F

from gentutor import data, recipes
from gentutor.data import name_tokens
from gentutor.evaluation import retrieval_ranks
from gentutor.models.text import bag_of_words

BAG, RANKS, UNKNOWN, ORDER = (
    f"conditional.{name}" for name in ("bag_of_words", "retrieval_ranks", "unknown_word", "word_order")
)


def rows(w, e):
    return e[w] * (w > 0).unsqueeze(2)


def by_counts(w, e):
    counts = F.one_hot(w, len(e)).sum(1).to(e)
    counts = torch.cat([torch.zeros_like(counts[:, :1]), counts[:, 1:]], dim=1)
    return counts @ e


def by_padding(w, e):
    keep = torch.arange(len(e))[:, None] > 0
    return F.embedding(w, torch.where(keep, e, torch.zeros_like(e))).sum(1)


def by_loop(w, e):
    return torch.stack(
        [sum((e[t] for t in name.tolist() if t), torch.zeros_like(e[0]) + 0 * e[0]) for name in w]
    )


@pytest.mark.parametrize(
    "answer", [bag_of_words, lambda w, e: rows(w, e).sum(1), by_counts, by_padding, by_loop]
)
def test_right_bags(answer, accepts):
    accepts(BAG, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda w, e: e[w].sum(1), "row 0 of the table"),
        (lambda w, e: rows(w, e).mean(1), "the empty ones included"),
        (lambda w, e: rows(w, e).sum(1) / (w > 0).sum(1, keepdim=True).clamp(min=1), "has a sum"),
        (lambda w, e: rows(w, e).sum(2), "numbers of each vector"),
        (lambda w, e: rows(w, e).sum(0), "words of a name are dimension 1"),
        (rows, "not summed yet"),
        (lambda w, e: torch.stack([e[[t for t in set(n.tolist()) if t]].sum(0) for n in w]), "as often"),
        (lambda w, e: (e[(w - 1).clamp(min=0)] * (w > 0)[..., None]).sum(1), "token 1 is row 1"),
        (lambda w, e: rows(w, e)[:, 0], "Only the first word"),
        (lambda w, e: rows(w, e).max(1).values, "largest number"),
        (lambda w, e: (e[w] * (w > 0)).sum(1), "needs a last dimension"),
        (lambda w, e: rows(w, e.detach()).sum(1), "gradient"),
        (lambda w, e: rows(w, e).sum(1) + 1, "Add up the rows"),
        (lambda w, e: None, "returns nothing"),
    ],
)
def test_wrong_bags(answer, phrase, rejects):
    rejects(BAG, answer, phrase)


def d(m, t):
    return (m.flatten(1)[:, None] - t.flatten(1)[None]).square().sum(2)


def own(x):
    return x.diagonal()[:, None]


def by_sorting(m, t):
    far = d(m, t)
    return torch.stack(
        [torch.searchsorted(row.sort().values, row[i], right=True) for i, row in enumerate(far)]
    )


@pytest.mark.parametrize(
    "answer",
    [
        retrieval_ranks,
        by_sorting,
        lambda m, t: (d(m, t) <= own(d(m, t))).sum(1),
        lambda m, t: (d(m, t) <= own(d(m, t))).float().sum(1),
        lambda m, t: 1 + (d(m, t) <= own(d(m, t))).fill_diagonal_(False).sum(1),
    ],
)
def test_right_ranks(answer, accepts):
    accepts(RANKS, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda m, t: 1 + (d(m, t) < own(d(m, t))).sum(1), "with < alone"),
        (lambda m, t: (d(m, t) <= own(d(m, t))).sum(1) - 1, "is 1, not 0"),
        (lambda m, t: (d(m, t) <= own(d(m, t))).sum(1) + 1, "counted twice"),
        (lambda m, t: (d(m, t) <= d(m, t).diagonal()).sum(0), "compare within rows"),
        (lambda m, t: (d(m, t) >= own(d(m, t))).sum(1), "near is good"),
        (lambda m, t: (d(m, t).argmin(1) == torch.arange(len(m))).float(), "whether each was found"),
        (lambda m, t: d(m, t).argmin(1), "the candidate that is nearest"),
        (lambda m, t: d(m, t).argsort(1).diagonal() + 1, "the place of candidate i"),
        (lambda m, t: d(m, t).sqrt().diagonal(), "the distance to its own"),
        (
            lambda m, t: (m.flatten(1) @ t.flatten(1).T >= own(m.flatten(1) @ t.flatten(1).T)).sum(1),
            "no distance",
        ),
        (lambda m, t: retrieval_ranks(m, t).float().median(), "median rank"),
        (lambda m, t: (torch.cdist(m, t) <= own(torch.cdist(m, t))).sum(1), "flatten"),
        (lambda m, t: retrieval_ranks(m, t) * 2, "count the candidates"),
        (lambda m, t: print(d(m, t)), "returns nothing"),
    ],
)
def test_wrong_ranks(answer, phrase, rejects):
    rejects(RANKS, answer, phrase)


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (UNKNOWN, "a", "nothing fails"),
        (UNKNOWN, "b", "every code to a picture"),
        (UNKNOWN, "d", "Letters are not looked at"),
        (ORDER, "a", "a word more"),
        (ORDER, "c", "a vector each"),
        (ORDER, "d", "'twelve' alone"),
        (ORDER, "e", "one of the letters"),
    ],
)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


@pytest.mark.parametrize(("id", "answer"), [(UNKNOWN, "(c)"), (ORDER, "B")])
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


def test_the_facts_behind_the_questions():
    recipe = recipes.get("cvae-emoji")
    torch.manual_seed(0)
    encode = recipe.model().condition.eval()
    ghost, yarn = name_tokens(["ghost", "yarn"])
    assert not ghost.any() and torch.equal(encode(ghost[None]), encode(yarn[None]))
    pairs = {
        "a": ("red heart", "heart"),
        "b": ("right arrow curving left", "left arrow curving right"),
        "c": ("woman raising hand", "man raising hand"),
        "d": ("twelve o’clock", "twelve-thirty"),
    }
    same = {letter: sorted(data.words(x)) == sorted(data.words(y)) for letter, (x, y) in pairs.items()}
    assert [letter for letter in same if same[letter]] == ["b"]
    known = {emoji.name_en for emoji in data.emoji_table()}
    assert known >= {"ghost", "yarn", *pairs["b"], *pairs["c"], *pairs["d"]}
