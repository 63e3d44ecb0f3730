"""The bugs that a training step of a VAE may have, as updates to compare a reader's step with."""

import torch

from gentutor.exercises.vae._update import (
    How,
    closed_kl,
    log_prob_terms,
    mean_of_sums,
    sampled_kl,
    squared_error,
)

BUGS: dict[str, list[How]] = {
    "The gradients of the update before are added to this one's: optimizer.zero_grad() is missing.": [
        How(zero_grad=False)
    ],
    "The gradient does not pass through z, so the encoder learns from the KL term alone: use the "
    "reparameterised sample, mean + std · ε, without detach(), torch.no_grad() or .sample().": [
        How(attached=False)
    ],
    "The KL term is missing: the loss is minus the ELBO, KL - log p(x|z).": [
        How(divergence=lambda t: 0 * t.sum())
    ],
    "The KL term has the wrong sign: the loss, minus the ELBO, is KL - log p(x|z).": [
        How(divergence=lambda t: -mean_of_sums(t))
    ],
    "The term log p(x|z) has the wrong sign: the loss, minus the ELBO, is KL - log p(x|z).": [
        How(likelihood=lambda t: -mean_of_sums(t))
    ],
    "The sign of the loss is turned: you descend on the ELBO, which is to be maximised.": [How(sign=-1)],
    "The term log p(x|z) is missing from the loss.": [How(likelihood=lambda t: 0 * t.sum())],
    "The mean over the pixels makes the likelihood too small, as if the KL had a weight β of the number of "
    "pixels: sum over the pixels, and take the mean over the batch alone.": [How(likelihood=torch.mean)],
    "The mean over the latent dimensions makes the KL too small, a silent β of 1/D: sum over the dimensions, "
    "and take the mean over the batch alone.": [How(divergence=torch.mean)],
    "Both terms are means over all their elements; as there are more pixels than latents, the KL is weighted "
    "too heavily. Sum over pixels and over dimensions, and take the mean over the batch alone.": [
        How(likelihood=torch.mean, divergence=torch.mean)
    ],
    "The loss is a sum over the batch: take the mean, so that the size of the batch does not set the step.": [
        How(likelihood=torch.sum, divergence=torch.sum)
    ],
    "One term is a sum over the batch, the other a mean: the mean over the batch belongs to both.": [
        How(likelihood=torch.sum),
        How(divergence=torch.sum),
        How(likelihood=torch.sum, divergence=torch.mean),
        How(likelihood=torch.mean, divergence=torch.sum),
    ],
    "The noise is scaled by exp(log_var), the variance; the standard deviation is exp(log_var / 2).": [
        How(scale=torch.exp)
    ],
    "The noise is scaled by log_var itself; the standard deviation is exp(log_var / 2).": [
        How(scale=lambda v: v)
    ],
    "log_var is not used for the sample: its standard deviation is exp(log_var / 2).": [
        How(scale=torch.ones_like)
    ],
    "The factor 1/2 of the KL divergence is missing.": [How(divergence=lambda t: 2 * mean_of_sums(t))],
    "In the KL divergence you take log_var for log σ: it is log σ².": [
        How(kl=lambda m, v, z: closed_kl(m, 2 * v, z)),
        How(kl=lambda m, v, z: closed_kl(m, 2 * v, z), scale=torch.exp),
    ],
    "The term log q(z|x) is missing: the KL term is E log q(z|x) - E log p(z).": [
        How(kl=lambda m, v, z: z.square() / 2)
    ],
    "The term log q(z|x) has the wrong sign: the KL term is E log q(z|x) - E log p(z).": [
        How(kl=lambda m, v, z: z.square() - sampled_kl(m, v, z))
    ],
    "The sigmoid is taken twice: vae.decode returns logits, and the likelihood takes logits.": [
        How(log_prob=lambda logits, x: log_prob_terms(logits.sigmoid(), x))
    ],
    "The likelihood is a squared error; the images are binary, so it is a Bernoulli likelihood.": [
        How(log_prob=squared_error(factor, squash), likelihood=reduce)
        for factor in (1.0, 0.5)
        for squash in (torch.sigmoid, lambda logits: logits)
        for reduce in (mean_of_sums, torch.mean, torch.sum)
    ],
    "Images and logits are swapped in the likelihood.": [
        How(log_prob=lambda logits, x: log_prob_terms(x, logits))
    ],
}
PRIOR = (
    "The decoder is given noise of the prior, and the encoder sees the KL term alone, so neither learns from "
    "the other. Decode a sample of q(z|x): mean + exp(log_var / 2) · ε."
)
