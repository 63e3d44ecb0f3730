"""The checks of the questions without code, and the facts behind them."""

import pytest
import torch

from gentutor.exercises import EXERCISES
from gentutor.models.cyclegan import HistoryPool, PatchDiscriminator, receptive_field
from gentutor.objectives.translation import cycle_consistency_loss

FIELD, MAPS, FOLDED, AGE, BUG, HIDDEN = (
    f"cyclegan.{name}"
    for name in (
        "receptive_field", "which_maps", "folded_map", "pool_age", "spot_the_bug", "hidden_information"
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (FIELD, 34),
        (FIELD, 34.0),
        (FIELD, lambda: receptive_field(PatchDiscriminator(layers=2))),
        (MAPS, "b"),
        (MAPS, "(B)"),
        (FOLDED, 0.5),
        (FOLDED, 1 / 2),
        (FOLDED, torch.tensor(0.5)),
        (AGE, 100),
        (AGE, 2 * 50),
        (BUG, "d"),
        (BUG, "D"),
        (HIDDEN, "b"),
    ],
)
def test_right_answers(id, answer, accepts):
    accepts(id, answer)


@pytest.mark.parametrize(
    ("id", "answer", "phrase"),
    [
        (FIELD, 33, "the 1 in front of the sum"),
        (FIELD, 13, "without strides"),
        (FIELD, 70, "three halvings"),
        (FIELD, 22, "One convolution is missing"),
        (FIELD, 10, "two strided convolutions"),
        (FIELD, 43, "own stride"),
        (FIELD, 45, "k - 1 = 3, not 4"),
        (FIELD, 44, "and the start is 1"),
        (FIELD, 16, "do not add up to 16"),
        (FIELD, 256, "Kernels do not multiply"),
        (FIELD, 6, "map of scores"),
        (FIELD, 34 * 34, "number of pixels in the patch"),
        (FIELD, 32, "larger than the image"),
        (FIELD, "34", "number is expected"),
        (MAPS, "a", "knows about partners"),
        (MAPS, "c", "no F can tell"),
        (MAPS, "d", "larger values are missing"),
        (MAPS, "2", "one of the letters a, b, c, d"),
        (FOLDED, 0, "wrong for at least one"),
        (FOLDED, 1, "already gives E|a|"),
        (FOLDED, 0.333, "an absolute one"),
        (FOLDED, 0.25, "off by 2|a|"),
        (FOLDED, 0.667, "only not its sign"),
        (AGE, 50, "Only at every second step"),
        (AGE, 25, "1 over that"),
        (AGE, 200, "1/2, not 1/4"),
        (AGE, 0.01, "chance per step"),
        (AGE, 69, "the median"),
        (AGE, 2, "one of 50"),
        (AGE, 99, "1/p"),
        (BUG, "a", "G takes images of A"),
        (BUG, "b", "D_B judges what G makes"),
        (BUG, "c", "and back"),
        (BUG, "e", "a pool detaches"),
        (BUG, "f", "one of the letters"),
        (HIDDEN, "a", "have not changed"),
        (HIDDEN, "c", "no amount of data"),
        (HIDDEN, "d", "nothing against them"),
    ],
)
def test_wrong_answers(id, answer, phrase, rejects):
    rejects(id, answer, phrase)


@pytest.mark.parametrize(
    "id", ["cycle_consistency_loss", "identity_loss", "generator_loss", "history_pool", "receptive_field"]
)
def test_the_stub_is_not_attempted(id):
    def stub(*arguments):
        raise NotImplementedError

    assert EXERCISES[f"cyclegan.{id}"].verdict(stub).status == "not attempted"


def test_the_receptive_field_is_that_of_the_chapters_discriminator():
    assert receptive_field(PatchDiscriminator(layers=2)) == EXERCISES[FIELD].judge.expected
    assert PatchDiscriminator(layers=2)(torch.zeros(1, 1, 32, 32)).shape[-1] == 6


A = torch.linspace(-1, 1, 4001, dtype=torch.float64)


def uniform(x):
    return bool((x.sort().values - A).abs().max() < 2e-3)


def test_which_maps_are_measure_preserving_and_which_can_be_undone():
    b = 2 * A.abs() - 1
    verdicts = {
        1: (uniform(A), cycle_consistency_loss(A, A) == 0),
        2: (uniform(-A), cycle_consistency_loss((-A).neg(), A) == 0),
        3: (uniform(b), cycle_consistency_loss(torch.zeros_like(A), A) < 1e-3),
        4: (uniform(A / 2), cycle_consistency_loss(2 * (A / 2), A) == 0),
    }
    assert [number for number, (marginal, cycle) in verdicts.items() if marginal and cycle] == [1, 2]
    assert verdicts[3] == (True, False) and verdicts[4] == (False, True)


def test_no_way_back_from_the_folded_map_is_better_than_one_half():
    """For each |a|, over a grid of answers: the smallest mean of the two errors is |a|."""
    sizes = A[A >= 0]
    answers = A[:, None]
    best = (((answers - sizes).abs() + (answers + sizes).abs()) / 2).amin(dim=0)
    torch.testing.assert_close(best, sizes)
    assert best.mean().item() == pytest.approx(EXERCISES[FOLDED].judge.expected, abs=1e-3)


def test_the_mean_age_in_the_pool():
    torch.manual_seed(0)
    pool, ages = HistoryPool(capacity=50), []
    for step in range(6000):
        out = pool(torch.full((1, 1), float(step))).item()
        if out < step and step > 1000:
            ages.append(step - out)
    deviation = 100 / len(ages) ** 0.5
    assert abs(sum(ages) / len(ages) - EXERCISES[AGE].judge.expected) < 4 * deviation
