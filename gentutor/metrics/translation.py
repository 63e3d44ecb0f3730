"""What is measured of translations whose true answer is known, and of the embeddings that measure them."""

import functools
import math

import torch
from torch import Tensor, nn

from gentutor import data, settings
from gentutor._checks import expect_floats, expect_range
from gentutor._modes import plain_modes
from gentutor.evaluation import frechet_distance, precision_recall, retrieval_ranks
from gentutor.metrics.base import register
from gentutor.metrics.classes import NEIGHBOURS
from gentutor.metrics.features import digit_features, digit_logits
from gentutor.models.cyclegan import Generators
from gentutor.objectives.translation import cycle_consistency_loss
from gentutor.recipes.cyclegan import CycleGANRecipe
from gentutor.recipes.domains import CHANNELS, domain_digits
from gentutor.recipes.embedding import EmbeddingRecipe
from gentutor.recipes.folder import FolderRecipe
from gentutor.running import checkpoint
from gentutor.showing.sampling import evaluating, translate

DISTURBANCE = 0.1  # standard deviation of the noise that a translation should not mind, in [-1, 1]


@register
def _measure_embedding(
    recipe: EmbeddingRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    glyphs = recipe.glyphs("test")[:samples]
    return {"deformed": _found(model, _deformed(glyphs, recipe.strength, seed), glyphs)}


@register
def _measure_cyclegan(
    recipe: CycleGANRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    assert isinstance(model, Generators)
    return translation_metrics(recipe, model, "test", samples, seed)


@register
def _measure_folder(
    recipe: FolderRecipe, model: nn.Module, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    """Of images of your own no truth is known, and no embedding: what is left are the cycles."""
    assert isinstance(model, Generators)
    a, b = (images[:samples] for images in recipe.images("test"))
    return _cycles(model, (a, b), (translate(model.F, b), translate(model.G, a)), seed)


@plain_modes()
def translation_metrics(
    recipe: CycleGANRecipe, model: Generators, split: str, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    """How good both directions of a translation are, on pairs that training never saw.

    Args:
        recipe: names the domains.
        model: both generators.
        split: "validation" or "test".
        samples: at most so many images of each domain.
        seed: of the deformations.

    Returns:
        Of each direction, with the suffix ``_b`` (of G, into domain B) or ``_a`` (of F): ``frechet``, the
        distance of translations to images of the domain, and ``frechet_untranslated``, that of what was
        translated. Of glyphs, in the embedding of the domain: ``retrieval``, the share of translations that
        are nearer to their true partner than to any other; ``untranslated`` and ``deformed``, the same of
        the inputs themselves and of deformed partners; ``gain``, where retrieval lies between these two,
        nan if they are equal; and ``error``, the mean absolute difference to the partner, in units of the
        range from black to white; and ``recall``, the share of the domain's glyphs that the translations
        reach (Kynkäänniemi et al. 2019). Of digits: ``labels``, the share whose label survives. And
        ``cycle``, both cycle losses added; ``cycle_disturbed``, the same with noise of standard deviation
        0.1 added to the translations before they are translated back.
    """
    a, b = (images[:samples] for images in recipe.images(split))
    to_b, to_a = translate(model.G, a), translate(model.F, b)
    measured = _digits if "handwritten" in recipe.domains else _glyphs
    numbers = measured(recipe.domains, split, (a, b), (to_a, to_b), seed)
    return {**numbers, **_cycles(model, (a, b), (to_a, to_b), seed)}


def _cycles(
    model: Generators, real: tuple[Tensor, Tensor], made: tuple[Tensor, Tensor], seed: int
) -> dict[str, float]:
    numbers = {}
    for name, noise in (("cycle", 0.0), ("cycle_disturbed", DISTURBANCE)):
        random = torch.Generator().manual_seed(seed)
        losses = [
            cycle_consistency_loss(
                translate(back, images + noise * torch.randn(images.shape, generator=random)), original
            )
            for back, images, original in ((model.F, made[1], real[0]), (model.G, made[0], real[1]))
        ]
        numbers[name] = (losses[0] + losses[1]).item()
    return numbers


def _glyphs(
    domains: tuple[str, str],
    split: str,
    real: tuple[Tensor, Tensor],
    made: tuple[Tensor, Tensor],
    seed: int,
) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for i, suffix in ((1, "_b"), (0, "_a")):
        target, source, fake = real[i], with_channels(real[1 - i], CHANNELS[domains[i]]), made[i]
        embedding, strength = _embedding(domains[i])
        points, goal, start = (_embed(embedding, images) for images in (fake, target, source))
        retrieval, low = (_share(retrieval_ranks(x, goal)) for x in (points, start))
        high = _found(embedding, _deformed(target, strength, seed), target)
        numbers |= {
            f"retrieval{suffix}": retrieval,
            f"untranslated{suffix}": low,
            f"deformed{suffix}": high,
            f"gain{suffix}": (retrieval - low) / (high - low) if high != low else math.nan,
            f"error{suffix}": (fake - target).abs().mean().item() / 2,
            f"recall{suffix}": precision_recall(goal, points, NEIGHBOURS)[1],
            f"frechet{suffix}": frechet_distance(points, goal),
            f"frechet_untranslated{suffix}": frechet_distance(start, goal),
        }
    return numbers


def _digits(
    domains: tuple[str, str],
    split: str,
    real: tuple[Tensor, Tensor],
    made: tuple[Tensor, Tensor],
    seed: int,
) -> dict[str, float]:
    numbers: dict[str, float] = {}
    features = [_digit_features(images) for images in real]
    for i, suffix in ((1, "_b"), (0, "_a")):
        meant = domain_digits(domains[1 - i], split).labels[: len(made[i])]
        guessed = digit_logits(_unit(made[i])).argmax(dim=1).cpu()
        numbers |= {
            f"labels{suffix}": (guessed == meant).double().mean().item(),
            f"frechet{suffix}": frechet_distance(_digit_features(made[i]), features[i]),
        }
    return {**numbers, "frechet_untranslated": frechet_distance(*features)}


@plain_modes()
def glyph_features(domain: str, images: Tensor) -> Tensor:
    """Images in the stored embedding of a domain of glyphs, in which retrieval is measured.

    Args:
        domain: "printed", "brush", "openmoji-black" or "noto".
        images: (N, C, H, W) in [-1, 1]; of another number of channels they are repeated or averaged.

    Returns:
        (N, 64), float64, on the processor.

    Raises:
        TypeError: the images are no floating-point tensor.
        ValueError: no embedding of the domain is stored, or the images lie outside of [-1, 1].

    >>> from gentutor.recipes.domains import domain_images
    >>> glyph_features("brush", domain_images("printed", "test")[:3]).shape
    torch.Size([3, 64])
    """
    expect_floats("images", images)
    expect_range("images", images, -1, 1)
    embedding, _ = _embedding(domain)
    return _embed(embedding, with_channels(images, CHANNELS[domain]))


def with_channels(images: Tensor, channels: int) -> Tensor:
    """Images with another number of channels: grey ones repeated, colours averaged."""
    if images.shape[1] == channels:
        return images
    return images.mean(dim=1, keepdim=True).expand(-1, channels, -1, -1)


@functools.cache
def _embedding(domain: str) -> tuple[nn.Module, float]:
    """The stored embedding of a domain, and the strength of deformations that it was trained with."""
    model, card = checkpoint.pretrained(f"embedding-{domain}")
    return model.to(settings.device()), float(card.recipe["strength"])


@torch.no_grad()
def _embed(embedding: nn.Module, images: Tensor) -> Tensor:
    weight = next(embedding.parameters())
    with evaluating(embedding):
        return torch.cat([embedding(part.to(weight)).cpu().double() for part in images.split(500)])


def _found(embedding: nn.Module, images: Tensor, targets: Tensor) -> float:
    return _share(retrieval_ranks(_embed(embedding, images), _embed(embedding, targets)))


def _share(ranks: Tensor) -> float:
    return (ranks == 1).double().mean().item()


def _deformed(glyphs: Tensor, strength: float, seed: int) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return data.deform(glyphs, strength)


def _digit_features(images: Tensor) -> Tensor:
    return digit_features(_unit(images)).cpu()


def _unit(images: Tensor) -> Tensor:
    return (images / 2 + 0.5).clamp(0, 1).to(settings.device())
