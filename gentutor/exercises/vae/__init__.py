"""The exercises of the chapter on variational autoencoders, by the name after "vae."."""

from gentutor.exercises._verdict import Exercise
from gentutor.exercises.vae import (
    elbo,
    free_bits,
    iwae,
    kl,
    likelihood,
    questions,
    sample,
    step,
    units,
    weights,
)

EXERCISES: dict[str, Exercise] = {
    **kl.EXERCISES,
    **free_bits.EXERCISES,
    **likelihood.EXERCISES,
    **sample.EXERCISES,
    **elbo.EXERCISES,
    **iwae.EXERCISES,
    **weights.EXERCISES,
    **units.EXERCISES,
    **step.EXERCISES,
    **questions.EXERCISES,
}
