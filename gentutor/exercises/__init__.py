"""The book's exercises: ``check`` judges an answer.

Ids are ``chapter.name``. Each chapter has a folder here, which names its exercises.
"""

import os
from typing import Any

from gentutor.exercises import conditional, cyclegan, gan, generative, scaling, vae
from gentutor.exercises._verdict import Exercise, Verdict

__all__ = ["EXERCISES", "Exercise", "Verdict", "check"]

EXERCISES: dict[str, Exercise] = {
    f"{chapter}.{name}": exercise
    for chapter, module in (
        ("gan", gan),
        ("generative", generative),
        ("vae", vae),
        ("conditional", conditional),
        ("cyclegan", cyclegan),
        ("scaling", scaling),
    )
    for name, exercise in module.EXERCISES.items()
}


def check(id: str, answer: Any) -> Verdict:
    """Judge an answer, print the verdict, and return it; never fails because of the answer.

    The reader's random numbers, gradient mode and default types are left as they were.

    Args:
        id: which exercise, e.g. "gan.generator_loss".
        answer: a function with the signature that the exercise names, or for a prediction its value
            (``...`` while there is none).

    Returns:
        A verdict with ``status`` "not attempted", "correct" or "wrong", and the printed ``message``.

    Raises:
        ValueError: no exercise has this id; the message lists those there are.
        AssertionError: the answer is not correct and the environment variable GENTUTOR_STRICT is 1.

    >>> check("gan.generator_loss", lambda fake_logits: (-fake_logits.sigmoid().log()).sum()).status
    not yet: ...
    'wrong'
    """
    if not isinstance(id, str) or id not in EXERCISES:
        raise ValueError(f"unknown exercise {id!r}; known: {', '.join(EXERCISES)}")
    verdict = EXERCISES[id].verdict(answer)
    print(verdict.message)
    if os.environ.get("GENTUTOR_STRICT") == "1" and verdict.status != "correct":
        raise AssertionError(f"{id}: {verdict.message}")
    return verdict
