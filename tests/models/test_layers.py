"""Spectral normalisation: power iteration finds what the singular value decomposition finds."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gentutor.models.gan import DCGANDiscriminator
from gentutor.models.layers import SpectralNorm, power_iteration, spectrally_normalised


def matrix(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (1, 5), (5, 1)])
def test_many_rounds_give_the_largest_singular_value_and_its_vectors(shape):
    w = matrix(*shape)
    sigma, u, v = power_iteration(w, matrix(shape[0], seed=1), rounds=500)
    left, values, right = torch.linalg.svd(w, full_matrices=False)
    torch.testing.assert_close(sigma, values[0])
    torch.testing.assert_close(torch.outer(u, v), torch.outer(left[:, 0], right[0]))


def test_each_round_divides_the_error_by_the_square_of_the_ratio():
    w = torch.diag(torch.tensor([2.0, 1.0], dtype=torch.float64))
    start = torch.ones(2, dtype=torch.float64)
    errors = [2 - power_iteration(w, start, rounds)[0].item() for rounds in (6, 7, 8)]
    assert all(error > 0 for error in errors)  # it comes from below
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.01)  # (2 / 1)², and squared again in u' W v
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.01)


def test_the_gradient_is_that_of_the_singular_value():
    w = matrix(3, 4).requires_grad_()
    sigma, *_ = power_iteration(w, matrix(3, seed=1), rounds=500)
    (ours,) = torch.autograd.grad(sigma, w)
    (exact,) = torch.autograd.grad(torch.linalg.svdvals(w)[0], w)
    torch.testing.assert_close(ours, exact)


@pytest.mark.parametrize(
    ("w", "u", "rounds", "message"),
    [
        (torch.zeros(2, 3, 4), torch.ones(2), 1, r"\(R, C\), got \(2, 3, 4\)"),
        (torch.ones(2, 3), torch.ones(2), 0, "rounds"),
        (torch.zeros(2, 3), torch.ones(2), 1, "zero"),
    ],
)
def test_bad_input_is_told_in_one_line(w, u, rounds, message):
    with pytest.raises(ValueError, match=message):
        power_iteration(w, u, rounds)


def test_a_weight_of_zeros_is_refused():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    with pytest.raises(ValueError, match=r"zero matrix \(2, 3\)"):
        spectrally_normalised(layer)


def test_every_layer_of_a_network_has_norm_one_and_follows_its_weight():
    torch.manual_seed(0)
    network = spectrally_normalised(DCGANDiscriminator(width=4, normalised=False))
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    assert len(layers) == 4
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        network(torch.randn(8, 1, 28, 28)).square().mean().backward()
        optimizer.step()
    for layer in layers:
        largest = torch.linalg.svdvals(layer.weight.detach().flatten(1))[0].item()
        assert largest == pytest.approx(1, abs=0.05)
        assert torch.linalg.svdvals(layer.parametrizations.weight.original.detach().flatten(1))[0] != largest


def test_it_agrees_with_pytorchs_own():
    torch.manual_seed(0)
    ours, theirs = nn.Linear(6, 5), nn.Linear(6, 5)
    theirs.load_state_dict(ours.state_dict())
    ours, theirs = spectrally_normalised(ours), spectral_norm(theirs, n_power_iterations=1)
    x = torch.randn(10, 6)
    for _ in range(200):  # each pass is a round
        ours(x), theirs(x)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


def test_in_evaluation_nothing_moves():
    norm = SpectralNorm(torch.randn(4, 3)).eval()
    before = norm.u.clone()
    weight = torch.randn(4, 3)
    torch.testing.assert_close(norm(weight), norm(weight))
    assert torch.equal(norm.u, before)
