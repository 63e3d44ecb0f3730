"""Where a VAE's bound is lost: overfitting, amortisation, approximation; and what augmentation changes."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gentutor import data, recipes
from gentutor.evaluation import log_likelihood, monte_carlo, refit, widened
from gentutor.models.vae import VAE
from gentutor.objectives import variational
from gentutor.optim import EMA, and_then
from gentutor.steps import binarize, vae_step
from gentutor.training import fit

SHIFT = 2  # pixels
REFIT = 200  # steps: some tenths of a nat short of convergence
CHUNK = 1000
SAMPLES = 500  # of z per image, where a log-likelihood is estimated
WIDEN = 1.3  # times the standard deviations of a refitted q, before draws from it are weighted


@torch.no_grad()
def mean_elbo(
    vae: VAE, x: Tensor, q: tuple[Tensor, Tensor], samples: int, generator: torch.Generator
) -> Tensor:
    """The ELBO of each x under q = (mean, log_var), averaged over draws of z: (B,), in nats."""
    mean, log_var = q
    draws = [vae.log_px_z(x, variational.reparameterize(mean, log_var, generator)) for _ in range(samples)]
    return variational.elbo(torch.stack(draws).mean(dim=0), variational.gaussian_kl(mean, log_var))


def gaps(
    vae: VAE, x: Tensor, best: tuple[Tensor, Tensor], log_px: Tensor, generator: torch.Generator
) -> dict[str, float]:
    """Minus the mean log-likelihood and the two bounds below it, in nats per image.

    Args:
        vae: in eval mode.
        x: (B, C, H, W), binary images.
        best: the mean and log-variance of each image's q, refitted.
        log_px: (B,), the estimates of log p(x), e.g. by draws of ``wider(best)``.
        generator: of the noise.

    Returns:
        ``nll``; ``refitted``, the negative ELBO with the refitted q; ``negative_elbo``, with the
        encoder's. Their differences are the approximation gap and the amortisation gap, whose standard
        errors over images are ``approximation_error`` and ``amortisation_error``.
    """
    with torch.no_grad():
        encoded = vae.encode(x)
    refitted = mean_elbo(vae, x, best, 50, generator)
    by_encoder = mean_elbo(vae, x, encoded, 50, generator)
    return {
        "nll": -log_px.mean().item(),
        "refitted": -refitted.mean().item(),
        "negative_elbo": -by_encoder.mean().item(),
        "approximation_error": monte_carlo(log_px - refitted)[1],
        "amortisation_error": monte_carlo(refitted - by_encoder)[1],
    }


def wider(q: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """A refitted q as a proposal: the same means, standard deviations ``WIDEN`` times as large."""
    return q[0], widened(q[1], WIDEN)


def vae_overfitting(
    seeds: Sequence[int] = (0, 1, 2), images: int = 5000, steps: int = 10_000, held: int = 500
) -> dict[str, Any]:
    """The VAE on few images, with and without shifting them: its bound on training and on test images."""
    rows = []
    for seed in seeds:
        for name, shift in (("as they are", 0), ("shifted", SHIFT)):
            rows.append({"variant": name, "seed": seed, **_train_on_few(images, shift, steps, held, seed)})
    settings = {
        "seeds": list(seeds),
        "images": images,
        "steps": steps,
        "held": held,
        "shift": SHIFT,
        "samples": SAMPLES,
    }
    return {"settings": settings, "rows": rows}


def _train_on_few(images: int, shift: int, steps: int, held: int, seed: int) -> dict[str, Any]:
    recipe = replace(recipes.VAE_MNIST, seed=seed)
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    all_train = data.to_unit(data.mnist("train").images)
    train = all_train[torch.randperm(len(all_train), generator=random)[:images]]
    test = data.to_unit(data.mnist("test").images)
    test = test[torch.randperm(len(test), generator=random)]  # the first ones are easier
    seen = {"train": binarize(train[: 2 * held], random), "test": binarize(test, random)}
    vae = recipe.model()
    recipes.start_at_pixel_means(vae, train)
    ema = EMA(vae, recipe.ema_decay)
    average: Any = ema.average
    optimizer = torch.optim.Adam(vae.parameters(), lr=recipe.learning_rate, fused=True)
    batches = data.batches(train, batch_size=recipe.batch_size, generator=random)
    curves: dict[str, list[float]] = {name: [] for name in seen}

    def step(batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        down, right = torch.randint(-shift, shift + 1, (2,)).tolist()
        return vae_step((batch[0].roll((down, right), dims=(2, 3)),), vae, optimizer)

    def report(done: int, losses: dict[str, float]) -> None:
        with torch.no_grad():
            for name, x in seen.items():
                bound = mean_elbo(average, x, average.encode(x), 1, random)
                curves[name].append(round(-bound.mean().item(), 3))

    every = max(1, steps // 20)
    averaged = and_then(step, functools.partial(ema.update, vae))
    history = fit(averaged, batches, steps=steps, every=every, report=report, progress=False)
    average.eval()
    parts = {
        name: {k: round(v, 3) for k, v in _by_encoder(average, x[:held], random).items()}
        for name, x in seen.items()
    }
    return {"steps": history.steps, "curves": curves, "gaps": parts, "seconds": round(history.seconds, 1)}


def _by_encoder(vae: VAE, x: Tensor, random: torch.Generator) -> dict[str, float]:
    """The gaps, with log p(x) from draws of the encoder's q, which is too low where that is far off."""
    best = refit(vae, x, REFIT, generator=random)
    return gaps(vae, x, best, log_likelihood(vae, x, SAMPLES, CHUNK, random), random)
