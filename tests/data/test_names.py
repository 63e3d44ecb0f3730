"""Words, vocabularies and tokens of names."""

import pytest
import torch

from gentutor import data


def test_words_are_runs_of_letters_and_digits():
    assert data.words("Woman in motorized wheelchair: facing right") == (
        "woman",
        "in",
        "motorized",
        "wheelchair",
        "facing",
        "right",
    )
    assert data.words("three o’clock") == ("three", "o", "clock")
    assert data.words("piñata, 100 %; snake_case") == ("piñata", "100", "snake", "case")
    assert data.words("...") == ()


def test_a_vocabulary_holds_each_word_once_in_order():
    names = ["red heart", "Red circle", "heart with arrow"]
    assert data.vocabulary(names) == ("arrow", "circle", "heart", "red", "with")
    assert data.vocabulary(reversed(names)) == data.vocabulary(names)
    assert data.vocabulary([]) == ()


def test_tokens_can_be_turned_back_into_words():
    names = [emoji.name_en for emoji in data.emoji_table()]
    known = data.vocabulary(names)
    rows = data.tokens(names, known)
    assert rows.shape == (len(names), 8) and rows.dtype == torch.int64
    for row, name in zip(rows.tolist(), names, strict=True):
        assert tuple(known[number - 1] for number in row if number) == data.words(name)
        assert all(number == 0 for number in row[len(data.words(name)) :])


def test_an_unknown_word_is_as_if_it_were_not_there():
    assert data.tokens(["purple heart", "purple"], ("heart",), length=3).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert data.tokens([], ("heart",), length=3).shape == (0, 3)


def test_names_that_do_not_fit():
    with pytest.raises(TypeError, match="a list of strings, got one string: 'red heart'"):
        data.tokens("red heart", ("red",))
    with pytest.raises(ValueError, match="names of at most 2 words, got 3: 'heart with arrow'"):
        data.tokens(["heart with arrow"], ("heart",), length=2)
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        data.tokens(["heart"], ("heart",), length=0)
