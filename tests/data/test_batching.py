"""Batches: every pass a new order, the same for a seed, continued exactly from any point."""

import io
import json
from itertools import permutations

import pytest
import torch
from scipy.stats import chisquare

from gentutor.data import batches


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_pass(iterator) -> torch.Tensor:
    return torch.cat([next(iterator)[0] for _ in range(iterator.per_pass)])


def take(iterator, count: int) -> list[list[int]]:
    return [next(iterator)[0].tolist() for _ in range(count)]


def test_a_pass_takes_each_example_once_and_drops_the_short_batch():
    iterator = batches(torch.arange(10), batch_size=3, generator=seeded(0))
    assert iterator.per_pass == 3
    for _ in range(20):
        taken = one_pass(iterator)
        assert len(taken) == 9 and len(taken.unique()) == 9


def test_over_passes_no_example_is_left_out():
    iterator = batches(torch.arange(10), batch_size=7, generator=seeded(0))
    assert len(torch.cat([one_pass(iterator) for _ in range(20)]).unique()) == 10


@pytest.mark.parametrize("size", [1, 5, 10])
def test_sizes_up_to_all_examples(size):
    iterator = batches(torch.arange(10), batch_size=size)
    assert one_pass(iterator).sort().values.tolist() == list(range(10))


def test_rows_stay_together_and_keep_shape_and_type():
    x = torch.arange(12, dtype=torch.uint8).view(6, 1, 2).expand(6, 3, 2)
    y = x[:, 0, 0].long()
    for (images, labels), _ in zip(batches(x, y, batch_size=4), range(9), strict=False):
        assert images.shape == (4, 3, 2) and images.dtype == torch.uint8
        assert labels.shape == (4,) and labels.dtype == torch.int64
        assert torch.equal(images[:, 0, 0].long(), labels)


def test_all_orders_come_equally_often():
    iterator = batches(torch.arange(4), batch_size=4, generator=seeded(0))
    seen = [tuple(one_pass(iterator).tolist()) for _ in range(2400)]
    assert chisquare([seen.count(order) for order in permutations(range(4))]).pvalue > 1e-3


def test_a_pass_says_nothing_about_the_next():
    iterator = batches(torch.arange(3), batch_size=3, generator=seeded(1))
    firsts = [one_pass(iterator)[0].item() for _ in range(1801)]
    pairs = list(zip(firsts[:-1], firsts[1:], strict=True))
    assert chisquare([pairs.count((a, b)) for a in range(3) for b in range(3)]).pvalue > 1e-3


def test_a_seed_fixes_the_order():
    same = [take(batches(torch.arange(20), batch_size=6, generator=seeded(s)), 9) for s in (0, 0, 1)]
    assert same[0] == same[1] != same[2]


def test_without_a_generator_the_global_seed_fixes_the_order():
    orders = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        orders.append(take(batches(torch.arange(20), batch_size=6), 9))
    assert orders[0] == orders[1] != orders[2]


def test_a_generator_keeps_the_global_random_numbers_untouched():
    before = torch.get_rng_state()
    take(batches(torch.arange(20), batch_size=6, generator=seeded(0)), 9)
    assert torch.equal(torch.get_rng_state(), before)


def test_using_the_generator_elsewhere_does_not_change_the_batches():
    shared = seeded(0)
    disturbed = batches(torch.arange(20), batch_size=6, generator=shared)
    torch.randn(7, generator=shared)
    assert take(disturbed, 9) == take(batches(torch.arange(20), batch_size=6, generator=seeded(0)), 9)


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 7])
def test_an_interrupted_run_continues_exactly(after):
    iterator = batches(torch.arange(10), batch_size=3, generator=seeded(0))
    take(iterator, after)
    state = json.loads(json.dumps(iterator.state_dict()))
    expected = take(iterator, 8)
    resumed = batches(torch.arange(10), batch_size=3, generator=seeded(99))
    take(resumed, 5)
    resumed.load_state_dict(state)
    assert take(resumed, 8) == expected
    iterator.load_state_dict(state)  # and the same iterator goes back
    assert take(iterator, 8) == expected


def test_the_state_is_a_snapshot_that_torch_loads_safely():
    iterator = batches(torch.arange(10), batch_size=3, generator=seeded(0))
    file = io.BytesIO()
    torch.save(iterator.state_dict(), file)
    expected = take(iterator, 5)
    file.seek(0)
    iterator.load_state_dict(torch.load(file, weights_only=True))
    assert take(iterator, 5) == expected


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (batches(torch.arange(10), batch_size=2), "batch_size = 2, but here it is 3"),
        (batches(torch.arange(11), batch_size=3), "examples = 11, but here it is 10"),
    ],
)
def test_a_state_of_other_batches_is_refused(other, message):
    iterator = batches(torch.arange(10), batch_size=3, generator=seeded(0))
    before = iterator.state_dict()
    with pytest.raises(ValueError, match=message):
        iterator.load_state_dict(other.state_dict())
    assert iterator.state_dict() == before


def test_an_incomplete_state_is_refused():
    with pytest.raises(ValueError, match="expected a state with.*position.*got"):
        batches(torch.arange(10), batch_size=3).load_state_dict({"seed": 1})


def test_batches_are_copies():
    x = torch.arange(10)
    (batch,) = next(batches(x, batch_size=10))
    batch.zero_()
    assert torch.equal(x, torch.arange(10))


def test_device_moves_every_batch_and_each_tensor_is_indexed_where_it_is():
    here, elsewhere = torch.zeros(10, 2), torch.zeros(10, 3, device="meta")
    a, b = next(batches(here, elsewhere, batch_size=4))
    assert (a.device.type, b.device.type, b.shape) == ("cpu", "meta", (4, 3))
    a, b = next(batches(here, here, batch_size=4, device="meta"))
    assert a.device.type == b.device.type == "meta"


@pytest.mark.gpu
def test_a_gpu_gets_the_same_batches():
    x = torch.arange(20)
    on_cpu = take(batches(x, batch_size=6, generator=seeded(0)), 9)
    assert take(batches(x.cuda(), batch_size=6, generator=seeded(0)), 9) == on_cpu
    assert take(batches(x, batch_size=6, generator=seeded(0), device="cuda"), 9) == on_cpu


@pytest.mark.parametrize(
    ("tensors", "batch_size", "error", "message"),
    [
        ((), 1, ValueError, "at least one tensor"),
        ((torch.zeros(3), torch.zeros(4)), 2, ValueError, r"one length, got lengths \[3, 4\]"),
        ((torch.tensor(1.0),), 1, ValueError, "scalar"),
        (((torch.zeros(3), torch.zeros(3)),), 1, TypeError, r"got tuple; .*batches\(\*parts"),
        ((torch.zeros(3),), 0, ValueError, "1 to 3.*got 0"),
        ((torch.zeros(3),), -1, ValueError, "got -1"),
        ((torch.zeros(3),), 4, ValueError, "1 to 3.*got 4"),
        ((torch.zeros(0, 2),), 1, ValueError, "got 1"),
        ((torch.zeros(3),), 2.0, TypeError, "integer, got 2.0"),
        ((torch.zeros(3),), True, TypeError, "integer, got True"),
    ],
)
def test_bad_input(tensors, batch_size, error, message):
    with pytest.raises(error, match=message):
        batches(*tensors, batch_size=batch_size)
