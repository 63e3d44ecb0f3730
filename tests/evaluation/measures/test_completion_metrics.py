"""What is measured of completions, where the truth is known: an ideal sampler, its mean, and a copy."""

import pytest
import torch

from gentutor import data, recipes
from gentutor.evaluation import completion_metrics
from gentutor.models.completion import halves
from gentutor.models.sampling import sample_images
from gentutor.objectives.variational import bernoulli_log_prob


@pytest.fixture(scope="module")
def digits():
    images, labels = data.mnist("test")
    chosen = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:400]
    visible, hidden = halves(data.to_unit(images[chosen]))
    return hidden, visible, labels[chosen]


def test_the_truth_as_answer(digits):
    hidden, visible, labels = digits
    numbers = completion_metrics(hidden.expand(3, *hidden.shape), hidden, visible, labels)
    assert numbers["accuracy_low"] < numbers["accuracy"] > 0.97
    for name in ("error", "error_mean", "error_best", "variety"):
        assert numbers[name] == pytest.approx(0, abs=1e-9)
    assert numbers["frechet"] == pytest.approx(0, abs=1e-6)


def test_an_ideal_sampler_and_its_mean():
    """x | c is m + u, with u uniform in a range of 0.2: its variance per pixel is 0.04 / 12."""
    random = torch.Generator().manual_seed(0)
    mean = 0.3 + 0.4 * torch.rand(300, 1, 14, 28, generator=random)
    draws = mean + 0.2 * (torch.rand(11, 300, 1, 14, 28, generator=random) - 0.5)
    variance = 392 * 0.04 / 12
    visible, labels = torch.zeros(300, 1, 14, 28), torch.zeros(300, dtype=torch.int64)
    sampler = completion_metrics(draws[:10], draws[10], visible, labels)
    assert sampler["error"] == pytest.approx(2 * variance, rel=0.01)
    assert sampler["variety"] == pytest.approx(variance, rel=0.01)
    assert sampler["error_mean"] == pytest.approx(variance * (1 + 1 / 10), rel=0.01)
    assert sampler["error_best"] < sampler["error"]
    average = completion_metrics(mean[None], draws[10], visible, labels)
    assert average["error"] == average["error_mean"] == average["error_best"]
    assert average["error"] == pytest.approx(variance, rel=0.01)
    assert average["variety"] == 0


def test_the_best_of_many_is_found_and_the_first_is_judged(digits):
    hidden, visible, labels = digits
    blank = torch.zeros_like(hidden)
    numbers = completion_metrics(torch.stack([blank, hidden]), hidden, visible, labels)
    assert numbers["error_best"] == 0
    assert numbers["error"] == pytest.approx(hidden.square().flatten(1).sum(dim=1).mean().item())
    assert numbers["accuracy"] < 0.9 and numbers["frechet"] > 1


def test_shapes_that_do_not_fit(digits):
    hidden, visible, labels = digits
    with pytest.raises(ValueError, match=r"got \[\(400, 1, 14, 28\)"):
        completion_metrics(hidden, hidden, visible, labels)


@pytest.mark.parametrize("name", ["cvae-completion", "cgan-completion", "regression-completion"])
def test_measuring_untrained_models(name):
    torch.manual_seed(0)
    recipe = recipes.get(name)
    model = recipe.model()
    numbers = recipe.measure(model, n=60)
    assert recipe.measure(model, n=60) == numbers != recipe.measure(model, n=60, seed=1)
    assert 0 < numbers["error_best"] <= numbers["error"]
    assert numbers["error_mean"] <= numbers["error"] + 1e-3
    assert (numbers["variety"] == 0) == (name == "regression-completion")
    assert ("nll" in numbers) == (name != "cgan-completion")


def test_the_regressions_likelihood_is_exact():
    torch.manual_seed(0)
    recipe = recipes.get("regression-completion")
    network = recipe.model()
    with torch.no_grad():
        network.decoder[-1].weight.zero_()
        network.decoder[-1].bias.fill_(-1.5)
    numbers = recipe.measure(network, n=200)
    images = data.mnist("test").images[
        torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:200]
    ]
    grey = halves(data.to_unit(images))[1]
    expected = (
        -bernoulli_log_prob(torch.full_like(grey, -1.5), grey).mean().item()
    )  # its mean over binarisation
    assert numbers["nll"] == pytest.approx(expected, rel=0.02)


def test_grids_show_the_whole_digit():
    recipe = recipes.get("cgan-completion")
    model = recipe.model()
    images = recipe.sample(model, 13, seed=2).images
    upper, lower = halves(images)
    assert images.shape == (13, 1, 28, 28)
    torch.testing.assert_close(upper, model.examples[torch.arange(13) % 10])
    torch.testing.assert_close(lower, sample_images(model, 13, seed=2))
    given = torch.rand(1, 14, 28)
    assert torch.equal(recipe.sample(model, 2, given=given).images[:, :, :14], given.expand(2, 1, 14, 28))
    with pytest.raises(ValueError, match=r"upper halves of shape \(2, 1, 14, 28\), got \(3, 1, 14, 28\)"):
        recipe.sample(model, 2, given=given.expand(3, 1, 14, 28))
