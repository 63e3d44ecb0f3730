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
    "gaussian_kl": kl.GAUSSIAN_KL,
    "free_bits": free_bits.FREE_BITS,
    "bernoulli_log_prob": likelihood.BERNOULLI,
    "reparameterize": sample.REPARAMETERIZE,
    "elbo": elbo.ELBO,
    "iwae_bound": iwae.IWAE,
    "importance_log_weights": weights.WEIGHTS,
    "active_units": units.ACTIVE_UNITS,
    "step": step.STEP,
    "gap": questions.GAP,
    "silent_beta": questions.SILENT_BETA,
    "collapse": questions.COLLAPSE,
    "spot_the_bug": questions.SPOT_THE_BUG,
    "bits_per_pixel": questions.BITS_PER_PIXEL,
}
