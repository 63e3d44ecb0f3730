"""Ways to keep the judge honest, compared on digits, in a quarter of the steps of a full run."""

import functools
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gentutor import data, recipes
from gentutor.evaluation import digit_features, frechet_distance, neighbour_radii
from gentutor.evaluation.neighbours import from_radii
from gentutor.models.gan import DCGANDiscriminator, DCGANGenerator, Generator
from gentutor.models.layers import spectrally_normalised
from gentutor.models.sampling import evaluating, sample_images
from gentutor.objectives import adversarial as objective
from gentutor.optim import linear_decay
from gentutor.recipes.gan import GANDesign, GANRecipe
from gentutor.steps import gan_step, relativistic_gan_step, wgan_gp_step
from gentutor.training import Losses, fit

DEVICE = torch.device("cpu")
K, MOMENTS = 3, 6
IMAGES, WATCHED = 5000, 2000  # in the measurements at the end, and on the way


class FallingRates(GANRecipe):
    """A GAN whose rates stay for half of the run and then fall to zero."""

    def schedules(self, *optimizers: Optimizer) -> list[LRScheduler]:
        """One for each optimiser."""
        return [linear_decay(optimizer, self.steps.full) for optimizer in optimizers]


def wasserstein_step(
    batch: tuple[Tensor, ...],
    generator: Generator,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
) -> Losses:
    """``wgan_gp_step`` by the names that a recipe gives its parts."""
    return wgan_gp_step(batch, generator, discriminator, g_optimizer, d_optimizer)


plain = functools.partial(DCGANDiscriminator, normalised=False)
old = recipes.DCGAN
BASE = FallingRates(
    name="DCGAN",
    source=old.source,
    design=GANDesign(DCGANGenerator, functools.partial(DCGANDiscriminator, noise=old.input_noise)),
    latent_dim=old.latent_dim,
    batch_size=old.batch_size,
    g_learning_rate=old.g_learning_rate,
    d_learning_rate=old.d_learning_rate,
    betas=old.betas,
    ema_decay=old.ema_decay,
    steps=old.steps,
)


def variant(
    name: str, source: str, step: Any, judge: Any, rate: float, betas: tuple[float, float], batch: int = 64
) -> GANRecipe:
    """The same generator against another judge, with the rates of the judge's source."""
    return replace(
        BASE,
        name=name,
        source=source,
        design=replace(BASE.design, step=step, discriminator=judge),
        g_learning_rate=rate,
        d_learning_rate=rate,
        betas=betas,
        batch_size=batch,
    )


VARIANTS: tuple[GANRecipe, ...] = (
    BASE,
    variant(
        "spectral normalisation, hinge",
        "Miyato et al. 2018, with one step of D",
        functools.partial(
            gan_step,
            discriminator_loss=objective.hinge_discriminator_loss,
            generator_loss=objective.critic_generator_loss,
        ),
        lambda: spectrally_normalised(plain()),
        2e-4,
        (0.0, 0.9),
    ),
    variant(
        "Wasserstein, gradient penalty",
        "Gulrajani et al. 2017",
        wasserstein_step,
        plain,
        1e-4,
        (0.0, 0.9),
        batch=5 * 64,
    ),
    variant(
        "R1",
        "Mescheder et al. 2018",
        functools.partial(gan_step, r1_weight=1.0),
        plain,
        5e-4,
        (0.0, 0.99),
    ),
    variant(
        "pairs, R1 and R2",
        "Huang et al. 2024",
        functools.partial(relativistic_gan_step, penalty_weight=1.0),
        plain,
        5e-4,
        (0.0, 0.99),
    ),
)


def honest_judges(seeds: tuple[int, ...] = (0, 1, 2), steps: int = 3000) -> dict[str, Any]:
    """Every variant once for each seed, and the two ends of the scale: uniform noise and training images.

    The rates are those of each variant's source, so that a difference is one of whole recipes, not of the
    penalty or the layer alone. At ``MOMENTS`` moments of a run, with ``WATCHED`` samples: the Fréchet
    distance with averaged weights and with the weights as they are, and how often D scores a training image
    above one that it never saw (1/2 by chance). At the end, with ``IMAGES``: Fréchet distance, density and
    coverage.
    """
    rows = []
    for seed in seeds:
        measure = Measure(seed)
        noise = torch.rand(IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
        ends = {"uniform noise": noise, "training images": measure.train}
        found = [{"variant": name, **measure(digit_features(images))} for name, images in ends.items()]
        found += [train(recipe, seed, steps, measure) for recipe in VARIANTS]
        rows += [{**row, "seed": seed} for row in found]
    return {"settings": {"seeds": seeds, "steps": steps, "images": IMAGES, "k": K}, "rows": rows}


class Measure:
    """Compares images with test images, the same for all runs of a seed."""

    def __init__(self, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        test, train = (data.to_unit(data.mnist(split).images) for split in ("test", "train"))
        self.test = test[torch.randperm(len(test), generator=random)[:IMAGES]]
        self.train = train[torch.randperm(len(train), generator=random)[:IMAGES]]
        self.features = digit_features(self.test)
        self.radii = neighbour_radii(self.features, K)

    def __call__(self, fake: Tensor) -> dict[str, float]:
        """The features of as many images -> numbers by name."""
        density, coverage = from_radii(self.features, fake, self.radii, K)
        return {
            "frechet": round(frechet_distance(self.features, fake), 4),
            "density": round(density, 4),
            "coverage": round(coverage, 4),
        }

    def frechet(self, model: nn.Module, seed: int) -> float:
        """Of few samples, so with some bias."""
        n = WATCHED
        return round(
            frechet_distance(self.features[:n], digit_features(sample_images(model, n, seed=seed))), 4
        )

    def remembered(self, discriminator: nn.Module) -> float:
        """The share of pairs in which a training image has a higher score than a test image."""
        with evaluating(discriminator), torch.no_grad():
            some = (2 * images[:WATCHED] - 1 for images in (self.train, self.test))
            seen, new = (discriminator(images).flatten() for images in some)
        order = new.sort().values
        below = torch.searchsorted(order, seen).double() + torch.searchsorted(order, seen, right=True)
        return round((below.mean() / 2 / len(new)).item(), 4)


def train(recipe: GANRecipe, seed: int, steps: int, measure: Measure) -> dict[str, Any]:
    """One run, watched and measured."""
    recipe = replace(recipe, seed=seed, steps=replace(recipe.steps, full=steps))
    run = recipe.start(DEVICE)
    generator, discriminator = run.parts["generator"], run.parts["discriminator"]
    watched: dict[str, list[float]] = {"step": [], "frechet": [], "frechet_last": [], "remembered": []}

    def report(step: int, losses: dict[str, float]) -> None:
        watched["step"].append(step)
        watched["frechet"].append(measure.frechet(run.model, seed))
        watched["frechet_last"].append(measure.frechet(generator, seed))
        watched["remembered"].append(measure.remembered(discriminator))

    history = fit(run.step, run.batches, steps=steps, every=steps // MOMENTS, report=report, progress=False)
    return {
        "variant": recipe.name,
        **measure(digit_features(sample_images(run.model, IMAGES, seed=seed))),
        "watched": watched,
        "losses": {key: [round(v, 4) for v in values] for key, values in history.values.items()},
        "seconds": round(history.seconds, 1),
    }
