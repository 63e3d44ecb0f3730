"""The exercises of the chapter on CycleGAN, by the name after "cyclegan."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.cyclegan import losses, objective, pool, questions

EXERCISES: dict[str, Exercise] = {
    **losses.EXERCISES,
    **objective.EXERCISES,
    **pool.EXERCISES,
    **questions.EXERCISES,
}
