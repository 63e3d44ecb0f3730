"""CycleGAN's step: equality with the algorithm written out, who runs how often, who moves."""

import copy
import functools
from collections import Counter

import pytest
import torch
from torch import nn

from gentutor import steps
from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.optim import frozen
from tests.steps.small_cyclegan import adam, batch, expect_same, networks, sgd


def pooled(stored: list, fake: torch.Tensor, capacity: int) -> torch.Tensor:
    """The published pool, image by image."""
    if capacity == 0:
        return fake
    coins = torch.rand(len(fake))
    places = torch.rand(-(-len(fake) // capacity), capacity).argsort(dim=1).flatten().tolist()
    shown = []
    for image, coin, place in zip(fake, coins, places, strict=False):
        if len(stored) < capacity:
            stored.append(image)
            shown.append(image)
        elif coin < 0.5:
            shown.append(stored[place])
            stored[place] = image
        else:
            shown.append(image)
    return torch.stack(shown)


@pytest.mark.parametrize("optimizer", [adam, sgd])
@pytest.mark.parametrize(
    ("cycle", "identity", "adversarial", "pool"),
    [(10.0, 5.0, 1.0, 5), (10.0, 0.0, 1.0, 5), (0.0, 5.0, 1.0, 3), (10.0, 5.0, 0.0, 5), (3.0, 1.0, 2.0, 0)],
)
def test_equal_to_the_published_algorithm_written_out(optimizer, cycle, identity, adversarial, pool):
    """Four optimised parts, nothing frozen, nothing shared, the pool a list; five steps in float64."""
    generators, discriminators = networks(pool)
    G, F = copy.deepcopy(generators.G), copy.deepcopy(generators.F)
    D_A, D_B = copy.deepcopy(discriminators.D_A), copy.deepcopy(discriminators.D_B)
    hands = {name: optimizer(module) for name, module in zip("GFAB", (G, F, D_A, D_B), strict=True)}
    past_a, past_b = [], []
    g_optimizer, d_optimizer = optimizer(generators), optimizer(discriminators)
    for seed in range(5):
        a, b = batch(seed)
        torch.manual_seed(seed)
        losses = steps.cyclegan_step(
            (a, b), generators, discriminators, g_optimizer, d_optimizer, cycle, identity, adversarial
        )

        torch.manual_seed(seed)
        fake_b, fake_a = G(a), F(b)
        fool = torch.mean((D_B(fake_b) - 1) ** 2) + torch.mean((D_A(fake_a) - 1) ** 2)
        around = torch.mean(torch.abs(F(fake_b) - a)) + torch.mean(torch.abs(G(fake_a) - b))
        same = torch.mean(torch.abs(G(b) - b)) + torch.mean(torch.abs(F(a) - a))
        for name in "GF":
            hands[name].zero_grad()
        (adversarial * fool + cycle * around + identity * same).backward()
        for name in "GF":
            hands[name].step()
        told = 0.0
        for name, D, real, fake, past in (("A", D_A, a, fake_a, past_a), ("B", D_B, b, fake_b, past_b)):
            shown = pooled(past, fake.detach(), pool)
            hands[name].zero_grad()
            d_loss = 0.5 * (torch.mean((D(real) - 1) ** 2) + torch.mean(D(shown) ** 2))
            d_loss.backward()
            hands[name].step()
            told = told + d_loss.detach()

        expected = {
            "adversarial": fool.detach(),
            "cycle": around.detach() if cycle else torch.zeros(()).double(),
            "identity": same.detach() if identity else torch.zeros(()).double(),
            "discriminator": told,
        }
        torch.testing.assert_close(losses, expected)
        assert all(not loss.requires_grad and loss.shape == () for loss in losses.values())
        for got, hand in zip(
            (generators.G, generators.F, discriminators.D_A, discriminators.D_B),
            (G, F, D_A, D_B),
            strict=True,
        ):
            expect_same(got, hand)
    if pool:
        torch.testing.assert_close(discriminators.pool_A.images, torch.stack(past_a))
        torch.testing.assert_close(discriminators.pool_B.images, torch.stack(past_b))


def counted(generators: Generators, discriminators: Discriminators) -> Counter:
    runs: Counter = Counter()
    networks = {"G": generators.G, "F": generators.F, "D_A": discriminators.D_A, "D_B": discriminators.D_B}
    for name, network in networks.items():
        network.register_forward_hook(lambda *_, name=name: runs.update([name]))
    return runs


@pytest.mark.parametrize(
    ("weights", "of_generators"),
    [((10.0, 5.0), 3), ((10.0, 0.0), 2), ((0.0, 5.0), 2), ((0.0, 0.0), 1)],
)
def test_each_network_runs_no_more_often_than_the_algorithm_needs(weights, of_generators):
    """G on a, on F(b), and on b for the identity; D on the fake for G, on real and on pooled fakes."""
    generators, discriminators = networks()
    runs = counted(generators, discriminators)
    step = functools.partial(steps.cyclegan_step, cycle_weight=weights[0], identity_weight=weights[1])
    step(batch(), generators, discriminators, adam(generators), adam(discriminators))
    assert runs == {"G": of_generators, "F": of_generators, "D_A": 3, "D_B": 3}


def test_in_the_paired_step_generators_run_once():
    generators, discriminators = networks()
    runs = counted(generators, discriminators)
    steps.paired_step(batch(), generators, discriminators, adam(generators), adam(discriminators))
    assert runs == {"G": 1, "F": 1, "D_A": 3, "D_B": 3}


@pytest.mark.parametrize("step", [steps.cyclegan_step, steps.paired_step])
def test_no_gradient_crosses_over(step):
    """The generators' backward asks no discriminator for a gradient, and the other way round."""
    generators, discriminators = networks()
    asked: list[str] = []
    held: dict[str, list[torch.Tensor | None]] = {}

    g_optimizer, d_optimizer = adam(generators), adam(discriminators)
    for p in discriminators.parameters():
        p.grad = torch.full_like(p, 7.0)
    for p in generators.parameters():
        p.register_hook(lambda grad: asked.append("generators"))
    for p in discriminators.parameters():
        p.register_hook(lambda grad: asked.append("discriminators"))

    def at_the_generators_step(*_: object) -> None:
        assert set(asked) == {"generators"}
        assert all((p.grad == 7).all() for p in discriminators.parameters())
        held["generators"] = [p.grad.clone() for p in generators.parameters()]
        asked.clear()

    def at_the_discriminators_step(*_: object) -> None:
        assert set(asked) == {"discriminators"}
        assert all(
            torch.equal(p.grad, kept)
            for p, kept in zip(generators.parameters(), held["generators"], strict=True)
        )

    g_optimizer.register_step_pre_hook(at_the_generators_step)
    d_optimizer.register_step_pre_hook(at_the_discriminators_step)
    step(batch(), generators, discriminators, g_optimizer, d_optimizer)
    assert asked and held
    assert all(p.requires_grad for p in (*generators.parameters(), *discriminators.parameters()))


def test_the_frozen_discriminators_come_back_also_after_an_error():
    generators, discriminators = networks()
    with pytest.raises(ValueError, match="expected images"), frozen(discriminators):
        discriminators.D_A(torch.zeros(1))
    assert all(p.requires_grad for p in discriminators.parameters())


def test_paired_step_equals_the_update_written_out():
    generators, discriminators = networks(pool=0)
    hand_g, hand_d = copy.deepcopy(generators), copy.deepcopy(discriminators)
    optimizers, hands = [adam(generators), adam(discriminators)], [adam(hand_g), adam(hand_d)]
    for seed in range(3):
        a, b = batch(seed)
        losses = steps.paired_step((a, b), generators, discriminators, *optimizers, 4.0, 2.0)
        fake_b, fake_a = hand_g.G(a), hand_g.F(b)
        fool = ((hand_d.D_B(fake_b) - 1) ** 2).mean() + ((hand_d.D_A(fake_a) - 1) ** 2).mean()
        pair = nn.functional.l1_loss(fake_b, b) + nn.functional.l1_loss(fake_a, a)
        hands[0].zero_grad()
        (2 * fool + 4 * pair).backward()
        hands[0].step()
        hands[1].zero_grad()
        d_loss = sum(
            ((D(real) - 1) ** 2).mean() + (D(fake.detach()) ** 2).mean()
            for D, real, fake in ((hand_d.D_A, a, fake_a), (hand_d.D_B, b, fake_b))
        )
        (d_loss / 2).backward()
        hands[1].step()
        expected = {"adversarial": fool, "pair": pair, "discriminator": d_loss / 2}
        torch.testing.assert_close(losses, {name: loss.detach() for name, loss in expected.items()})
        expect_same(generators, hand_g)
        expect_same(discriminators.D_A, hand_d.D_A)
