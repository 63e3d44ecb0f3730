"""Small networks of every kind, for the tests that run them under other modes of PyTorch."""

import functools

import torch

from gentutor import data, steps
from gentutor.models import classifier, completion, cvae, cyclegan, gan, layers, text
from gentutor.models import conditional as told
from gentutor.models.vae import mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob
from tests.modes.modes import rand, randn

Y, TOKENS = torch.arange(10) % 3, torch.arange(80).view(10, 8) % 6
UNIT, HALF, COLOUR = rand(10, 1, 28, 28), rand(4, 1, 14, 28), rand(10, 3, 32, 32)
SIGNED, A, B = 2 * UNIT - 1, 2 * rand(4, 1, 16, 16) - 1, 2 * rand(4, 1, 16, 16, seed=1) - 1


def part(kind, *arguments, **options):
    return functools.partial(kind, *arguments, **options)


dcgan = part(gan.DCGANGenerator, latent_dim=4, width=4), part(gan.DCGANDiscriminator, width=4, noise=0.1)
vae = (part(mlp_vae, bernoulli_log_prob, 4, (8,)),)
residual = part(cyclegan.ResnetGenerator, width=2, blocks=1, kernel=3, noise=0.1)
transposed, unet = part(residual, transposed=True), part(cyclegan.UNetGenerator, width=2)


def label_gan(discriminator, code=told.OneHot):
    return lambda: told.label_generator(code(3), 4, width=4), part(discriminator, 3, width=4)


def label_vae(code):
    return (lambda: cvae.mlp_cvae(bernoulli_log_prob, code(3), 4, (8,)),)


def text_vae():
    return text.text_cvae(bernoulli_log_prob, 5, TOKENS, 4, (8,), width=8, dropout=0.2)


def translators(first, second):
    def judge():
        return cyclegan.PatchDiscriminator(width=2, layers=1)

    return lambda: cyclegan.Generators(first(), second()), lambda: cyclegan.Discriminators(
        judge(), judge(), 3
    )


def mixed(device_type):
    return lambda: layers.MixedPrecision(residual(), device_type)


def spectral_judge():
    return layers.spectrally_normalised(gan.MLPDiscriminator(hidden=(8,), dropout=0.0))


half_gan = part(completion.half_generator, HALF, 4), part(completion.CompletionDiscriminator, noise=0.1)
half_vae = (part(completion.completion_cvae, bernoulli_log_prob, HALF, 4, (8,)),)
STEPS = {  # the step, its networks, and a batch
    "gan_step": (part(steps.gan_step, r1_weight=1.0), dcgan, [SIGNED]),
    "gan_step, connected": (
        steps.gan_step,
        (part(gan.MLPGenerator, 4, hidden=(8,)), part(gan.MLPDiscriminator, hidden=(8,))),
        [SIGNED],
    ),
    "gan_step, spectral": (
        steps.gan_step,
        (part(gan.MLPGenerator, 4, hidden=(8,)), spectral_judge),
        [SIGNED],
    ),
    "relativistic_gan_step": (
        steps.relativistic_gan_step,
        (dcgan[0], part(gan.DCGANDiscriminator, width=4, normalised=False)),
        [SIGNED],
    ),
    "judge_step": (steps.judge_step, (part(gan.MLPDiscriminator, hidden=(8,)),), [SIGNED, SIGNED.flip(0)]),
    "wgan_gp_step": (
        steps.wgan_gp_step,
        (part(gan.MLP, 2, 2), part(gan.MLP, 2, 1)),
        [randn(10, 2)],
    ),
    "conditional_gan_step": (
        steps.conditional_gan_step, label_gan(told.ProjectionDiscriminator), [SIGNED, Y]
    ),
    "conditional_gan_step, maps": (
        steps.conditional_gan_step, label_gan(told.ConcatDiscriminator, told.LabelEmbedding), [SIGNED, Y]
    ),
    "conditional_gan_step, learned maps": (
        steps.conditional_gan_step, label_gan(told.EmbeddingDiscriminator), [SIGNED, Y]
    ),
    "conditional_gan_step, halves": (steps.conditional_gan_step, half_gan, [2 * HALF - 1, HALF]),
    "acgan_step": (steps.acgan_step, label_gan(told.AuxiliaryDiscriminator), [SIGNED, Y]),
    "cvae_step": (steps.cvae_step, label_vae(told.OneHot), [UNIT, Y]),
    "cvae_step, embedding": (steps.cvae_step, label_vae(told.LabelEmbedding), [UNIT, Y]),
    "cvae_step, halves": (steps.cvae_step, half_vae, [HALF, HALF]),
    "cvae_step, text": (steps.cvae_step, (text_vae,), [COLOUR, TOKENS]),
    "regression_step": (steps.regression_step, (part(completion.HalfRegression, (8,)),), [HALF, HALF]),
    "vae_step": (steps.vae_step, vae, [UNIT]),
    "autoencoder_step": (steps.autoencoder_step, vae, [UNIT]),
    "iwae_step": (part(steps.iwae_step, samples=5), vae, [UNIT]),
    "classifier_step": (part(steps.classifier_step, shift=2), (classifier.DigitClassifier,), [UNIT, Y]),
    "embedding_step": (
        part(steps.embedding_step, view=data.deform), (part(classifier.GlyphEmbedding, 3, 4),), [COLOUR]
    ),
    "cyclegan_step": (steps.cyclegan_step, translators(residual, unet), [A, B]),
    "cyclegan_step, mixed": (steps.cyclegan_step, translators(mixed("cpu"), mixed("cuda")), [A, B]),
    "paired_step": (steps.paired_step, translators(transposed, unet), [A, B]),
}  # fmt: skip
DRAWN = {
    "dcgan": dcgan, "cgan": label_gan(told.AuxiliaryDiscriminator), "cvae": label_vae(told.OneHot),
    "vae": vae, "half gan": half_gan, "half vae": half_vae, "text": (text_vae,),
}  # fmt: skip


def built(networks, dtype=torch.float32):
    """The networks of a case, with the same weights at each call."""
    torch.manual_seed(0)
    return [network().to(dtype) for network in networks]


def batch(name, dtype=torch.float32):
    """The batch of a case, its labels and tokens as they are."""
    return tuple(tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in STEPS[name][2])
