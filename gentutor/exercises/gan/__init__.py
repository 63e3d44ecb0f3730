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
    steps,
    theory,
)

EXERCISES: dict[str, Exercise] = {
    **losses.EXERCISES,
    **theory.EXERCISES,
    **penalty.EXERCISES,
    **scores.EXERCISES,
    **steps.EXERCISES,
    **sample.EXERCISES,
    **modes.EXERCISES,
    **games.EXERCISES,
    **questions.EXERCISES,
}
