"""Ranks of what was meant among candidates, and emoji from their names."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gentutor import data, recipes
from gentutor.data import emoji_names, emoji_words, name_tokens
from gentutor.evaluation import retrieval_ranks
from gentutor.evaluation.measures.text import name_groups
from gentutor.models.sampling import sample_images
from gentutor.recipes.tasks import EMOJI_NAMES


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.equation("eq-retrieval-rank")
def test_ranks_against_scikit_learn():
    made, candidates = random(40, 2, 3), random(40, 2, 3, seed=1)
    ranks = retrieval_ranks(made, candidates)
    order = NearestNeighbors(n_neighbors=40).fit(candidates.flatten(1)).kneighbors(made.flatten(1))[1]
    for i in range(40):
        assert order[i, ranks[i] - 1] == i
    assert retrieval_ranks(candidates, candidates).tolist() == [1] * 40


def test_by_chance_ranks_are_uniform():
    ranks = torch.cat(
        [retrieval_ranks(random(20, 5, seed=s), random(20, 5, seed=s + 1000)) for s in range(200)]
    )
    assert ranks.double().mean().item() == pytest.approx(10.5, abs=0.5)
    assert (ranks == 1).double().mean().item() == pytest.approx(1 / 20, abs=0.015)


def test_one_answer_for_all_finds_nothing():
    """Not even by ties: a candidate equally far counts as nearer."""
    candidates = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    assert retrieval_ranks(torch.zeros(3, 2), candidates).tolist() == [3, 3, 3]
    twins = torch.tensor([[1.0], [1.0]])
    assert retrieval_ranks(twins, twins).tolist() == [2, 2]


def test_what_cannot_be_ranked():
    with pytest.raises(ValueError, match=r"one shape \(N, ...\), N >= 1, got \(3, 2\) and \(4, 2\)"):
        retrieval_ranks(torch.zeros(3, 2), torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"got \(0, 2\)"):
        retrieval_ranks(torch.zeros(0, 2), torch.zeros(0, 2))
    with pytest.raises(ValueError, match="made holds values that are not finite"):
        retrieval_ranks(torch.full((2, 2), torch.nan), torch.zeros(2, 2))
    with pytest.raises(TypeError, match="candidates must be a floating-point tensor, got torch.uint8"):
        retrieval_ranks(torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.uint8))


def test_what_is_shown_was_never_seen_but_each_word_was():
    assert not set(EMOJI_NAMES) & set(emoji_names("paired"))
    assert set(EMOJI_NAMES) <= set(emoji_names("test"))
    assert {word for name in EMOJI_NAMES for word in data.words(name)} <= set(emoji_words())
    assert (name_tokens(list(EMOJI_NAMES)) > 0).any(dim=1).all()


def test_measuring_emoji_from_their_names():
    torch.manual_seed(0)
    recipe = recipes.get("cvae-emoji")
    model = recipe.model()
    numbers = recipe.measure(model, n=60)
    assert recipe.measure(model, n=60) == numbers != recipe.measure(model, n=60, seed=1)
    assert numbers["top1"] <= numbers["top5"] < 0.5 and numbers["names"] == numbers["names_train"] == 60
    assert numbers["top5_low_known"] <= numbers["top5_known"] <= numbers["top5_high_known"]
    assert {"top1_new", "top1_train", "negative_elbo", "negative_elbo_train"} <= numbers.keys()
    assert sample_images(model, 8).shape == (8, 3, 32, 32)


def test_groups_of_names():
    names = ["orange heart", "pink heart", "ghost", "heart", "heart red", "face with yarn", "angry face"]
    groups = {name: members.tolist() for name, members in name_groups(names).items()}
    assert groups == {
        "unknown": [False, False, True, False, False, False, False],
        "known": [True, False, False, True, True, False, True],
        "new": [True, False, False, False, False, False, True],  # "red heart" was trained on, in any order
        "colour": [True, False, False, False, False, False, False],
        "face": [False, False, False, False, False, False, True],
    }


def test_the_groups_of_the_test_names():
    groups = name_groups(emoji_names("test"))
    assert not (groups["known"] & groups["unknown"]).any()
    for inner, outer in (("new", "known"), ("colour", "new"), ("face", "new")):
        assert (groups[inner] <= groups[outer]).all() and groups[inner].any()
    shown = torch.tensor([name in EMOJI_NAMES for name in emoji_names("test")])
    assert (shown <= groups["new"]).all()


def test_a_model_that_knows_every_picture_finds_all():
    pictures, told = data.to_unit(data.emoji("noto", "test").images), name_tokens(emoji_names("test"))
    ranks = retrieval_ranks(pictures + 0.01, pictures)
    assert (ranks == 1).all() and len(told) == len(pictures) == 200
