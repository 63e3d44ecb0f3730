"""Logistic regression: one linear layer, whose outputs are the logits of the classes."""

from torch import Tensor, nn


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
