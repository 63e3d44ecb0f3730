"""The exercises of the chapter on generative adversarial networks, by the name after "gan."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.gan import (
    games,
    losses,
    modes,
    penalty,
    questions,
    sample,
    scores,
    step,
    theory,
)

EXERCISES: dict[str, Exercise] = {
    "discriminator_loss": losses.DISCRIMINATOR,
    "generator_loss": losses.GENERATOR,
    "saturating_generator_loss": losses.SATURATING,
    "optimal_discriminator_logits": theory.OPTIMAL_LOGITS,
    "jensen_shannon_divergence": theory.JSD,
    "gradient_penalty": penalty.GRADIENT_PENALTY,
    "least_squares_discriminator_loss": scores.LEAST_SQUARES,
    "hinge_discriminator_loss": scores.HINGE,
    "step": step.STEP,
    "sample": sample.SAMPLE,
    "count_modes": modes.COUNT_MODES,
    "bilinear_step": games.BILINEAR,
    "dirac_eigenvalues": games.DIRAC,
    "optimal_value_prediction": questions.LOG_4,
    "loss_near_log_4": questions.NEAR_LOG_4,
}
