"""Networks that are told a label: what is appended, projected and guessed, and what is refused."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor.models import conditional
from gentutor.models.conditional import (
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    EmbeddingDiscriminator,
    LabelEmbedding,
    OneHot,
    ProjectionDiscriminator,
    concat_condition,
    label_generator,
    one_hot,
)
from gentutor.objectives.conditional import projection_logits

TOLD = [ConcatDiscriminator, EmbeddingDiscriminator, ProjectionDiscriminator]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def labels(n: int = 6) -> torch.Tensor:
    return torch.tensor([3, 0, 9, 3, 7, 1])[:n]


def test_one_hot_is_the_identitys_rows():
    assert torch.equal(one_hot(torch.arange(4), 4), torch.eye(4))
    assert torch.equal(one_hot(labels(), 10), torch.eye(10)[labels()])
    assert one_hot(labels()[:0], 10).shape == (0, 10)


@pytest.mark.equation("eq-concat-condition")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_features_get_one_hot_numbers(dtype):
    h = torch.randn(6, 5).to(dtype)
    told = concat_condition(h, labels(), 10)
    assert told.shape == (6, 15) and told.dtype == dtype
    assert torch.equal(told[:, :5], h)
    assert torch.equal(told[:, 5:], torch.eye(10, dtype=dtype)[labels()])


@pytest.mark.equation("eq-concat-condition")
def test_maps_get_constant_maps():
    h = torch.randn(6, 2, 3, 4, dtype=torch.float64)
    told = concat_condition(h, labels(), 11)
    assert told.shape == (6, 13, 3, 4)
    assert torch.equal(told[:, :2], h)
    for i, y in enumerate(labels().tolist()):
        for k in range(11):
            assert (told[i, 2 + k] == float(k == y)).all()


def test_gradients_pass_through_the_features():
    h = torch.randn(6, 2, 3, 4, requires_grad=True)
    concat_condition(h, labels(), 10).sum().backward()
    assert torch.equal(h.grad, torch.ones_like(h))


@pytest.mark.parametrize(
    ("h", "y", "error", "message"),
    [
        (torch.zeros(6, 2), labels(5), ValueError, "one label for each of 6 examples, got 5"),
        (
            torch.zeros(6, 2),
            labels()[:, None],
            ValueError,
            r"shape \(B,\), one for each example, got \(6, 1\)",
        ),
        (torch.zeros(6, 2), one_hot(labels(), 10), TypeError, "int64 tensor, got torch.float32"),
        (torch.zeros(6, 2), labels().int(), TypeError, "int64 tensor, got torch.int32"),
        (torch.zeros(6, 2), None, TypeError, "int64 tensor, got NoneType"),
        (torch.zeros(6, 2), [1] * 6, TypeError, "int64 tensor, got list"),
        (torch.zeros(6, 2), labels() + 1, ValueError, "must lie in 0 to 9, got 1 to 10"),
        (torch.zeros(6, 2), labels() - 1, ValueError, "must lie in 0 to 9, got -1 to 8"),
        (torch.zeros(6), labels(), ValueError, r"\(B, D\) or \(B, C, H, W\), got \(6,\)"),
        (torch.zeros(6, 2, 3), labels(), ValueError, r"got \(6, 2, 3\)"),
        (torch.zeros(6, 2, dtype=torch.uint8), labels(), TypeError, "floating-point tensor, got torch.uint8"),
        (None, labels(), TypeError, "floating-point tensor, got NoneType"),
    ],
)
def test_what_cannot_be_appended(h, y, error, message):
    with pytest.raises(error, match=message):
        concat_condition(h, y, 10)


def test_an_embedding_is_a_row_of_its_table():
    embedding = LabelEmbedding(10, 4).double()
    expected = F.embedding(labels(), embedding.table)
    torch.testing.assert_close(embedding(labels()).double(), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="0 to 9, got 10 to 10"):
        embedding(torch.tensor([10]))


@pytest.mark.parametrize("condition", [OneHot(10), LabelEmbedding(10, 50)], ids=["one-hot", "embedding"])
def test_a_generator_is_told_the_label_beside_its_noise(condition):
    generator = label_generator(condition, latent_dim=8, width=4).eval()
    z = torch.randn(6, 8)
    images = generator(z, labels())
    assert images.shape == (6, *generator.image_shape) == (6, 1, 28, 28) and images.abs().max() <= 1
    told = torch.cat([z, condition(labels())], dim=1)
    torch.testing.assert_close(images, generator.net(told))
    same_noise = generator(z[:1].expand(10, -1), torch.arange(10))
    assert (same_noise[1:] - same_noise[:1]).abs().amax(dim=(1, 2, 3)).min() > 1e-4  # each label its own


def test_a_generator_told_one_hot_labels_takes_concat_condition():
    generator = label_generator(OneHot(10), latent_dim=8, width=4).eval()
    z = torch.randn(6, 8)
    expected = generator.net(concat_condition(z, labels(), 10))
    torch.testing.assert_close(generator(z, labels()), expected)


def test_a_generators_examples_are_all_labels_and_not_stored():
    generator = label_generator(OneHot(10))
    assert torch.equal(generator.examples, torch.arange(10))
    assert "examples" not in generator.state_dict()


@pytest.mark.parametrize("shape", [(6, 9), (6,), (6, 8, 1)])
def test_noise_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"expected noise of shape \(B, 8\), got \("):
        label_generator(OneHot(10), latent_dim=8, width=4)(torch.zeros(shape), labels())


def test_labels_of_another_number_than_noise():
    with pytest.raises(ValueError, match="one condition for each of 6 examples, got 5"):
        label_generator(OneHot(10), latent_dim=8, width=4)(torch.zeros(6, 8), labels(5))


@pytest.mark.parametrize("kind", TOLD)
def test_one_label_for_many_images(kind):
    with pytest.raises(ValueError, match="one (condition|label) for each of 6 examples, got 1"):
        kind(width=4)(torch.randn(6, 1, 28, 28), labels(1))


@pytest.mark.parametrize("kind", TOLD)
def test_a_discriminator_that_is_told_the_label(kind):
    discriminator, x = kind(width=4).eval(), torch.randn(6, 1, 28, 28)
    logits = discriminator(x, labels())
    assert logits.shape == (6,)
    others = discriminator(x, (labels() + 1) % 10)
    assert (logits - others).abs().min() > 1e-5  # the label counts for every image
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in discriminator.parameters())
    with pytest.raises(ValueError, match="must lie in 0 to 9, got 10 to 10"):
        discriminator(x[:1], torch.tensor([10]))


def test_the_concatenating_discriminator_sees_constant_maps():
    discriminator, x = ConcatDiscriminator(width=4).eval(), torch.randn(6, 1, 28, 28)
    told = concat_condition(x, labels(), 10)
    expected = discriminator.head(discriminator.body(told))[:, 0]
    torch.testing.assert_close(discriminator(x, labels()), expected)
    assert discriminator.body[1].in_channels == 11


def test_the_embedding_discriminator_sees_one_map():
    discriminator, x = EmbeddingDiscriminator(width=4).eval(), torch.randn(6, 1, 28, 28)
    maps = discriminator.embedding.table[labels()].view(6, 1, 28, 28)
    expected = discriminator.head(discriminator.body(torch.cat([x, maps], dim=1)))[:, 0]
    torch.testing.assert_close(discriminator(x, labels()), expected)
    assert discriminator.body[1].in_channels == 2


def test_the_projection_discriminator_computes_the_books_logits():
    discriminator, x = ProjectionDiscriminator(width=4).eval(), torch.randn(6, 1, 28, 28)
    features = discriminator.body(x)
    vectors = discriminator.vectors.table[labels()]
    expected = projection_logits(features, discriminator.head(features)[:, 0], vectors)
    torch.testing.assert_close(discriminator(x, labels()), expected)


def test_the_projection_discriminator_computes_them_by_the_tested_function(monkeypatch):
    called = []
    monkeypatch.setattr(conditional, "projection_logits", lambda *given: called.append(given) or given[1])
    discriminator, x = ProjectionDiscriminator(width=4), torch.randn(6, 1, 28, 28)
    assert discriminator(x, labels()).shape == (6,)
    ((features, score, vectors),) = called
    assert features.shape == vectors.shape == (6, 2 * 4 * 7 * 7) and score.shape == (6,)


def test_the_auxiliary_discriminator_guesses():
    discriminator, x = AuxiliaryDiscriminator(width=4), torch.randn(6, 1, 28, 28)
    logits, classes = discriminator(x)
    assert logits.shape == (6,) and classes.shape == (6, 10)
    (logits.sum() + classes.logsumexp(dim=1).sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in discriminator.parameters())


@pytest.mark.parametrize("kind", [*TOLD, AuxiliaryDiscriminator])
def test_noise_on_the_input_in_training_alone(kind):
    discriminator, x = kind(width=4, noise=0.5), torch.randn(6, 1, 28, 28)
    told = (x,) if kind is AuxiliaryDiscriminator else (x, labels())

    def logits() -> torch.Tensor:
        out = discriminator(*told)
        return out[0] if isinstance(out, tuple) else out

    assert not torch.equal(logits(), logits())
    discriminator.eval()
    assert torch.equal(logits(), logits())


def test_numbers_of_parameters():
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    body = 16 * 32 + 32 + 32 * 64 * 16 + 2 * 64  # two convolutions, one with a bias, and a BatchNorm
    features = 64 * 7 * 7
    assert count(ConcatDiscriminator()) == body + 10 * 16 * 32 + features + 1
    assert count(EmbeddingDiscriminator()) == body + 16 * 32 + features + 1 + 10 * 784
    assert count(ProjectionDiscriminator()) == body + features + 1 + 10 * features
    assert count(AuxiliaryDiscriminator()) == body + features + 1 + 10 * (features + 1)
