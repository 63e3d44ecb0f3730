"""The exercises of the chapter on variational autoencoders, by the name after "vae."."""

from gentutor.exercises import (
    vae_elbo,
    vae_free_bits,
    vae_iwae,
    vae_kl,
    vae_likelihood,
    vae_questions,
    vae_sample,
    vae_step,
    vae_units,
    vae_weights,
)
from gentutor.exercises._verdict import Exercise

EXERCISES: dict[str, Exercise] = {
    **vae_kl.EXERCISES,
    **vae_free_bits.EXERCISES,
    **vae_likelihood.EXERCISES,
    **vae_sample.EXERCISES,
    **vae_elbo.EXERCISES,
    **vae_iwae.EXERCISES,
    **vae_weights.EXERCISES,
    **vae_units.EXERCISES,
    **vae_step.EXERCISES,
    **vae_questions.EXERCISES,
}
