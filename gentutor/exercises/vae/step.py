"""The exercise on the training step: a reader's step is compared with updates done right and wrong."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from gentutor.exercises._calls import call
from gentutor.exercises._networks import expect_fresh, first_bug, recorded
from gentutor.exercises._per_example import CRASHES as DISTRIBUTIONS
from gentutor.exercises._verdict import Exercise, NotAttempted, Wrong
from gentutor.exercises.vae.updates import BUGS, DETACHED, RIGHT, Model, standard_deviation, update
from gentutor.objectives import variational

Seen = list[tuple[Tensor, Tensor]]  # the images and the z of the updates so far

PRIOR = (
    "The decoder is given noise of the prior, and the encoder sees the KL term alone, so neither learns from "
    "the other. Decode a sample of q(z|x): mean + exp(log_var / 2) · ε."
)
TWO_PARTS = "The VAE cannot be called as a whole. It has two parts: vae.encode(x) and vae.decode(z)."
CRASHES = {
    **DISTRIBUTIONS,
    "grad can be implicitly created only for scalar": (
        "The loss must be one number: take the mean over the batch of the terms (B,), once, at the end."
    ),
    "expected latents of shape": "vae.decode takes z, shape (B, latent_dim), which is a sample of q(z|x).",
    "values to unpack": "vae.encode returns two tensors, mean and log_var, each (B, latent_dim).",
    "x must lie in [0, 1]": (
        "bernoulli_log_prob takes the logits first, then the images, which are 0 or 1: are they swapped?"
    ),
    "all elements of input should be between 0 and 1": (
        "vae.decode returns logits, of any sign; the Bernoulli likelihood takes logits."
    ),
}


def _judge(answer: object) -> None:
    model = Model()
    start = model.copy()
    rights = [(update(kl=kl), model.copy()) for kl in RIGHT]
    seen: Seen = []
    noise: list[Tensor] = []
    for size in (48, 9, 9, 1):
        images = (torch.rand(size, 1, 2, 3) < 0.4).float()
        z, epsilon = _expect_sample(rights[0][1], images, _run(answer, model, images))
        expect_fresh([epsilon], noise)
        noise.append(epsilon)
        seen.append((images, z))
        for step, right in rights:
            step(images, z, right)
        _, closest = rights[0]
        rights = [(step, right) for step, right in rights if _same(model, right)]
        if not rights:
            found = first_bug(BUGS, start, seen, partial(_same, model)) or _symptom(model, closest)
            found = PRIOR if found == DETACHED and _from_prior(start, seen) else found
            raise Wrong(f"{found}\n(Seen in update {len(seen)}, on {size} images.)")
        if not model.vae.training or not all(p.requires_grad for p in model.vae.parameters()):
            raise Wrong("The VAE is left in evaluation mode, or frozen: the next step could not train it.")
    _expect_standard_normal(torch.cat(noise))


def _run(answer: object, model: Model, images: Tensor) -> list[Tensor]:
    """Let the reader's step update the model; each z that it decoded."""
    before = model.parameters()
    taken: list[object] = []
    handle = model.optimizer.register_step_post_hook(lambda *_: taken.append(1))
    arguments: dict[str, Any] = {"x": images, "vae": model.vae, "optimizer": model.optimizer}
    try:
        with recorded(model.vae.decoder, counts=lambda: torch.is_grad_enabled() and not taken) as decoded:
            call(answer, arguments, CRASHES)
    except NotAttempted as stub:
        if "forward" in str(stub.__cause__):
            raise Wrong(TWO_PARTS) from stub
        raise
    finally:
        handle.remove()
    if len(taken) != 1:
        raise Wrong(f"optimizer.step() is called {len(taken)} times; one step is one update.")
    moved = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    if not any(moved):
        raise Wrong(
            "Nothing has moved: no gradient is there when optimizer.step() comes. The order is "
            "zero_grad(), backward(), step()."
        )
    if not decoded:
        raise Wrong(
            "Your function never calls the decoder, with gradients and before optimizer.step(): "
            "vae.decode(z) gives the logits of the pixels."
        )
    if not moved[0]:
        raise Wrong(
            "The encoder has not moved: a detach, torch.no_grad() or .sample() keeps the gradient "
            "away from it."
        )
    if not moved[1]:
        raise Wrong("The decoder has not moved: log p(x|z) is missing from the loss, or its gradient is cut.")
    return decoded


def _expect_sample(model: Model, images: Tensor, decoded: list[Tensor]) -> tuple[Tensor, Tensor]:
    """One noisy row for each image, decoded at once or in parts, and its noise; ``Wrong`` if it is none."""
    with torch.no_grad():
        mean, log_var = model.vae.encode(images)
    z = torch.cat(decoded)
    if z.shape != mean.shape:  # a look at another decoded z, such as the mean, does no harm
        z = next((z for z in reversed(decoded) if not _is_mean(z, mean)), mean)
    if z.shape != mean.shape:
        raise Wrong(f"The decoder is given z of shape {tuple(z.shape)}, expected {tuple(mean.shape)}.")
    if _is_mean(z, mean):
        raise Wrong("The decoder is given the mean of q(z|x): z is a sample, mean + exp(log_var / 2) · ε.")
    noise = (z - mean) / standard_deviation(log_var)
    if len(z) > 1 and bool((noise.std(dim=0) < 1e-3).all()):
        raise Wrong("Every image is given the same noise: draw a row for each, torch.randn_like(mean).")
    return z, noise


def _is_mean(z: Tensor, mean: Tensor) -> bool:
    return z.shape == mean.shape and torch.allclose(z, mean, atol=1e-6)


def _expect_standard_normal(noise: Tensor) -> None:
    if bool((noise > -1e-3).all()):
        raise Wrong("The noise is never negative: torch.rand is uniform on [0, 1], torch.randn is N(0, 1).")
    if bool((noise.std(dim=1) < 1e-3).all()):
        raise Wrong(
            "The latent dimensions of an image share their noise: torch.randn_like(mean) has its own."
        )
    if abs(noise.mean().item()) > 0.4 or not 0.7 < noise.std().item() < 1.3:
        raise Wrong("The noise ε in z = mean + exp(log_var / 2) · ε is not drawn from N(0, 1).")


def _from_prior(model: Model, seen: Seen) -> bool:
    """Whether the first z is more likely under the prior than under q(z|x)."""
    images, z = seen[0]
    with torch.no_grad():
        mean, log_var = model.vae.encode(images)
    log_w = variational.importance_log_weights(torch.zeros(1, len(z)), z[None], mean, log_var)
    return bool(log_w.sum() > 0)


def _same(a: Model, b: Model) -> bool:
    return all(_alike(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def _alike(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5)


def _symptom(got: Model, right: Model) -> str:
    encoder, decoder = (_alike(a, b) for a, b in zip(got.parameters(), right.parameters(), strict=True))
    if decoder:
        return "The decoder's update is right, the encoder's is not: look at the KL term and at the sample."
    if encoder:
        return "The encoder's update is right, the decoder's is not: look at the likelihood."
    return "The update differs from the one in the text: look at the sample, the two terms, and their sums."


STEP = Exercise(_judge, "four updates in a row move encoder and decoder as they should.")
