"""The exercises of the chapter on generative and discriminative models, by the name after "generative."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.generative import (
    bayes,
    counts,
    divergence,
    em,
    estimates,
    gaussian,
    posterior,
    questions,
)

EXERCISES: dict[str, Exercise] = {
    **divergence.EXERCISES,
    **estimates.EXERCISES,
    **gaussian.EXERCISES,
    **bayes.EXERCISES,
    **posterior.EXERCISES,
    **em.EXERCISES,
    **counts.EXERCISES,
    **questions.EXERCISES,
}
