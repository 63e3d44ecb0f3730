"""Questions on variational autoencoders whose answer is a number or a letter."""

import math

from gentutor.exercises._values import choose, number

LOG_2PI = math.log(2 * math.pi)
LOG_PX = -(LOG_2PI + math.log(2)) / 2 - 1.5**2 / 4  # x ~ N(0, 2)
ELBO = -LOG_2PI / 2 - (1.5**2 + 1) / 2  # E (1.5 - z)² = 1.5² + 1 under the prior

GAP = number(
    LOG_PX - ELBO,
    "log p(x) = -1.828, the ELBO -2.544: the gap is KL(N(0, 1) ‖ N(0.75, 1/2)).",
    (0.0, "The ELBO equals log p(x) only if q is the true posterior, which is N(0.75, 1/2) here, not the "
          "prior."),
    (ELBO - LOG_PX, "The gap is log p(x) - ELBO, a KL divergence, and never negative."),
    (LOG_PX, "That is log p(x) itself; from it the ELBO is still to be subtracted."),
    (-LOG_PX, "That is -log p(x); the gap is log p(x) - ELBO."),
    (ELBO, "That is the ELBO itself; how far below log p(x) does it lie?"),
    (-ELBO, "That is -ELBO; the gap is log p(x) - ELBO."),
    ((0.75**2 + 0.5 - 1 - math.log(0.5)) / 2,
     "That is KL(posterior ‖ q). The gap is KL(q ‖ posterior), with the expectation under q."),
    ((LOG_PX - ELBO) / math.log(2), "That is in bits; the answer is in nats."),
    (LOG_PX + LOG_2PI / 2 + 1.5**2 / 2,
     "You evaluate log p(x|z) at the mean of q alone. The ELBO takes the expectation over z: E (x - z)² = (x "
     "- 0)² + 1."),
    ((1 + 1.5**2 - 1) / 2 + 0.0,
     "You use N(1.5, 1), the likelihood read as a density of z, for the posterior. The prior pulls it to "
     "N(0.75, 1/2)."),
    ((2 + 1.5**2 / 0.5 - 1 + math.log(0.5)) / 2,
     "The posterior's variance is right, 1/2, but its mean is halfway between the prior's and x: 0.75."),
    ((1 + 0.75**2 - 1) / 2, "The posterior's variance is not 1 but 1/2: x tells something about z."),
)  # fmt: skip

KL_IS_SUMMED = "The KL is summed over the latent dimensions, as it should be: their number does not enter."
BATCH_CANCELS = "Both terms are averaged over the batch, so its size cancels."
SILENT_BETA = number(
    784,
    "a β of 784, and nobody wrote it down: the latent dimensions collapse.",
    (1.0, "By default that function takes the mean over batch and pixels, so each image's likelihood is "
          "divided by its number of pixels, but its KL is not."),
    (1 / 784, "That is the weight of the likelihood if the KL has the weight 1. β is the weight of the KL if "
              "the likelihood has the weight 1: multiply the loss by the number of pixels."),
    (28.0, "An image has 28 · 28 pixels, and the mean runs over all of them."),
    (50.0, KL_IS_SUMMED),
    (784 / 50, KL_IS_SUMMED),
    (784 * 50.0, KL_IS_SUMMED),
    (100.0, BATCH_CANCELS),
    (7.84, BATCH_CANCELS),
    (784 * 100.0, BATCH_CANCELS),
    (-784.0, "Both terms enter with a plus, as cost: β is positive."),
)  # fmt: skip

COLLAPSE = choose(
    "b",
    "the KL is all cost and goes to 0; the best fixed picture of independent pixels is their mean.",
    ("a", "Nothing is gained by a large KL if the decoder does not listen: the KL is then all cost, and the "
          "encoder lowers it."),
    ("c", "q(z|x) does equal the prior then, but a sample is decode(z), and that is the same for every z."),
    ("d", "The decoder is no part of the KL, but of what pays for it: once z does not raise log p(x|z), the "
          "encoder lowers the KL for nothing."),
)  # fmt: skip

SPOT_THE_BUG = choose(
    "b",
    "exp(log_var) is the variance; the standard deviation is exp(log_var / 2). The KL term is told one "
    "Gaussian, and the decoder sees another.",
    ("a", "The encoder gives the mean and the log-variance of q(z|x), in this order."),
    ("c", "bernoulli_log_prob takes logits, and decode returns logits; a sigmoid here would be one too "
          "many."),
    ("d", "gaussian_kl takes the mean and the log-variance, and sums over dimensions: this is right."),
    ("e", "The loss is minus the ELBO, KL - log p(x|z), averaged over the batch: this is right."),
)  # fmt: skip

NATS = 86.76
BITS_PER_PIXEL = number(
    NATS / 784 / math.log(2),
    "0.16 bits per pixel, against 1 without a model.",
    (NATS / 784, "That is in nats per pixel; one nat is 1 / ln 2 = 1.443 bits."),
    (NATS / 784 * math.log(2), "From nats to bits you divide by ln 2: a bit is the smaller unit."),
    (NATS / math.log(2), "That is in bits per image; there are 784 pixels."),
    (NATS * math.log(2), "From nats to bits you divide by ln 2; and there are 784 pixels."),
    (-NATS / 784 / math.log(2), "A code's length is -log2 p, which is positive."),
    (NATS / 28 / math.log(2), "An image has 28 · 28 = 784 pixels."),
    (NATS / 784 / math.log(2) / 8, "That is in bytes per pixel; the question asks for bits."),
    (1.0, "One bit per pixel is what the raw binary image takes, without any model."),
    (784 * math.log(2) / NATS, "That is the compression factor, 784 bits against yours: its inverse."),
    tolerance=0.001,
)  # fmt: skip
