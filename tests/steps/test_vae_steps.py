"""The steps of autoencoders: equality with updates written by hand, and gradients without bias."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gentutor import steps
from gentutor.models.vae import VAE, mlp_vae
from gentutor.objectives.variational import (
    bernoulli_log_prob,
    importance_log_weights,
    iwae_bound,
    reparameterize,
)
from gentutor.optim import EMA, and_then, linear_decay

SHAPE = (1, 2, 3)


def small() -> VAE:
    torch.manual_seed(0)
    vae = mlp_vae(bernoulli_log_prob, 2, (5,), image_shape=SHAPE).double()
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter *= 2  # so that the latents matter
    return vae


def grey(n: int = 8) -> torch.Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def adam(module: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=1e-2)


def at_rest(module: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(module.parameters(), lr=0.0)


def gradient(vae: VAE) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in vae.parameters()])


def expect_same_weights(vae: nn.Module, other: nn.Module) -> None:
    for a, b in zip(vae.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("beta", "n"), [(1.0, 8), (0.25, 3)])
def test_vae_step_equals_the_update_written_by_hand(beta, n):
    """Plain PyTorch over three steps, with the same random numbers; sums, and one mean over the batch."""
    vae = small()
    hand, images = copy.deepcopy(vae), grey(n)
    optimizer, hand_optimizer = adam(vae), adam(hand)
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.vae_step((images, torch.arange(n)), vae, optimizer, beta)  # labels are ignored

        torch.manual_seed(seed)
        x = torch.where(torch.rand_like(images) < images, 1.0, 0.0).double()
        out = hand.encoder(x)
        mean, log_var = out[:, :2], out[:, 2:]
        z = mean + torch.sqrt(torch.exp(log_var)) * torch.randn_like(mean)
        logits = hand.decoder(z).view_as(x)
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / n
        kl = 0.5 * torch.sum(mean**2 + torch.exp(log_var) - 1 - log_var) / n
        hand_optimizer.zero_grad()
        (distortion + beta * kl).backward()
        hand_optimizer.step()

        expected = {"negative_elbo": distortion + kl, "distortion": distortion, "kl": kl}
        torch.testing.assert_close(losses, {name: value.detach() for name, value in expected.items()})
        assert all(not loss.requires_grad and loss.shape == () for loss in losses.values())
        expect_same_weights(vae, hand)


def test_autoencoder_step_equals_the_update_written_by_hand():
    """No noise in z, no KL: the half of the encoder that would give log-variances stays."""
    vae = small()
    hand, images = copy.deepcopy(vae), grey()
    optimizer, hand_optimizer = adam(vae), adam(hand)
    for seed in range(3):
        torch.manual_seed(seed)
        losses = steps.autoencoder_step((images,), vae, optimizer)
        torch.manual_seed(seed)
        x = (torch.rand_like(images) < images).double()
        loss = F.binary_cross_entropy_with_logits(
            hand.decoder(hand.encoder(x)[:, :2]), x.flatten(1), reduction="sum"
        )
        hand_optimizer.zero_grad()
        (loss / 8).backward()
        hand_optimizer.step()
        torch.testing.assert_close(losses, {"distortion": loss.detach() / 8})
        expect_same_weights(vae, hand)
    assert torch.equal(vae.encoder[-1].bias[2:], small().encoder[-1].bias[2:])


def full_gradient(vae: VAE, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """That of minus the bound itself, through all samples."""
    vae.zero_grad()
    mean, log_var = vae.encode(x)
    z = mean + (log_var / 2).exp() * noise
    (-iwae_bound(importance_log_weights(vae.log_px_z(x, z), z, mean, log_var)).mean()).backward()
    return gradient(vae)


def test_the_resampled_gradient_averages_to_that_of_the_bound(monkeypatch):
    """Exactly: each of the K^B ways to choose one sample per image, weighted by its probability."""
    k, b, vae, x = 3, 2, small(), grey(2).round()
    torch.manual_seed(5)
    torch.rand(x.shape)  # what binarize draws; black and white stay as they are
    total = torch.zeros_like(torch.nn.utils.parameters_to_vector(vae.parameters()))
    mass, noises = 0.0, []
    monkeypatch.setattr(torch, "randn", recording(torch.randn, noises))
    for choice in torch.cartesian_prod(torch.arange(k), torch.arange(k)):
        shares = []
        monkeypatch.setattr(torch, "multinomial", choosing(choice, shares))
        torch.manual_seed(5)
        loss = steps.iwae_step((x,), vae, at_rest(vae), samples=k)["negative_bound"]
        probability = shares[0].prod().item()
        total, mass = total + probability * gradient(vae), mass + probability
    assert mass == pytest.approx(1) and shares[0].shape == (b,)
    assert all(torch.equal(noise, noises[0]) for noise in noises) and noises[0].shape == (k, b, 2)
    torch.testing.assert_close(total.detach(), full_gradient(vae, x, noises[0]), rtol=1e-6, atol=1e-7)
    mean, log_var = vae.encode(x)
    z = mean + (log_var / 2).exp() * noises[0]
    bound = iwae_bound(importance_log_weights(vae.log_px_z(x, z), z, mean, log_var)).mean()
    torch.testing.assert_close(loss, -bound.detach())


def recording(function, calls: list):
    def wrapped(*arguments, **options):
        calls.append(function(*arguments, **options))
        return calls[-1]

    return wrapped


def choosing(choice: torch.Tensor, shares: list):
    """Instead of torch.multinomial: the given choice; notes its probability for each image."""

    def wrapped(weights: torch.Tensor, n: int) -> torch.Tensor:
        shares.append((weights / weights.sum(dim=1, keepdim=True)).gather(1, choice[:, None])[:, 0])
        return choice[:, None]

    return wrapped


@pytest.mark.parametrize("samples", [1, 5])
def test_iwae_step_follows_the_bound_on_average(samples):
    """Two images, 2,000 copies each, 16 times: the mean gradients agree within their standard errors.

    With one sample the bound is the ELBO, whose gradient vae_step takes.
    """
    copies, ours, theirs = grey(2).round().repeat(2000, 1, 1, 1), [], []
    vae = small()
    for seed in range(16):
        torch.manual_seed(seed)
        steps.iwae_step((copies,), vae, at_rest(vae), samples)
        ours.append(gradient(vae))
        if samples == 1:
            steps.vae_step((copies,), vae, at_rest(vae))
            theirs.append(gradient(vae))
        else:
            noise = torch.randn(samples, len(copies), 2, dtype=torch.float64)
            theirs.append(full_gradient(vae, copies, noise))
    a, b = torch.stack(ours), torch.stack(theirs)
    error = ((a.var(dim=0) + b.var(dim=0)) / 16).sqrt()
    score = (a.mean(dim=0) - b.mean(dim=0)) / error.clamp(min=1e-12)
    assert score.abs().max() < 5 and score.square().mean().sqrt() < 1.6
    assert b.mean(dim=0).norm() > 20 * error.norm()  # the comparison means something


def test_iwae_step_updates_and_reports_minus_the_bound():
    vae, x = small(), grey(400).round()
    optimizer = adam(vae)
    before = copy.deepcopy(vae)
    torch.manual_seed(0)
    loss = steps.iwae_step((x, torch.arange(400)), vae, optimizer, samples=64)["negative_bound"]
    assert loss.shape == () and not loss.requires_grad
    with torch.no_grad():
        mean, log_var = before.encode(x)
        z = reparameterize(mean.expand(64, 400, 2), log_var.expand(64, 400, 2))
        log_w = importance_log_weights(before.log_px_z(x, z), z, mean, log_var)
    assert loss.item() == pytest.approx(-iwae_bound(log_w).mean().item(), abs=0.05)
    assert all((a != b).any() for a, b in zip(vae.parameters(), before.parameters(), strict=True))


@pytest.mark.parametrize("step", [steps.vae_step, steps.autoencoder_step, steps.iwae_step])
def test_the_average_and_the_rate_follow_the_update(step):
    """The k-th update is made at the rate after k - 1 steps of the schedule; the average sees its weights."""
    vae = small()
    optimizer = torch.optim.SGD(vae.parameters(), lr=0.4)
    schedule, ema = linear_decay(optimizer, 4), EMA(vae, decay=0.0)  # rates 1, 1, 1, 1/2 of 0.4, then 0
    update = and_then(lambda batch: step(batch, vae, optimizer), schedule.step, lambda: ema.update(vae))
    for share in (1.0, 1.0, 1.0, 0.5, 0.0):
        before = torch.nn.utils.parameters_to_vector(vae.parameters()).detach().clone()
        update((grey(),))
        after = torch.nn.utils.parameters_to_vector(vae.parameters()).detach()
        torch.testing.assert_close(after, before - 0.4 * share * gradient(vae))
        expect_same_weights(ema.average, vae)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_binarize_draws_zeros_and_ones_whose_means_are_the_grey_values(dtype):
    n, means = 20_000, torch.tensor([0.0, 0.02, 0.25, 0.5, 0.9, 1.0], dtype=dtype)
    drawn = steps.binarize(means.expand(n, 6), torch.Generator().manual_seed(0))
    assert drawn.shape == (n, 6) and drawn.dtype == dtype
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    error = 4 * (means * (1 - means) / n).sqrt()
    assert ((drawn.mean(dim=0) - means).abs() <= error + 1e-12).all()  # 0 and 1 are never changed
    assert abs(torch.corrcoef(drawn[:, 1:5].T)[0, 3]) < 4 / math.sqrt(n)


def test_binarize_draws_anew_or_from_its_generator():
    images = grey()
    again = [steps.binarize(images, torch.Generator().manual_seed(s)) for s in (7, 7, 8)]
    assert torch.equal(again[0], again[1]) and not torch.equal(again[0], again[2])
    assert not torch.equal(steps.binarize(images), steps.binarize(images))
