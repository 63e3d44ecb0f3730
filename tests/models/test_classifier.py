"""The digit classifier: shapes, size, and the layout of its numbers in memory."""

import copy

import pytest
import torch
from torch import nn

from gentutor.models.classifier import DigitClassifier


def test_features_and_logits():
    classifier, x = DigitClassifier().eval(), torch.rand(5, 1, 28, 28)
    features = classifier.features(x)
    assert features.shape == (5, 64)
    assert features.abs().max() <= 1
    torch.testing.assert_close(classifier(x), features @ classifier.head.weight.T + classifier.head.bias)
    assert classifier(x).shape == (5, 10)


def test_number_of_parameters():
    convolutions = [1 * 16 * 9 + 16, 16 * 32 * 9 + 32, 32 * 64 * 9 + 64]
    linear = [64 * 7 * 7 * 64 + 64, 64 * 10 + 10]
    assert sum(p.numel() for p in DigitClassifier().parameters()) == sum(convolutions + linear)


def test_channels_last_changes_speed_and_not_results():
    torch.manual_seed(0)
    classifier, x = DigitClassifier().eval(), torch.rand(5, 1, 28, 28)
    plain = copy.deepcopy(classifier)
    for convolution in (m for m in plain.modules() if isinstance(m, nn.Conv2d)):
        convolution.weight = nn.Parameter(convolution.weight.contiguous())
    torch.testing.assert_close(plain(x), classifier(x))


def test_nothing_looks_infinitely_far_from_digits():
    """Whatever the image, its features stay within the cube that digits live in."""
    torch.manual_seed(0)
    classifier = DigitClassifier().eval()
    with torch.no_grad():
        assert classifier.features(1e6 * torch.randn(5, 1, 28, 28)).abs().max() <= 1


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 784), (5, 3, 28, 28), (5, 1, 32, 32), (1, 28, 28)])
def test_images_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"expected images of shape \(B, 1, 28, 28\), got \(\d, "):
        DigitClassifier()(torch.rand(shape))
