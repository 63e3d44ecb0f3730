"""Minimising a smooth function that holds no noise."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from gentutor import _checks as check
from gentutor.training import expect_finite


def minimize(loss: Callable[[], Tensor], parameters: Iterable[Tensor], iterations: int = 200) -> float:
    """Minimise a smooth function without noise by L-BFGS, with a line search (strong Wolfe conditions).

    Args:
        loss: computes the scalar to minimise from ``parameters``, e.g. over a whole training set.
        parameters: the tensors to change, in place, e.g. ``model.parameters()``.
        iterations: at most; it stops earlier where the gradient vanishes.

    Returns:
        The loss reached.

    Raises:
        FloatingPointError: the loss is nan or infinite somewhere on the way.

    >>> x = torch.zeros(2, requires_grad=True)
    >>> minimize(lambda: (x - torch.tensor([1.0, 3.0])).square().sum(), [x]), x.tolist()
    (0.0, [1.0, 3.0])
    """
    check.at_least(1, iterations=iterations)
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=iterations, max_eval=10 * iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        expect_finite({"minimised": float(value.detach())}, "on the way to its minimum")
        value.backward()
        return value

    optimizer.step(closure)
    return float(loss().detach())
