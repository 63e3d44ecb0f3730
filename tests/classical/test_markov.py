"""The Markov chain against a count by dictionaries, on plays and poems."""

import math
from collections import Counter

import pytest
import torch

from gentutor import data
from gentutor.classical import MarkovChain


def by_hand(train, test, order, smoothing, alphabet):
    """The same log-probabilities, one character at a time."""
    runs = Counter(train[i : i + order + 1] for i in range(len(train) - order))
    contexts = Counter(train[i : i + order] for i in range(len(train) - order))
    return [
        math.log(
            (runs[test[i : i + order + 1]] + smoothing)
            / (contexts[test[i : i + order]] + smoothing * len(alphabet))
        )
        for i in range(len(test) - order)
    ]


@pytest.fixture(scope="module")
def poems():
    train, test = (data.text("shakespeare-sonnets", split)[:20_000] for split in ("train", "test"))
    return train, test[:3000], "".join(sorted(set(train + test)))


@pytest.mark.equation("eq-smoothing")
@pytest.mark.equation("eq-bits")
@pytest.mark.parametrize("order", [0, 1, 2, 5])
@pytest.mark.parametrize("smoothing", [0.01, 1.0])
def test_probabilities_are_those_counted_one_by_one(poems, order, smoothing):
    train, test, alphabet = poems
    chain = MarkovChain.fit(train, order, smoothing, alphabet)
    expected = torch.tensor(by_hand(train, test, order, smoothing, alphabet), dtype=torch.float64)
    assert chain.log_probs(test).shape == (len(test) - order,)
    torch.testing.assert_close(chain.log_probs(test), expected)
    bits = -expected.mean().item() / math.log(2)
    assert chain.bits_per_character(test) == pytest.approx(bits)


def test_chinese_poems():
    train, test = (data.text("tang-quatrains", split)[:9000] for split in ("train", "test"))
    alphabet = "".join(sorted(set(train + test)))
    chain = MarkovChain.fit(train, 2, 0.01, alphabet)
    expected = torch.tensor(by_hand(train, test, 2, 0.01, alphabet), dtype=torch.float64)
    torch.testing.assert_close(chain.log_probs(test), expected)
    assert len(chain.sample(20)) == 20


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_the_probabilities_after_a_context_sum_to_1(order, smoothing):
    chain = MarkovChain.fit("abracadabra, abracadabra", order, smoothing)
    context = "abracadabra"[:order]
    total = sum(chain.log_probs(context + last)[0].exp() for last in chain.alphabet)
    assert total.item() == pytest.approx(1)


def test_without_smoothing_the_training_text_is_most_likely_and_others_impossible(poems):
    train, test, alphabet = poems
    bits = [MarkovChain.fit(train, order, 0.0, alphabet).bits_per_character(train) for order in range(7)]
    assert all(later < earlier for earlier, later in zip(bits, bits[1:], strict=False))
    assert MarkovChain.fit(train, 4, 0.0, alphabet).bits_per_character(test) == math.inf
    chain = MarkovChain.fit("ababab", 1, 0.0, alphabet="abc")
    assert chain.log_probs("bab").tolist() == [0, 0]
    assert chain.log_probs("ac").tolist() == [-math.inf]  # never followed a
    assert chain.log_probs("ca").tolist() == [-math.inf]  # c never occurred


def test_an_unseen_context_is_uniform_with_smoothing():
    chain = MarkovChain.fit("ababab", 1, 0.5, alphabet="abc")
    torch.testing.assert_close(chain.log_probs("ca").exp(), torch.tensor([1 / 3], dtype=torch.float64))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_samples_follow_the_probabilities(smoothing):
    chain = MarkovChain.fit("aaabbbacabacbbca", 1, smoothing)
    sample = chain.sample(20_000, torch.Generator().manual_seed(0), start="a")
    pairs = Counter(zip("a" + sample, sample, strict=False))
    for context in "abc":
        total = sum(n for (first, _), n in pairs.items() if first == context)
        for last in "abc":
            expected = chain.log_probs(context + last).exp().item()
            assert pairs[context, last] / total == pytest.approx(expected, abs=0.02)


def test_a_sample_goes_on_from_its_start_and_repeats(poems):
    chain = MarkovChain.fit(poems[0], 5, 0.0)
    first, again = (chain.sample(300, torch.Generator().manual_seed(1), start="Shall I ") for _ in range(2))
    assert first == again and len(first) == 300
    text = "all I " + first
    assert all(text[i : i + 6] in poems[0] for i in range(len(text) - 5))  # every run of six was seen
    free = chain.sample(50, torch.Generator().manual_seed(2))
    assert free != chain.sample(50, torch.Generator().manual_seed(3))


def test_order_0_draws_single_characters():
    chain = MarkovChain.fit("aab", 0, 0.0)
    assert chain.contexts.tolist() == [0] and chain.context_counts.tolist() == [3]
    sample = chain.sample(6000, torch.Generator().manual_seed(0))
    assert sample.count("a") / 6000 == pytest.approx(2 / 3, abs=0.02)
    assert chain.bits_per_character("aab") == pytest.approx(math.log2(3) - 2 / 3)


def test_fit_refuses():
    for text, order, smoothing, alphabet, error, message in (
        ("abc", 3, 1.0, None, ValueError, "a text of more than 3 characters, got 3"),
        ("", 0, 1.0, None, ValueError, "more than 0 characters"),
        ("abc", -1, 1.0, None, ValueError, "at least 0, got -1"),
        ("abc", 1, -1.0, None, ValueError, "at least 0, got 1 and -1.0"),
        ("abc", 1, math.nan, None, ValueError, "at least 0"),
        ("abc", 1, 1.0, "ab", ValueError, "outside the chain's alphabet: 'c'"),
        ("abc", 1, 0.0, "", ValueError, "outside the chain's alphabet: 'abc'"),
        ("abcdefgh" * 20, 21, 1.0, None, ValueError, "order 21 is too high for 8 characters"),
        ("abc", 1.0, 1.0, None, TypeError, "order must be an integer, got 1.0"),
        (["a", "b"], 1, 1.0, None, TypeError, "text must be a string, got list"),
    ):
        with pytest.raises(error, match=message):
            MarkovChain.fit(text, order, smoothing, alphabet)


def test_methods_refuse():
    chain = MarkovChain.fit("abcabd", 2, 0.0)
    with pytest.raises(ValueError, match="outside the chain's alphabet: 'xy'; fit it with alphabet="):
        chain.log_probs("abxcy")
    with pytest.raises(ValueError, match="more than 2 characters, got 2"):
        chain.bits_per_character("ab")
    with pytest.raises(TypeError, match="NoneType"):
        chain.log_probs(None)
    with pytest.raises(ValueError, match="start must have at least 2 characters, got 1"):
        chain.sample(5, start="a")
    with pytest.raises(ValueError, match="nothing ever followed this context"):
        chain.sample(5, start="bd")
    with pytest.raises(ValueError, match="n must be at least 1"):
        chain.sample(0)
