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
    "kl_divergence": divergence.KL,
    "monte_carlo": estimates.MONTE_CARLO,
    "linear_discriminant": gaussian.LINEAR_DISCRIMINANT,
    "naive_bayes_log_joint": bayes.NAIVE_BAYES,
    "missing_pixels": posterior.MISSING,
    "em_responsibilities": em.EM,
    "smoothed_probabilities": counts.SMOOTHED,
    "bits_per_symbol": counts.BITS,
    "base_rate": questions.BASE_RATE,
    "mode_seeking": questions.MODE_SEEKING,
    "small_data": questions.SMALL_DATA,
    "spot_the_bug": questions.SPOT_THE_BUG,
    "total_variation": questions.TOTAL_VARIATION,
}
