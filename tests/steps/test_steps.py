"""The optimisation steps: who moves, who does not, and equality with updates written out by hand."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor import steps
from gentutor.models.gan import MLP
from gentutor.objectives import adversarial as objective
from tests.steps.small_gan import adam, images, pair, same, snapshot


def test_gan_step_equals_the_update_written_by_hand():
    """Plain PyTorch, nothing frozen, bit for bit, over three steps."""
    generator, discriminator = pair()
    g, d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    g_adam, d_adam, gen_adam, dis_adam = adam(g), adam(d), adam(generator), adam(discriminator)
    real = images()
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.gan_step((real,), generator, discriminator, gen_adam, dis_adam)

        torch.manual_seed(seed)
        fake = g(torch.randn(10, 3))
        d_adam.zero_grad()
        d_loss = -F.logsigmoid(d(real)).mean() - F.logsigmoid(-d(fake.detach())).mean()
        d_loss.backward()
        d_adam.step()
        g_adam.zero_grad()
        g_loss = -F.logsigmoid(d(fake)).mean()
        g_loss.backward()
        g_adam.step()

        assert losses["discriminator"] == d_loss and losses["generator"] == g_loss
        assert same(generator, g) and same(discriminator, d)


def test_each_gan_update_moves_its_own_network_alone():
    """With one optimiser at rest (learning rate 0), its network stays and the other one moves."""
    for g_rate, d_rate in ((1e-2, 0.0), (0.0, 1e-2)):
        generator, discriminator = pair()
        before = snapshot(generator), snapshot(discriminator)
        steps.gan_step(
            (images(),),
            generator,
            discriminator,
            torch.optim.SGD(generator.parameters(), lr=g_rate),
            torch.optim.SGD(discriminator.parameters(), lr=d_rate),
        )
        assert same(generator, before[0]) == (g_rate == 0)
        assert same(discriminator, before[1]) == (d_rate == 0)


def test_gradients_of_one_gan_update_do_not_leak_into_the_other():
    generator, discriminator = pair()
    rest = torch.optim.SGD(discriminator.parameters(), lr=0.0)
    torch.manual_seed(0)
    steps.gan_step((images(),), generator, discriminator, adam(generator), rest)
    after_both = [p.grad.clone() for p in discriminator.parameters()]

    torch.manual_seed(0)
    fresh, _ = pair()
    torch.manual_seed(0)
    fake = fresh(torch.randn(10, 3)).detach()
    loss = objective.discriminator_loss(discriminator(images()), discriminator(fake))
    expected = torch.autograd.grad(loss, list(discriminator.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(after_both, expected, strict=True))
    assert all(p.requires_grad for p in discriminator.parameters())


def test_the_discriminators_loss_gives_the_generator_no_gradient():
    generator, discriminator = pair()

    def nothing(fake_logits: torch.Tensor) -> torch.Tensor:
        return 0 * fake_logits.mean()

    steps.gan_step(
        (images(),), generator, discriminator, adam(generator), adam(discriminator), generator_loss=nothing
    )
    assert all((p.grad == 0).all() for p in generator.parameters())


def test_gan_step_takes_other_losses_and_returns_their_values():
    generator, discriminator = pair()
    discriminator.eval()  # no dropout, so that the losses can be computed again
    real = images()
    g, d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    torch.manual_seed(0)
    losses = steps.gan_step(
        (real, torch.arange(10)),  # labels are not looked at
        generator,
        discriminator,
        torch.optim.SGD(generator.parameters(), lr=0.1),
        torch.optim.SGD(discriminator.parameters(), lr=0.1),
        discriminator_loss=objective.hinge_discriminator_loss,
        generator_loss=objective.critic_generator_loss,
    )
    torch.manual_seed(0)
    fake = g(torch.randn(10, 3))
    assert losses["discriminator"] == objective.hinge_discriminator_loss(d(real), d(fake))
    assert losses["generator"] == objective.critic_generator_loss(discriminator(fake))
    assert all(not loss.requires_grad and loss.shape == () for loss in losses.values())


def test_the_r1_penalty_enters_the_discriminators_gradient_with_half_its_weight():
    generator, discriminator = pair()
    discriminator.eval()
    d, real = copy.deepcopy(discriminator), images()
    rest = torch.optim.SGD(discriminator.parameters(), lr=0.0)
    torch.manual_seed(0)
    steps.gan_step((real,), generator, discriminator, adam(generator), rest, r1_weight=3.0)
    fresh, _ = pair()
    torch.manual_seed(0)
    fake = fresh(torch.randn(10, 3)).detach()
    total = objective.discriminator_loss(d(real), d(fake)) + 1.5 * objective.r1_penalty(d, real)
    expected = torch.autograd.grad(total, list(d.parameters())[:-1])  # the last bias has no slope
    for parameter, gradient in zip(list(discriminator.parameters())[:-1], expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize("n", [10, 13])
def test_wgan_step_equals_the_updates_written_by_hand(n):
    torch.manual_seed(0)
    generator, critic = MLP(2, 2, (8,)), MLP(2, 1, (8,))
    g, c = copy.deepcopy(generator), copy.deepcopy(critic)
    g_adam, c_adam, gen_adam, cri_adam = adam(g), adam(c), adam(generator), adam(critic)
    real = torch.randn(n, 2)
    torch.manual_seed(1)
    losses = steps.wgan_gp_step((real,), generator, critic, gen_adam, cri_adam, 10.0, critic_steps=5)

    torch.manual_seed(1)
    for part in torch.tensor_split(real, 5):
        fake = g(torch.randn(len(part), 2)).detach()
        epsilon = torch.rand(len(part), 1)
        between = (epsilon * part + (1 - epsilon) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(c(between).sum(), between, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        distance = c(part).mean() - c(fake).mean()
        c_adam.zero_grad()
        (10 * penalty - distance).backward()
        c_adam.step()
    g_loss = -c(g(torch.randn(len(part), 2))).mean()
    g_adam.zero_grad()
    g_loss.backward()
    g_adam.step()

    torch.testing.assert_close(losses, {"distance": distance, "penalty": penalty, "generator": g_loss})
    for ours, by_hand in ((generator, g), (critic, c)):
        for a, b in zip(ours.parameters(), by_hand.parameters(), strict=True):
            torch.testing.assert_close(a, b)
    assert all(p.requires_grad for p in critic.parameters())


def test_a_batch_too_small_for_the_critics_steps():
    generator, critic = MLP(2, 2, (4,)), MLP(2, 1, (4,))
    with pytest.raises(ValueError, match="a batch of 3 has no part for each of 5 critic steps"):
        steps.wgan_gp_step((torch.randn(3, 2),), generator, critic, adam(generator), adam(critic))


def test_wgan_step_makes_as_many_critic_updates_as_it_says():
    generator, critic = MLP(2, 2, (8,)), MLP(2, 1, (8,))
    c_optimizer = adam(critic)
    steps.wgan_gp_step((torch.randn(7, 2),), generator, critic, adam(generator), c_optimizer, critic_steps=4)
    assert {int(state["step"]) for state in c_optimizer.state.values()} == {4}


def test_classifier_step_equals_the_update_written_by_hand():
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(16, 10))
    by_hand, labels = copy.deepcopy(classifier), torch.arange(10)
    loss = steps.classifier_step((images(), labels), classifier, adam(classifier))["cross_entropy"]
    optimizer = adam(by_hand)
    logits = by_hand(images())
    expected = -logits.log_softmax(dim=1)[torch.arange(10), labels].mean()
    expected.backward()
    optimizer.step()
    torch.testing.assert_close(loss, expected.detach())
    assert not loss.requires_grad
    for a, b in zip(classifier.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_classifier_step_moves_the_images_by_a_few_pixels():
    """One white pixel in the middle shows where each batch was moved: every place within reach."""
    seen = set()

    class Recorder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(10))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            places = x.flatten(1).argmax(dim=1)
            assert (places == places[0]).all() and (x.sum(dim=(1, 2, 3)) == 1).all()
            seen.add(divmod(int(places[0]), 9))
            return self.bias.expand(len(x), 10)

    white = torch.zeros(3, 1, 9, 9)
    white[:, :, 4, 4] = 1
    recorder = Recorder()
    torch.manual_seed(0)
    for _ in range(200):
        steps.classifier_step((white, torch.arange(3)), recorder, adam(recorder), shift=1)
    assert seen == {(row, column) for row in (3, 4, 5) for column in (3, 4, 5)}
    seen.clear()
    steps.classifier_step((white, torch.arange(3)), recorder, adam(recorder))
    assert seen == {(4, 4)}


def test_a_judges_step_descends_its_loss_and_leaves_the_fakes_alone():
    torch.manual_seed(0)
    judge = MLP(2, 1, hidden=(8,))
    real, fake = torch.randn(6, 2), torch.randn(4, 2, requires_grad=True)
    before = [weight.clone() for weight in judge.parameters()]
    loss = objective.discriminator_loss(judge(real), judge(fake.detach()))
    gradients = torch.autograd.grad(loss, list(judge.parameters()))
    optimizer = torch.optim.SGD(judge.parameters(), lr=0.1)
    losses = steps.judge_step((real, fake.detach()), judge, optimizer)
    torch.testing.assert_close(losses["discriminator"], loss.detach())
    for weight, old, gradient in zip(judge.parameters(), before, gradients, strict=True):
        torch.testing.assert_close(weight, old - 0.1 * gradient)
