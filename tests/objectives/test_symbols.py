"""Smoothed probabilities and bits per symbol, against distributions of torch."""

import math

import pytest
import torch

from gentutor.objectives.classical import bits_per_symbol, smoothed_probabilities


@pytest.mark.equation("eq-smoothing")
@pytest.mark.parametrize("smoothing", [0.01, 1.0, 7.5])
def test_smoothed_probabilities_are_the_mean_of_a_dirichlet_posterior(smoothing):
    counts = torch.tensor([[5.0, 0.0, 2.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    expected = torch.distributions.Dirichlet(counts + smoothing).mean
    torch.testing.assert_close(smoothed_probabilities(counts, smoothing), expected)


@pytest.mark.equation("eq-smoothing")
def test_smoothing_goes_from_the_shares_to_uniform():
    counts = torch.tensor([[6, 0, 2], [1, 1, 2]])
    torch.testing.assert_close(smoothed_probabilities(counts, 0.0), counts / counts.sum(dim=1, keepdim=True))
    torch.testing.assert_close(smoothed_probabilities(counts, 1e9), torch.full((2, 3), 1 / 3))
    one = smoothed_probabilities(counts, 1.0)
    assert one.shape == counts.shape and one.dtype == torch.float32
    torch.testing.assert_close(one, torch.tensor([[7, 1, 3], [2, 2, 3]]) / torch.tensor([[11], [7]]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int64])
def test_small_integers_do_not_overflow(dtype):
    counts = torch.tensor([100, 120], dtype=dtype)
    torch.testing.assert_close(
        smoothed_probabilities(counts, 140), smoothed_probabilities(counts.float(), 140)
    )


def test_smoothed_probabilities_refuses():
    counts = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    for bad, smoothing, message in (
        (counts, 0.0, "a row of counts is all 0"),
        (counts, -1.0, "smoothing must be at least 0"),
        (counts, math.nan, "smoothing must be at least 0"),
        (-counts, 1.0, "at least 0"),
        (counts / 0, 1.0, "finite"),
        (counts[:0], 1.0, "not empty"),
        (torch.tensor(3.0), 1.0, r"shape \(..., V\)"),
    ):
        with pytest.raises(ValueError, match=message):
            smoothed_probabilities(bad, smoothing)
    for bad in (counts > 0, [1, 2]):
        with pytest.raises(TypeError, match="tensor of numbers"):
            smoothed_probabilities(bad, 1.0)


@pytest.mark.equation("eq-bits")
def test_bits_per_symbol_of_a_source_is_its_entropy():
    """Symbols in exactly their shares, under the true probabilities: the entropy of the source."""
    shares = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
    log_prob = shares.log().repeat_interleave((shares * 800).long())
    entropy = torch.distributions.Categorical(probs=shares).entropy() / math.log(2)
    assert bits_per_symbol(log_prob).item() == pytest.approx(entropy.item()) == pytest.approx(1.75)


@pytest.mark.equation("eq-bits")
def test_bits_per_symbol_uniform_and_impossible():
    assert bits_per_symbol(torch.full((9,), 1 / 80).log()).item() == pytest.approx(math.log2(80))
    assert bits_per_symbol(torch.tensor([0.5, 0.0]).log()).item() == math.inf
    assert bits_per_symbol(torch.zeros(4)).item() == 0


def test_bits_per_symbol_refuses():
    for bad, message in (
        (torch.tensor([0.5, 0.5]), "are these probabilities"),
        (torch.tensor([math.nan]), "at most 0"),
        (torch.zeros(2, 2), r"\(N,\)"),
        (torch.zeros(0), "empty"),
    ):
        with pytest.raises(ValueError, match=message):
            bits_per_symbol(bad)
    with pytest.raises(TypeError, match="list"):
        bits_per_symbol([-1.0])
