"""The exercises of the chapter on CycleGAN, by the name after "cyclegan."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.cyclegan import (
    losses,
    objective,
    pool,
    questions,
)

EXERCISES: dict[str, Exercise] = {
    "cycle_consistency_loss": losses.CYCLE,
    "identity_loss": losses.IDENTITY,
    "generator_loss": objective.GENERATOR_LOSS,
    "history_pool": pool.HISTORY_POOL,
    "receptive_field": questions.RECEPTIVE_FIELD,
    "which_maps": questions.WHICH_MAPS,
    "folded_map": questions.FOLDED,
    "pool_age": questions.POOL_AGE,
    "spot_the_bug": questions.SPOT_THE_BUG,
    "hidden_information": questions.HIDDEN,
}
