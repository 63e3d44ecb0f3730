"""The check of drawing from a VAE that is told a label."""

import functools

import pytest
import torch

ID = "conditional.sample"


def draw(cvae, y):
    with torch.no_grad():
        return cvae.decode(torch.randn(len(y), cvae.latent_dim), y).sigmoid()


@pytest.mark.parametrize(
    "answer",
    [
        draw,
        lambda cvae, y: cvae.decode(torch.randn(len(y), cvae.latent_dim), y).sigmoid().detach(),
        lambda cvae, y: (
            torch.distributions.Bernoulli(logits=cvae.decode(torch.randn(len(y), 20), y).detach()).mean
        ),
    ],
)
def test_right_samples(answer, accepts):
    accepts(ID, answer)


def logits(cvae, y):
    with torch.no_grad():
        return cvae.decode(torch.randn(len(y), cvae.latent_dim), y)


def fixed(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


stored = functools.cache(torch.randn)


def from_posterior(cvae, y):
    with torch.no_grad():
        mean, log_var = cvae.encode(torch.rand(len(y), 1, 3, 4), y)
        return cvae.decode(mean + (log_var / 2).exp() * torch.randn_like(mean), y).sigmoid()


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (from_posterior, "calls the encoder"),
        (lambda cvae, y: torch.rand(len(y), 1, 3, 4), "never calls the decoder"),
        (logits, "These are logits"),
        (lambda cvae, y: logits(cvae, y).sigmoid().sigmoid(), "sigmoid is taken twice"),
        (lambda cvae, y: (logits(cvae, y) + 1) / 2, "undoes a tanh"),
        (lambda cvae, y: logits(cvae, y).clamp(0, 1), "clamp the logits"),
        (lambda cvae, y: logits(cvae, y).tanh(), "A tanh lies in [-1, 1]"),
        (lambda cvae, y: logits(cvae, y).flatten(1).softmax(1).view(-1, 1, 3, 4), "softmax over all pixels"),
        (lambda cvae, y: draw(cvae, y).round(), "You round"),
        (lambda cvae, y: draw(cvae, y).bernoulli(), "draws of binary pixels"),
        (lambda cvae, y: cvae.decode(torch.randn(len(y), 20), y).sigmoid(), "whole graph"),
        (lambda cvae, y: cvae.decode(torch.rand(len(y), 20), y).sigmoid(), "never negative"),
        (lambda cvae, y: cvae.decode(torch.zeros(len(y), 20), y).sigmoid(), "the same noise"),
        (lambda cvae, y: cvae.decode(torch.randn(1, 20).expand(len(y), 20), y).sigmoid(), "the same noise"),
        (lambda cvae, y: cvae.decode(3 * torch.randn(len(y), 20), y).sigmoid(), "not drawn from N(0, 1)"),
        (lambda cvae, y: cvae.decode(fixed(len(y), 20), y).sigmoid().detach(), "draws the same noise"),
        (lambda cvae, y: cvae.decode(stored(len(y), 20), y).sigmoid().detach(), "draws the same noise"),
        (lambda cvae, y: cvae.decode(torch.randn(20), y).sigmoid(), "one row for each label"),
        (lambda cvae, y: cvae.decode(torch.randn(5, 20), y).sigmoid(), "one row for each label"),
        (lambda cvae, y: cvae.decode(torch.randn(len(y), 20)).sigmoid(), "told the label, too"),
        (lambda cvae, y: draw(cvae, (y + 1) % 4), "other labels than those asked for"),
        (lambda cvae, y: draw(cvae, y).flatten(1), "differ from the sigmoid"),
        (lambda cvae, y: cvae(torch.randn(len(y), 20), y), "cannot be called as a whole"),
        (lambda cvae, y: print(draw(cvae, y).shape), "returns nothing"),
    ],
)
def test_wrong_samples(answer, phrase, rejects):
    rejects(ID, answer, phrase)
