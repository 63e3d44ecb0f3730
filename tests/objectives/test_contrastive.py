"""The contrastive loss: against cross-entropy written out, at its extremes, with its gradient."""

import math

import pytest
import torch
import torch.nn.functional as F

from gentutor.objectives.contrastive import contrastive_loss


def embeddings(n: int, d: int, seed: int) -> torch.Tensor:
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x / x.norm(dim=1, keepdim=True)


def by_hand(u: torch.Tensor, v: torch.Tensor, temperature: float) -> float:
    """The equation, pair by pair, in Python's numbers."""
    n, total = len(u), 0.0
    s = [
        [sum((a * b).item() for a, b in zip(u[i], v[j], strict=True)) / temperature for j in range(n)]
        for i in range(n)
    ]
    for i in range(n):
        rows = math.log(sum(math.exp(s[i][j]) for j in range(n)))
        columns = math.log(sum(math.exp(s[j][i]) for j in range(n)))
        total += (s[i][i] - rows) + (s[i][i] - columns)
    return -total / (2 * n)


@pytest.mark.parametrize(("n", "d", "temperature"), [(1, 3, 0.07), (2, 2, 1.0), (5, 4, 0.07), (6, 3, 0.5)])
def test_against_the_equation_written_out(n, d, temperature):
    u, v = embeddings(n, d, 0), embeddings(n, d, 1)
    value = contrastive_loss(u, v, temperature)
    assert value.shape == () and value.item() == pytest.approx(
        by_hand(u, v, temperature), rel=1e-10, abs=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 7, 128])
def test_collapse_costs_log_b(n):
    u = embeddings(1, 5, 0).expand(n, 5)
    assert contrastive_loss(u, u).item() == pytest.approx(math.log(n), abs=1e-12)


def test_views_that_all_find_their_partners_cost_nothing():
    u = torch.eye(6, dtype=torch.float64)
    assert contrastive_loss(u, u, 0.07).item() == pytest.approx(math.log1p(5 * math.exp(-1 / 0.07)), rel=1e-9)
    assert contrastive_loss(u, u.roll(1, dims=0)) > 14  # each finds another


def test_the_two_views_are_alike_and_the_order_does_not_matter():
    u, v, order = embeddings(5, 4, 0), embeddings(5, 4, 1), [3, 1, 0, 4, 2]
    torch.testing.assert_close(contrastive_loss(u, v), contrastive_loss(v, u))
    torch.testing.assert_close(contrastive_loss(u, v), contrastive_loss(u[order], v[order]))
    assert not torch.isclose(contrastive_loss(u, v), contrastive_loss(u, v[order]))


def test_gradient():
    u, v = embeddings(4, 3, 0).requires_grad_(), embeddings(4, 3, 1).requires_grad_()
    torch.autograd.gradcheck(contrastive_loss, (u, v))
    loss = contrastive_loss(u, v, 0.2)
    p = [F.softmax(s, dim=1) for s in ((u @ v.T) / 0.2, (v @ u.T) / 0.2)]
    grad_u, grad_v = torch.autograd.grad(loss, (u, v))
    own = torch.eye(4, dtype=torch.float64)
    expected = ((p[0] - own) @ v + (p[1] - own).T @ v) / (8 * 0.2)
    torch.testing.assert_close(grad_u, expected)
    expected = ((p[0] - own).T @ u + (p[1] - own) @ u) / (8 * 0.2)
    torch.testing.assert_close(grad_v, expected)


def test_it_stays_finite_at_a_small_temperature():
    u, v = embeddings(4, 3, 0).float().requires_grad_(), embeddings(4, 3, 1).float()
    loss = contrastive_loss(u, v, 1e-4)
    loss.backward()
    assert loss.isfinite() and u.grad is not None and u.grad.isfinite().all()


def test_bad_input():
    u = embeddings(4, 3, 0)
    with pytest.raises(ValueError, match=r"expected embeddings of shape \(B, d\), got \(4, 3, 1\)"):
        contrastive_loss(u[:, :, None], u[:, :, None])
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(3, 3\)"):
        contrastive_loss(u, u[:3])
    for temperature in (0.0, -1.0):
        with pytest.raises(ValueError, match=f"temperature must be positive, got {temperature}"):
            contrastive_loss(u, u, temperature)
    with pytest.raises(TypeError, match="floating-point"):
        contrastive_loss(torch.ones(4, 3, dtype=torch.int64), torch.ones(4, 3, dtype=torch.int64))
