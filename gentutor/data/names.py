"""Names as numbers: the words of a name, a vocabulary of them, and tokens for a network."""

import functools
import re
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.data.glyphs import emoji, emoji_table


def words(name: str) -> tuple[str, ...]:
    """The words of a name: its runs of letters and digits, in lower case.

    >>> words("T-Rex: facing right")
    ('t', 'rex', 'facing', 'right')
    """
    return tuple(re.findall(r"[^\W_]+", name.lower()))


def vocabulary(names: Iterable[str]) -> tuple[str, ...]:
    """Every word of the names once, in alphabetical order.

    >>> vocabulary(["red heart", "heart with arrow"])
    ('arrow', 'heart', 'red', 'with')
    """
    return tuple(sorted({word for name in names for word in words(name)}))


def tokens(names: Sequence[str], known: Sequence[str], length: int = 8) -> Tensor:
    """Names as rows of numbers: each word's place in the vocabulary, counted from 1.

    Args:
        names: N of them.
        known: the vocabulary; a word that is not in it becomes 0, as if it were not there.
        length: T, at least 1; shorter names are filled up with 0.

    Returns:
        (N, T), int64, 0 to ``len(known)``.

    Raises:
        ValueError: a name has more than ``length`` words.

    >>> tokens(["red heart", "Heart of stone"], ["heart", "red"], length=4)
    tensor([[2, 1, 0, 0],
            [1, 0, 0, 0]])
    """
    if isinstance(names, str):
        raise TypeError(f"names must be a list of strings, got one string: {names!r}")
    check.at_least(1, length=length)
    place = {word: number for number, word in enumerate(known, start=1)}
    rows = np.zeros((len(names), length), dtype=np.int64)
    for row, name in zip(rows, names, strict=True):
        found = [place.get(word, 0) for word in words(name)]
        if len(found) > length:
            raise ValueError(f"expected names of at most {length} words, got {len(found)}: {name!r}")
        row[: len(found)] = found
    return torch.from_numpy(rows)


@functools.cache
def emoji_words() -> tuple[str, ...]:
    """The vocabulary: every word of the names of the training emoji."""
    return vocabulary(emoji_names("paired"))


def emoji_names(split: str) -> list[str]:
    """The English names of the emoji of a split ("paired", "validation", "test"), in its order."""
    table = emoji_table()
    return [table[item].name_en for item in emoji("noto", split).items.tolist()]


def name_tokens(names: list[str]) -> Tensor:
    """Names as conditions for a model of emoji: (N, 8), int64, unknown words 0."""
    return tokens(names, emoji_words())
