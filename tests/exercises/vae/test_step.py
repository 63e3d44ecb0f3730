"""The check of the training step: right variants pass, each planted bug has its own hint."""

import functools

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from gentutor.exercises.vae.updates import Model, update
from gentutor.objectives import variational
from gentutor.steps import vae_step

ID = "vae.step"

ENCODE = "mean, log_var = vae.encode(images)\n"
SAMPLE = "z = mean + (log_var / 2).exp() * torch.randn_like(mean)\n"
TERMS = "log_px_z = vae.log_px_z(images, z)\nkl = V.gaussian_kl(mean, log_var)\n"
LOSS = "loss = (kl - log_px_z).mean()\n"
UPDATE = "optimizer.zero_grad()\nloss.backward()\noptimizer.step()\n"
RIGHT = ENCODE + SAMPLE + TERMS + LOSS + UPDATE
PIXELS = "log_px_z = -F.binary_cross_entropy_with_logits(vae.decode(z), images, reduction='none')\n"
KL_TERMS = "kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)\n"
SINGLE = ENCODE + SAMPLE + PIXELS + KL_TERMS


def step(body):
    """The function ``step(images, vae, optimizer)`` with this body."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    names = {
        "torch": torch,
        "F": F,
        "V": variational,
        "Normal": Normal,
        "Bernoulli": Bernoulli,
        "kl_divergence": kl_divergence,
        "stored": functools.cache(torch.randn),
    }
    exec(f"def step(images, vae, optimizer):\n{lines}", names)
    return names["step"]


@pytest.mark.parametrize(
    "body",
    [
        RIGHT,
        RIGHT + "return {'loss': loss.detach()}",
        RIGHT + "with torch.no_grad():\n    look = vae.decode(mean).sigmoid()",
        RIGHT + "look = vae.decode(mean).sigmoid()",
        RIGHT.replace("optimizer.zero", "with torch.no_grad():\n    look = vae.decode(mean)\noptimizer.zero"),
        RIGHT.replace(SAMPLE, "z = V.reparameterize(mean, log_var)\n"),
        RIGHT.replace(LOSS, "loss = -V.elbo(log_px_z, kl).mean()\n"),
        "optimizer.zero_grad()\n" + RIGHT.replace("optimizer.zero_grad()\n", ""),
        RIGHT.replace("optimizer.zero_grad()\n", "") + "optimizer.zero_grad()",
        RIGHT.replace("optimizer.zero_grad()", "vae.zero_grad()"),
        SINGLE + "loss = (kl.sum() - log_px_z.sum()) / len(images)\n" + UPDATE,
        ENCODE + "q = Normal(mean, (log_var / 2).exp())\nz = q.rsample()\n"
        "kl = kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(1)\n"
        "log_px_z = Bernoulli(logits=vae.decode(z)).log_prob(images).sum((1, 2, 3))\n" + LOSS + UPDATE,
        "mean, log_var = vae.encoder(images).chunk(2, dim=1)\n" + SAMPLE + TERMS + LOSS + UPDATE,
    ],
)
def test_right_answers(body, accepts):
    accepts(ID, step(body))


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        # the update
        (RIGHT.replace("optimizer.zero_grad()\n", ""), "optimizer.zero_grad() is missing"),
        (RIGHT.replace("optimizer.step()\n", ""), "optimizer.step() is called 0 times"),
        (RIGHT + "optimizer.step()", "optimizer.step() is called 2 times"),
        (RIGHT.replace("optimizer.zero_grad()\nloss.backward()", "loss.backward()\noptimizer.zero_grad()"),
         "Nothing has moved"),
        (RIGHT.replace("loss.backward()\n", ""), "Nothing has moved"),
        ("pass", "optimizer.step() is called 0 times"),
        (ENCODE + "loss = V.gaussian_kl(mean, log_var).mean()\n" + UPDATE, "never calls the decoder"),
        (RIGHT.replace(".mean()\n", "\n"), "The loss must be one number"),
        # the sample
        (RIGHT.replace("(log_var / 2).exp()", "log_var.exp()"), "exp(log_var), the variance"),
        (RIGHT.replace("(log_var / 2).exp()", "log_var"), "scaled by log_var itself"),
        (RIGHT.replace("(log_var / 2).exp() *", ""), "log_var is not used for the sample"),
        (RIGHT.replace(SAMPLE, SAMPLE + "z = z.detach()\n"), "does not pass through z"),
        (RIGHT.replace(SAMPLE, "z = Normal(mean, (log_var / 2).exp()).sample()\n"), "not pass through z"),
        (RIGHT.replace(SAMPLE, "z = torch.normal(mean, (log_var / 2).exp())\n"), "does not pass through z"),
        (RIGHT.replace(SAMPLE, "z = torch.randn_like(mean)\n"), "is given noise of the prior"),
        (RIGHT.replace(SAMPLE, "z = mean\n"), "is given the mean of q(z|x)"),
        (RIGHT.replace("torch.randn_like(mean)", "torch.rand_like(mean)"), "never negative"),
        (RIGHT.replace("torch.randn_like(mean)", "3 * torch.randn_like(mean)"), "not drawn from N(0, 1)"),
        (RIGHT.replace("torch.randn_like(mean)", "torch.randn(3)"), "Every image is given the same noise"),
        (RIGHT.replace("torch.randn_like(mean)", "torch.randn(len(mean), 1)"), "share their noise"),
        (RIGHT.replace("torch.randn_like(mean)", "torch.randn(5, *mean.shape)"), "given z of shape (240, 3)"),
        (RIGHT.replace(SAMPLE, "z = Normal(mean, log_var).rsample()\n"), "must be positive"),
        # the loss
        (RIGHT.replace("kl - log_px_z", "-log_px_z"), "KL term is missing"),
        (RIGHT.replace("kl - log_px_z", "-kl - log_px_z"), "KL term has the wrong sign"),
        (RIGHT.replace("kl - log_px_z", "kl + log_px_z"), "p(x|z) has the wrong sign"),
        (RIGHT.replace("kl - log_px_z", "log_px_z - kl"), "you descend on the ELBO"),
        (RIGHT.replace("kl - log_px_z", "kl"), "The decoder has not moved"),
        (RIGHT.replace("mean()\n", "sum()\n"), "sum over the batch"),
        (SINGLE + "loss = kl.sum(1).mean() - log_px_z.mean()\n" + UPDATE, "mean over the pixels"),
        (SINGLE + "loss = kl.mean() - log_px_z.sum((1, 2, 3)).mean()\n" + UPDATE, "silent β of 1/D"),
        (SINGLE + "loss = kl.mean() - log_px_z.mean()\n" + UPDATE, "means over all their elements"),
        (SINGLE + "loss = kl.sum(1).mean() - log_px_z.sum()\n" + UPDATE, "belongs to both"),
        (SINGLE + "loss = kl.sum() - log_px_z.mean()\n" + UPDATE, "belongs to both"),
        (RIGHT.replace("kl - log_px_z", "2 * kl - log_px_z"), "factor 1/2 of the KL"),
        (RIGHT.replace("V.gaussian_kl(mean, log_var)", "V.gaussian_kl(mean, 2 * log_var)"), "it is log σ²"),
        (RIGHT.replace("vae.log_px_z(images, z)", "V.bernoulli_log_prob(vae.decode(z).sigmoid(), images)"),
         "sigmoid is taken twice"),
        (RIGHT.replace("vae.log_px_z(images, z)", "V.bernoulli_log_prob(images, vae.decode(z))"), "swapped"),
        (RIGHT.replace("vae.log_px_z(images, z)", "-((vae.decode(z) - images)**2).flatten(1).sum(1)"),
         "a squared error"),
        (ENCODE + SAMPLE + "loss = F.mse_loss(vae.decode(z).sigmoid(), images) + "
         "V.gaussian_kl(mean, log_var).mean()\n" + UPDATE, "a squared error"),
        (RIGHT.replace("kl - log_px_z", "3 * kl - log_px_z"), "decoder's update is right"),
        (RIGHT.replace("kl - log_px_z", "kl - 0.3 * log_px_z"), "look at the sample, the two terms"),
        (RIGHT.replace("kl = V.gaussian_kl(mean, log_var)", "kl = V.gaussian_kl(mean, log_var).detach()"),
         "KL term is missing"),
        # what was handed over
        (RIGHT.replace("vae.encode(images)", "vae(images)"), "It has two parts"),
        (RIGHT.replace(ENCODE, "z, mean, log_var = vae.encode(images)\n"), "returns two tensors"),
        (RIGHT.replace("vae.log_px_z(images, z)", "-F.binary_cross_entropy(vae.decode(z), images)"),
         "decode returns logits"),
        ("vae.eval()\n" + RIGHT, "left in evaluation mode"),
        ("torch.manual_seed(0)\n" + RIGHT, "sets the random seed"),
        ("fixed = torch.Generator().manual_seed(0)\n"
         + RIGHT.replace("torch.randn_like(mean)", "torch.randn(mean.shape, generator=fixed)"),
         "Every call draws the same noise"),
        (RIGHT.replace("torch.randn_like(mean)", "stored(mean.shape)"), "Every call draws the same noise"),
        ("images.clamp_(0.1, 0.9)\n" + RIGHT, "changes x"),
    ],
)  # fmt: skip
def test_wrong_answers(body, phrase, rejects):
    rejects(ID, step(body), phrase)


def test_the_update_to_compare_with_is_the_books_step():
    torch.manual_seed(5)
    model = Model()
    expected = model.copy()
    images = (torch.rand(7, 1, 2, 3) < 0.5).float()

    decoded = []
    expected.vae.decoder.register_forward_pre_hook(lambda _, inputs: decoded.append(inputs[0].detach()))
    vae_step((images,), expected.vae, expected.optimizer)
    before = model.parameters()
    update()(images, decoded[0], model)
    for right, got, start in zip(expected.parameters(), model.parameters(), before, strict=True):
        assert torch.allclose(got, right, atol=1e-6)
        assert not torch.allclose(got, start, atol=1e-3)
