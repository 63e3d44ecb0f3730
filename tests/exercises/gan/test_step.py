"""The check of the training step: right variants pass, each planted bug has its own hint."""

import functools

import pytest
import torch
import torch.nn.functional as F

from gentutor.exercises._networks import parameters
from gentutor.exercises.gan.updates import Players, update
from gentutor.objectives import adversarial as objective
from gentutor.optim import frozen
from gentutor.steps import gan_step

ID = "gan.step"

NOISE = "z = torch.randn(len(real), G.latent_dim)\nfake = G(z)\n"
D_LOSS = "d_loss = objective.discriminator_loss(D(real), D(fake.detach()))\n"
D_STEP = "d_opt.zero_grad()\nd_loss.backward()\nd_opt.step()\n"
G_LOSS = "g_loss = objective.generator_loss(D(fake))\n"
G_STEP = "g_opt.zero_grad()\ng_loss.backward()\ng_opt.step()\n"
FROZEN_G_LOSS = "with frozen(D):\n    " + G_LOSS
RIGHT = NOISE + D_LOSS + D_STEP + G_LOSS + G_STEP
ATTACHED = D_LOSS.replace(".detach()", "")
KEEP = D_STEP.replace("backward()", "backward(retain_graph=True)")


def step(body):
    """The function ``step(real, generator, discriminator, g_optimizer, d_optimizer)`` with this body."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    names = {
        "torch": torch,
        "F": F,
        "bce": F.binary_cross_entropy_with_logits,
        "objective": objective,
        "frozen": frozen,
        "stored": functools.cache(torch.randn),
    }
    exec(f"def step(real, G, D, g_opt, d_opt):\n{lines}", names)
    return names["step"]


@pytest.mark.parametrize(
    "body",
    [
        RIGHT,
        NOISE + D_LOSS + D_STEP + NOISE + G_LOSS + G_STEP,  # a fresh batch for the generator
        NOISE + D_LOSS + D_STEP + FROZEN_G_LOSS + G_STEP,
        NOISE + D_LOSS + D_STEP + "fake = G(z)\n" + G_LOSS + G_STEP,  # the same batch once more
        "with torch.no_grad():\n    fake = G(torch.randn(len(real), G.latent_dim))\n"
        + ATTACHED + D_STEP + NOISE + G_LOSS + G_STEP,
        "d_opt.zero_grad()\ng_opt.zero_grad()\n" + NOISE + D_LOSS + "d_loss.backward()\nd_opt.step()\n"
        + G_LOSS + "g_loss.backward()\ng_opt.step()",
        RIGHT.replace("d_opt.zero_grad()\n", "").replace("g_opt.zero_grad()\n", "")
        + "d_opt.zero_grad()\ng_opt.zero_grad()",  # cleared at the end
        RIGHT.replace("backward()", "backward(inputs=list(D.parameters()))", 1),
        NOISE + "d_opt.zero_grad()\nF.softplus(-D(real)).mean().backward()\n"  # term by term
        "F.softplus(D(fake.detach())).mean().backward()\nd_opt.step()\n" + G_LOSS + G_STEP,
        NOISE + D_LOSS + "for p, g in zip(D.parameters(), torch.autograd.grad(d_loss, D.parameters())):\n"
        "    p.grad = g\nd_opt.step()\n" + G_LOSS + G_STEP,
        RIGHT + "return d_loss, g_loss",
    ],
)  # fmt: skip
def test_right_answers(body, accepts):
    accepts(ID, step(body))


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        # a missing detach, and what people do about the error
        (NOISE + ATTACHED + D_STEP + G_LOSS + G_STEP, "used up"),
        (NOISE + ATTACHED + KEEP + G_LOSS + G_STEP, "updates come out right"),
        (NOISE + ATTACHED + D_STEP + NOISE + G_LOSS + G_STEP, "updates come out right"),
        (NOISE + ATTACHED + "g_opt.zero_grad()\n" + KEEP + G_LOSS + "g_loss.backward()\ng_opt.step()",
         "went back into the generator"),
        (NOISE + ATTACHED + KEEP + G_LOSS + "g_loss.backward()\ng_opt.step()",
         "went back into the generator"),
        # gradients that stay
        (RIGHT.replace("d_opt.zero_grad()\n", ""), "d_optimizer.zero_grad() is missing"),
        (NOISE + D_LOSS + "d_loss.backward()\nd_opt.step()\n" + FROZEN_G_LOSS + G_STEP,
         "d_optimizer.zero_grad() is missing"),
        (NOISE + D_LOSS + "d_loss.backward()\nd_opt.step()\nd_opt.zero_grad()\n" + G_LOSS + G_STEP,
         "d_optimizer.zero_grad() is missing"),
        (RIGHT.replace("g_opt.zero_grad()\n", ""), "g_optimizer.zero_grad() is missing"),
        (RIGHT.replace("d_opt.zero_grad()\n", "").replace("g_opt.zero_grad()\n", ""), "Neither optimiser"),
        (RIGHT.replace("d_opt.zero_grad()\nd_loss.backward()\n", "d_loss.backward()\nd_opt.zero_grad()\n"),
         "zero_grad() stands between"),
        # order
        (NOISE + G_LOSS + G_STEP + NOISE + D_LOSS + D_STEP, "let the discriminator step first"),
        (NOISE + D_LOSS + FROZEN_G_LOSS + "d_opt.zero_grad()\nd_loss.backward()\n" + G_STEP + "d_opt.step()",
         "let the discriminator step first"),
        (NOISE + D_LOSS + G_LOSS + D_STEP + G_STEP, "changed the weights in place"),
        (NOISE + D_LOSS + G_LOSS + "d_opt.zero_grad()\ng_opt.zero_grad()\n(d_loss + g_loss).backward()\n"
         "d_opt.step()\ng_opt.step()", "differentiated before either step"),
        (RIGHT + "d_opt.step()", "only g_optimizer steps there"),
        # a generator that stays where it is, or a discriminator
        (RIGHT.replace("D(fake))", "D(fake.detach()))"), "generator has not moved"),
        (NOISE + D_LOSS + D_STEP + "with torch.no_grad():\n    fake = G(z)\n" + G_LOSS + G_STEP,
         "generator has not moved"),
        (NOISE + D_LOSS + D_STEP + FROZEN_G_LOSS.replace("fake", "fake.detach()") + G_STEP,
         "lost its way back"),
        (RIGHT.replace("g_opt.step()", ""), "generator has not moved"),
        (RIGHT.replace("d_opt.step()", ""), "discriminator has not moved"),
        ("pass", "discriminator has not moved"),
        # the wrong loss
        (RIGHT.replace("generator_loss(D(fake))", "saturating_generator_loss(D(fake))"), "saturating loss"),
        (RIGHT.replace(G_LOSS, "g_loss = bce(D(fake), torch.zeros(len(real)))\n"),
         "labels its fakes 0"),
        (RIGHT.replace("g_loss = ", "g_loss = -"), "learns to be found out"),
        (RIGHT.replace("D(real), D(fake.detach())", "D(fake.detach()), D(real)"),
         "labels of the discriminator"),
        (RIGHT.replace(D_LOSS, D_LOSS.strip() + " / 2\n"), "halved"),
        (RIGHT.replace(D_LOSS, "d_loss = F.softplus(-D(real)).mean()\n"), "never sees the fakes"),
        (RIGHT.replace(D_LOSS, "d_loss = F.softplus(D(fake.detach())).mean()\n"), "never sees the real data"),
        (RIGHT.replace(D_LOSS, "d_loss = (F.softplus(-D(real)) + F.softplus(-D(fake.detach()))).mean()\n"),
         "told that the fakes are real"),
        (RIGHT.replace("D(real)", "D(real).sigmoid()")
         .replace("D(fake.detach())", "D(fake.detach()).sigmoid()")
         .replace("D(fake))", "D(fake).sigmoid())"), "sigmoid is taken twice"),
        (RIGHT.replace(D_LOSS, D_LOSS.strip() + " * len(real)\n")
         .replace(G_LOSS, G_LOSS.strip() + " * len(real)\n"), "losses are sums"),
        (RIGHT.replace(D_LOSS, "d_loss = 3 * (D(fake.detach()) - D(real)).mean()\n"),
         "discriminator's update differs"),
        (RIGHT.replace(G_LOSS, "g_loss = -D(fake).mean()\n"),
         "discriminator's update is right, the generator's"),
        (RIGHT.replace(D_LOSS, "d_loss = bce(D(real), torch.ones(len(real), 1))\n"),
         "labels must have the shape of the logits"),
        # two bugs at once: first the one that shows first
        (RIGHT.replace("d_opt.zero_grad()\n", "").replace("g_loss = ", "g_loss = -"),
         "learns to be found out"),
        # noise, modes, traces
        (RIGHT.replace("randn", "rand"), "torch.rand is uniform"),
        (RIGHT.replace("torch.randn(", "torch.zeros("), "same noise"),
        (RIGHT.replace("torch.randn(", "3 * torch.randn("), "not drawn from N(0, 1)"),
        (RIGHT.replace("len(real)", "64"), "noise of shape (64, 8), expected (16, 8)"),
        ("torch.manual_seed(0)\n" + RIGHT, "sets the random seed"),
        ("fixed = torch.Generator().manual_seed(0)\n"
         + RIGHT.replace("latent_dim)", "latent_dim, generator=fixed)"),
         "Every call draws the same noise"),
        (RIGHT.replace("torch.randn(", "stored("), "Every call draws the same noise"),
        (NOISE + "r, f = D(torch.cat([real, fake.detach()])).chunk(2)\n"
         "d_loss = objective.discriminator_loss(r, f)\n" + D_STEP + G_LOSS + G_STEP,
         "BatchNorm normalises each by the other"),
        ("D.eval()\n" + RIGHT + "D.train()", "discriminator is used in evaluation mode"),
        (NOISE + D_LOSS + D_STEP + "D.eval()\n" + G_LOSS + "D.train()\n" + G_STEP,
         "discriminator is used in evaluation mode"),
        ("G.eval()\n" + RIGHT + "G.train()", "generator is used in evaluation mode"),
        (RIGHT + "D.eval()", "discriminator is left in evaluation mode"),
        (NOISE + D_LOSS + D_STEP + "D.requires_grad_(False)\n" + G_LOSS + G_STEP,
         "discriminator is left frozen"),
        ("real.clamp_(-1, 1)\n" + RIGHT, "changes real"),
    ],
)  # fmt: skip
def test_wrong_answers(body, phrase, rejects):
    rejects(ID, step(body), phrase)


@pytest.mark.parametrize("batches", [1, 2])
def test_the_update_to_compare_with_is_the_books_step(batches):
    torch.manual_seed(5)
    players = Players()
    expected = players.copy()
    real = torch.randn(7, 1, 2, 2)
    noise = [torch.randn(7, 8) for _ in range(batches)]
    update()(real, noise, players)

    given = iter([*noise])
    expected.generator.register_forward_pre_hook(lambda _, inputs: (next(given, inputs[0]),))
    gan_step((real,), expected.generator, expected.discriminator, expected.g_optimizer, expected.d_optimizer)
    assert torch.allclose(parameters(players.discriminator), parameters(expected.discriminator), atol=1e-6)
    if batches == 1:
        assert torch.allclose(parameters(players.generator), parameters(expected.generator), atol=1e-6)


def test_copies_of_players_share_nothing():
    players = Players()
    copy = players.copy()
    before = parameters(players.generator), parameters(players.discriminator)
    update()(torch.randn(4, 1, 2, 2), [torch.randn(4, 8)], copy)
    assert torch.equal(parameters(players.generator), before[0])
    assert torch.equal(parameters(players.discriminator), before[1])
    assert not torch.equal(parameters(copy.generator), before[0])
