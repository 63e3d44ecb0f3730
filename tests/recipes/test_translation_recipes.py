"""The recipes of CycleGANs and of embeddings: what they start from, their weights, batches and jitter."""

import copy
import functools
from dataclasses import replace

import pytest
import torch

from gentutor import data, recipes
from gentutor.data import CHANNELS, domain_digits, domain_images
from gentutor.models.cyclegan import receptive_field
from gentutor.recipes.cyclegan import CYCLEGAN_CHARACTERS, CYCLEGAN_DIGITS, CYCLEGAN_EMOJI, CycleGANRecipe
from gentutor.steps import cyclegan_step, paired_step

CPU = torch.device("cpu")
CYCLEGANS = (CYCLEGAN_CHARACTERS, CYCLEGAN_EMOJI, CYCLEGAN_DIGITS)
WITHOUT_COLOUR = ("openmoji-black",)  # a red and a blue square are the same drawing
SMALL = replace(CYCLEGAN_CHARACTERS, width=2, blocks=1, batch_size=4, cycles_first=0)


@pytest.mark.parametrize("recipe", CYCLEGANS, ids=lambda recipe: recipe.name)
def test_networks_fit_the_domains(recipe):
    tiny = replace(recipe, width=2, blocks=1)
    a, b = (images[:2] for images in tiny.images("test"))
    assert (a.shape[1], b.shape[1]) == tiny.channels() == tuple(CHANNELS[domain] for domain in tiny.domains)
    generators, discriminators = tiny.model(), tiny.discriminators()
    assert generators.G(a).shape == (2, *b.shape[1:]) and generators.F(b).shape == (2, *a.shape[1:])
    assert discriminators.D_A(a).shape[:2] == discriminators.D_B(b).shape[:2] == (2, 1)
    assert discriminators.pool_A.capacity == discriminators.pool_B.capacity == recipe.pool
    assert receptive_field(discriminators.D_A) == 34


@pytest.mark.parametrize("recipe", CYCLEGANS, ids=lambda recipe: recipe.name)
def test_examples_are_as_many_of_both_and_were_never_trained_on(recipe):
    a, b = recipe.examples()
    assert len(a) == len(b) == 20
    for domain, seen, images in zip(recipe.domains, recipe.images("train"), (a, b), strict=True):
        assert distances(images, seen).min() > 0 or domain in WITHOUT_COLOUR


def test_weights_are_passed_on():
    recipe = replace(SMALL, cycle_weight=3.0, identity_weight=2.0, adversarial_weight=0.5)
    step = recipe.step_function()
    assert isinstance(step, functools.partial) and step.func is cyclegan_step
    assert step.keywords == {"cycle_weight": 3.0, "identity_weight": 2.0, "adversarial_weight": 0.5}
    step = replace(recipe, paired=True).step_function()
    assert isinstance(step, functools.partial) and step.func is paired_step
    assert step.keywords == {"pair_weight": 3.0, "adversarial_weight": 0.5}


@pytest.mark.parametrize("paired", [False, True])
def test_the_rates_fall_over_the_full_run(paired):
    recipe = replace(SMALL, paired=paired, steps=replace(SMALL.steps, full=4))
    run = recipe.start(CPU)
    rates = []
    for _ in range(4):
        rates.append([run.parts[name].param_groups[0]["lr"] for name in ("g_optimizer", "d_optimizer")])
        losses = run.step(next(run.batches))
    assert rates == [[pytest.approx(SMALL.learning_rate * share)] * 2 for share in (1, 1, 1, 0.5)]
    assert losses.keys() == {"adversarial", "discriminator", *(["pair"] if paired else ["cycle", "identity"])}


def distances(images: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    exact = "donot_use_mm_for_euclid_dist"
    return torch.cdist(images.flatten(1), among.flatten(1), compute_mode=exact)


def rows_of(images: torch.Tensor, among: torch.Tensor) -> list[int]:
    distance, row = distances(images, among).min(dim=1)
    assert distance.max() == 0
    return row.tolist()


def test_pairs_are_pairs_and_halves_are_not():
    recipe = replace(SMALL, paired=True)
    a, b = recipe.images("paired")
    for _ in range(3):
        x, y = next(recipe.start(CPU).batches)
        assert rows_of(x, a) == rows_of(y, b)
    items = [data.characters(domain, "train").items for domain in SMALL.domains]
    assert not set(items[0].tolist()) & set(items[1].tolist())  # the halves share no character
    (x, y), halves = next(SMALL.start(CPU).batches), SMALL.images("train")
    assert len(rows_of(x, halves[0])) == len(rows_of(y, halves[1])) == 4


def test_jitter_moves_both_of_a_pair_alike_and_others_each_by_itself():
    x = torch.rand(4, 1, 32, 32)
    alone, pair = replace(SMALL, jitter=(0.1, 2.0)), replace(SMALL, jitter=(0.1, 2.0), paired=True)
    a, b = pair.augment((x, x))
    assert torch.equal(a, b) and not torch.allclose(a, x)
    a, b = alone.augment((x, x))
    assert not torch.allclose(a, b)
    a, b = replace(pair, domains=("openmoji-black", "noto")).augment((x, x.expand(-1, 3, -1, -1)))
    assert a.shape[1] == 1 and b.shape[1] == 3
    torch.testing.assert_close(a.expand_as(b), b)


@pytest.mark.parametrize("paired", [False, True])
def test_no_jitter_leaves_the_very_tensors(paired):
    batch = (torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16))
    assert replace(SMALL, jitter=(0.0, 0.0), paired=paired).augment(batch) is batch


def test_what_is_stored_is_the_average_of_the_generators():
    run = SMALL.start(CPU)
    run.step(next(run.batches))
    assert run.model is run.parts["ema"].average
    trained, average = (list(m.parameters()) for m in (run.parts["generators"], run.model))
    assert any(not torch.equal(x, y) for x, y in zip(trained, average, strict=True))
    SMALL.model().load_state_dict(run.model.state_dict())


@pytest.mark.parametrize("domain", ["printed", "brush", "openmoji-black", "noto"])
def test_an_embedding_learns_from_all_training_glyphs_of_one_domain(domain):
    recipe = replace(recipes.get(f"embedding-{domain}"), batch_size=16)
    assert recipe.domain == domain
    glyphs = recipe.glyphs("paired")
    assert glyphs.shape[1:] == (CHANNELS[domain], 32, 32) and len(glyphs) > len(recipe.glyphs("train"))
    assert rows_of(next(recipe.start(CPU).batches)[0][:4], glyphs)
    assert distances(recipe.glyphs("test")[:50], glyphs).min() > 0 or domain in WITHOUT_COLOUR


def test_domains_and_splits():
    assert {type(recipe) for recipe in CYCLEGANS} == {CycleGANRecipe}
    digits = domain_digits("handwritten", "validation")
    assert len(digits.images) == 2000 and torch.equal(digits.labels, data.mnist("train").labels[58_000:])
    assert len(domain_digits("handwritten", "train").images) == 58_000
    assert torch.equal(domain_digits("handwritten", "test").images, data.mnist("test").images)
    with pytest.raises(ValueError, match="unknown domain 'seal'; known: printed, brush"):
        domain_images("seal", "test")
    with pytest.raises(ValueError, match="no pairs of digits exist: 'handwritten' has no split 'paired'"):
        domain_digits("handwritten", "paired")
    with pytest.raises(ValueError, match="unknown split 'tests'; known: train, validation, test"):
        domain_digits("handwritten", "tests")


def weights(run):
    return torch.cat([p.detach().flatten() for p in run.parts["generators"].parameters()])


def test_the_cycles_come_first_where_they_should():
    """Two steps without the adversarial part, the others with it, also where a run is resumed."""
    recipes_by_name = {
        "plain": SMALL,
        "off": replace(SMALL, adversarial_weight=0.0),
        "first": replace(SMALL, cycles_first=2),
    }
    after = {}
    for name, recipe in recipes_by_name.items():
        run, after[name], states = recipe.start(CPU), [], []
        for _ in range(4):
            states.append(copy.deepcopy(run.state_dict()))
            run.step(next(run.batches))
            after[name].append(weights(run))
    assert all(torch.equal(after["first"][k], after["off"][k]) for k in (0, 1))
    assert not torch.equal(after["first"][2], after["off"][2])
    assert not torch.equal(after["first"][0], after["plain"][0])
    again = recipe.start(CPU)
    again.load_state_dict(states[1])  # after one step
    for k in (1, 2, 3):
        again.step(next(again.batches))
        assert torch.equal(weights(again), after["first"][k])
