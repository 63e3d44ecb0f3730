"""One optimisation step per algorithm, each short enough to print in a chapter.

A step takes a batch (the tuple that ``data.batches`` yields), updates the networks it was given,
and returns its losses as detached scalars. Fix everything but the batch with
``functools.partial`` and hand the result to ``training.fit``.

Networks and batch share a data type, float64, float32 or bfloat16, and a device; noise takes those of
the generator's weights. PyTorch's defaults for new tensors change nothing, and a step may stand within
``torch.autocast``.
"""

from gentutor.steps.classifier import classifier_step
from gentutor.steps.conditional import acgan_step, conditional_gan_step, cvae_step, regression_step
from gentutor.steps.cyclegan import cyclegan_step, discriminator_update, paired_step
from gentutor.steps.embedding import embedding_step
from gentutor.steps.gan import gan_step, judge_step, relativistic_gan_step, wgan_gp_step
from gentutor.steps.vae import autoencoder_step, binarize, iwae_step, vae_step

__all__ = [
    "acgan_step",
    "autoencoder_step",
    "binarize",
    "classifier_step",
    "conditional_gan_step",
    "cvae_step",
    "cyclegan_step",
    "discriminator_update",
    "embedding_step",
    "gan_step",
    "iwae_step",
    "judge_step",
    "paired_step",
    "regression_step",
    "relativistic_gan_step",
    "vae_step",
    "wgan_gp_step",
]
