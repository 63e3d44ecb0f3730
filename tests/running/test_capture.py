"""Steps that can be recorded: on a processor they stay as they are, and none looks at a value."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from gentutor import _checks, recipes
from gentutor.optim import adam, linear_decay
from gentutor.running.capture import captured
from gentutor.training import Run

CPU = torch.device("cpu")
SMALLER = {"batch_size": 4}
# Left out: the digit classifier, which is not captured, and conditional models, which look whether labels and
# tokens are in range when they are on a processor (and only there).
LEFT_OUT = ("digit-classifier", "cgan", "acgan", "cvae")
CAPTURED = [name for name in recipes.ALL if not name.startswith(LEFT_OUT)]
CAPTURED += ["cvae-completion", "cgan-completion"]  # told the upper half of an image, not a label


def small(name: str) -> Run:
    recipe = replace(recipes.get(name), **SMALLER)
    if isinstance(recipe, recipes.CycleGANRecipe):
        recipe = replace(recipe, width=2, blocks=1)
    return recipe.start(CPU)


def test_on_a_processor_a_step_stays_as_it_is_and_schedules_go_on():
    weight = nn.Parameter(torch.tensor(1.0))
    seen: list[torch.Tensor] = []

    def step(batch):
        seen.append(batch[0])
        return {"loss": batch[0] * 2}

    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedules = [linear_decay(optimizer, 4)]
    recorded = captured(step, CPU, schedules)
    rates = []
    for i in range(5):
        optimizer.step()
        batch = torch.tensor(float(i))
        assert recorded((batch,))["loss"] == 2 * i and seen[-1] is batch
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1, 1, 0.5, 0, 0]
    assert captured(step, CPU)((torch.tensor(3.0),))["loss"] == 6


def test_the_same_updates_as_without():
    losses, weights = [], []
    for wrapped in (False, True):
        torch.manual_seed(0)
        net = nn.Linear(3, 1)
        optimizer = adam(net, 0.1, CPU) if wrapped else torch.optim.Adam(net.parameters(), 0.1)

        def step(batch, net=net, optimizer=optimizer):
            loss = net(batch[0]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return {"loss": loss.detach()}

        taken = captured(step, CPU) if wrapped else step
        losses.append([taken((torch.randn(5, 3),))["loss"].item() for _ in range(6)])
        weights.append(net.weight.detach())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-4, atol=1e-6)


def test_a_step_that_looks_at_a_value_is_found():
    """What the next test relies on."""
    weight = torch.ones(2)
    for looks in (lambda x: x.sum().item(), lambda x: bool((x > 0).all()), lambda x: x[x > 0]):
        with (
            FakeTensorMode(allow_non_fake_inputs=True),
            pytest.raises(Exception, match="data-dependent|aten"),
        ):
            looks(weight * 2)


@pytest.mark.parametrize("name", CAPTURED)
def test_no_step_looks_at_a_value(name, monkeypatch):
    """A number that the processor reads from the device would be recorded once for all steps."""
    monkeypatch.setattr(_checks, "within", lambda *_, **__: None)  # which looks, though not on a GPU
    run = small(name)
    run.step(next(run.batches))  # optimisers make their state, pools their room
    batch = next(run.batches)
    with FakeTensorMode(allow_non_fake_inputs=True):
        losses = run.step(batch)
    assert losses and all(value.shape == () for value in losses.values())


@pytest.mark.gpu
@pytest.mark.parametrize("name", [name for name in recipes.ALL if name != "digit-classifier"])
def test_a_captured_step_equals_the_plain_one(name, monkeypatch):
    """Eight steps, of which the last five are replayed; random numbers are the only difference."""
    device, runs = torch.device("cuda"), []
    for plain in (False, True):
        with monkeypatch.context() as patch:
            if plain:
                patch.setattr("gentutor.running.capture.EAGER", 100)
            run = replace(recipes.get(name), **SMALLER).start(device)
            history = [run.step(next(run.batches)) for _ in range(8)]
        runs.append([{key: value.item() for key, value in losses.items()} for losses in history])
    recorded, unrecorded = runs
    for i, (ours, theirs) in enumerate(zip(recorded, unrecorded, strict=True)):
        tolerance = 0.01 if i < 3 else 0.5
        assert ours == pytest.approx(theirs, rel=tolerance, abs=tolerance)


@pytest.mark.gpu
def test_a_captured_step_without_random_numbers_equals_the_plain_one(monkeypatch):
    monkeypatch.setattr("gentutor.running.capture.PRODUCTS", "highest")
    device, weights = torch.device("cuda"), []
    for recorded in (False, True):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).to(device)
        optimizer = adam(net, 0.01, device)

        def step(batch, net=net, optimizer=optimizer):
            loss = net(batch[0]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return {"loss": loss.detach()}

        schedules = [linear_decay(optimizer, 20)]

        def plain(batch, step=step, schedules=schedules):
            losses = step(batch)
            schedules[0].step()
            return losses

        taken = captured(step, device, schedules) if recorded else plain
        losses = [taken((torch.full((5, 3), float(i), device=device),))["loss"].item() for i in range(20)]
        weights.append((losses, net[0].weight.detach().cpu()))
    assert weights[0][0] == pytest.approx(weights[1][0], rel=1e-4)
    torch.testing.assert_close(weights[0][1], weights[1][1], rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_products_are_rounded_within_a_captured_step_and_only_there():
    a, b = (torch.randn(256, 256, device="cuda") for _ in range(2))
    exact, before = a @ b, torch.get_float32_matmul_precision()
    step = captured(lambda batch: {"product": batch[0] @ b}, a.device)
    for _ in range(5):  # eager, recorded, replayed
        error = (step((a,))["product"] - exact).norm() / exact.norm()
        assert 1e-5 < error < 1e-3
    assert torch.get_float32_matmul_precision() == before and torch.equal(a @ b, exact)
