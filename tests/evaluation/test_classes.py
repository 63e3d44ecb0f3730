"""Samples of several classes: intervals, variances and distances against other libraries."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from gentutor import data
from gentutor.evaluation import (
    class_frechet_distance,
    class_metrics,
    conditional_log_likelihood,
    confusion,
    digit_features,
    digit_logits,
    frechet_distance,
    log_likelihood,
    wilson_interval,
    within_class_variance,
)
from gentutor.models.conditional import OneHot
from gentutor.models.cvae import mlp_cvae
from gentutor.objectives.variational import bernoulli_log_prob


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.equation("eq-wilson")
@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (983, 1000), (1, 1), (0, 1)])
def test_wilson_interval_against_scipy(k, n):
    z = 1.959963984540054
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(k, n, z) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-4)


@pytest.mark.equation("eq-wilson")
@pytest.mark.parametrize("p", [0.02, 0.5, 0.98])
def test_wilson_interval_holds_the_truth_as_often_as_it_says(p):
    draws = np.random.default_rng(0).binomial(500, p, size=2000)
    held = [low <= p <= high for low, high in (wilson_interval(int(k), 500) for k in draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


@pytest.mark.equation("eq-wilson")
def test_the_ends_are_z_standard_deviations_from_the_share():
    for p in wilson_interval(40, 50, z=1.5):
        assert abs(40 / 50 - p) == pytest.approx(1.5 * (p * (1 - p) / 50) ** 0.5)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_are_none(k, n):
    with pytest.raises(ValueError, match=f"got {k} of {n}"):
        wilson_interval(k, n)
    with pytest.raises(ValueError, match="z must be positive, got 0"):
        wilson_interval(1, 2, z=0)


@pytest.mark.equation("eq-within-class-variance")
def test_within_class_variance_against_numpy():
    x, y = random(60, 2, 3, 4), torch.arange(60) % 5
    expected = np.mean([x[y == k].numpy().var(axis=0, ddof=1).sum() for k in range(5)])
    assert within_class_variance(x, y) == pytest.approx(expected, rel=1e-12)
    assert within_class_variance(x.float(), y) == pytest.approx(expected, rel=1e-6)
    order = torch.randperm(60)
    assert within_class_variance(x[order], y[order]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.equation("eq-within-class-variance")
def test_within_class_variance_does_not_see_differences_between_classes():
    x, y = random(60, 7), torch.arange(60) % 5
    far = x + 100 * random(5, 7)[y]
    assert within_class_variance(far, y) == pytest.approx(within_class_variance(x, y), rel=1e-9)
    assert within_class_variance(3 * x, y) == pytest.approx(9 * within_class_variance(x, y))
    assert within_class_variance(random(5, 7)[y], y) == 0  # one picture per class


@pytest.mark.equation("eq-class-frechet")
def test_class_frechet_distance_is_the_mean_of_the_distances():
    a, b = random(60, 3), 2 * random(80, 3, seed=1) + 1
    y, w = torch.arange(60) % 4, torch.arange(80) % 4
    expected = np.mean([frechet_distance(a[y == k], b[w == k]) for k in range(4)])
    assert class_frechet_distance(a, y, b, w) == pytest.approx(expected)
    assert class_frechet_distance(b, w, a, y) == pytest.approx(expected)


@pytest.mark.equation("eq-class-frechet")
def test_swapped_classes_are_far_apart_though_the_whole_is_equal():
    a = torch.cat([random(50, 2), random(50, 2, seed=1) + 10])
    y = torch.arange(100) // 50
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert class_frechet_distance(a, y, a, y) == pytest.approx(0, abs=1e-9)
    assert class_frechet_distance(a, y, a, 1 - y) > 150  # the means are 10 apart in each of two dimensions


def test_classes_that_cannot_be_compared():
    x, y = random(6, 2), torch.tensor([0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match=r"the same classes on both sides, got \[0, 1\] and \[0, 2\]"):
        class_frechet_distance(x, y, x, 2 * y)
    with pytest.raises(ValueError, match="at least two examples of each class, but class 2 has one"):
        within_class_variance(x, torch.tensor([0, 0, 0, 1, 1, 2]))
    with pytest.raises(ValueError, match=r"got \(6, 2\) and \(5,\)"):
        within_class_variance(x, y[:5])
    with pytest.raises(TypeError, match="labels must be an int64 tensor, got torch.float32"):
        within_class_variance(x, y.float())
    with pytest.raises(TypeError, match="floating-point tensor, got torch.int64"):
        within_class_variance(x.long(), y)


def test_confusion_against_scikit_learn():
    from sklearn.metrics import confusion_matrix

    asked, seen = (torch.randint(4, (200,), generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    expected = confusion_matrix(asked.numpy(), seen.numpy(), labels=range(4))
    assert np.array_equal(confusion(asked, seen, 4).numpy(), expected)
    assert confusion(asked[:1], seen[:1], 7).shape == (7, 7)


@pytest.fixture(scope="module")
def digits():
    images, labels = data.mnist("test")
    chosen = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:1200]
    images, labels = data.to_unit(images[chosen]), labels[chosen]
    return (images[:600], labels[:600]), (images[600:], labels[600:])


def test_what_the_classifier_reads():
    images, labels = data.mnist("test")
    logits = digit_logits(data.to_unit(images[:300]), chunk=70)
    assert logits.shape == (300, 10) and not logits.requires_grad
    assert (logits.argmax(dim=1) == labels[:300]).double().mean() > 0.98
    with pytest.raises(TypeError, match="got torch.uint8"):
        digit_logits(images[:3])
    with pytest.raises(TypeError, match="got NoneType"):
        digit_features(None)


def test_real_digits_are_right_varied_and_near(digits):
    (images, asked), (real, labels) = digits
    numbers = class_metrics(images, asked, real, labels)
    assert list(numbers) == [
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "information",
        "frechet",
        "class_frechet",
        "variance",
        "precision",
        "recall",
    ]
    assert numbers["accuracy"] > 0.98 and numbers["accuracy_low"] < numbers["accuracy"]
    assert 2.2 < numbers["information"] <= np.log(10)
    assert numbers["variance"] == pytest.approx(1, abs=0.1)
    assert numbers["precision"] > 0.6 and numbers["recall"] > 0.6


def test_images_that_ignore_the_label(digits):
    """Good digits, but of any class: only what looks at the label notices."""
    (images, asked), (real, labels) = digits
    good = class_metrics(images, asked, real, labels)
    random_labels = asked[torch.randperm(600, generator=torch.Generator().manual_seed(1))]
    numbers = class_metrics(images, random_labels, real, labels)
    assert numbers["frechet"] == good["frechet"] and numbers["recall"] == good["recall"]
    assert numbers["accuracy"] < 0.2 and numbers["information"] < 0.2
    assert numbers["class_frechet"] > 3 * good["class_frechet"]


def test_one_picture_for_each_class(digits):
    """The class's mean: nearly always the right digit, and no variety."""
    (images, asked), (real, labels) = digits
    means = torch.stack([images[asked == k].mean(dim=0) for k in range(10)])
    numbers = class_metrics(means[asked], asked, real, labels)
    assert numbers["accuracy"] > 0.85
    assert numbers["variance"] == pytest.approx(0, abs=1e-6) and numbers["recall"] < 0.1


@pytest.mark.equation("eq-conditional-log-likelihood")
def test_conditional_log_likelihood_is_that_of_each_images_own_condition():
    torch.manual_seed(0)
    cvae = mlp_cvae(bernoulli_log_prob, OneHot(3), 2, (7,), image_shape=(1, 2, 3)).double()
    x, y = torch.rand(5, 1, 2, 3).round().double(), torch.tensor([0, 2, 1, 1, 0])
    values = conditional_log_likelihood(cvae, x, y, 20_000, 2000, torch.Generator().manual_seed(0))
    assert values.shape == (5,)
    grid = torch.linspace(-6, 6, 201).double()
    z = torch.cartesian_prod(grid, grid)[:, None]  # (M, 1, 2), the integral over z
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
    for i in range(5):
        log_joint = cvae.log_px_z(x[[i]], z, y[[i]]) + log_prior
        exact = torch.logsumexp(log_joint.flatten(), dim=0) + 2 * torch.log(grid[1] - grid[0])
        assert values[i].item() == pytest.approx(exact.item(), abs=0.02)


@pytest.mark.equation("eq-conditional-log-likelihood")
def test_conditional_log_likelihood_in_parts_and_in_one():
    torch.manual_seed(0)
    cvae = mlp_cvae(bernoulli_log_prob, OneHot(3), 2, (7,), image_shape=(1, 2, 3)).double()
    x, y = torch.rand(5, 1, 2, 3).round().double(), torch.tensor([0, 2, 1, 1, 0])
    whole = conditional_log_likelihood(cvae, x, y, 300, 10**6, torch.Generator().manual_seed(0))
    assert torch.equal(whole, log_likelihood(cvae.given(y), x, 300, 10**6, torch.Generator().manual_seed(0)))
    for chunk in (1, 2, 5):
        parts = conditional_log_likelihood(cvae, x, y, 300, chunk, torch.Generator().manual_seed(1))
        torch.testing.assert_close(parts, whole, atol=0.2, rtol=0)
    with pytest.raises(ValueError, match="one condition for each of 5 examples, got 4"):
        conditional_log_likelihood(cvae, x, y[:4], 10, 10)
    with pytest.raises(ValueError, match="chunk must be at least 1, got 0"):
        conditional_log_likelihood(cvae, x, y, 10, 0)
