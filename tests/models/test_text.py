"""Names as conditions: a bag of words, and a conditional VAE of pictures."""

import pytest
import torch

from gentutor.models.text import TextEncoder, bag_of_words, text_cvae
from gentutor.objectives.variational import bernoulli_log_prob


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.equation("eq-bag-of-words")
def test_a_bag_against_counts_of_words():
    """A matrix of counts times the table, and PyTorch's own bag."""
    tokens, table = torch.randint(6, (20, 8)), torch.randn(6, 3, dtype=torch.float64)
    counts = torch.stack([(tokens == word).sum(dim=1) for word in range(1, 6)], dim=1).double()
    torch.testing.assert_close(bag_of_words(tokens, table), counts @ table[1:])
    bags = torch.nn.functional.embedding_bag(tokens, table, mode="sum", padding_idx=0)
    torch.testing.assert_close(bag_of_words(tokens, table), bags)


def test_a_bag_of_nothing_and_what_is_no_bag():
    table = torch.randn(6, 3)
    assert torch.equal(bag_of_words(torch.zeros(2, 4, dtype=torch.int64), table), torch.zeros(2, 3))
    assert bag_of_words(torch.zeros(0, 4, dtype=torch.int64), table).shape == (0, 3)
    with pytest.raises(TypeError, match="table must be a floating-point tensor, got torch.int64"):
        bag_of_words(torch.zeros(2, 4, dtype=torch.int64), torch.zeros(6, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"table of shape \(W \+ 1, F\), got \(2, 4\) and \(6,\)"):
        bag_of_words(torch.zeros(2, 4, dtype=torch.int64), table[:, 0])


def test_a_name_is_the_sum_of_its_words():
    encoder = TextEncoder(5, width=6)
    tokens = torch.tensor([[3, 1, 0], [2, 2, 5]])
    table = encoder.table
    expected = encoder.net(torch.stack([table[3] + table[1], 2 * table[2] + table[5]]))
    torch.testing.assert_close(encoder(tokens), expected)
    torch.testing.assert_close(encoder(tokens), encoder(tokens.flip(1)))  # in any order
    torch.testing.assert_close(encoder(tokens[:1]), encoder(torch.tensor([[0, 0, 3, 0, 1]])))


def test_what_is_no_word_counts_nothing_and_is_not_learned():
    encoder = TextEncoder(5, width=6)
    encoder(torch.tensor([[0, 0, 4]])).sum().backward()
    gradient = encoder.table.grad.abs().sum(dim=1)
    assert gradient[4] > 0 and (gradient[[0, 1, 2, 3, 5]] == 0).all()


def test_words_are_left_out_in_training_alone():
    encoder = TextEncoder(9, width=4, dropout=0.5)
    tokens, given = torch.arange(1, 9).repeat(500, 1), []
    encoder.net.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.no_grad():
        encoder.table.copy_(torch.eye(10)[:, 1:5])  # what is summed says which of words 1 to 4 are in
    encoder(tokens)
    encoder.eval()(tokens)
    assert given[0].mean().item() == pytest.approx(0.5, abs=0.05) and (given[1] == 1).all()


def test_tokens_that_are_none():
    encoder = TextEncoder(5)
    with pytest.raises(TypeError, match="int64 tensor, got torch.float32"):
        encoder(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"shape \(B, T\) .* got \(3,\) and"):
        encoder(torch.zeros(3, dtype=torch.int64))
    for wrong, seen in ((6, "0 to 6"), (-1, "-1 to 0")):
        with pytest.raises(ValueError, match=f"must lie in 0 to 5, got {seen}"):
            encoder(torch.tensor([[0, wrong]]))


def test_pictures_of_a_name_differ_and_depend_on_the_name():
    examples = torch.tensor([[1, 2, 0], [3, 0, 0]])
    cvae = text_cvae(bernoulli_log_prob, 5, examples, latent_dim=2, hidden=(12,))
    x, z = torch.rand(2, 3, 32, 32).round(), torch.randn(4, 2, 2)
    mean, log_var = cvae.encode(x, examples)
    assert mean.shape == log_var.shape == (2, 2)
    out = cvae.decode(z, examples)
    assert out.shape == (4, 2, 3, 32, 32) and cvae.log_px_z(x, z, examples).shape == (4, 2)
    assert out.std(dim=0).max() > 1e-4
    assert (out - cvae.decode(z, examples.flip(0))).abs().max() > 1e-4
    assert torch.equal(cvae.examples, examples) and cvae.image_shape == (3, 32, 32)


def test_every_parameter_gets_a_gradient():
    examples = torch.tensor([[1, 2, 0], [3, 4, 5]])
    cvae = text_cvae(bernoulli_log_prob, 5, examples, latent_dim=2, hidden=(12,))
    x = torch.rand(2, 3, 32, 32).round()
    mean, log_var = cvae.encode(x, examples)
    cvae.log_px_z(x, mean + (log_var / 2).exp(), examples).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in cvae.parameters())
    assert (cvae.condition.table.grad[0] == 0).all()
