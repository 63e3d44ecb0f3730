"""The steps of conditional models: updates written by hand, and labels that belong together."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor import steps
from gentutor.models.conditional import ConditionalGenerator, OneHot, concat_condition
from gentutor.models.cvae import CVAE, mlp_cvae
from gentutor.models.gan import MLPGenerator
from gentutor.objectives.variational import bernoulli_log_prob

SHAPE = (1, 2, 3)
K = 4


class Told(nn.Module):
    """A small discriminator that is told the label; it notes every label it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6 + K, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
        self.labels: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.labels.append(y.clone())
        return self.net(concat_condition(x.flatten(1), y, K)).squeeze(1)


class Guessing(nn.Module):
    """A small discriminator that guesses the label."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1 + K))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.net(x)
        return out[:, 0], out[:, 1:]


def generator() -> ConditionalGenerator:
    torch.manual_seed(0)
    return ConditionalGenerator(MLPGenerator(3 + K, SHAPE, (8,)), OneHot(K), 3, torch.arange(K))


def small() -> CVAE:
    torch.manual_seed(0)
    cvae = mlp_cvae(bernoulli_log_prob, OneHot(K), 2, (5,), image_shape=SHAPE).double()
    with torch.no_grad():
        for parameter in cvae.parameters():
            parameter *= 2  # so that latents and labels matter
    return cvae


def batch(n: int = 10, double: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    x = torch.rand(n, *SHAPE, generator=random, dtype=torch.float64)
    return (x if double else 2 * x.float() - 1), torch.randint(K, (n,), generator=random)


def adam(module: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=1e-2, betas=(0.5, 0.9))


def expect_same_weights(module: nn.Module, other: nn.Module) -> None:
    for a, b in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_conditional_gan_step_equals_the_update_written_by_hand():
    g, d = generator(), Told()
    hand_g, hand_d = copy.deepcopy(g), copy.deepcopy(d)
    optimizers = [adam(module) for module in (g, d, hand_g, hand_d)]
    real, y = batch()
    code = torch.eye(K)[y]
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.conditional_gan_step((real, y), g, d, *optimizers[:2])

        torch.manual_seed(seed)
        fake = hand_g.net(torch.cat([torch.randn(10, 3), code], dim=1))
        on_real, on_fake = hand_d(real, y), hand_d(fake.detach(), y)
        d_loss = F.binary_cross_entropy_with_logits(on_real, torch.ones(10))
        d_loss = d_loss + F.binary_cross_entropy_with_logits(on_fake, torch.zeros(10))
        optimizers[3].zero_grad()
        d_loss.backward()
        optimizers[3].step()
        g_loss = F.binary_cross_entropy_with_logits(hand_d(fake, y), torch.ones(10))
        optimizers[2].zero_grad()
        g_loss.backward()
        optimizers[2].step()

        expected = {"discriminator": d_loss.detach(), "generator": g_loss.detach()}
        torch.testing.assert_close(losses, expected)
        assert all(not loss.requires_grad and loss.shape == () for loss in losses.values())
        expect_same_weights(g, hand_g)
        expect_same_weights(d, hand_d)


def test_real_and_fake_are_judged_under_the_same_labels():
    g, d = generator(), Told()
    real, y = batch()
    given = []
    g.condition.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].clone()))
    steps.conditional_gan_step((real, y), g, d, adam(g), adam(d))
    assert len(given) == 1 and len(d.labels) == 3  # one fake batch; on real, on fake, and for the generator
    assert all(torch.equal(told, y) for told in (*given, *d.labels))


def test_acgan_step_equals_the_update_written_by_hand():
    g, d = generator(), Guessing()
    hand_g, hand_d = copy.deepcopy(g), copy.deepcopy(d)
    optimizers = [adam(module) for module in (g, d, hand_g, hand_d)]
    real, y = batch()
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.acgan_step((real, y), g, d, *optimizers[:2])

        torch.manual_seed(seed)
        fake = hand_g(torch.randn(10, 3), y)
        on_real, on_fake = hand_d.net(real), hand_d.net(fake.detach())
        d_loss = -F.logsigmoid(on_real[:, 0]).mean() - F.logsigmoid(-on_fake[:, 0]).mean()
        guesses = F.nll_loss(on_real[:, 1:].log_softmax(dim=1), y)
        guesses = guesses + F.nll_loss(on_fake[:, 1:].log_softmax(dim=1), y)
        optimizers[3].zero_grad()
        (d_loss + guesses).backward()
        optimizers[3].step()
        on_fake = hand_d.net(fake)
        g_loss = -F.logsigmoid(on_fake[:, 0]).mean()
        guess = F.nll_loss(on_fake[:, 1:].log_softmax(dim=1), y)
        optimizers[2].zero_grad()
        (g_loss + guess).backward()
        optimizers[2].step()

        expected = {"discriminator": d_loss, "generator": g_loss, "auxiliary": guess}
        torch.testing.assert_close(losses, {name: loss.detach() for name, loss in expected.items()})
        expect_same_weights(g, hand_g)
        expect_same_weights(d, hand_d)


@pytest.mark.parametrize(
    ("step", "discriminator"), [(steps.conditional_gan_step, Told), (steps.acgan_step, Guessing)]
)
def test_each_player_moves_itself_alone_and_stays_trainable(step, discriminator):
    for g_rate, d_rate in ((1e-2, 0.0), (0.0, 1e-2)):
        g, d = generator(), discriminator()
        before = copy.deepcopy((g, d))
        step(
            batch(),
            g,
            d,
            torch.optim.SGD(g.parameters(), lr=g_rate),
            torch.optim.SGD(d.parameters(), lr=d_rate),
        )
        for module, old, rate in zip((g, d), before, (g_rate, d_rate), strict=True):
            pairs = zip(module.parameters(), old.parameters(), strict=True)
            assert all(torch.equal(a, b) == (rate == 0) for a, b in pairs)
        assert all(p.requires_grad for p in d.parameters())


@pytest.mark.parametrize(("beta", "n"), [(1.0, 8), (0.25, 3)])
def test_cvae_step_equals_the_update_written_by_hand(beta, n):
    cvae, (images, y) = small(), batch(n, double=True)
    hand, code = copy.deepcopy(cvae), torch.eye(K).double()[y]
    optimizer, hand_optimizer = adam(cvae), adam(hand)
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.cvae_step((images, y), cvae, optimizer, beta)

        torch.manual_seed(seed)
        x = torch.where(torch.rand_like(images) < images, 1.0, 0.0).double()
        out = hand.posterior(torch.cat([x.flatten(1), code], dim=1))
        mean, log_var = out[:, :2], out[:, 2:]
        z = mean + torch.sqrt(torch.exp(log_var)) * torch.randn_like(mean)
        logits = hand.decoder(torch.cat([z, code], dim=1)).view_as(x)
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / n
        kl = 0.5 * torch.sum(mean**2 + torch.exp(log_var) - 1 - log_var) / n
        hand_optimizer.zero_grad()
        (distortion + beta * kl).backward()
        hand_optimizer.step()

        expected = {"negative_elbo": distortion + kl, "distortion": distortion, "kl": kl}
        torch.testing.assert_close(losses, {name: value.detach() for name, value in expected.items()})
        expect_same_weights(cvae, hand)


def test_regression_step_equals_the_update_written_by_hand():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(K, 5), nn.Tanh(), nn.Linear(5, 6), nn.Unflatten(1, SHAPE)).double()
    hand, (images, y) = copy.deepcopy(network), batch(double=True)
    condition = torch.eye(K).double()[y]
    optimizer, hand_optimizer = adam(network), adam(hand)
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.regression_step((images, condition), network, optimizer)
        torch.manual_seed(seed)
        x = (torch.rand_like(images) < images).double()
        loss = F.binary_cross_entropy_with_logits(hand(condition), x, reduction="sum") / len(x)
        hand_optimizer.zero_grad()
        loss.backward()
        hand_optimizer.step()
        torch.testing.assert_close(losses, {"distortion": loss.detach()})
        expect_same_weights(network, hand)
