"""The exercises of the chapter on generation under a condition, by the name after "conditional."."""

from gentutor.exercises import (
    conditional_auxiliary,
    conditional_information,
    conditional_judge,
    conditional_labels,
    conditional_logits,
    conditional_questions,
    conditional_sample,
    conditional_words,
)
from gentutor.exercises._verdict import Exercise

EXERCISES: dict[str, Exercise] = {
    **conditional_labels.EXERCISES,
    **conditional_judge.EXERCISES,
    **conditional_logits.EXERCISES,
    **conditional_auxiliary.EXERCISES,
    **conditional_information.EXERCISES,
    **conditional_sample.EXERCISES,
    **conditional_words.EXERCISES,
    **conditional_questions.EXERCISES,
}
