"""Logistic regression and its fit, against scikit-learn."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression

from gentutor import data
from gentutor.models.classifier import LogisticRegression
from gentutor.studies.generative.classifiers import logistic_regression


def test_it_starts_undecided_and_is_one_linear_layer():
    model = LogisticRegression(4, 3)
    x = torch.randn(5, 4)
    assert torch.equal(model(x), torch.zeros(5, 3))
    model.linear.weight.data.normal_()
    torch.testing.assert_close(model(x), x @ model.linear.weight.T)


@pytest.mark.parametrize("l2", [0.01, 1.0, 10.0])
def test_the_fit_on_digits_is_scikit_learns(l2):
    images, labels = data.mnist("test")
    chosen = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:400]
    x, y = (data.to_unit(images[chosen]).flatten(1) > 0.5).double(), labels[chosen]
    ours = logistic_regression(x, y, 10, l2, iterations=2000)
    theirs = SklearnLogisticRegression(C=1 / l2, tol=1e-8, max_iter=5000).fit(x.numpy(), y.numpy())

    def objective(weight, bias):
        return F.cross_entropy(x @ weight.T + bias, y, reduction="sum") + l2 / 2 * weight.square().sum()

    here = objective(ours.linear.weight, ours.linear.bias).item()
    there = objective(torch.from_numpy(theirs.coef_), torch.from_numpy(theirs.intercept_)).item()
    assert here == pytest.approx(there, rel=1e-4)
    expected = torch.from_numpy(theirs.predict_log_proba(x.numpy()))
    torch.testing.assert_close(ours(x).log_softmax(dim=1).detach(), expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("inputs", "classes"), [(0, 2), (3, 1)])
def test_sizes_that_make_no_classifier(inputs, classes):
    with pytest.raises(ValueError, match="at least 1 input and 2 classes"):
        LogisticRegression(inputs, classes)


@pytest.mark.parametrize("shape", [(4,), (2, 5), (2, 1, 4)])
def test_shapes_are_checked(shape):
    with pytest.raises(ValueError, match=r"expected x of shape \(B, 4\)"):
        LogisticRegression(4, 3)(torch.zeros(shape))
