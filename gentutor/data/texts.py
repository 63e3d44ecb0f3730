"""Plays and poems as strings, each cut into a part to learn from and a part to be tested on.

An unknown split raises ``ValueError``, and so does a file that is truncated or altered; a missing one
raises ``FileNotFoundError``.
"""

import re
from collections import Counter

from gentutor import _checks as check
from gentutor.data import _files

_EVERY = 10  # of ten pieces, the tenth is held out


def text(name: str, split: str) -> str:
    """A text from the files in this package; nothing is downloaded.

    The pieces of each text are whole, so that nothing of a held-out piece was seen in training. Of the
    quatrains, one that shares a line with another is never held out.

    Args:
        name: "shakespeare-plays" (nine plays, cut into scenes), "shakespeare-sonnets" (154 poems, cut into
            poems), or "tang-quatrains" (8,807 Chinese poems of four lines, each on a line of its own).
        split: "train", or "test": every tenth piece.

    Returns:
        The pieces of the split, in their order; lines end in a newline.

    Source:
        See README.md beside this file.

    >>> text("shakespeare-sonnets", "train")[:45]
    'I\\n\\nFrom fairest creatures we desire increase,'
    """
    check.known(_PIECES, text=name)
    check.known(("train", "test"), split=split)
    file, pieces = _PIECES[name]
    held_out = split == "test"
    chosen = [
        piece
        for place, (piece, unique) in enumerate(pieces(_files.read_text(file)), start=1)
        if (unique and place % _EVERY == 0) == held_out
    ]
    return "".join(chosen)


def _scenes(content: str) -> list[tuple[str, bool]]:
    return [(scene, True) for scene in re.split(r"^(?=(?:SCENE|Scene) )", content, flags=re.MULTILINE)]


def _sonnets(content: str) -> list[tuple[str, bool]]:
    """A sonnet begins with its number."""
    return [(sonnet, True) for sonnet in re.split(r"^(?=[CILVX]+$)", content, flags=re.MULTILINE) if sonnet]


def _quatrains(content: str) -> list[tuple[str, bool]]:
    """Each quatrain, and whether all of its lines occur once only; some stand under two authors."""
    poems = [row.split("\t")[2] for row in content.splitlines()[1:]]  # form, author, text
    lines = Counter(line for poem in poems for line in re.findall("[^，。]+", poem))
    return [(f"{poem}\n", all(lines[line] == 1 for line in re.findall("[^，。]+", poem))) for poem in poems]


_PIECES = {
    "shakespeare-plays": ("text/shakespeare_plays.txt.gz", _scenes),
    "shakespeare-sonnets": ("text/shakespeare_sonnets.txt.gz", _sonnets),
    "tang-quatrains": ("text/tang_jueju.tsv.gz", _quatrains),
}
