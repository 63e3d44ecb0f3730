"""Steps, networks, samples and recipes in other data types, under other defaults, and within autocast."""

import contextlib
import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gentutor import data, evaluation, models, recipes, steps
from gentutor.models.classifier import LogisticRegression
from gentutor.models.cvae import Turned
from gentutor.models.rescale import Rescale, matched_rescale
from gentutor.models.sampling import Sampler, sample_images, translate
from gentutor.optim import EMA
from gentutor.running import checkpoint
from gentutor.showing.samples import tile, translations
from tests.modes import modes
from tests.modes.modes_networks import (
    DRAWN,
    STEPS,
    UNIT,
    A,
    B,
    Y,
    batch,
    built,
    label_vae,
    residual,
    told,
    translators,
    unet,
    vae,
)

CPU = torch.device("cpu")


def three_steps(name, dtype=torch.float32, each=contextlib.nullcontext, block=contextlib.nullcontext):
    """The losses of three updates, each in a mode and all in a block, and what the first network becomes."""
    networks = built(STEPS[name][1], dtype)
    optimizers = [torch.optim.Adam(network.parameters(), 1e-3, fused=True) for network in networks]
    ema = EMA(networks[0], 0.9)
    images, losses = batch(name, dtype), []
    torch.manual_seed(1)
    with block():
        for _ in range(3):
            with each():
                losses.append(STEPS[name][0](images, *networks, *optimizers))
                ema.update(networks[0])
    return tuple(losses), tuple(networks[0].state_dict().values())


def test_every_step_and_every_file_of_networks_has_a_case():
    parts_of_steps = {"binarize", "discriminator_update"}
    assert {name.split(",")[0] for name in STEPS} == set(steps.__all__) - parts_of_steps
    networks = [network for _, kinds, _ in STEPS.values() for network in built(kinds)]
    files = {type(module).__module__ for network in networks for module in network.modules()}
    files |= {
        kind.__module__ for kind in (LogisticRegression, Rescale, Sampler)
    }  # below; no step trains them
    assert files >= {f"gentutor.models.{file.stem}" for file in Path(models.__path__[0]).glob("[a-z]*.py")}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", STEPS)
def test_steps_of_networks_in_another_data_type(name, dtype):
    losses, weights = three_steps(name, dtype)
    modes.expect_finite((losses, weights))
    assert {loss.dtype for loss in modes.tensors(losses)} == {dtype}
    assert not torch.equal(weights[0], next(built(STEPS[name][1], dtype)[0].parameters()))


@pytest.mark.parametrize("name", STEPS)
def test_steps_do_not_depend_on_the_defaults_and_work_within_autocast(name):
    expected = three_steps(name)
    modes.expect_same(three_steps(name, block=modes.other_defaults), expected)
    found = three_steps(name, block=modes.autocast)
    modes.expect_same(
        found, three_steps(name, each=modes.autocast)
    )  # not with weights cast at the first step
    for loss, plain in zip(modes.tensors(found[0][0]), modes.tensors(expected[0][0]), strict=True):
        torch.testing.assert_close(loss.float(), plain, rtol=0.05, atol=0.05)


def test_training_within_one_block_of_autocast_learns():
    """It would not, were the weights used that autocast has cast at the first step."""
    torch.manual_seed(0)
    network = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    x = modes.randn(64, 4)
    with modes.autocast():
        for _ in range(50):
            loss = (network(x).float() - x.sum(dim=1, keepdim=True)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert loss < 0.1


@pytest.mark.parametrize("name", DRAWN)
def test_samples_in_every_mode(name):
    (network, *_) = built(DRAWN[name])
    images = sample_images(network, 5)
    with modes.other_defaults():
        modes.expect_same(sample_images(network, 5), images)
        assert (tile(images, 2) == tile(images, 2)).all()
    with modes.autocast():
        torch.testing.assert_close(sample_images(network, 5), images, rtol=0, atol=0.02)
    for dtype in (torch.float64, torch.bfloat16):
        other = sample_images(network.to(dtype), 5)
        assert other.dtype == dtype
        torch.testing.assert_close(other.float(), images, rtol=0, atol=0.02)


def test_translations_in_every_mode():
    (model,) = built(translators(residual, unet)[:1])

    def both():
        return translate(model.G, A), translations(model, A, B, columns=2)

    expected = both()
    with modes.other_defaults():
        modes.expect_same(both(), expected)
    for dtype, mode in (
        (torch.float32, modes.autocast),
        (torch.float64, contextlib.nullcontext),
        (torch.bfloat16, contextlib.nullcontext),
    ):
        model.to(dtype)
        with mode():
            torch.testing.assert_close(both(), expected, rtol=0, atol=0.02)  # float32, as the images


def test_networks_that_no_step_trains():
    for dtype in (torch.float64, torch.bfloat16):
        a, b = A.to(dtype), B.to(dtype)
        assert LogisticRegression(4, 3).to(dtype)(torch.ones(2, 4, dtype=dtype)).dtype == dtype
        assert matched_rescale(a, b).to(dtype)(a).dtype == dtype
        cvae = built(label_vae(told.OneHot), dtype)[0]
        turned, x = Turned(cvae, 3), UNIT.to(dtype)
        assert turned.log_px_z(x, turned.encode(x, Y)[0], Y).dtype == dtype
    expected = matched_rescale(A, B)(A)
    with modes.other_defaults():
        modes.expect_same(matched_rescale(A, B)(A), expected)


@pytest.mark.parametrize("mode", [modes.other_defaults, modes.autocast])
def test_estimates_with_a_model_do_not_depend_on_the_mode(mode):
    (plain,), (given,) = built(vae), built(label_vae(told.OneHot))
    x = UNIT.round()

    def estimates():
        random = torch.Generator().manual_seed(0)
        q = plain.encode(x)
        return (
            evaluation.log_likelihood(plain, x, 20, 7, random),
            evaluation.conditional_log_likelihood(given, x, Y, 20, 7, random),
            evaluation.refit(plain, x, 5, generator=random),
            evaluation.importance_sampling(plain, x, q[0].float(), q[1].float(), 20, 7, random)
            if mode is modes.other_defaults
            else (),
        )

    expected = estimates()
    with mode():
        modes.expect_same(estimates(), expected)


def test_log_likelihood_in_bfloat16_is_summed_in_float32():
    """One draw after the other: in bfloat16 a sum of equal terms would stop growing at 256 of them."""
    (model,), x = built(vae), UNIT[:4].round()
    expected = evaluation.log_likelihood(model, x, 100, 4, torch.Generator().manual_seed(0))
    low = evaluation.log_likelihood(model.bfloat16(), x.bfloat16(), 100, 4, torch.Generator().manual_seed(0))
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, expected, rtol=0.005, atol=0)


def test_binary_images_in_bfloat16_have_their_probability():
    drawn = steps.binarize(
        torch.full((1_000_000,), 0.001, dtype=torch.bfloat16), torch.Generator().manual_seed(0)
    )
    assert drawn.dtype == torch.bfloat16 and abs(drawn.float().mean() - 0.001) < 0.0002


def test_stored_networks_are_float32_whatever_the_defaults():
    for name in checkpoint.stored():
        with modes.other_defaults():
            model, _ = recipes.pretrained(name)
        for tensor in model.state_dict().values():
            assert tensor.device == CPU and tensor.dtype in (torch.float32, torch.int64)


@pytest.fixture(scope="module")
def few_digits():
    """Recipes see four digits of each kind and unpack glyphs once, which makes them quick."""
    whole = {split: data.mnist(split) for split in ("train", "test")}

    def mnist(split):
        images, labels = whole[split]
        few = torch.cat([(labels == digit).nonzero()[:4, 0] for digit in range(10)])
        return data.Images(images[few], labels[few])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "mnist", mnist)
        for name in ("characters", "emoji"):
            patch.setattr(data, name, functools.cache(getattr(data, name)))
        yield


@pytest.fixture(scope="module")
def own_images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    for i, part in enumerate(("trainA", "trainB", "testA", "testB")):
        (folder / part).mkdir()
        for j in range(2):
            Image.fromarray(pictures[2 * i + j]).save(folder / part / f"{j}.png")
    return folder


KINDS = {(type(recipe), getattr(recipe, "design", None)): name for name, recipe in recipes.ALL.items()}


@pytest.mark.parametrize("name", [*KINDS.values(), recipes.FOLDER])
def test_recipes_train_and_measure_the_same_whatever_the_defaults(name, few_digits, own_images):
    if name == recipes.FOLDER:
        recipe = recipes.folder_recipe(own_images, 32, width=2, blocks=1)
    else:
        recipe = dataclasses.replace(recipes.get(name), batch_size=8)
    n = 40 if hasattr(recipe, "ema_decay") and "mnist" in recipe.name else 12  # all digits, or few glyphs

    def trained():
        run = recipe.start(CPU)
        losses = tuple(run.step(next(run.batches)) for _ in range(2))
        return run, (losses, tuple(run.model.state_dict().values()), recipe.measure(run.model, n))

    run, expected = trained()
    with modes.other_defaults():
        modes.expect_same(trained()[1], expected)
    with modes.autocast():
        modes.expect_same(recipe.measure(run.model, n), expected[2])
        modes.expect_finite(run.step(next(run.batches)))
    with pytest.raises(TypeError, match="expected a float32 model, got one of torch.float64; model.float"):
        recipe.measure(run.model.double(), n)
