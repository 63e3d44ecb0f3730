"""The exercises of the chapter on generation under a condition, by the name after "conditional."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.conditional import (
    auxiliary,
    information,
    judge,
    labels,
    logits,
    questions,
    sample,
    words,
)

EXERCISES: dict[str, Exercise] = {
    **labels.EXERCISES,
    **judge.EXERCISES,
    **logits.EXERCISES,
    **auxiliary.EXERCISES,
    **information.EXERCISES,
    **sample.EXERCISES,
    **words.EXERCISES,
    **questions.EXERCISES,
}
