"""Networks that judge: a classifier of digits, an embedding of glyphs, and logistic regression."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gentutor import _checks as check


class DigitClassifier(nn.Module):
    """Three convolutions, a hidden layer of 64 features that serve the evaluation, ten logits.

    The features end in tanh, and nothing is normalised on the way: so an image unlike any digit,
    such as noise, is not thrown far beyond all digits, and distances in feature space stay fair.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),  # (B, 16, 28, 28)
            nn.MaxPool2d(2),  # (B, 16, 14, 14)
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),  # (B, 32, 14, 14)
            nn.MaxPool2d(2),  # (B, 32, 7, 7)
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),  # (B, 64, 7, 7)
            nn.ReLU(),
            nn.Flatten(),  # (B, 3136)
            nn.Dropout(0.4),
            nn.Linear(64 * 7 * 7, 64),  # (B, 64)
            nn.Tanh(),
        )
        self.head = nn.Linear(64, 10)
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):  # keeps the variance from layer to layer (He et al. 2015)
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.to(memory_format=torch.channels_last)  # the same numbers, faster convolutions

    def features(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, 64) in [-1, 1]."""
        check.images(x, (1, 28, 28))
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, 10) logits."""
        return self.head(self.features(x))


class GlyphEmbedding(nn.Module):
    """A glyph becomes a point, near to those of other drawings of the same glyph.

    Six convolutions with batch normalisation, then one linear layer, onto the unit sphere.

    Args:
        channels: of the images.
        width: feature maps at full size; twice and four times as many at a half and a quarter.
        dim: numbers of the embedding.
        size: side of the images in pixels, a multiple of 8.
    """

    def __init__(self, channels: int = 1, width: int = 16, dim: int = 64, size: int = 32) -> None:
        super().__init__()
        self.image_shape = (channels, size, size)
        self.net = nn.Sequential(
            *_convolution(channels, width, 1),  # (B, width, 32, 32)
            *_convolution(width, 2 * width, 2),  # (B, 2 width, 16, 16)
            *_convolution(2 * width, 2 * width, 1),
            *_convolution(2 * width, 4 * width, 2),  # (B, 4 width, 8, 8)
            *_convolution(4 * width, 4 * width, 1),
            *_convolution(4 * width, 4 * width, 2),  # (B, 4 width, 4, 4)
            nn.Flatten(),
            nn.Linear(4 * width * (size // 8) ** 2, dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, size, size) in [-1, 1] -> (B, dim), each of length 1."""
        check.images(x, self.image_shape)
        return F.normalize(self.net(x))  # (B, dim)


def _convolution(width_in: int, width_out: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(width_in, width_out, 3, stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(width_out), nn.ReLU()]


class LogisticRegression(nn.Module):
    """p(y | x) = softmax(W x + b), for two classes or more.

    Args:
        inputs: D, the numbers per example.
        classes: K; every class has its own weights, so two classes have one set more than they need.

    The weights start at zero: the loss is convex, and where it has one minimum every start leads there.
    """

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        if inputs < 1 or classes < 2:
            raise ValueError(f"expected at least 1 input and 2 classes, got {inputs} and {classes}")
        self.linear = nn.Linear(inputs, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) -> (B, K) logits."""
        if x.dim() != 2 or x.shape[1] != self.linear.in_features:
            raise ValueError(f"expected x of shape (B, {self.linear.in_features}), got {tuple(x.shape)}")
        return self.linear(x)
