"""The exercises on words as a condition: a bag of them, ranks among candidates, and what is not known."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gentutor.evaluation import retrieval_ranks
from gentutor.exercises._compare import Case, Mistake, same_function
from gentutor.exercises._outcome import read_tensor
from gentutor.exercises._values import choice
from gentutor.exercises._verdict import Exercise
from gentutor.models.text import bag_of_words

NOTHING = "Token 0 is no word: whatever row 0 of the table holds must not be added."
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
        case(tokens, table.double() / 3, "The result has the table's data type."),
    ]


def _vectors(tokens: Tensor, table: Tensor) -> Tensor:
    return F.embedding(tokens, table) * (tokens > 0)[:, :, None]


BAG_OF_WORDS = Exercise(
    judge=same_function(
        bag_of_words,
        _bag_cases,
        [
            Mistake(NOTHING, lambda w, e: F.embedding(w, e).sum(dim=1)),
            Mistake(
                "You take the mean over all places, the empty ones included: then a word says less the more "
                "empty places follow it.",
                lambda w, e: _vectors(w, e).mean(dim=1),
            ),
            Mistake(
                "You divide by the number of words: the equation has a sum.",
                lambda w, e: _vectors(w, e).sum(dim=1) / (w > 0).sum(dim=1, keepdim=True),
            ),
            Mistake(
                "You sum over dimension 2, the numbers of each vector; the words are dimension 1.",
                lambda w, e: _vectors(w, e).sum(dim=2),
            ),
            Mistake(
                "You sum over dimension 0, the names; the words of a name are dimension 1.",
                lambda w, e: _vectors(w, e).sum(dim=0),
            ),
            Mistake("The vectors are not summed yet: one code for each name.", _vectors),
            Mistake(
                "Each word counts as often as it occurs: 'ballot box with ballot' has two ballots.",
                lambda w, e: (F.one_hot(w, len(e)).amax(dim=1)[:, 1:].to(e)) @ e[1:],
            ),
            Mistake(
                "You take the row before: token 1 is row 1, and row 0 belongs to no word.",
                lambda w, e: (F.embedding((w - 1).clamp(min=0), e) * (w > 0)[:, :, None]).sum(dim=1),
            ),
            Mistake("Only the first word of each name counts.", lambda w, e: _vectors(w, e)[:, 0]),
            Mistake("You take the largest number of all words, not their sum.",
                    lambda w, e: _vectors(w, e).amax(dim=1)),
        ],
        crashes={
            "too many indices": "tokens has shape (B, T), the table (W + 1, F); table[tokens] is (B, T, F).",
            "mat1 and mat2": "A product of matrices wants one-hot vectors; table[tokens] looks up the rows.",
            "must match the size of tensor b": "The mask (B, T) needs a last dimension: mask[:, :, None].",
        },
    ),
    solution=bag_of_words,
    praise="a name is the sum of its words, whatever their order, and an unknown word adds nothing.",
    hints=(
        "table[tokens] has shape (B, T, F): the vector of each word.",
        "(tokens > 0)[:, :, None] is 1 where there is a word.",
        "Multiply, then sum over dimension 1.",
    ),
)  # fmt: skip


def _read_ranks(result: Any) -> Tensor:
    """Ranks may be whole numbers or decimal ones."""
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
    ]


def _distances(made: Tensor, candidates: Tensor) -> Tensor:
    return torch.cdist(made.flatten(1), candidates.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


def _own(d: Tensor) -> Tensor:
    return d.diagonal()[:, None]


def _found(m: Tensor, t: Tensor) -> Tensor:
    return (_distances(m, t).argmin(dim=1) == torch.arange(len(m))).double()


def _similar(m: Tensor, t: Tensor) -> Tensor:
    s = m.flatten(1) @ t.flatten(1).T
    return (s >= _own(s)).sum(dim=1)


RETRIEVAL_RANKS = Exercise(
    judge=same_function(
        retrieval_ranks,
        _rank_cases,
        [
            Mistake(
                "A candidate at the same distance counts as nearer, its own one aside: with < alone, "
                "candidates that are all equal would all be found.",
                lambda m, t: 1 + (_distances(m, t) < _own(_distances(m, t))).sum(dim=1),
            ),
            Mistake(
                "The best rank is 1, not 0: the equation adds 1 for the example's own candidate.",
                lambda m, t: (_distances(m, t) <= _own(_distances(m, t))).sum(dim=1) - 1,
            ),
            Mistake(
                "Its own candidate is counted twice: <= already counts it once.",
                lambda m, t: (_distances(m, t) <= _own(_distances(m, t))).sum(dim=1) + 1,
            ),
            Mistake(
                "You rank the pictures made for each candidate; it is the candidates that are ranked, for "
                "each picture made: compare within rows.",
                lambda m, t: (_distances(m, t) <= _distances(m, t).diagonal()).sum(dim=0),
            ),
            Mistake(
                "You rank from the far end: near is good.",
                lambda m, t: (_distances(m, t) >= _own(_distances(m, t))).sum(dim=1),
            ),
            Mistake("That says whether each was found; the rank says how far up it is.", _found),
            Mistake(
                "That is the candidate that is nearest, not the rank of its own.",
                lambda m, t: _distances(m, t).argmin(dim=1),
            ),
            Mistake(
                "argsort names the candidates in order of distance; wanted is the place of candidate i.",
                lambda m, t: _distances(m, t).argsort(dim=1).diagonal() + 1,
            ),
            Mistake("An inner product is no distance: it favours bright pictures.", _similar),
            Mistake(
                "This is the distance to its own candidate; count how many are not farther.",
                lambda m, t: _distances(m, t).diagonal(),
            ),
            Mistake(
                "You take the median rank; one rank for each example is wanted.",
                lambda m, t: retrieval_ranks(m, t).double().median(),
            ),
        ],
        read=_read_ranks,
        crashes={"x1.size(-2)": "torch.cdist wants (N, D): flatten the pictures first."},
    ),
    solution=retrieval_ranks,
    praise="1 is found at once, N is last; and who cannot tell two candidates apart has not found either.",
    hints=(
        "torch.cdist(made.flatten(1), candidates.flatten(1)) is (N, N): row i belongs to picture i.",
        "The distance to its own candidate is on the diagonal.",
        "(distance <= distance.diagonal()[:, None]).sum(dim=1); its own candidate is one of those counted.",
    ),
)

# The question: the model was trained with a bag of words. At test time it gets the name "ghost", a word
# that no training name has, so that its tokens are all 0. What does it draw?
# (a) Nothing: an error, since the word is not in the vocabulary.
# (b) Noise, since it was never trained on this code.
# (c) Pictures of some emoji, of the same distribution as for any other name without a known word.
# (d) A white thing with eyes: it guesses from the letters.
UNKNOWN_WORD = Exercise(
    judge=choice(
        "c",
        {
            "a": "The word becomes token 0, and the sum of no vectors is a vector of zeros: nothing fails.",
            "b": (
                "The decoder maps every code to a picture, and its z is drawn as always. Zero lies in the "
                "middle of the codes that it has seen."
            ),
            "d": "Letters are not looked at: a word is a row of a table, or it is unknown.",
        },
    ),
    solution="c",
    praise="the code is that of the empty bag, for 'ghost' as for 'yarn': nothing of the name is left.",
    hints=(
        "What are the tokens of a name of which no word is known?",
        "What is the sum of no vectors?",
        "Do two such names differ in anything that the decoder sees?",
    ),
)

# The question: which of these pairs of names can a bag of words not tell apart?
# (a) "red heart" and "heart"
# (b) "right arrow curving left" and "left arrow curving right"
# (c) "woman raising hand" and "man raising hand"
# (d) "twelve o'clock" and "twelve-thirty"
WORD_ORDER = Exercise(
    judge=choice(
        "b",
        {
            "a": "One bag has a word more: the sums differ by the vector of 'red'.",
            "c": "'woman' and 'man' are two words, with a vector each, however alike they look as letters.",
            "d": "They share 'twelve' alone: 'o' and 'clock' are other words than 'thirty'.",
        },
    ),
    solution="b",
    praise="the same four words, in another order: the code is the same, and so are the pictures drawn.",
    hints=(
        "Write down the words of both names, in alphabetical order.",
        "A sum does not change if its terms change places.",
        "Two bags are equal if every word occurs equally often in both.",
    ),
)

EXERCISES = {
    "bag_of_words": BAG_OF_WORDS,
    "retrieval_ranks": RETRIEVAL_RANKS,
    "unknown_word": UNKNOWN_WORD,
    "word_order": WORD_ORDER,
}
