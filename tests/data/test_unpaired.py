"""Batches of two domains: each in an order of its own, continued exactly."""

import itertools
import json

import pytest
import torch
from scipy.stats import chisquare

from gentutor.data import batches, unpaired


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_each_domain_is_passed_through_like_batches():
    """Both halves are what ``batches`` gives with the seeds that the generator gives in turn."""
    a, b = torch.arange(7), torch.arange(100, 105)
    both = unpaired(a, b, batch_size=2, generator=seeded(3))
    generator = seeded(3)
    one = batches(a, batch_size=2, generator=generator)
    other = batches(b, batch_size=2, generator=generator)
    for _ in range(12):
        x, y = next(both)
        assert torch.equal(x, next(one)[0]) and torch.equal(y, next(other)[0])


def test_no_row_belongs_to_another():
    """Over many first batches every pair of a and b is equally likely."""
    generator, counts = seeded(0), torch.zeros(3, 3)
    for _ in range(900):
        a, b = next(unpaired(torch.arange(3), torch.arange(3), batch_size=1, generator=generator))
        counts[a.item(), b.item()] += 1
    assert chisquare(counts.flatten()).pvalue > 1e-3


def test_domains_of_different_shapes_types_and_sizes():
    a, b = torch.zeros(9, 1, 4, 4), torch.zeros(5, 3, 6, 6, dtype=torch.uint8)
    x, y = next(unpaired(a, b, batch_size=4))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((4, 1, 4, 4), torch.float32, (4, 3, 6, 6), torch.uint8)


def test_the_seed_gives_the_batches():
    def take(seed: int) -> list:
        both = unpaired(torch.arange(20), torch.arange(20), batch_size=5, generator=seeded(seed))
        return [tuple(t.tolist() for t in batch) for batch in itertools.islice(both, 6)]

    assert take(0) == take(0) != take(1)


@pytest.mark.parametrize("taken", [0, 1, 4, 9])
def test_it_goes_on_from_its_state(taken):
    def new(seed: int):
        return unpaired(torch.arange(7), torch.arange(11), batch_size=2, generator=seeded(seed))

    first = new(0)
    for _ in range(taken):
        next(first)
    state = json.loads(json.dumps(first.state_dict()))
    second = new(1)
    second.load_state_dict(state)
    for _ in range(12):
        assert all(torch.equal(x, y) for x, y in zip(next(first), next(second), strict=True))


def test_a_state_of_other_data_is_refused():
    state = unpaired(torch.arange(7), torch.arange(11), batch_size=2).state_dict()
    with pytest.raises(ValueError, match="the state is of examples = 11, but here it is 10"):
        unpaired(torch.arange(7), torch.arange(10), batch_size=2).load_state_dict(state)
    with pytest.raises(ValueError, match="the state is of batch_size = 2, but here it is 3"):
        unpaired(torch.arange(7), torch.arange(11), batch_size=3).load_state_dict(state)


def test_batches_move_to_a_device():
    x, y = next(unpaired(torch.zeros(4, 2), torch.zeros(4, 3), batch_size=2, device="meta"))
    assert x.device.type == y.device.type == "meta" and (x.shape, y.shape) == ((2, 2), (2, 3))


def test_bad_input():
    with pytest.raises(ValueError, match="batch_size must lie in 1 to 3"):
        unpaired(torch.arange(9), torch.arange(3), batch_size=4)
    with pytest.raises(TypeError, match="expected tensors, got list"):
        unpaired(torch.arange(9), [1, 2], batch_size=1)
