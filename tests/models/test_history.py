"""The history pool: equal to a loop over the images bit for bit, with the statistics it promises."""

import copy
from collections import Counter

import pytest
import torch
from torch import nn

from gentutor.models.cyclegan import HistoryPool


def numbered(start: int, count: int) -> torch.Tensor:
    """Images of which each holds its own number."""
    return torch.arange(start, start + count, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 2, 2)


def numbers(images: torch.Tensor) -> list[int]:
    assert (images == images[:, :1, :1, :1]).all()
    return images[:, 0, 0, 0].int().tolist()


class Loop:
    """The published pool, image by image; the same random numbers in the same order as HistoryPool's."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.images = capacity, []

    def query(self, batch: torch.Tensor) -> torch.Tensor:
        coins = torch.rand(len(batch))
        rounds = (len(batch) + self.capacity - 1) // self.capacity
        places = torch.rand(rounds, self.capacity).argsort(dim=1).reshape(-1).tolist()
        answer = []
        for image, coin, place in zip(batch, coins, places, strict=False):
            if len(self.images) < self.capacity:
                self.images.append(image)
                answer.append(image)
            elif coin < 0.5:
                answer.append(self.images[place].clone())
                self.images[place] = image
            else:
                answer.append(image)
        return torch.stack(answer)


@pytest.mark.parametrize("capacity", [1, 3, 8, 50])
@pytest.mark.parametrize("sizes", [[1] * 60, [5] * 20, [20] * 8, [7, 1, 64, 3, 130, 2]])
def test_equal_to_a_loop_over_the_images(capacity, sizes):
    pool, loop, start = HistoryPool(capacity), Loop(capacity), 0
    for seed, size in enumerate(sizes):
        fake = numbered(start, size)
        torch.manual_seed(seed)
        expected = loop.query(fake)
        torch.manual_seed(seed)
        assert torch.equal(pool(fake), expected)
        start += size
        assert pool.count == min(start, capacity) == len(loop.images)
        assert torch.equal(pool.images[: pool.count], torch.stack(loop.images))


def test_the_first_images_pass_through_and_are_stored():
    pool = HistoryPool(capacity=50)
    for start in range(0, 48, 16):
        assert numbers(pool(numbered(start, 16))) == list(range(start, start + 16))
    handed_out = numbers(pool(numbered(48, 16)))
    assert handed_out[:2] == [48, 49]  # the last free places
    assert all(new == got or got < new for new, got in zip(range(48, 64), handed_out, strict=True))


def test_nothing_is_lost_or_made_up():
    """All that went in came out or is still stored; an image that was swapped in comes out at most once."""
    torch.manual_seed(0)
    pool, seen = HistoryPool(capacity=10), Counter()
    for start in range(0, 600, 6):
        seen.update(numbers(pool(numbered(start, 6))))
    stored = numbers(pool.images)
    assert len(set(stored)) == 10
    first, later = range(10), range(10, 600)
    for image in later:
        assert seen[image] + (image in stored) == 1
    for image in first:  # they pass through as they are stored, and come again when they are replaced
        assert seen[image] + (image in stored) == 2


@pytest.mark.parametrize("size", [1, 16, 50])
def test_half_of_what_a_full_pool_hands_out_comes_from_earlier_batches(size):
    torch.manual_seed(1)
    pool, old, n = HistoryPool(capacity=50), 0, 1600 // size
    pool(numbered(0, 50))
    for start in range(50, 50 + n * size, size):
        old += sum(number < start for number in numbers(pool(numbered(start, size))))
    share, deviation = old / (n * size), 0.5 / (n * size) ** 0.5
    assert abs(share - 0.5) < 4 * deviation


@pytest.mark.parametrize("size", [1, 5])
def test_ages_are_geometric_with_a_mean_of_twice_the_capacity(size):
    """Each batch replaces an image with probability B / (2 capacity); so many batches old it comes out."""
    torch.manual_seed(2)
    capacity, ages = 5, []
    pool = HistoryPool(capacity)
    for batch in range(6000 // size):
        handed_out = pool(torch.full((size, 1), float(batch)))
        if batch * size > 100:
            ages += (batch - handed_out[handed_out < batch]).tolist()
    ages = torch.tensor(ages)
    p = size / (2 * capacity)
    deviation = (1 - p) ** 0.5 / p  # of a geometric distribution
    assert abs(ages.mean() - 1 / p) < 5 * deviation / len(ages) ** 0.5
    for age in (1, 3, 8):
        expected = (1 - p) ** age
        assert abs((ages > age).float().mean() - expected) < 0.04


def test_a_batch_meets_each_stored_image_at_most_once():
    torch.manual_seed(3)
    pool = HistoryPool(capacity=12)
    pool(numbered(0, 12))
    for start in range(12, 1212, 12):
        handed_out = numbers(pool(numbered(start, 12)))
        assert len(set(handed_out)) == 12


def test_capacity_0_switches_it_off():
    pool, fake = HistoryPool(capacity=0), torch.randn(4, 2, requires_grad=True)
    state = torch.get_rng_state()
    for _ in range(5):
        assert torch.equal(pool(fake), fake) and not pool(fake).requires_grad
    assert torch.equal(torch.get_rng_state(), state)


def test_what_comes_out_is_detached_and_what_is_stored_is_a_copy():
    pool = HistoryPool(capacity=3)
    fake = torch.randn(5, 2, requires_grad=True)
    out = pool(fake)
    assert not out.requires_grad and not pool.images.requires_grad
    kept = pool.images.clone()
    with torch.no_grad():
        fake.zero_()
        out.zero_()
    assert torch.equal(pool.images, kept)
    earlier = pool(torch.randn(5, 2))
    before = earlier.clone()
    pool(torch.randn(50, 2))
    assert torch.equal(earlier, before)


def test_a_generator_decides_the_choices():
    def run(seed: int) -> torch.Tensor:
        pool, generator = HistoryPool(5), torch.Generator().manual_seed(seed)
        return torch.stack([pool(numbered(9 * i, 9), generator) for i in range(5)])

    assert torch.equal(run(0), run(0)) and not torch.equal(run(0), run(1))


@pytest.mark.parametrize("seen", [0, 3, 40])
def test_a_saved_pool_goes_on_as_if_never_stopped(seen):
    class Judge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = HistoryPool(8)

    judge = Judge()
    if seen:
        judge.pool(numbered(0, seen))
    state = copy.deepcopy(judge.state_dict())
    other = Judge()
    if seen != 3:
        other.pool(torch.randn(3, 5))  # another shape: it is replaced
    other.load_state_dict(state)
    for start in (100, 200):
        torch.manual_seed(start)
        expected = judge.pool(numbered(start, 5))
        torch.manual_seed(start)
        assert torch.equal(other.pool(numbered(start, 5)), expected)
    assert torch.equal(judge.pool.images, other.pool.images)


def test_a_pool_of_another_capacity_cannot_be_loaded():
    pool = HistoryPool(8)
    pool(numbered(0, 3))
    with pytest.raises(RuntimeError, match="size mismatch for images"):
        HistoryPool(9).load_state_dict(pool.state_dict())


def test_copies_do_not_share_the_past():
    pool = HistoryPool(2)
    pool(numbered(0, 2))
    other = copy.deepcopy(pool)
    other(numbered(5, 20))
    assert numbers(pool.images) == [0, 1]


def test_moved_to_another_type_before_and_after_its_first_batch():
    pool = HistoryPool(2).double()
    pool(numbered(0, 2))  # float32: the first batch decides
    assert pool.images.dtype == torch.float32
    assert numbers(pool.double()(numbered(5, 2).double())) is not None


def test_wrong_input():
    with pytest.raises(ValueError, match="capacity must be at least 0, got -1"):
        HistoryPool(-1)
    pool = HistoryPool(4)
    for shape in ((), (0, 1)):
        with pytest.raises(ValueError, match="B at least 1, got"):
            pool(torch.zeros(shape))
    pool(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match=r"of shape \(B, 1, 4, 4\), got \(2, 1, 8, 4\)"):
        pool(torch.zeros(2, 1, 8, 4))
    with pytest.raises(TypeError, match=r"holds torch\.float32, but the images are torch\.float64"):
        pool(torch.zeros(2, 1, 4, 4).double())
    with pytest.raises(ValueError, match="the pool is on cpu, but the images are on meta"):
        pool(torch.zeros(2, 1, 4, 4, device="meta"))
