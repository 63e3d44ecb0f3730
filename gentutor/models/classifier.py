"""A small convolutional classifier of digits; its 64 features serve the evaluation."""

import torch
from torch import Tensor, nn

from gentutor import _checks as check


class DigitClassifier(nn.Module):
    """Three convolutions, a hidden layer of 64 features, ten logits.

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
