"""The studies of the VAE, made small: every variant is what its name says, every number is in its range."""

import importlib
import math

import pytest
import torch

from gentutor import data, recipes
from gentutor.evaluation import refit
from gentutor.objectives import variational
from gentutor.studies.vae import gaps as vae_gaps
from gentutor.studies.vae import likelihoods as vae_likelihoods
from gentutor.studies.vae import uses as stored_vaes
from gentutor.studies.vae import variants as vae_variants
from gentutor.studies.vae.uses import auroc
from gentutor.studies.vae.variants import BETAS, COLLAPSE, MISTAKES, RasterLikelihood, Variant

EVERY = {**MISTAKES, **COLLAPSE, **{f"beta {name}": variant for name, variant in BETAS.items()}}


@pytest.fixture
def few_images(monkeypatch):
    """MNIST's first 200 images of each split, for speed."""
    whole = data.mnist
    monkeypatch.setattr(data, "mnist", lambda split: data.Images(*(part[:200] for part in whole(split))))


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return recipes.VAE_MNIST.model().eval()


@pytest.mark.parametrize("name", EVERY)
def test_every_variant_trains_and_is_measured(name, few_images):
    result = vae_variants.train_variant(EVERY[name], steps=2, seed=0)
    assert 0 <= result["active"] <= 50 and result["rate"] >= 0 and result["frechet"] >= 0
    assert result["negative_elbo"] == pytest.approx(result["rate"] + result["distortion"], abs=1e-3)
    assert (result["error"] is None) == ("strong decoder" in name)
    assert all(math.isfinite(value) for value in result["kl_over_time"])


def test_a_variant_depends_on_its_seed_alone(few_images):
    runs = [vae_variants.train_variant(Variant(), steps=2, seed=seed) for seed in (3, 3, 4)]
    pictures = [run.pop("pictures") for run in runs]
    numbers = [{key: value for key, value in run.items() if key != "seconds"} for run in runs]
    assert numbers[0] == numbers[1] != numbers[2]
    assert (pictures[0] == pictures[1]).all() and (pictures[0] != pictures[2]).any()


def gradient(variant: Variant, done: int = 0) -> torch.Tensor:
    """The gradient of a variant's loss, of its first step or a later one, at fixed weights and noise."""
    torch.manual_seed(0)
    vae = recipes.VAE_MNIST.model()
    vae.likelihood = RasterLikelihood() if variant.raster else variant.likelihood
    optimizer = torch.optim.SGD(vae.parameters(), lr=0.0)
    step = variant.step(vae, optimizer, recipes.vae.EMA(vae, 0.9))
    for _ in range(done + 1):
        torch.manual_seed(1)
        step((torch.full((4, 1, 28, 28), 0.3),))
    return torch.cat([p.grad.flatten() for p in vae.parameters() if p.grad is not None])


def test_the_recipe_is_the_step_of_the_package():
    torch.manual_seed(0)
    vae = recipes.VAE_MNIST.model()
    torch.manual_seed(1)
    from gentutor.steps import vae_step

    vae_step((torch.full((4, 1, 28, 28), 0.3),), vae, torch.optim.SGD(vae.parameters(), lr=0.0))
    torch.testing.assert_close(gradient(Variant()), torch.cat([p.grad.flatten() for p in vae.parameters()]))


def test_a_mean_over_pixels_is_a_large_beta():
    torch.testing.assert_close(
        784 * gradient(MISTAKES["mean over pixels, sum over latents"]),
        gradient(Variant(beta=784.0)),
        rtol=1e-4,
        atol=1e-4,
    )


def test_warm_up_starts_near_zero_and_ends_at_beta():
    warm = Variant(warm_up=4)
    torch.testing.assert_close(gradient(warm, done=0), gradient(Variant(beta=0.25)))
    torch.testing.assert_close(gradient(warm, done=9), gradient(Variant()))


def test_the_strong_decoder_is_a_normalised_autoregressive_model():
    torch.manual_seed(0)
    likelihood = RasterLikelihood(pixels=4)
    likelihood.weight.data.normal_()  # also above the diagonal, which must not matter
    every = torch.tensor([[float(b) for b in f"{i:04b}"] for i in range(16)]).view(16, 1, 2, 2)
    logits = torch.randn(1, 1, 2, 2).expand(16, -1, -1, -1)
    log_prob = likelihood(logits, every)
    assert log_prob.exp().sum().item() == pytest.approx(1, abs=1e-5)

    drawn = likelihood.sample(logits[:1].expand(40_000, -1, -1, -1)).flatten(1)
    index = (drawn @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    share = torch.bincount(index, minlength=16) / len(index)
    assert (share - log_prob.detach().exp()).abs().max() < 0.01


def test_refitting_never_loses_much_and_finds_a_lost_posterior(vae):
    random = torch.Generator().manual_seed(0)
    x = torch.bernoulli(torch.full((6, 1, 28, 28), 0.2), generator=random)
    before = tuple(value.detach() for value in vae.encode(x))
    weights = [p.clone() for p in vae.parameters()]
    best = refit(vae, x, steps=100, generator=random)
    lost = vae_gaps.mean_elbo(vae, x, before, 100, random)
    found = vae_gaps.mean_elbo(vae, x, best, 100, random)
    assert (found > lost - 0.1).all()
    assert all(torch.equal(old, new) for old, new in zip(weights, vae.parameters(), strict=True))
    assert all(p.grad is None for p in vae.parameters())


def test_gaps_are_ordered(vae):
    random = torch.Generator().manual_seed(0)
    x = torch.bernoulli(torch.full((5, 1, 28, 28), 0.2))
    best = refit(vae, x, 100, generator=random)
    log_px = vae_likelihoods.importance_sampling(vae, x, *vae_gaps.wider(best), 50, 500, random)[0]
    found = vae_gaps.gaps(vae, x, best, log_px, random)
    assert found["nll"] <= found["refitted"] + 0.2 and found["refitted"] <= found["negative_elbo"] + 0.2


@pytest.fixture
def quick(monkeypatch):
    """The measurement of a likelihood with few draws and few steps."""
    for name, value in {"BOUNDS": (1, 5, 25), "STEPS": 40, "DOUBLED": (10, 40), "FEW": 5, "MANY": 25}.items():
        monkeypatch.setattr(vae_likelihoods, name, value)
    monkeypatch.setattr(stored_vaes, "STEPS", 40)
    monkeypatch.setattr(vae_gaps, "REFIT", 20)
    monkeypatch.setattr(vae_gaps, "SAMPLES", 5)


def test_likelihoods_by_the_encoder_and_by_a_better_proposal(vae, quick):
    random = torch.Generator().manual_seed(0)
    x = torch.bernoulli(torch.full((40, 1, 28, 28), 0.2))
    found = vae_likelihoods.likelihoods(vae, {"train": x[20:], "test": x[:20]}, 20, random)
    for name in ("encoder", "refitted"):
        part = found["estimates"][name]
        # averages over the same draws: exact, by Jensen
        assert part["bounds"]["1"] >= part["bounds"]["5"] >= part["bounds"]["25"]
        assert part["bounds"]["25"] == pytest.approx(sum(part["nll"]) / 20, abs=2e-3)
        assert len(part["nll"]) == 20 and all(1 <= n <= 25 for n in part["effective"])
    assert found["estimates"]["refitted"]["bounds"]["1"] < found["estimates"]["encoder"]["bounds"]["1"]
    assert found["converged"]["40"] < found["converged"]["10"]
    for split in ("train", "test"):  # all images are held: what is missed is the difference of the means
        row = found["gaps"][split]
        assert row["all"] - row["missed"] == pytest.approx(row["nll"], abs=1e-3)


def test_log_weights_are_those_of_the_log_likelihood(vae):
    x, random = torch.bernoulli(torch.full((3, 1, 28, 28), 0.2)), torch.Generator()
    with torch.no_grad():
        q = vae.encode(x)
    log_w = vae_likelihoods.log_weights(vae, x, q, 2500, random.manual_seed(1))
    expected, _ = vae_likelihoods.importance_sampling(
        vae, x, *q, 2500, vae_likelihoods.CHUNK, random.manual_seed(1)
    )
    torch.testing.assert_close(variational.iwae_bound(log_w), expected)


def test_the_test_images_are_those_of_the_cards():
    """The same order and the same binarisation, so that numbers of study and card may stand together."""
    from gentutor.evaluation.measures.drawing import draw
    from gentutor.steps import binarize

    ours, theirs = (torch.Generator().manual_seed(0) for _ in range(2))
    grey, labels = vae_likelihoods.shuffled("test", ours)
    images, of_card = draw(data.mnist("test"), 10_000, theirs)
    assert torch.equal(binarize(grey, ours), binarize(images, theirs)) and torch.equal(labels, of_card)


def test_overfitting_study_reports_curves_for_both_splits(few_images, quick):
    study = vae_gaps.vae_overfitting(seeds=(0,), images=150, steps=10, held=5)
    assert [row["variant"] for row in study["rows"]] == ["as they are", "shifted"]
    assert all(
        len(row["curves"][split]) == len(row["steps"]) for row in study["rows"] for split in ("train", "test")
    )


def test_area_under_the_curve_is_a_probability_of_order():
    assert auroc(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])) == 1
    assert auroc(torch.tensor([1.0, 1.0]), torch.tensor([1.0])) == 0.5
    assert auroc(torch.tensor([0.0, 2.0]), torch.tensor([1.0])) == 0.5


def test_odd_inputs_are_scored_by_an_encoder_and_by_independent_pixels(vae):
    random = torch.Generator().manual_seed(0)
    digits = torch.bernoulli(torch.full((20, 1, 28, 28), 0.1), generator=random)
    inputs = stored_vaes.odd_inputs(digits, random)
    assert torch.equal(inputs["digits upside down"][0, 0, 0], digits[0, 0, -1].flip(0))
    assert torch.equal(inputs["digits, pixels shuffled"].sum(dim=(1, 2, 3)), digits.sum(dim=(1, 2, 3)))
    pixels = stored_vaes.anomalies(stored_vaes._independent_pixels(digits), inputs)
    ink = ((digits.sum(dim=0) + 1) / 22).flatten()  # smoothed by one
    expected = -(digits.flatten(1) * ink.log() + (1 - digits.flatten(1)) * (1 - ink).log()).sum(dim=1)
    assert pixels["digits"]["nll"] == pytest.approx(expected.mean().item(), rel=1e-4)
    by_encoder = stored_vaes.anomalies(stored_vaes._by_encoder(vae, random), inputs)
    assert by_encoder["digits"]["auroc"] == 0.5 and by_encoder["noise"]["auroc"] > 0.5


def test_refitting_makes_odd_inputs_more_probable(vae, monkeypatch):
    monkeypatch.setattr(stored_vaes, "refit", lambda vae, x, *_: refit(vae, x, 60))
    random = torch.Generator().manual_seed(0)
    noise = torch.bernoulli(torch.full((4, 1, 28, 28), 0.5), generator=random)
    assert (stored_vaes._refitted(vae, random)(noise) < stored_vaes._by_encoder(vae, random)(noise)).all()


def test_denoising_counts_wrong_pixels(vae, quick):
    grey = torch.full((20, 1, 28, 28), 0.1)
    x = torch.bernoulli(grey)
    found = stored_vaes.denoising(vae, x, grey, torch.Generator().manual_seed(0))
    assert found["flipped"] == pytest.approx(stored_vaes.FLIPPED, abs=0.02)
    assert found["a blank image"] == found["grey image known"] == pytest.approx(x.mean().item())
    assert all(0 <= value <= 1 for value in found.values())
    assert vae.likelihood is variational.bernoulli_log_prob


def test_few_labels_reports_every_draw_and_penalty(monkeypatch):
    monkeypatch.setattr(stored_vaes, "LABELS", (20,))
    monkeypatch.setattr(stored_vaes, "PENALTIES", (0.1, 1e6))
    monkeypatch.setattr(stored_vaes, "HELD_OUT", 30)
    labels = torch.arange(100) % 10
    easy = torch.nn.functional.one_hot(labels, 10).float()
    random = torch.Generator().manual_seed(0)
    found = stored_vaes.few_labels({"easy": (easy, easy)}, labels, labels, 3, random)["easy"]["20"]
    assert len(found["0.1"]["test"]) == 3 and max(found["0.1"]["test"]) < 0.5
    assert max(found["0.1"]["held_out"]) < 0.5 < min(found["1e+06"]["held_out"])  # all weights near 0


def test_components_are_in_the_unit_of_the_pixels():
    train = torch.randn(50, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    train[:, :, :, 14:] *= 0.1
    components, of_test = stored_vaes._project(train, train[:7], dims=50)
    distances = torch.cdist(train.flatten(1), train.flatten(1))
    torch.testing.assert_close(torch.cdist(components, components), distances, rtol=1e-3, atol=0.05)
    torch.testing.assert_close(of_test, components[:7])


def test_modules_are_not_hidden_by_their_functions():
    for name in ("variants", "gaps", "likelihoods", "uses"):
        assert importlib.import_module(f"gentutor.studies.vae.{name}").__name__.endswith(name)
