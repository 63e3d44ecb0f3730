"""One VAE, trained in many ways: what each mistake costs, what collapse is, what beta trades."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gentutor import data, recipes
from gentutor.evaluation import active_units, digit_features, frechet_distance
from gentutor.models.sampling import sample_images
from gentutor.models.vae import VAE, Likelihood
from gentutor.objectives import variational
from gentutor.optim import EMA
from gentutor.showing.samples import tile
from gentutor.steps import binarize
from gentutor.training import fit

STEPS = 3000
SEEDS = (0, 1, 2)


class RasterLikelihood(nn.Module):
    """Bernoulli pixels whose log-odds also depend, linearly, on all pixels before them in reading order.

    Args:
        pixels: how many.
    """

    def __init__(self, pixels: int = 784) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(pixels, pixels))

    def forward(self, logits: Tensor, x: Tensor) -> Tensor:
        """(B, ...) and (B, ...) -> log p(x|z), (B,), in nats."""
        flat = x.flatten(1)  # (B, D)
        before = flat @ self.weight.tril(-1).T
        return variational.bernoulli_log_prob(logits.flatten(1) + before, flat)

    @torch.no_grad()
    def sample(self, logits: Tensor) -> Tensor:
        """Binary images, pixel by pixel: (B, ...) -> (B, ...)."""
        flat = logits.flatten(1).clone()
        x = torch.zeros_like(flat)
        for j in range(flat.shape[1]):
            x[:, j] = torch.bernoulli((flat[:, j] + x[:, :j] @ self.weight[j, :j]).sigmoid())
        return x.view_as(logits)


def unit_squared_error(logits: Tensor, x: Tensor) -> Tensor:
    """A Gaussian likelihood around sigmoid(logits) with standard deviation 1, as tutorials have it."""
    return variational.gaussian_log_prob(logits.sigmoid(), x, 1.0)


def fitted_squared_error(logits: Tensor, x: Tensor) -> Tensor:
    """The same with the standard deviation that is most likely for this batch: the root mean square error."""
    mean = logits.sigmoid()
    return variational.gaussian_log_prob(mean, x, (x - mean).square().mean().sqrt())


def sigmoid_twice(logits: Tensor, x: Tensor) -> Tensor:
    """Probabilities passed where log-odds are expected."""
    return variational.bernoulli_log_prob(logits.sigmoid(), x)


@dataclass(frozen=True)
class Variant:
    """One way to train the VAE; the defaults are the right one."""

    likelihood: Likelihood = variational.bernoulli_log_prob
    raster: bool = False  # a ``RasterLikelihood`` in its place
    pixel_weight: float = 1.0  # of log p(x|z)
    beta: float = 1.0  # of the KL
    warm_up: int = 0  # steps over which the KL's weight rises from 0 to beta
    free_nats: float = 0.0  # per latent dimension
    log_var_as_std: bool = False  # std = exp(log_var)
    grey: bool = False  # grey images in place of binary ones

    def observe(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """What the model is given: images in [0, 1], binarised unless ``grey``."""
        return images if self.grey else binarize(images, generator)

    def step(self, vae: VAE, optimizer: torch.optim.Optimizer, ema: EMA) -> Callable[..., dict[str, Tensor]]:
        """Its optimisation step."""
        done = 0

        def step(batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
            nonlocal done
            done += 1
            x = self.observe(batch[0])
            mean, log_var = vae.encode(x)
            z = variational.reparameterize(mean, 2 * log_var if self.log_var_as_std else log_var)
            log_px_z = vae.log_px_z(x, z).mean()
            kl = variational.free_bits_kl(mean, log_var, self.free_nats)
            weight = self.beta * (min(1.0, done / self.warm_up) if self.warm_up else 1.0)
            loss = weight * kl - self.pixel_weight * log_px_z
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            ema.update(vae)
            kl = variational.gaussian_kl(mean, log_var).detach().mean()
            return {"distortion": -log_px_z.detach(), "kl": kl}

        return step


MISTAKES = {
    "the recipe": Variant(),
    "mean over pixels, sum over latents": Variant(pixel_weight=1 / 784),
    "sum over pixels, mean over latents": Variant(beta=1 / 50),
    "log-variance taken for standard deviation": Variant(log_var_as_std=True),
    "sigmoid twice": Variant(likelihood=sigmoid_twice),
    "squared error, σ = 1": Variant(likelihood=unit_squared_error, grey=True),
    "squared error, σ fitted": Variant(likelihood=fitted_squared_error, grey=True),
}
COLLAPSE = {
    "the recipe": Variant(),
    "KL warm-up": Variant(warm_up=STEPS // 2),
    "free bits": Variant(free_nats=0.25),
    "strong decoder": Variant(raster=True),
    "strong decoder, KL warm-up": Variant(raster=True, warm_up=STEPS // 2),
    "strong decoder, free bits": Variant(raster=True, free_nats=0.25),
}
BETAS = {f"{beta:g}": Variant(beta=beta) for beta in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)}


def vae_mistakes(seeds: Sequence[int] = SEEDS, steps: int = STEPS) -> dict[str, Any]:
    """The VAE with one mistake at a time: what it costs, and how it shows."""
    return _compare(MISTAKES, seeds, steps)


def vae_collapse(seeds: Sequence[int] = SEEDS, steps: int = STEPS) -> dict[str, Any]:
    """Latents that carry nothing, with a plain and with a strong decoder, and the usual cures."""
    return _compare(COLLAPSE, seeds, steps)


def vae_beta(seeds: Sequence[int] = SEEDS, steps: int = STEPS) -> dict[str, Any]:
    """The weight of the KL as a knob: rate against distortion."""
    return _compare(BETAS, seeds, steps)


def _compare(variants: dict[str, Variant], seeds: Sequence[int], steps: int) -> dict[str, Any]:
    rows = []
    for seed in seeds:
        for name, variant in variants.items():
            variant = replace(variant, warm_up=min(variant.warm_up, steps // 2))
            rows.append({"variant": name, "seed": seed, **train_variant(variant, steps, seed)})
    return {"settings": {"seeds": list(seeds), "steps": steps}, "rows": rows}


def train_variant(variant: Variant, steps: int, seed: int) -> dict[str, Any]:
    """Train one variant on MNIST with the recipe's network and Adam, and measure it on the test images.

    Returns ``rate`` (the KL), ``distortion`` (minus log p(x|z)) and their sum ``negative_elbo``, each in
    nats per image under the variant's own likelihood; ``active`` latent dimensions; the mean squared
    ``error`` per pixel of reconstructions against grey images; the Fréchet distance of samples; and
    ``pictures``, ten reconstructions above ten samples.
    """
    recipe = replace(recipes.VAE_MNIST, seed=seed)
    torch.manual_seed(seed)
    train = data.to_unit(data.mnist("train").images)
    vae = recipe.model()
    recipes.start_at_pixel_means(vae, train)
    vae.likelihood = RasterLikelihood() if variant.raster else variant.likelihood
    ema = EMA(vae, recipe.ema_decay)
    optimizer = torch.optim.Adam(vae.parameters(), lr=recipe.learning_rate, fused=True)
    order = torch.Generator().manual_seed(seed)
    batches = data.batches(train, batch_size=recipe.batch_size, generator=order)
    history = fit(
        variant.step(vae, optimizer, ema), batches, steps=steps, every=max(1, steps // 20), progress=False
    )
    return {
        **measure_variant(variant, ema.average.eval(), seed),
        "kl_over_time": [round(value, 3) for value in history["kl"]],
        "seconds": round(history.seconds, 1),
    }


@torch.no_grad()
def measure_variant(variant: Variant, vae: Any, seed: int, samples: int = 2000) -> dict[str, Any]:
    """The numbers of ``train_variant`` for a trained model."""
    random = torch.Generator().manual_seed(seed)
    images = data.to_unit(data.mnist("test").images)
    x = variant.observe(images, random)
    mean, log_var = vae.encode(x)
    z = variational.reparameterize(mean, 2 * log_var if variant.log_var_as_std else log_var, random)
    rate = variational.gaussian_kl(mean, log_var).mean().item()
    distortion = -vae.log_px_z(x, z).mean().item()
    if variant.raster:
        noise = torch.randn(samples, vae.latent_dim, generator=random)
        reconstructed, drawn = None, vae.likelihood.sample(vae.decode(noise))
        shown = vae.likelihood.sample(vae.decode(mean[:10]))
    else:
        reconstructed, drawn = vae.decode(mean).sigmoid(), sample_images(vae, samples, seed)
        shown = reconstructed[:10]
    error = math.nan if reconstructed is None else (reconstructed - images).square().mean().item()
    real = digit_features(images[torch.randperm(len(images), generator=random)[:samples]])
    pictures = tile(torch.cat([images[:10], shown, drawn[:10]]), columns=10)
    result = {
        "rate": rate,
        "distortion": distortion,
        "negative_elbo": rate + distortion,
        "active": active_units(mean),
        "error": None if math.isnan(error) else error,
        "frechet": frechet_distance(real, digit_features(drawn)),
    }
    rounded = {k: v if v is None or k == "active" else round(v, 4) for k, v in result.items()}
    return {**rounded, "pictures": pictures}
