"""L-BFGS on functions whose minimum is known."""

import pytest
import torch

from gentutor.classical import minimize


def test_it_finds_the_minimum_of_rosenbrocks_valley():
    x = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    reached = minimize(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, [x])
    assert reached < 1e-8
    torch.testing.assert_close(x.detach(), torch.ones(2, dtype=torch.float64), rtol=1e-3, atol=0)


def test_it_solves_least_squares_over_several_tensors():
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(50, 3, generator=random), torch.randn(50, generator=random)
    weight, bias = torch.zeros(3, requires_grad=True), torch.zeros(1, requires_grad=True)
    reached = minimize(lambda: (a @ weight + bias - b).square().mean(), iter([weight, bias]))
    exact = torch.linalg.lstsq(torch.cat([a, torch.ones(50, 1)], dim=1), b[:, None]).solution[:, 0]
    torch.testing.assert_close(torch.cat([weight, bias]).detach(), exact, rtol=1e-3, atol=1e-4)
    residual = (a @ exact[:3] + exact[3] - b).square().mean().item()
    assert reached == pytest.approx(residual, rel=1e-5)


def test_it_stops_after_the_iterations_or_at_a_minimum():
    def calls(start, iterations):
        x = torch.tensor(start, requires_grad=True)
        seen = []

        def loss():
            seen.append(x.detach().clone())
            return (x**4).sum()

        minimize(loss, [x], iterations)
        return len(seen)

    assert calls([0.0, 0.0], 100) == 2  # no slope: one look, and the loss that is returned
    assert calls([3.0, -2.0], 2) < calls([3.0, -2.0], 8)


def test_it_refuses_no_iterations_and_a_loss_without_a_minimum():
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        minimize(lambda: x.sum(), [x], 0)
    with pytest.raises(FloatingPointError, match="the loss 'minimised' is nan on the way to its minimum"):
        minimize(lambda: (x * float("nan")).sum(), [x])
