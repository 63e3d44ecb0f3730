"""Bernoulli naive Bayes and EM, against scikit-learn and by enumeration."""

import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.naive_bayes import BernoulliNB

from gentutor import data
from gentutor.classical import BernoulliNaiveBayes, expectation_maximization


@pytest.fixture(scope="module")
def digits():
    images, labels = data.mnist("test")
    chosen = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:3000]
    return (data.to_unit(images[chosen]).flatten(1) > 0.5).double(), labels[chosen]


@pytest.mark.equation("eq-naive-bayes")
@pytest.mark.equation("eq-smoothing")
@pytest.mark.parametrize("smoothing", [0.01, 1.0, 10.0])
def test_on_digits_it_is_scikit_learns(digits, smoothing):
    x, y = digits
    ours = BernoulliNaiveBayes.fit(x[:500], y[:500], 10, smoothing)
    theirs = BernoulliNB(alpha=smoothing).fit(x[:500].numpy(), y[:500].numpy())
    torch.testing.assert_close(ours.pixel.log(), torch.from_numpy(theirs.feature_log_prob_))
    expected = torch.from_numpy(theirs.predict_log_proba(x[500:].numpy()))
    torch.testing.assert_close(ours.log_posterior(x[500:]), expected, rtol=1e-8, atol=1e-8)
    joint = torch.from_numpy(theirs.predict_joint_log_proba(x[500:].numpy()))
    torch.testing.assert_close(ours.log_joint(x[500:]), joint, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(ours.log_prob(x[500:]), joint.logsumexp(dim=1), rtol=1e-8, atol=1e-8)
    right = ours.log_posterior(x[500:]).argmax(dim=1) == torch.from_numpy(theirs.predict(x[500:].numpy()))
    assert bool(right.all())


def test_hard_labels_are_soft_ones(digits):
    x, y = digits
    hard = BernoulliNaiveBayes.fit(x[:200], y[:200], 10)
    soft = BernoulliNaiveBayes.fit(x[:200], F.one_hot(y[:200], 10).double(), 10)
    assert torch.equal(hard.pixel, soft.pixel) and torch.equal(hard.prior, soft.prior)


def test_soft_labels_count_in_parts():
    x = torch.tensor([[1.0], [0.0]])
    model = BernoulliNaiveBayes.fit(x, torch.tensor([[0.75, 0.25], [0.5, 0.5]]), 2, smoothing=1.0)
    torch.testing.assert_close(model.prior, torch.tensor([0.625, 0.375]))
    torch.testing.assert_close(model.pixel, torch.tensor([[1.75 / 3.25], [1.25 / 2.75]]))


def test_float32_and_float64_agree(digits):
    x, y = digits
    rough, exact = (BernoulliNaiveBayes.fit(part[:1000], y[:1000], 10) for part in (x.float(), x))
    assert rough.pixel.dtype == torch.float32
    torch.testing.assert_close(rough.pixel.double(), exact.pixel, rtol=1e-6, atol=0)
    torch.testing.assert_close(rough.log_joint(x.float()).double(), exact.log_joint(x), rtol=1e-5, atol=0)


def test_a_class_without_examples_is_never_predicted(digits):
    x, y = digits
    present = y[:500] != 4
    model = BernoulliNaiveBayes.fit(x[:500][present], y[:500][present], 10)
    assert model.prior[4] == 0 and bool((model.pixel[4] == 0.5).all())
    log_posterior = model.log_posterior(x)
    assert bool((log_posterior[:, 4] == -math.inf).all()) and not bool(log_posterior.isnan().any())


def test_half_the_pixels_missing(digits):
    """What is left out equals a model that never had those pixels."""
    x, y = digits
    model = BernoulliNaiveBayes.fit(x[:2000], y[:2000], 10)
    hidden = x[2000:].clone()
    hidden[:, 392:] = math.nan
    upper = BernoulliNaiveBayes(model.prior, model.pixel[:, :392])
    torch.testing.assert_close(model.log_posterior(hidden), upper.log_posterior(x[2000:, :392]))
    error = (model.log_posterior(hidden).argmax(dim=1) != y[2000:]).double().mean()
    assert 0.15 < error < 0.45


def test_samples_have_the_models_pixels_and_repeat(digits):
    x, y = digits
    model = BernoulliNaiveBayes.fit(x, y, 10)
    images = model.sample(torch.full((5000,), 3), torch.Generator().manual_seed(0))
    assert images.shape == (5000, 784) and set(images.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(images.mean(dim=0), model.pixel[3], atol=0.035, rtol=0)
    assert torch.equal(images, model.sample(torch.full((5000,), 3), torch.Generator().manual_seed(0)))
    assert (model.sample(torch.tensor([0, 1])).sum(dim=1) > 0).all()


def test_fit_refuses(digits):
    x, y = digits[0][:20], digits[1][:20]
    soft = F.one_hot(y, 10).double()
    for bad_x, bad_y, smoothing, error, message in (
        (x / 2, y, 1.0, ValueError, "binarise"),
        (x * math.nan, y, 1.0, ValueError, "not finite"),
        (x.bool(), y, 1.0, TypeError, "floating-point"),
        (x[0], y, 1.0, ValueError, r"shape \(N, D\)"),
        (x, y[:5], 1.0, ValueError, "one label per example"),
        (x, y + 5, 1.0, ValueError, "labels must lie in 0 to 9"),
        (x, y.int(), 1.0, TypeError, "int64"),
        (x, soft[:, :9], 1.0, ValueError, r"soft labels must have shape \(20, 10\)"),
        (x, 2 * soft, 1.0, ValueError, "soft labels must be probabilities"),
        (x, soft - 0.1, 1.0, ValueError, "soft labels must be probabilities"),
        (x, y, 0.0, ValueError, "smoothing must be positive"),
        (x, y, -1.0, ValueError, "smoothing must be positive"),
    ):
        with pytest.raises(error, match=message):
            BernoulliNaiveBayes.fit(bad_x, bad_y, 10, smoothing)
    model = BernoulliNaiveBayes.fit(x, y, 10)
    with pytest.raises(TypeError, match="int64"):
        model.sample(3)
    with pytest.raises(ValueError, match="labels must lie in 0 to 9"):
        model.sample(torch.tensor([10]))


def error(model, x, y):
    log_joint = model.log_joint(x).unflatten(1, (10, -1)).logsumexp(dim=2)
    return (log_joint.argmax(dim=1) != y).double().mean().item()


def climbs(objective):
    return all(later >= earlier - 1e-6 for earlier, later in zip(objective, objective[1:], strict=False))


def test_em_climbs_its_objective_while_the_error_may_rise(digits):
    x, y = digits
    start = BernoulliNaiveBayes.fit(x[:100], y[:100], 10, 0.1)
    model, objective = expectation_maximization(x[:100], y[:100], x[100:2500], 10, 20, smoothing=0.1)
    assert len(objective) == 21 and climbs(objective) and objective[-1] > objective[0] + 1000
    assert error(model, x[2500:], y[2500:]) > error(start, x[2500:], y[2500:])


def test_with_several_components_em_learns_from_unlabelled_digits(digits):
    x, y = digits
    start = BernoulliNaiveBayes.fit(x[:100], y[:100], 10, 0.1)
    random = torch.Generator().manual_seed(0)
    model, objective = expectation_maximization(
        x[:100], y[:100], x[100:2500], 10, 10, smoothing=0.1, components=10, generator=random
    )
    assert model.pixel.shape == (100, 784) and model.prior.sum().item() == pytest.approx(1)
    assert len(objective) == 11 and climbs(objective)
    assert error(model, x[2500:], y[2500:]) < error(start, x[2500:], y[2500:]) - 0.02


def test_one_iteration_of_em_is_a_fit_to_soft_labels(digits):
    x, y = digits
    start = BernoulliNaiveBayes.fit(x[:100], y[:100], 10)
    soft = torch.cat([F.one_hot(y[:100], 10).double(), start.log_posterior(x[100:300]).exp()])
    expected = BernoulliNaiveBayes.fit(x[:300], soft, 10)
    model, _ = expectation_maximization(x[:100], y[:100], x[100:300], 10, 1)
    torch.testing.assert_close(model.pixel, expected.pixel)
    torch.testing.assert_close(model.prior, expected.prior)


def test_without_unlabelled_images_em_fits_the_labelled_ones(digits):
    x, y = (part[:200] for part in digits)
    plain = BernoulliNaiveBayes.fit(x, y, 10, 0.1)
    model, objective = expectation_maximization(x, y, x[:0], 10, 3, smoothing=0.1)
    torch.testing.assert_close(model.pixel, plain.pixel)
    assert objective[0] == pytest.approx(objective[-1])
    random = torch.Generator().manual_seed(0)
    parts, objective = expectation_maximization(x, y, x[:0], 10, 5, 0.1, components=3, generator=random)
    assert climbs(objective) and objective[-1] > objective[0] + 100
    torch.testing.assert_close(parts.prior.reshape(10, 3).sum(dim=1), plain.prior)  # no label changes


def test_ems_objective_is_what_it_says(digits):
    x, y = digits
    model, objective = expectation_maximization(x[:60], y[:60], x[60:90], 10, iterations=1, smoothing=0.5)
    labelled = model.log_joint(x[:60])[torch.arange(60), y[:60]].sum()
    prior = 0.5 * (model.pixel.log() + (1 - model.pixel).log()).sum()
    expected = labelled + model.log_prob(x[60:90]).sum() + prior
    assert objective[-1] == pytest.approx(expected.item())


def test_em_ends_where_no_small_change_climbs(digits):
    """The gradient of the objective with respect to the pixels' log-odds vanishes."""
    x, y = (part[:300] for part in digits)
    labelled = torch.arange(300) < 200
    model, _ = expectation_maximization(x[labelled], y[labelled], x[~labelled], 10, iterations=200)
    log_odds = torch.logit(model.pixel).requires_grad_()
    trial = BernoulliNaiveBayes(model.prior, torch.sigmoid(log_odds))
    objective = trial.log_joint(x[labelled]).gather(1, y[labelled][:, None]).sum()
    objective = objective + trial.log_prob(x[~labelled]).sum()
    objective = objective + (trial.pixel.log() + (1 - trial.pixel).log()).sum()
    (gradient,) = torch.autograd.grad(objective, log_odds)
    assert gradient.abs().max() < 1e-5


def test_em_refuses(digits):
    x, y = digits[0][:50], digits[1][:50]
    for unlabelled, iterations, error, message in (
        (x[:, :9], 3, ValueError, r"shape \(N, 784\)"),
        (x / 2, 3, ValueError, "binarise"),
        (x, 0, ValueError, "iterations must be at least 1"),
        (x.long(), 3, TypeError, "floating-point"),
    ):
        with pytest.raises(error, match=message):
            expectation_maximization(x, y, unlabelled, 10, iterations)
    with pytest.raises(TypeError, match="int64"):
        expectation_maximization(x, F.one_hot(y, 10).double(), x, 10, 3)
    with pytest.raises(ValueError, match="components must be at least 1"):
        expectation_maximization(x, y, x, 10, 3, components=0)
