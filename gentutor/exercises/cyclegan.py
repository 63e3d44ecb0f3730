"""The exercises of the chapter on CycleGAN, by the name after "cyclegan."."""

from gentutor.exercises import cyclegan_losses, cyclegan_objective, cyclegan_pool, cyclegan_questions
from gentutor.exercises._verdict import Exercise

EXERCISES: dict[str, Exercise] = {
    **cyclegan_losses.EXERCISES,
    **cyclegan_objective.EXERCISES,
    **cyclegan_pool.EXERCISES,
    **cyclegan_questions.EXERCISES,
}
