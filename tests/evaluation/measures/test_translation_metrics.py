"""Translations whose measures are known: nothing done, the true partner, exact inverses."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from gentutor import data
from gentutor.evaluation import features, retrieval_ranks
from gentutor.evaluation.features import glyph_features, with_channels
from gentutor.evaluation.measures import translation
from gentutor.evaluation.measures.translation import translation_metrics
from gentutor.models.classifier import GlyphEmbedding
from gentutor.models.cyclegan import Generators
from gentutor.recipes import CYCLEGAN_CHARACTERS, CYCLEGAN_DIGITS, CYCLEGAN_EMOJI, get

STRENGTH, N = 0.3, 60
GIVEN = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1)


class Map(nn.Module):
    """A generator that is a function: with a weight, so that it has a device."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def partners(of: torch.Tensor, are: torch.Tensor):
    """A function that knows the partner of each image."""

    def find(x: torch.Tensor) -> torch.Tensor:
        return are[torch.cdist(x.flatten(1), of.flatten(1)).argmin(dim=1)]

    return find


@pytest.fixture(autouse=True)
def embeddings(monkeypatch) -> dict[str, nn.Module]:
    """An untrained embedding of each domain in place of the stored one; near images are near in it too."""
    torch.manual_seed(0)
    nets = {
        domain: GlyphEmbedding(channels, width=4, dim=8).eval()
        for domain, channels in (("printed", 1), ("brush", 1), ("openmoji-black", 1), ("noto", 3))
    }
    for module in (translation, features):
        monkeypatch.setattr(module, "glyph_embedding", lambda domain: (nets[domain], STRENGTH))
    return nets


def found(net: nn.Module, made: torch.Tensor, targets: torch.Tensor) -> float:
    with torch.no_grad():
        ranks = retrieval_ranks(net(made).double(), net(targets).double())
    return (ranks == 1).double().mean().item()


def test_doing_nothing_gains_nothing(embeddings):
    model = Generators(Map(lambda x: x), Map(lambda x: x))
    numbers = translation_metrics(GIVEN, model, "validation", samples=N)
    a, b = (images[:N] for images in GIVEN.images("validation"))
    for suffix, net, source, target in (
        ("_b", embeddings["brush"], a, b),
        ("_a", embeddings["printed"], b, a),
    ):
        assert numbers[f"retrieval{suffix}"] == numbers[f"untranslated{suffix}"] == found(net, source, target)
        assert numbers[f"gain{suffix}"] == 0
        assert numbers[f"frechet{suffix}"] == numbers[f"frechet_untranslated{suffix}"] > 0
        assert numbers[f"error{suffix}"] == pytest.approx((a - b).abs().mean().item() / 2, rel=1e-5)
    assert numbers["cycle"] == 0
    expected = 2 * 0.1 * (2 / torch.pi) ** 0.5  # E |N(0, 0.1)|, in both domains
    assert numbers["cycle_disturbed"] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_true_partner_is_perfect(split):
    a, b = (images[:N] for images in GIVEN.images(split))
    model = Generators(Map(partners(a, b)), Map(partners(b, a)))
    numbers = translation_metrics(GIVEN, model, split, samples=N)
    for suffix in ("_a", "_b"):
        low, high = numbers[f"untranslated{suffix}"], numbers[f"deformed{suffix}"]
        assert low < high <= 1
        assert numbers[f"retrieval{suffix}"] == 1 and numbers[f"error{suffix}"] == 0
        assert numbers[f"gain{suffix}"] == pytest.approx((1 - low) / (high - low))
        assert numbers[f"frechet{suffix}"] == pytest.approx(0, abs=1e-6)
        assert numbers[f"recall{suffix}"] == 1
    assert numbers["cycle"] == 0


def test_where_all_is_found_untranslated_there_is_no_gain(monkeypatch):
    monkeypatch.setattr(translation, "_deformed", lambda glyphs, strength, seed: glyphs)
    same = GIVEN.images("validation")[0][:4]
    numbers = translation._glyphs(GIVEN.domains, "validation", (same, same), (same, same), seed=0)
    assert numbers["untranslated_b"] == numbers["deformed_b"] == 1
    assert math.isnan(numbers["gain_b"])


def test_one_answer_for_all_finds_one_and_reaches_little():
    a, b = (images[:N] for images in GIVEN.images("test"))
    model = Generators(Map(lambda x: b[:1].expand_as(x)), Map(lambda x: a[:1].expand_as(x)))
    numbers = translation_metrics(GIVEN, model, "test", samples=N)
    for suffix in ("_a", "_b"):
        assert numbers[f"retrieval{suffix}"] == 1 / N  # its own
        assert numbers[f"recall{suffix}"] < 0.1 and numbers[f"frechet{suffix}"] > 0


def test_exact_inverses_have_no_cycle_loss_though_they_translate_nothing():
    model = Generators(Map(lambda x: -x.flip(3)), Map(lambda x: -x.flip(3)))
    numbers = translation_metrics(GIVEN, model, "test", samples=N)
    assert numbers["cycle"] == 0 and numbers["retrieval_b"] < 0.5
    halved = Generators(Map(lambda x: x / 2), Map(lambda x: 2 * x))
    disturbed = translation_metrics(GIVEN, halved, "test", samples=N)
    assert disturbed["cycle"] == 0
    expected = (2 + 0.5) * 0.1 * (2 / torch.pi) ** 0.5  # F doubles the noise, G halves it
    assert disturbed["cycle_disturbed"] == pytest.approx(expected, rel=0.02)


def test_emoji_of_one_and_of_three_channels():
    recipe = replace(CYCLEGAN_EMOJI, width=2, blocks=1)
    torch.manual_seed(0)
    numbers = recipe.measure(recipe.model(), n=20)
    assert recipe.measure(recipe.model().eval(), n=20, seed=1) != numbers
    assert numbers.keys() == translation_metrics(GIVEN, GIVEN.model(), "test", samples=20).keys()
    grey, colour = torch.rand(2, 1, 4, 4), torch.rand(2, 3, 4, 4)
    assert torch.equal(with_channels(grey, 3), torch.cat([grey] * 3, dim=1))
    torch.testing.assert_close(with_channels(colour, 1), colour.sum(dim=1, keepdim=True) / 3)
    assert with_channels(colour, 3) is colour


def test_digits_whose_labels_survive_and_digits_in_turn():
    """The stored classifier reads real handwriting: F that knows the label, and F that does not look."""
    recipe = replace(CYCLEGAN_DIGITS, width=2, blocks=1)
    handwritten, printed = (images[:100] for images in recipe.images("test"))
    digits = data.printed_digits("test").labels[:100]
    own = data.mnist("test").labels
    meant = torch.stack([(own == digit).nonzero()[0, 0] for digit in digits])
    real = recipe.images("test")[0]
    model = Generators(Map(lambda x: printed[: len(x)]), Map(lambda x: real[meant[: len(x)]]))
    numbers = translation_metrics(recipe, model, "test", samples=100)
    assert numbers["labels_a"] > 0.9  # F answers with handwriting of the same digit
    model = Generators(Map(lambda x: printed[: len(x)]), Map(lambda x: handwritten[: len(x)]))
    numbers = translation_metrics(recipe, model, "test", samples=100)
    assert numbers["labels_a"] < 0.4 and numbers["frechet_a"] == pytest.approx(0, abs=1e-6)
    assert numbers["frechet_b"] == pytest.approx(0, abs=1e-6) and numbers["frechet_untranslated"] > 0


def test_an_embedding_is_measured_by_finding_what_was_deformed():
    torch.manual_seed(0)
    recipe = get("embedding-brush")
    model = GlyphEmbedding(width=4, dim=8).eval()
    untouched = replace(recipe, strength=0.0).measure(model, n=N)
    assert untouched.keys() == {"deformed"} and untouched["deformed"] > 0.9
    some = replace(recipe, strength=2.0).measure(model, n=N)
    assert some["deformed"] < untouched["deformed"]
    assert replace(recipe, strength=2.0).measure(model, n=N) == some


def test_features_are_those_of_the_domain_and_measure_what_the_metrics_do(embeddings):
    lines, colours = CYCLEGAN_EMOJI.images("test")
    lines, colours = lines[:N], colours[:N]
    points = glyph_features("noto", lines)
    assert points.dtype == torch.float64 and points.shape == (N, 8) and not points.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(points, embeddings["noto"](lines.expand(-1, 3, -1, -1)).double())
    nothing = Generators(Map(lambda x: with_channels(x, 3)), Map(lambda x: with_channels(x, 1)))
    measured = translation_metrics(CYCLEGAN_EMOJI, nothing, "test", N)
    ranks = retrieval_ranks(points, glyph_features("noto", colours))
    assert (ranks == 1).double().mean().item() == measured["untranslated_b"]


@pytest.mark.parametrize("domain", ["handwritten", "gothic"])
def test_domains_without_an_embedding(domain, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ValueError, match=f"embedding-{domain}"):
        glyph_features(domain, torch.zeros(2, 1, 32, 32))
