"""The exercises of the chapter on generative and discriminative models, by the name after "generative."."""

from gentutor.exercises import (
    generative_bayes,
    generative_counts,
    generative_divergence,
    generative_em,
    generative_estimates,
    generative_gaussian,
    generative_posterior,
    generative_questions,
)
from gentutor.exercises._verdict import Exercise

EXERCISES: dict[str, Exercise] = {
    **generative_divergence.EXERCISES,
    **generative_estimates.EXERCISES,
    **generative_gaussian.EXERCISES,
    **generative_bayes.EXERCISES,
    **generative_posterior.EXERCISES,
    **generative_em.EXERCISES,
    **generative_counts.EXERCISES,
    **generative_questions.EXERCISES,
}
