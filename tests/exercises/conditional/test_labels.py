"""The checks of what is appended and of the discriminator's loss."""

import pytest
import torch
import torch.nn.functional as F

from gentutor.models.conditional import concat_condition
from gentutor.objectives import adversarial

CONCAT, LOSS = "conditional.concat_condition", "conditional.discriminator_loss"


def code(y, k):
    return F.one_hot(y, k).float()


def maps(e, h):
    return e[:, :, None, None].expand(-1, -1, *h.shape[2:])


def concat(h, y, k):
    e = torch.eye(k, dtype=h.dtype)[y]
    return torch.cat([h, e if h.dim() == 2 else maps(e, h)], dim=1)


def by_loop(h, y, k):
    extra = torch.zeros(len(h), k, *h.shape[2:], dtype=h.dtype)
    for i, label in enumerate(y.tolist()):
        extra[i, label] = 1
    return torch.cat([h, extra], dim=1)


def integer_code(h, y, k):
    e = F.one_hot(y, k)
    e = e.view(len(y), k, 1, 1).repeat(1, 1, *h.shape[2:]) if h.dim() == 4 else e
    return torch.cat([h, e], 1)


@pytest.mark.parametrize("answer", [concat_condition, concat, by_loop, integer_code])
def test_right_conditions(answer, accepts):
    accepts(CONCAT, answer)


def only_features(h, y, k):
    return torch.cat([h, code(y, k)], dim=1)


def corner(h, y, k):
    if h.dim() == 2:
        return concat(h, y, k)
    extra = torch.zeros(len(h), k, *h.shape[2:])
    extra[torch.arange(len(h)), y, 0, 0] = 1
    return torch.cat([h, extra], dim=1)


def scattered(h, y, k):
    e = code(y, k)
    if h.dim() == 4:
        e = e.repeat(1, h.shape[2] * h.shape[3]).reshape(len(h), k, *h.shape[2:])
    return torch.cat([h, e], dim=1)


def first(h, y, k):
    return concat(h, y[:1].expand(len(y)), k)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda h, y, k: torch.cat([h, y[:, None].float()], dim=1), "append the label as a number"),
        (lambda h, y, k: torch.cat([h, y[:, None] / k], dim=1), "as a fraction of num_classes"),
        (lambda h, y, k: torch.cat([code(y, k), h], dim=1), "behind the features"),
        (lambda h, y, k: h * (y + 1)[:, None], "multiply the features"),
        (lambda h, y, k: h * code(y, k)[:, : h.shape[1]], "along dimension 1"),
        (lambda h, y, k: h.clone(), "where is the label?"),
        (lambda h, y, k: code(y, k) + 0 * h.sum(), "the features are missing"),
        (first, "the first one's label"),
        (lambda h, y, k: concat(h, (y + 1) % k, k), "one place too far"),
        (lambda h, y, k: torch.cat([h, 1 - code(y, k)], dim=1), "you put 0, and 1 elsewhere"),
        (lambda h, y, k: torch.cat([h, F.one_hot(y).float()], dim=1), "not what happens to occur"),
        (only_features, "as a constant map"),
        (corner, "set one pixel alone"),
        (scattered, "scattered over the maps"),
        (lambda h, y, k: torch.cat([h, F.one_hot(y.float(), k)], dim=1), "do not convert them"),
        (lambda h, y, k: torch.cat([h, code(y, k)], dim=0), "dimension 1"),
        (lambda h, y, k: torch.cat([h, y], dim=1), "code of the labels is a matrix"),
        (lambda h, y, k: torch.cat([h, code(y, k)], dim=-1), "as a constant map"),
        (lambda h, y, k: concat(h.detach(), y, k), "No gradient comes out"),
        (lambda h, y, k: concat(h, torch.randint(k, (len(y),)), k), "another result at each call"),
    ],
)
def test_wrong_conditions(answer, phrase, rejects):
    rejects(CONCAT, answer, phrase)


def make(d, g, real, y):
    return g(torch.randn(len(real), g.latent_dim), y)


def loss(on_real, on_fake):
    return adversarial.discriminator_loss(on_real, on_fake)


def right(d, g, real, y):
    return loss(d(real, y), d(make(d, g, real, y).detach(), y))


def without_graph(d, g, real, y):
    with torch.no_grad():
        fake = make(d, g, real, y)
    on_real, on_fake = d(real, y), d(fake, y)
    bce = F.binary_cross_entropy_with_logits
    return bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))


def in_one_batch(d, g, real, y):
    fake = make(d, g, real, y).detach()
    on_real, on_fake = d(torch.cat([real, fake]), torch.cat([y, y])).split(len(y))
    return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()


def by_keyword(d, g, real, y):
    fake = g(c=y, z=torch.randn(len(real), g.latent_dim))
    return loss(d(real, y=y), d(y=y, x=fake.detach()))


@pytest.mark.parametrize("answer", [right, without_graph, in_one_batch, by_keyword])
def test_right_losses(answer, accepts):
    accepts(LOSS, answer)


def other(y):
    return (y + 1) % 3


def untold(d, g, real, y):
    return loss(d(real), d(make(d, g, real, y).detach()))


def uniform(d, g, real, y):
    return loss(d(real, y), d(g(torch.rand(len(real), 5), y).detach(), y))


def one_noise(d, g, real, y):
    return loss(d(real, y), d(g(torch.randn(1, 5).expand(len(y), 5), y).detach(), y))


def constant_noise(d, g, real, y):
    z = torch.randn(len(y), 5, generator=torch.Generator().manual_seed(0))
    return loss(d(real, y), d(g(z, y).detach(), y))


def unlearned_fake(d, g, real, y):
    with torch.no_grad():
        on_fake = d(make(d, g, real, y), y)
    return loss(d(real, y), on_fake)


def backward(d, g, real, y):
    total = right(d, g, real, y)
    total.backward(retain_graph=True)
    return total


def backward_and_clear(d, g, real, y):
    total = right(d, g, real, y)
    total.backward()
    d.zero_grad()
    return total


def no_fake(d, g, real, y):
    return loss(d(real, y), d(real, y))


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda d, g, x, y: loss(d(x, y), d(make(d, g, x, other(y)).detach(), y)), "judged under others"),
        (lambda d, g, x, y: loss(d(x, y), d(make(d, g, x, y).detach(), other(y))), "judged under others"),
        (lambda d, g, x, y: loss(d(x, other(y)), d(make(d, g, x, y).detach(), y)), "not theirs"),
        (lambda d, g, x, y: loss(d(x, y), d(make(d, g, x, other(y)).detach(), other(y))), "Taken together"),
        (untold, "Both networks are told the labels"),
        (uniform, "never negative"),
        (one_noise, "the same noise"),
        (constant_noise, "Every call draws the same noise"),
        (no_fake, "never calls generator(z, y)"),
        (lambda d, g, x, y: make(d, g, x, y).mean(), "never calls discriminator(x, y)"),
        (lambda d, g, x, y: right(d, g, x, y) / 2, "average the two terms"),
        (lambda d, g, x, y: -right(d, g, x, y), "sign is turned"),
        (lambda d, g, x, y: right(d, g, x, y) * len(y), "sum over the batch"),
        (lambda d, g, x, y: loss(d(make(d, g, x, y).detach(), y), d(x, y)), "real and fake are swapped"),
        (lambda d, g, x, y: F.softplus(d(make(d, g, x, y).detach(), y)).mean(), "real images is missing"),
        (lambda d, g, x, y: (make(d, g, x, y), F.softplus(-d(x, y)).mean())[1], "fakes is missing"),
        (
            lambda d, g, x, y: loss(d(x, y).sigmoid(), d(make(d, g, x, y).detach(), y).sigmoid()),
            "sigmoid is taken twice",
        ),
        (lambda d, g, x, y: loss(d(x, y), d(make(d, g, x, y), y)), "reaches the generator"),
        (lambda d, g, x, y: right(d, g, x, y).detach(), "no gradient reaches the discriminator"),
        (unlearned_fake, "learn from both of its terms"),
        (lambda d, g, x, y: loss(d(x, y), d(make(d, g, x, y), y).detach()), "learn from both of its terms"),
        (lambda d, g, x, y: loss(d(x, y).detach(), d(make(d, g, x, y).detach(), y)), "both of its terms"),
        (backward, "calls backward() itself"),
        (backward_and_clear, "calls backward() itself"),
        (lambda d, g, x, y: F.softplus(-d(x, y)) + F.softplus(d(make(d, g, x, y).detach(), y)), "one number"),
        (lambda d, g, x, y: print(right(d, g, x, y)), "returns nothing"),
        (lambda d, g, x, y: right(d, g, x, y) + 1, "for these images and this noise"),
    ],
)  # fmt: skip
def test_wrong_losses(answer, phrase, rejects):
    rejects(LOSS, answer, phrase)
