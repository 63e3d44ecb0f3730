"""A model is measured where it computes best: on the GPU where there is one, with the processor's noise."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode

from gentutor import recipes, settings
from gentutor.evaluation.measures import completion, conditional, digits, text
from gentutor.objectives.variational import reparameterize
from gentutor.running import checkpoint, compare, runs

META, GPU = torch.device("meta"), torch.device("cuda", 0)
NAME = "digit-classifier"
PRETENDED = [
    "mlp-gan-mnist",
    "dcgan-mnist",
    "vae-mnist",
    "autoencoder-2d-mnist",
    "cgan-mnist",
    "cvae-mnist",
    "cvae-completion",
    "regression-completion",
    "cgan-completion",
    "cvae-emoji",
]


@pytest.fixture
def where(monkeypatch) -> list[str]:
    """The devices on which models are measured, if the best one is called "meta"."""
    seen: list[str] = []

    def measured(recipe: object, model: torch.nn.Module, *settings: object) -> dict[str, float]:
        seen.extend({parameter.device.type for parameter in model.parameters()})
        return {}

    for module in (settings, runs):
        monkeypatch.setattr(module, "device", lambda: META)
    monkeypatch.setattr(recipes.ClassifierRecipe, "measure", measured)
    return seen


def test_evaluating_storing_and_spreading_measure_on_the_best_device(where, command, monkeypatch):
    command("evaluate", NAME)
    compare.measure_run(NAME, checkpoint.FOLDER)
    monkeypatch.setattr(checkpoint, "save", lambda model, card, folder, half: card)
    runs.store(NAME, checkpoint.FOLDER, checkpoint.FOLDER)
    assert where == ["meta"] * 4  # storing measures twice


def test_a_generator_on_the_processor_gives_every_device_its_noise():
    random, same = (torch.Generator().manual_seed(1) for _ in range(2))
    on_meta = reparameterize(torch.zeros(3, device=META), torch.zeros(3, device=META), random)
    assert on_meta.device == META and torch.equal(
        torch.randn(3, generator=same), reparameterize(torch.zeros(3), torch.zeros(3), random.manual_seed(1))
    )


@pytest.fixture
def pretended(monkeypatch) -> None:
    """On pretended devices nothing has a value; the last functions only look whether all is on the GPU."""

    def on_the_gpu(result: Any) -> Any:
        def look(*given: Any) -> Any:
            assert {str(part.device) for part in given if isinstance(part, Tensor)} == {"cuda:0"}
            return result

        return look

    for module in (digits, conditional, text):
        monkeypatch.setattr(module, "active_units", on_the_gpu(0))
    for name, result in {"frechet_distance": 0.0, "kernel_distance": 0.0, "precision_recall": (0, 0)}.items():
        monkeypatch.setattr(digits, name, on_the_gpu(result))
    monkeypatch.setattr(digits, "digit_features", lambda images: images.flatten(1))
    monkeypatch.setattr(conditional, "class_metrics", on_the_gpu({}))
    monkeypatch.setattr(completion, "completion_metrics", on_the_gpu({}))
    monkeypatch.setattr(completion, "monte_carlo", lambda values: on_the_gpu((0.0, 0.0))(values))
    monkeypatch.setattr(text, "retrieval_ranks", lambda made, candidates: torch.ones(len(made)))
    monkeypatch.setattr(text, "name_groups", lambda names: {})
    monkeypatch.setattr(text, "_shares", lambda ranks, suffix: {})
    for name, value in {"item": 0, "__float__": 0.0, "__int__": 0}.items():
        monkeypatch.setattr(Tensor, name, lambda self, value=value: value)
    monkeypatch.setattr(Tensor, "__bool__", lambda self: True)
    digits._reference_features.cache_clear()
    yield
    digits._reference_features.cache_clear()


@pytest.mark.parametrize("name", PRETENDED)
def test_everything_is_on_the_models_device(name, request):
    recipe = recipes.get(name)
    recipe.model()  # what is cached of the data is real
    request.getfixturevalue("pretended")
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device(GPU):
        model = recipe.model()
    with FakeTensorMode(allow_non_fake_inputs=True):
        recipe.measure(model, n=20)


@pytest.mark.gpu
@pytest.mark.parametrize("name", checkpoint.stored())
def test_a_gpu_measures_what_a_processor_does(name):
    recipe, (model, _) = recipes.get(name), recipes.pretrained(name)
    expected = recipe.measure(model, n=500)
    found = recipe.measure(model.to(settings.device()), n=500)
    assert found == pytest.approx(expected, rel=2e-2, abs=2e-2, nan_ok=True)
