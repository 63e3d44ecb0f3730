"""The step against a judge of pairs equals the updates written out by hand."""

import copy

import pytest
import torch
import torch.nn.functional as F

from gentutor import steps
from gentutor.models.gan import MLPDiscriminator, MLPGenerator
from gentutor.objectives import adversarial as objective
from tests.steps.small_gan import SHAPE, adam, images


def test_relativistic_step_equals_the_updates_written_by_hand():
    torch.manual_seed(0)
    generator, discriminator = MLPGenerator(3, SHAPE, (8,)), MLPDiscriminator(SHAPE, (8,), dropout=0.0)
    g, d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    g_adam, d_adam, gen_adam, dis_adam = adam(g), adam(d), adam(generator), adam(discriminator)
    real = images()
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.relativistic_gan_step((real,), generator, discriminator, gen_adam, dis_adam, 0.5)

        torch.manual_seed(seed)
        fake = g(torch.randn(10, 3))
        d_loss = F.softplus(d(fake.detach()) - d(real)).mean()
        slopes = []
        for shown in (real[:5], fake.detach()[:5]):  # half of the batch
            x = shown.clone().requires_grad_()
            (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
            slopes.append(slope.square().flatten(1).sum(dim=1).mean())
        d_adam.zero_grad()
        (d_loss + 0.25 * sum(slopes)).backward()
        d_adam.step()
        g_adam.zero_grad()
        g_loss = F.softplus(d(real) - d(fake)).mean()
        g_loss.backward()
        g_adam.step()

        torch.testing.assert_close(losses["discriminator"], d_loss.detach())
        torch.testing.assert_close(losses["generator"], g_loss.detach())
        for ours, by_hand in ((generator, g), (discriminator, d)):
            torch.testing.assert_close(list(ours.parameters()), list(by_hand.parameters()))


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_the_penalty_of_the_relativistic_step_has_its_weight(weight):
    """Without it the discriminator's gradient is that of the loss alone."""
    torch.manual_seed(0)
    generator, discriminator = MLPGenerator(3, SHAPE, (8,)), MLPDiscriminator(SHAPE, (8,), dropout=0.0)
    still = [torch.optim.SGD(module.parameters(), lr=0.0) for module in (generator, discriminator)]
    torch.manual_seed(1)
    steps.relativistic_gan_step((images(),), generator, discriminator, *still, weight)
    found = [p.grad.clone() for p in discriminator.parameters()]
    torch.manual_seed(1)
    fake = generator(torch.randn(10, 3)).detach()
    real = images()
    loss = objective.relativistic_discriminator_loss(discriminator(real), discriminator(fake))
    r1, r2 = objective.r1_penalty(discriminator, real[:5]), objective.r2_penalty(discriminator, fake[:5])
    expected = torch.autograd.grad(loss + weight / 2 * (r1 + r2), list(discriminator.parameters()))
    torch.testing.assert_close(found, list(expected))
