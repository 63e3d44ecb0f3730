"""The checks that watch networks: right answers in batches of any size and order, and near misses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli
from torch.func import vmap

from gentutor.objectives import adversarial

LOSS, SAMPLE = "conditional.discriminator_loss", "conditional.sample"
loss = adversarial.discriminator_loss


def make(g, y):
    with torch.no_grad():
        return g(torch.randn(len(y), g.latent_dim), y)


def permuted(d, g, real, y):
    other = y[torch.randperm(len(y))]
    return loss(d(real, y), d(make(g, other), other))


def permuted_in_one_batch(d, g, real, y):
    other = y[torch.randperm(len(y))]
    on_fake, on_real = d(torch.cat([make(g, other), real]), torch.cat([other, y])).chunk(2)
    return loss(on_real, on_fake)


def one_by_one(d, g, real, y):
    total = 0
    for x, label in zip(real[:, None], y[:, None], strict=True):
        total = total + loss(d(x, label), d(make(g, label), label))
    return total / len(y)


def in_chunks(d, g, real, y):
    total = 0
    for x, labels in zip(real.split(5), y.split(5), strict=True):
        fake = make(g, labels)
        total = total + F.softplus(-d(x, labels)).sum() + F.softplus(d(fake, labels)).sum()
    return total / len(y)


def fakes_first(d, g, real, y):
    on_fake = d(torch.cat([make(g, labels) for labels in y.split(3)]), y)
    return loss(d(real, y), on_fake)


def reals_shuffled(d, g, real, y):
    order = torch.randperm(len(y))
    return loss(d(real[order], y[order]), d(make(g, y), y))


def with_a_look(d, g, real, y):
    make(g, torch.zeros_like(y))
    fake = make(g, y)
    d(real, y)
    return loss(d(real, y), d(fake, y))


def by_distributions(d, g, real, y):
    fake = make(g, y)
    real_part = Bernoulli(logits=d(real, y)).log_prob(torch.ones(len(y)))
    return -(real_part + Bernoulli(logits=d(fake, y)).log_prob(torch.zeros(len(y)))).mean()


def in_double(d, g, real, y):
    return loss(d(real, y).double(), d(make(g, y), y).double())


@pytest.mark.parametrize(
    "answer",
    [
        permuted,
        permuted_in_one_batch,
        one_by_one,
        in_chunks,
        fakes_first,
        reals_shuffled,
        with_a_look,
        by_distributions,
        in_double,
    ],
)
def test_right_losses(answer, accepts):
    accepts(LOSS, answer)


def permuted_for_the_judge_alone(d, g, real, y):
    return loss(d(real, y), d(make(g, y), y[torch.randperm(len(y))]))


def permuted_for_the_generator_alone(d, g, real, y):
    return loss(d(real, y), d(make(g, y[torch.randperm(len(y))]), y))


def labels_at_random(d, g, real, y):
    other = torch.randint(3, (len(y),))
    return loss(d(real, y), d(make(g, other), other))


def one_label_for_all(d, g, real, y):
    return loss(d(real, y), d(make(g, y[:1].expand(len(y))), y[:1].expand(len(y))))


def one_fake_for_all(d, g, real, y):
    return loss(d(real, y), d(make(g, y[:1]), y[:1]))


def one_noise(d, g, real, y):
    z = torch.randn(1, 5)
    with torch.no_grad():
        fake = torch.cat([g(z, label[None]) for label in y])
    return loss(d(real, y), d(fake, y))


def mean_of_chunks(d, g, real, y):
    parts = [loss(d(x, k), d(make(g, k), k)) for x, k in zip(real.split(5), y.split(5), strict=True)]
    return torch.stack(parts).mean()


def noisy_images(d, g, real, y):
    return loss(d(real + 0.1 * torch.randn_like(real), y), d(make(g, y), y))


def in_evaluation_mode(d, g, real, y):
    d.eval()
    return permuted(d, g, real, y)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (permuted_for_the_judge_alone, "judged under others"),
        (permuted_for_the_generator_alone, "judged under others"),
        (labels_at_random, "by their labels"),
        (one_label_for_all, "by their labels"),
        (one_fake_for_all, "judges 1 different fakes for 12"),
        (one_noise, "no two from the same noise"),
        (mean_of_chunks, "for these images and this noise"),
        (noisy_images, "neither a real image nor"),
        (in_evaluation_mode, "leaves discriminator in evaluation mode"),
        (lambda d, g, x, y: loss(d(x, y).mean(), d(make(g, y), y).mean()), "mean of the logits first"),
        (
            lambda d, g, x, y: (d(x, y) - 1).square().mean() + d(make(g, y), y).square().mean(),
            "least-squares",
        ),
        (lambda d, g, x, y: loss(d(x, y), d.forward(g.forward(torch.randn(len(y), 5), y), y)), "generator(z"),
        (lambda d, g, x, y: loss(d(x, y), d(g(torch.randn(5, 5), y), y)), "one row of z for each label"),
    ],
)
def test_wrong_losses(answer, phrase, rejects):
    rejects(LOSS, answer, phrase)


def draw(cvae, y):
    with torch.no_grad():
        return cvae.decode(torch.randn(len(y), cvae.latent_dim), y).sigmoid()


def by_label(cvae, y):
    images = torch.empty(len(y), *cvae.image_shape)
    for label in y.unique():
        images[y == label] = draw(cvae, y[y == label])
    return images


@torch.no_grad()
def by_vmap(cvae, y):
    z = torch.randn(1, len(y), cvae.latent_dim)
    return vmap(lambda rows: cvae.decode(rows, y))(z)[0].sigmoid()


@torch.no_grad()
def by_numpy(cvae, y):
    z = torch.from_numpy(np.random.default_rng().standard_normal((len(y), cvae.latent_dim))).float()
    return 1 / (1 + np.exp(-cvae.decode(z, y).numpy()))


@torch.no_grad()
def with_a_draw_in_front(cvae, y):
    return cvae.decode(torch.randn(1, len(y), cvae.latent_dim), y)[0].sigmoid()


@pytest.mark.parametrize(
    "answer",
    [
        lambda cvae, y: torch.cat([draw(cvae, label[None]) for label in y]),
        lambda cvae, y: torch.stack([draw(cvae, label[None])[0] for label in y.flip(0)]).flip(0),
        lambda cvae, y: torch.cat([draw(cvae, labels) for labels in y.split(3)]),
        lambda cvae, y: [draw(cvae, y), draw(cvae, y)][1],
        lambda cvae, y: draw(cvae, y).double(),
        by_label,
        by_vmap,
        by_numpy,
        with_a_draw_in_front,
    ],
)
def test_right_samples(answer, accepts):
    accepts(SAMPLE, answer)


@torch.no_grad()
def one_z_in_a_loop(cvae, y):
    z = torch.randn(1, cvae.latent_dim)
    return torch.cat([cvae.decode(z, label[None]) for label in y]).sigmoid()


@torch.no_grad()
def logits_in_a_loop(cvae, y):
    return torch.cat([cvae.decode(torch.randn(1, cvae.latent_dim), label[None]) for label in y])


@torch.no_grad()
def averaged(cvae, y):
    return cvae.decode(torch.randn(50, len(y), cvae.latent_dim), y).sigmoid().mean(dim=0)


@torch.no_grad()
def labels_mapped(cvae, y):
    z = torch.randn(len(y), cvae.latent_dim)
    return vmap(lambda row, label: cvae.decode(row[None], label[None])[0])(z, y).sigmoid()


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (one_z_in_a_loop, "the same noise"),
        (averaged, "average over several z"),
        (labels_mapped, "which vmap does not allow"),
        (lambda cvae, y: draw(cvae, torch.arange(4))[y], "Only 4 of the 10 labels"),
        (lambda cvae, y: draw(cvae, torch.arange(4).repeat(9))[y], "the same noise"),
        (lambda cvae, y: draw(cvae, y.flip(0)), "other labels than those asked for"),
        (lambda cvae, y: draw(cvae, y).flip(0), "in another order"),
        (logits_in_a_loop, "These are logits"),
    ],
)
def test_wrong_samples(answer, phrase, rejects):
    rejects(SAMPLE, answer, phrase)
