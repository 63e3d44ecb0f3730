"""CycleGAN on images of one's own: settings, training, resuming, mixed precision, the command, its errors."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gentutor import data, recipes
from gentutor.running import runs
from gentutor.running.resume import load_state
from gentutor.showing.samples import tile, translations
from gentutor.training import fit
from tests.folders import images_of_all_kinds

CPU = torch.device("cpu")
NAME = "cyclegan"
SMALL = ("--size", 32, "--width", 2, "--blocks", 1, "--steps", 3)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return images_of_all_kinds(tmp_path_factory.mktemp("own"))


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setattr(runs, "device", lambda: CPU)


@pytest.fixture(scope="module")
def straight(command, root, tmp_path_factory) -> Path:
    """A run of three steps, never interrupted."""
    out = tmp_path_factory.mktemp("straight")
    printed = command("train", NAME, "--data", root, "--out", out, *SMALL)
    assert "trainA 3, trainB 3, testA 5, testB 4; training keeps 0 MB, 36 x 36 pixels each" in printed
    return out


def small(root: Path) -> recipes.FolderRecipe:
    return recipes.folder_recipe(root, size=32, width=2, blocks=1)


def test_the_published_settings(root):
    recipe = recipes.folder_recipe(root)
    seen = recipe.size, recipe.load_size(), recipe.width, recipe.blocks, recipe.kernel
    assert seen == (256, 286, 64, 9, 7)
    assert (recipe.cycle_weight, recipe.identity_weight, recipe.pool, recipe.batch_size) == (10, 5, 50, 1)
    assert recipe.learning_rate == 2e-4 and recipe.betas == (0.5, 0.999)
    assert recipe.steps.full == 200 * 3  # epochs of three images
    smaller = recipes.folder_recipe(root, size=128, batch_size=2)
    assert (smaller.blocks, smaller.load_size(), smaller.steps.full) == (6, 143, 200 * 2)


@pytest.mark.parametrize(("size", "blocks", "millions"), [(256, 9, 11.4), (128, 6, 7.8)])
def test_as_many_weights_as_published(root, size, blocks, millions):
    """11.4 million for nine blocks, 7.8 for six, and 2.8 for the discriminator, says the published code."""
    with torch.device("meta"):
        recipe = recipes.folder_recipe(root, size=size)
        generator, discriminator = recipe._generator(3, 3), recipe._discriminator(3)
    assert recipe.blocks == blocks
    count = [sum(p.numel() for p in net.parameters()) / 1e6 for net in (generator, discriminator)]
    assert count == pytest.approx([millions, 2.76], rel=0.01)


def test_a_state_or_a_card_gives_the_recipe_back(root):
    recipe = recipes.lasting(small(root), 7)
    stored = json.loads(json.dumps(asdict(recipe)))
    assert recipes.restore(NAME, stored) == recipe
    assert recipes.choose(NAME, {}, stored) == recipe
    assert recipes.choose(NAME, {"width": 4}, stored) == replace(recipe, width=4)
    with pytest.raises(ValueError, match="expected a run of the recipe 'cyclegan', got one of 'dcgan-mnist'"):
        recipes.restore(NAME, asdict(recipes.DCGAN))


def test_what_is_trained_on_are_squares_of_the_images(root):
    recipe = small(root)
    run = recipe.start(CPU)
    batch = next(run.batches)
    assert [images.dtype for images in batch] == [torch.uint8] * 2
    assert all(images.shape == (1, 3, 36, 36) for images in batch)
    (a, _) = recipe.augment(batch)
    assert a.shape == (1, 3, 32, 32) and a.dtype == torch.float32
    whole = data.to_signed(batch[0])
    places = [
        square
        for top in range(5)
        for left in range(5)
        for square in [whole[:, :, top : top + 32, left : left + 32]]
    ]
    assert any(torch.equal(a, s) or torch.equal(a, s.flip(3)) for s in places)
    shown = run.examples
    assert shown is not None and all(
        torch.equal(s, t[:4]) for s, t in zip(shown, recipe.images("test"), strict=True)
    )


def test_a_step_in_mixed_precision_keeps_losses_and_weights_in_float32(root):
    """On a processor, by the same path: networks in bfloat16, near to the step in float32."""
    losses = {}
    for where in ("cuda", "cpu"):  # "cuda": on a processor nothing is mixed
        run = replace(small(root), mixed_precision=where).start(CPU)
        networks = [m for m in run.parts["generators"].modules() if isinstance(m, torch.nn.Conv2d)]
        seen: list[torch.dtype] = []
        networks[1].register_forward_hook(lambda _, __, out, seen=seen: seen.append(out.dtype))
        losses[where] = run.step(next(run.batches))
        assert set(seen) == {torch.float32 if where == "cuda" else torch.bfloat16}
        assert all(value.dtype == torch.float32 for value in losses[where].values())
        assert all(p.dtype == torch.float32 for p in run.parts["generators"].parameters())
    for name, value in losses["cuda"].items():
        assert losses["cpu"][name] == pytest.approx(value.item(), rel=0.05, abs=0.01)
        assert losses["cpu"][name] != value


@pytest.mark.gpu
def test_it_trains_on_a_gpu_in_mixed_precision(root):
    recipe = replace(small(root), width=8)
    run = recipe.start(torch.device("cuda"))
    history = fit(
        run.step, run.batches, steps=8, every=4, progress=False
    )  # recorded as a graph at the fourth
    assert all(np.isfinite(values).all() for values in history.values.values())


def test_the_command_leaves_model_grids_and_state(straight, root):
    model, card = recipes.pretrained(NAME, straight)
    recipe = recipes.restore(NAME, card.recipe)
    assert card.steps == 3 and recipe.steps.full == 200 * 3 and recipe.folder == str(root.resolve())
    assert card.history.values.keys() == {"adversarial", "cycle", "identity", "discriminator"}
    pictures = {path.name for path in straight.glob("samples-*.png")}
    assert {"samples-0.png", "samples-3.png"} <= pictures
    last = np.asarray(Image.open(straight / "samples-3.png"))
    a, b = (images[:4] for images in recipe.images("test"))
    assert last.shape == (4 * 32, 4 * 32, 3) and np.array_equal(last, tile(translations(model, a, b, 4), 4))


def test_resuming_ends_with_the_same_weights(command, straight, root, tmp_path, monkeypatch):
    steps = load_state(straight)["run"]["history"]["steps"]
    assert steps == [1, 2, 3]
    train = recipes.FolderRecipe.start

    def interrupted(self, device):
        run = train(self, device)
        step = run.step

        def stops(batch):
            if run.history.done == 2:
                raise OSError("the machine goes down")
            return step(batch)

        run.step = stops
        return run

    with monkeypatch.context() as patch:
        patch.setattr(recipes.FolderRecipe, "start", interrupted)
        arguments = ("--data", root, "--out", tmp_path, *SMALL, "--every", 1)
        assert "the machine goes down" in command.fails("train", NAME, *arguments)
    assert load_state(tmp_path)["run"]["history"]["done"] == 2
    assert "2 of 3 steps done" in command("train", NAME, "--out", tmp_path, "--resume")  # all else is stored
    ours, theirs = (recipes.pretrained(NAME, out)[0].state_dict() for out in (tmp_path, straight))
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert "made with width 2, not 4" in command.fails(
        "train", NAME, "--out", tmp_path, "--resume", "--width", 4
    )


def test_a_change_of_the_images_is_named_and_keeps_the_run(command, straight, root, tmp_path):
    own, out = tmp_path / "own", tmp_path / "out"
    shutil.copytree(root, own)
    command("train", NAME, "--data", own, "--out", out, *SMALL)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    shutil.copy(own / "trainA" / "0.png", own / "trainA" / "more.png")
    message = command.fails("train", NAME, "--out", out, "--resume", "--steps", 4)
    assert (
        "state.pt does not fit the recipe 'cyclegan': " in message and "4" in message.split("cyclegan': ")[1]
    )
    assert "restore what has changed, or start anew with --overwrite" in message
    (own / "trainB" / "0.png").write_bytes((own / "trainB" / "0.png").read_bytes()[:200])
    message = command.fails("train", NAME, "--data", own, "--out", out, *SMALL, "--overwrite")
    assert "trainB/0.png cannot be read" in message
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("change", [None, {"steps": {}}, {"steps": None}, {"width": -1}, {"size": "large"}])
def test_a_card_with_other_content_is_refused(command, straight, root, tmp_path, change):
    shutil.copytree(straight, tmp_path / "run")
    path = tmp_path / "run" / f"{NAME}.json"
    card = json.loads(path.read_text())
    card["recipe"] = None if change is None else {**card["recipe"], **change}
    path.write_text(json.dumps(card))
    message = command.fails("sample", NAME, "--from", tmp_path / "run", "--out", tmp_path / "a.png")
    assert "expected the settings of a run of 'cyclegan'" in message or "at least 1, got -1" in message


def test_sample_translates_test_images_and_evaluate_measures_cycles(command, straight, tmp_path):
    picture = tmp_path / "a.png"
    printed = command("sample", NAME, "--from", straight, "-n", 3, "--out", picture)
    assert "3 images of each domain" in printed
    model, card = recipes.pretrained(NAME, straight)
    recipe = recipes.restore(NAME, card.recipe)
    a, b = (images[:3] for images in recipe.images("test"))
    assert np.array_equal(np.asarray(Image.open(picture)), tile(translations(model, a, b, 3), 3))
    numbers = recipe.measure(model, n=2)
    assert numbers.keys() == {"cycle", "cycle_disturbed"} and 0 < numbers["cycle"] < 4
    assert "cycle" in command("evaluate", NAME, "--from", straight)


def test_errors_are_one_clear_line(command, root, tmp_path):
    def fails(*arguments) -> str:
        return command.fails("train", NAME, "--out", tmp_path / "run", *SMALL, *arguments)

    assert "'cyclegan' is for images of your own: train it with --data" in fails()
    assert "go with 'cyclegan', not with 'dcgan-mnist'" in command.fails(
        "train", "dcgan-mnist", "--data", root
    )
    assert "is for images of your own" in command.fails("sample", NAME)
    assert "there is no folder" in fails("--data", tmp_path / "nowhere")
    own = tmp_path / "own"
    shutil.copytree(root, own)
    shutil.rmtree(own / "testB")
    assert "testB; --data takes a folder with trainA, trainB, testA, testB" in fails("--data", own)
    (own / "testB").mkdir()
    assert "testB is empty" in fails("--data", own)
    shutil.copy(root / "testB" / "0.png", own / "testB")
    for number in (30, 34, 28):
        message = fails("--data", own, "--size", number)
        assert f"size must be a multiple of 4, at least 32, got {number}" in message
    assert "batch must lie in 1 to 3, the images of the smaller domain, got 4" in fails(
        "--data", own, "--batch", 4
    )
    assert "width and blocks must be at least 1, got 2 and 0" in fails("--data", own, "--blocks", 0)
    assert not (tmp_path / "run").exists()
    (own / "trainB" / "0.png").write_bytes((root / "trainB" / "0.png").read_bytes()[:200])
    assert "trainB/0.png cannot be read" in fails("--data", own)
    (own / "trainB" / "0.png").write_text("words")
    assert "trainB/0.png is no image, or damaged; expected nothing but images" in fails("--data", own)
