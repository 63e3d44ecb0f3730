"""The exercises on words as a condition: a bag of them, and ranks among candidates."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.evaluation import retrieval_ranks
from gentutor.exercises._compare import Case, Row, SameFunction
from gentutor.exercises._numbers import read_count
from gentutor.exercises._outcome import read_tensor
from gentutor.exercises._verdict import Exercise
from gentutor.models.text import bag_of_words

NOTHING = "Token 0 is no word: whatever row 0 of the table holds must not be added."
NEARLY = "The second candidate is a little farther, not at the same distance: do not round or add anything."
ANY_LENGTH = "Any number of names and of tokens must do; the same word may occur twice, and counts twice."


def _bag_cases() -> list[Case]:
    table = torch.tensor([[7.0, -3.0, 5.0], [1.0, 0.2, -0.4], [0.3, 2.0, 0.9], [-1.1, 0.6, 0.8]])
    tokens = torch.tensor([[2, 1, 0, 0], [3, 0, 1, 1]])

    def case(tokens: Tensor, table: Tensor, hint: str) -> Case:
        return Case({"tokens": tokens, "table": table}, hint)

    return [
        case(tokens, table, "Add up the rows of the table that the tokens name, leaving out token 0."),
        case(torch.tensor([[0, 0], [3, 2]]), table, NOTHING),
        case(torch.tensor([[1, 1, 2, 3, 3]]), table, ANY_LENGTH),
        case(torch.randint(9, (6, 3)), torch.randn(9, 5), ANY_LENGTH),
    ]


def _vectors(tokens: Tensor, table: Tensor) -> Tensor:
    return F.embedding(tokens, table) * (tokens > 0)[:, :, None]


BAG_OF_WORDS_MISTAKES: list[Row] = [
    (lambda w, e: F.embedding(w, e).sum(dim=1), NOTHING),
    (lambda w, e: _vectors(w, e).mean(dim=1),
     "You take the mean over all places, the empty ones included: then a word says less the more empty "
     "places follow it."),
    (lambda w, e: _vectors(w, e).sum(dim=1) / (w > 0).sum(dim=1, keepdim=True),
     "You divide by the number of words: the equation has a sum."),
    (lambda w, e: _vectors(w, e).sum(dim=2),
     "You sum over dimension 2, the numbers of each vector; the words are dimension 1."),
    (lambda w, e: _vectors(w, e).sum(dim=0),
     "You sum over dimension 0, the names; the words of a name are dimension 1."),
    (_vectors, "The vectors are not summed yet: one code for each name."),
    (lambda w, e: (F.one_hot(w, len(e)).amax(dim=1)[:, 1:].to(e)) @ e[1:],
     "Each word counts as often as it occurs: 'ballot box with ballot' has two ballots."),
    (lambda w, e: (F.embedding((w - 1).clamp(min=0), e) * (w > 0)[:, :, None]).sum(dim=1),
     "You take the row before: token 1 is row 1, and row 0 belongs to no word."),
    (lambda w, e: _vectors(w, e)[:, 0], "Only the first word of each name counts."),
    (lambda w, e: _vectors(w, e).sum(dim=(0, 1)),
     "You add up the words of all names; each name has a code of its own."),
    (lambda w, e: _vectors(w, e).amax(dim=1), "You take the largest number of all words, not their sum."),
]  # fmt: skip

BAG_OF_WORDS = Exercise(
    SameFunction(
        bag_of_words,
        _bag_cases,
        BAG_OF_WORDS_MISTAKES,
        crashes={
            "too many indices": "tokens has shape (B, T), the table (W + 1, F); table[tokens] is (B, T, F).",
            "mat1 and mat2": "A product of matrices wants one-hot vectors; table[tokens] looks up the rows.",
            "must match the size of tensor b": "The mask (B, T) needs a last dimension: mask[:, :, None].",
            "in argument 0, but got int": "sum() of no vectors is the number 0: begin with torch.zeros.",
            "non-empty tensorlist": "A name without a known word has the code 0: begin with torch.zeros.",
        },
    ),
    "a name is the sum of its words, whatever their order, and an unknown word adds nothing.",
)


def _read_ranks(result: Any) -> Tensor:
    """Ranks may be whole numbers or decimal ones, in a tensor, an array or a list."""
    if isinstance(result, list | tuple):
        result = torch.stack([read_count(rank) for rank in result])
    whole = isinstance(result, Tensor) and not result.is_floating_point()
    return read_tensor(result.double() if whole else result).double()


def _rank_cases() -> list[Case]:
    made = torch.tensor([[0.2, 0.1], [2.5, 2.0], [4.0, 3.0], [1.0, 0.0]])
    candidates = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 1.0], [1.0, 0.0]])
    any_shape = "Pictures come as (N, C, H, W): flatten all but the first dimension."

    def case(made: Tensor, candidates: Tensor, hint: str) -> Case:
        return Case({"made": made, "candidates": candidates}, hint, gradients=False)

    return [
        case(made, candidates, "For each row count the candidates that are not farther than its own."),
        case(torch.randn(6, 3), torch.randn(6, 3), "Compare with the equation, row by row."),
        case(torch.zeros(3, 2), torch.ones(3, 2), "Equally far counts as nearer: here every rank is 3."),
        case(torch.rand(5, 3, 2, 2), torch.rand(5, 3, 2, 2), any_shape),
        case(torch.rand(1, 4), torch.rand(1, 4), "One candidate alone is always found."),
        case(torch.zeros(2, 1), torch.tensor([[1.0], [1.0002]]), NEARLY),
    ]


def _distances(made: Tensor, candidates: Tensor) -> Tensor:
    return torch.cdist(made.flatten(1), candidates.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


def _own(d: Tensor) -> Tensor:
    return d.diagonal()[:, None]


def _found(m: Tensor, t: Tensor) -> Tensor:
    return (_distances(m, t).argmin(dim=1) == torch.arange(len(m))).double()


def _ranks(d: Tensor) -> Tensor:
    return (d <= _own(d)).sum(dim=1)


def _similar(m: Tensor, t: Tensor) -> Tensor:
    s = m.flatten(1) @ t.flatten(1).T
    return (s >= _own(s)).sum(dim=1)


RETRIEVAL_RANKS_MISTAKES: list[Row] = [
    (lambda m, t: 1 + (_distances(m, t) < _own(_distances(m, t))).sum(dim=1),
     "A candidate at the same distance counts as nearer, its own one aside: with < alone, candidates that "
     "are all equal would all be found."),
    (lambda m, t: (_distances(m, t) <= _own(_distances(m, t))).sum(dim=1) - 1,
     "The best rank is 1, not 0: the equation adds 1 for the example's own candidate."),
    (lambda m, t: (_distances(m, t) <= _own(_distances(m, t))).sum(dim=1) + 1,
     "Its own candidate is counted twice: <= already counts it once."),
    (lambda m, t: (_distances(m, t) <= _distances(m, t).diagonal()).sum(dim=0),
     "You rank the pictures made for each candidate; it is the candidates that are ranked, for each picture "
     "made: compare within rows."),
    (lambda m, t: (_distances(m, t) >= _own(_distances(m, t))).sum(dim=1),
     "You rank from the far end: near is good."),
    (_found, "That says whether each was found; the rank says how far up it is."),
    (lambda m, t: _distances(m, t).argmin(dim=1),
     "That is the candidate that is nearest, not the rank of its own."),
    (lambda m, t: _distances(m, t).argsort(dim=1).diagonal() + 1,
     "argsort names the candidates in order of distance; wanted is the place of candidate i."),
    (_similar, "An inner product is no distance: it favours bright pictures."),
    (lambda m, t: _distances(m, t).diagonal(),
     "This is the distance to its own candidate; count how many are not farther."),
    (lambda m, t: (_distances(m, t) <= _distances(m, t).diagonal()).sum(dim=1),
     "You compare candidate j with the distance of j's own picture. Each row has its own: the diagonal as a "
     "column, distance.diagonal()[:, None]."),
    (lambda m, t: _distances(m, t).argsort(dim=1, stable=True).argsort(dim=1).diagonal() + 1,
     "The place in a sorted list leaves ties to chance, but a candidate at the same distance counts as "
     "nearer: count with <=."),
    (lambda m, t: _ranks(torch.cdist(m.flatten(1), t.flatten(1), p=1)),
     "You sum absolute differences; the distance of the equation is the Euclidean one."),
    (lambda m, t: retrieval_ranks(m, t) / len(m), "You divide by N: a rank is a count."),
    (lambda m, t: retrieval_ranks(m, t)[:, None], "A dimension of size 1 is left over."),
    (lambda m, t: retrieval_ranks(m, t).double().median(),
     "You take the median rank; one rank for each example is wanted."),
]  # fmt: skip

RETRIEVAL_RANKS = Exercise(
    SameFunction(
        retrieval_ranks,
        _rank_cases,
        RETRIEVAL_RANKS_MISTAKES,
        read=_read_ranks,
        crashes={"x1.size(-2)": "torch.cdist wants (N, D): flatten the pictures first."},
    ),
    "1 is found at once, N is last; and who cannot tell two candidates apart has not found either.",
)
