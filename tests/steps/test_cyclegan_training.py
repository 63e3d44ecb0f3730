"""CycleGAN's step in a run: the pools, the average and the rates, seeds, and points in place of images."""

import copy
import functools

import pytest
import torch

from gentutor import steps
from gentutor.models.cyclegan import Discriminators, Generators
from gentutor.models.gan import MLP
from gentutor.optim import EMA, and_then, linear_decay
from gentutor.training import fit
from tests.steps.small_cyclegan import adam, batch, expect_same, networks, sgd


def test_the_discriminators_see_the_pool_and_the_pool_sees_the_fakes():
    generators, discriminators = networks(pool=6)
    g_optimizer, d_optimizer = adam(generators), adam(discriminators)
    seen: list[torch.Tensor] = []
    discriminators.D_B.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    fakes = torch.empty(0, 1, 16, 16, dtype=torch.float64)
    for seed in range(8):
        a, b = batch(seed)
        fake = generators.G(a).detach()
        fakes = torch.cat([fakes, fake])
        steps.cyclegan_step((a, b), generators, discriminators, g_optimizer, d_optimizer)
        on_fake, on_real, on_pooled = seen
        torch.testing.assert_close(on_fake, fake)
        assert torch.equal(on_real, b)
        nearest = torch.cdist(on_pooled.flatten(1), fakes.flatten(1)).argmin(dim=1)
        torch.testing.assert_close(on_pooled, fakes[nearest])
        seen.clear()
    old = discriminators.pool_B.images
    assert torch.cdist(old.flatten(1), fakes.flatten(1)).amin(dim=1).max() < 1e-6


@pytest.mark.parametrize("step", [steps.cyclegan_step, steps.paired_step])
def test_the_average_follows_and_the_rates_fall(step):
    generators, discriminators = networks()
    ema = EMA(generators, 0.9)
    average = copy.deepcopy(generators)
    optimizers = adam(generators), adam(discriminators)
    schedules = [linear_decay(optimizer, 4) for optimizer in optimizers]
    rates = [schedule.step for schedule in schedules]
    update = and_then(
        lambda images: step(images, generators, discriminators, *optimizers),
        *rates,
        lambda: ema.update(generators),
    )
    for done in range(4):
        update(batch(done))
        weight = 1 - min(0.9, (2 + done) / (11 + done))
        with torch.no_grad():
            for kept, new in zip(average.parameters(), generators.parameters(), strict=True):
                kept += weight * (new - kept)
    expect_same(ema.average, average)
    assert [optimizer.param_groups[0]["lr"] for optimizer in optimizers] == [0, 0]


def test_the_same_seed_gives_the_same_run():
    def run(seed: int) -> Generators:
        generators, discriminators = networks(pool=2)
        torch.manual_seed(seed)
        optimizers = sgd(generators), sgd(discriminators)
        for i in range(4):
            steps.cyclegan_step(batch(i), generators, discriminators, *optimizers)
        return generators

    first, again, other = (next(run(seed).parameters()) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_points_take_the_same_step_as_images():
    """Uniform on [-1, 1] to itself, with fully connected networks: it finds a map that can be undone."""
    torch.manual_seed(0)
    generators = Generators(MLP(1, 1, (32, 32)), MLP(1, 1, (32, 32)))
    discriminators = Discriminators(MLP(1, 1, (64, 64)), MLP(1, 1, (64, 64)))

    def batches():
        while True:
            yield 2 * torch.rand(128, 1) - 1, 2 * torch.rand(128, 1) - 1

    step = functools.partial(
        steps.cyclegan_step,
        generators=generators,
        discriminators=discriminators,
        g_optimizer=torch.optim.Adam(generators.parameters(), lr=2e-3, betas=(0.5, 0.9)),
        d_optimizer=torch.optim.Adam(discriminators.parameters(), lr=4e-3, betas=(0.5, 0.9)),
        cycle_weight=1.0,
        identity_weight=0.0,
    )
    history = fit(step, batches(), steps=400, every=400, progress=False)
    assert set(history.values) == {"adversarial", "cycle", "identity", "discriminator"}
    a = torch.linspace(-1, 1, 501)[:, None]
    with torch.no_grad():
        fake_b = generators.G(a)
        back = generators.F(fake_b)
    assert (fake_b.flatten().sort().values - a.flatten()).abs().mean() < 0.15
    assert (back - a).abs().mean() < 0.15
