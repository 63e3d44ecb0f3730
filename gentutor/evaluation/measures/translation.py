"""What is measured of translations whose true answer is known, and of the embeddings that measure them."""

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from gentutor import data, settings
from gentutor._modes import plain_modes
from gentutor.evaluation.classes import NEIGHBOURS
from gentutor.evaluation.distances import frechet_distance, precision_recall
from gentutor.evaluation.features import (
    digit_features,
    digit_logits,
    embedded,
    glyph_embedding,
    with_channels,
)
from gentutor.evaluation.measures.drawing import measuring
from gentutor.evaluation.retrieval import retrieval_ranks
from gentutor.models.cyclegan import Generators
from gentutor.models.sampling import translate
from gentutor.objectives.translation import cycle_consistency_loss

DISTURBANCE = 0.1  # standard deviation of the noise that a translation should not mind, in [-1, 1]


class Domains(Protocol):
    """Two domains by name, and their images."""

    @property
    def domains(self) -> tuple[str, str]: ...

    def images(self, split: str) -> tuple[Tensor, Tensor]: ...


@measuring
def measure_embedding(
    model: nn.Module, domain: str, strength: float, samples: int, seed: int
) -> dict[str, float]:
    """Of an embedding of glyphs: ``deformed``, the share of deformed test glyphs that find their original."""
    glyphs = data.domain_images(domain, "test")[:samples]
    return {"deformed": _found(model, _deformed(glyphs, strength, seed), glyphs)}


@measuring
def measure_translation(model: Generators, recipe: Domains, samples: int, seed: int) -> dict[str, float]:
    """Of a CycleGAN: what ``translation_metrics`` says of test images."""
    return translation_metrics(recipe, model, "test", samples, seed)


@measuring
def measure_cycles(model: Generators, a: Tensor, b: Tensor, seed: int) -> dict[str, float]:
    """Of images without a known truth, and without an embedding: what is left are the cycles."""
    return _cycles(model, (a, b), (translate(model.F, b), translate(model.G, a)), seed)


@plain_modes()
def translation_metrics(
    recipe: Domains, model: Generators, split: str, samples: int = 10_000, seed: int = 0
) -> dict[str, float]:
    """How good both directions of a translation are, on pairs that training never saw.

    Args:
        recipe: names the domains and has their images.
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
        target, source, fake = real[i], with_channels(real[1 - i], data.CHANNELS[domains[i]]), made[i]
        embedding, strength = glyph_embedding(domains[i])
        points, goal, start = (embedded(embedding, images) for images in (fake, target, source))
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
        meant = data.domain_digits(domains[1 - i], split).labels[: len(made[i])]
        guessed = digit_logits(_unit(made[i])).argmax(dim=1).cpu()
        numbers |= {
            f"labels{suffix}": (guessed == meant).double().mean().item(),
            f"frechet{suffix}": frechet_distance(_digit_features(made[i]), features[i]),
        }
    return {**numbers, "frechet_untranslated": frechet_distance(*features)}


def _found(embedding: nn.Module, images: Tensor, targets: Tensor) -> float:
    return _share(retrieval_ranks(embedded(embedding, images), embedded(embedding, targets)))


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
