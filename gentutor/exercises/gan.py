"""The exercises of the chapter on generative adversarial networks, by the name after "gan."."""

from gentutor.exercises import (
    gan_games,
    gan_losses,
    gan_modes,
    gan_penalty,
    gan_questions,
    gan_sample,
    gan_scores,
    gan_steps,
    gan_theory,
)
from gentutor.exercises._verdict import Exercise

EXERCISES: dict[str, Exercise] = {
    **gan_losses.EXERCISES,
    **gan_theory.EXERCISES,
    **gan_penalty.EXERCISES,
    **gan_scores.EXERCISES,
    **gan_steps.EXERCISES,
    **gan_sample.EXERCISES,
    **gan_modes.EXERCISES,
    **gan_games.EXERCISES,
    **gan_questions.EXERCISES,
}
