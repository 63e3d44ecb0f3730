"""The checks of sampling and of counting modes."""

import copy

import pytest
import torch

SAMPLE = "gan.sample"


def sampler(draw=torch.randn, rescale=lambda x: (x + 1) / 2, evaluate=True, restore=True, grad=False):
    """An answer that does each part of the work in its own way."""

    def sample(generator, n):
        was_training = generator.training
        if evaluate:
            generator.eval()
        with torch.set_grad_enabled(grad):
            images = generator(draw(n, generator.latent_dim))
        if restore:
            generator.train(was_training)
        return rescale(images)

    return sample


def seeded(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def on_a_copy(generator, n):
    twin = copy.deepcopy(generator).eval()
    with torch.inference_mode():
        return (twin(torch.randn(n, generator.latent_dim)) + 1) / 2


def by_keyword(generator, n):
    was_training = generator.training
    with torch.no_grad():
        images = generator.eval()(z=torch.randn(n, generator.latent_dim))
    generator.train(was_training)
    return (images + 1) / 2


def in_chunks(generator, n, size=5):
    was_training = generator.training
    generator.eval()
    with torch.no_grad():
        parts = [generator(torch.randn(min(size, n - i), generator.latent_dim)) for i in range(0, n, size)]
    generator.train(was_training)
    return torch.cat(parts) / 2 + 0.5


def one_by_one(generator, n):
    return in_chunks(generator, n, size=1)


def mapped(generator, n):
    was_training = generator.training
    with torch.no_grad():
        images = torch.func.vmap(lambda z: generator(z[None])[0])(
            torch.distributions.Normal(0, 1).sample((n, generator.eval().latent_dim))
        )
    generator.train(was_training)
    return images.double().add(1).div(2)


def always_trains_after(generator, n):
    images = sampler()(generator, n)
    generator.train()
    return images


def freezes(generator, n):
    generator.requires_grad_(False)
    return sampler()(generator, n)


def warms_up(generator, n):
    images = sampler()(generator, n)
    generator.train(True)(torch.randn(4, generator.latent_dim))
    generator.eval()
    with torch.no_grad():
        return (generator(torch.randn(n, generator.latent_dim)) + 1) / 2 + 0 * images


@pytest.mark.parametrize(
    "answer",
    [
        sampler(),
        on_a_copy,
        by_keyword,
        in_chunks,
        one_by_one,
        mapped,
        sampler(rescale=lambda x: 0.5 * x + 0.5),
        sampler(rescale=lambda x: ((x + 1) / 2).clamp(0, 1)),
    ],
)
def test_right_samples(answer, accepts):
    accepts(SAMPLE, answer)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (sampler(evaluate=False), "made in training mode"),
        (sampler(evaluate=False, rescale=lambda x: x), "made in training mode"),
        (sampler(evaluate=False, rescale=lambda x: x.clamp(0, 1)), "made in training mode"),
        (sampler(rescale=lambda x: x), "still in [-1, 1]"),
        (sampler(rescale=lambda x: x.clamp(0, 1)), "clamped"),
        (sampler(rescale=torch.sigmoid), "does not undo tanh"),
        (sampler(rescale=lambda x: x / 2), "Only half of the rescaling"),
        (sampler(rescale=lambda x: x + 1), "do not halve"),
        (sampler(rescale=lambda x: (x + 1) * 127.5), "[0, 255]"),
        (sampler(rescale=lambda x: (x - x.min()) / (x.max() - x.min())), "own extremes"),
        (sampler(rescale=lambda x: (1 - x) / 2), "Black and white"),
        (sampler(rescale=torch.abs), "absolute values"),
        (sampler(rescale=lambda x: ((x + 1) * 127.5).byte()), "torch.uint8"),
        (
            sampler(rescale=lambda x: ((x + 1) / 2).squeeze()),
            "expected the shape (12, 1, 8, 8), got (12, 8, 8)",
        ),
        (sampler(rescale=lambda x: ((x + 1) / 2).numpy()), "returns a ndarray"),
        (sampler(rescale=lambda x: ((x + 1) / 2)[:1]), "got (1, 1, 8, 8)"),
        (sampler(grad=True), "torch.no_grad()"),
        (sampler(restore=False), "left in evaluation mode"),
        (always_trains_after, "left in training mode"),
        (freezes, "no longer ask for gradients"),
        (warms_up, "The images differ"),
        (sampler(torch.rand), "torch.rand is uniform"),
        (sampler(lambda n, d: torch.randn(1, d).expand(n, d)), "same noise"),
        (sampler(seeded), "Every call draws the same noise"),
        (sampler(lambda n, d: torch.randn(64, d)), "expected the shape (12, 1, 8, 8), got (64, 1, 8, 8)"),
        (sampler(lambda n, d: torch.randn(n, d + 1)), "(n, generator.latent_dim)"),
        (lambda generator, n: torch.rand(n, 1, 8, 8), "never calls the generator"),
    ],
)
def test_wrong_samples(answer, phrase, rejects):
    rejects(SAMPLE, answer, phrase)


def test_moved_statistics_are_seen(rejects):
    def peeks(generator, n):
        images = sampler()(generator, n)
        norm = next(m for m in generator.modules() if isinstance(m, torch.nn.BatchNorm2d))
        norm.running_mean += 1
        return images

    rejects(SAMPLE, peeks, "running_mean has changed")
