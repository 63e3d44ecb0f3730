"""The loop, its history, frozen networks, averaged weights, and runs that go on as if never stopped."""

import copy
import functools
import io
import itertools

import pytest
import torch
from torch import nn

from gentutor import data
from gentutor.models.gan import MLP, MLPDiscriminator, MLPGenerator
from gentutor.optim import EMA, and_then, frozen
from gentutor.steps import gan_step
from gentutor.training import History, Run, fit


def counting_step():
    """A step whose loss is 1, 2, 3, ... in its first, second, third call."""
    calls = itertools.count(1)
    return lambda batch: {"loss": torch.tensor(float(next(calls))), "batch": batch[0].float()}


def numbers():
    return ((torch.tensor(i),) for i in itertools.count())


def test_fit_records_means_between_reports_and_always_the_last_step():
    reports = []
    history = fit(
        counting_step(),
        numbers(),
        steps=7,
        every=3,
        report=lambda step, losses: reports.append((step, losses)),
        progress=False,
    )
    assert history.steps == [3, 6, 7]
    assert history["loss"] == [2, 5, 7]  # the means of 1, 2, 3; of 4, 5, 6; and of 7
    assert history["batch"] == [1, 4, 6]
    assert reports == [
        (3, {"loss": 2, "batch": 1}),
        (6, {"loss": 5, "batch": 4}),
        (7, {"loss": 7, "batch": 6}),
    ]
    assert history.done == history.last_step == 7
    assert history.seconds > 0


def test_fit_continues_a_history():
    step, batches = counting_step(), numbers()
    history = fit(step, batches, steps=4, every=2, progress=False)
    spent = history.seconds
    again = fit(step, batches, steps=6, every=2, history=history, progress=False)
    assert again is history
    assert history.steps == [2, 4, 6]
    assert history["loss"] == [1.5, 3.5, 5.5]
    assert history.seconds > spent
    fit(step, batches, steps=6, history=history, progress=False)  # there already: nothing to do
    assert history.steps == [2, 4, 6]
    assert next(batches)[0] == 6


@pytest.mark.parametrize("after", range(1, 7))
def test_fit_that_was_stopped_between_reports_loses_nothing(after):
    step, batches, calls = counting_step(), numbers(), itertools.count(1)
    history = fit(step, batches, steps=7, every=3, progress=False, stop=lambda: next(calls) == after)
    assert history.done == after
    fit(step, batches, steps=7, every=3, history=history, progress=False)
    assert history.steps == [3, 6, 7]
    assert history["loss"] == [2, 5, 7]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_fit_refuses_to_go_on_with_a_loss_that_is_not_finite(bad):
    def step(batch):
        return {"fine": torch.tensor(1.0), "broken": torch.tensor(bad if batch[0] == 3 else 0.0)}

    with pytest.raises(FloatingPointError, match=rf"the loss 'broken' is {bad} at step 5"):
        fit(step, numbers(), steps=100, every=5, progress=False)


@pytest.mark.parametrize(("steps", "every"), [(0, 1), (-1, 1), (5, 0)])
def test_fit_with_nothing_to_do(steps, every):
    with pytest.raises(ValueError, match=f"at least 1, got {steps} and {every}"):
        fit(counting_step(), numbers(), steps=steps, every=every)


def test_a_history_names_the_losses_it_has():
    history = fit(counting_step(), numbers(), steps=1, progress=False)
    with pytest.raises(KeyError, match="no loss 'elbo' in this history; it has loss, batch"):
        history["elbo"]
    assert History().last_step == 0


def test_frozen_stops_gradients_to_weights_and_not_to_inputs():
    network, x = MLP(2, 1, (4,)), torch.randn(3, 2, requires_grad=True)
    with frozen(network) as same:
        assert same is network
        network(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None and p.requires_grad for p in network.parameters())


def test_frozen_restores_after_an_error_and_leaves_alone_what_was_frozen_before():
    network = MLP(2, 1, (4,))
    network.last.weight.requires_grad_(False)
    before = [p.requires_grad for p in network.parameters()]
    with pytest.raises(RuntimeError, match="on purpose"), frozen(network):
        assert not any(p.requires_grad for p in network.parameters())
        raise RuntimeError("on purpose")
    assert [p.requires_grad for p in network.parameters()] == before


def test_ema_is_the_warmed_up_average_of_all_weights_so_far():
    """Closed form: w_0 prod(d) plus each w_k times (1 - d_k) times the decays after it."""
    module = nn.Linear(1, 1, bias=False).double()
    weights = [0.5, 3.0, -1.0, 2.0, 7.0]
    decays = [min(0.3, (1 + k) / (10 + k)) for k in range(1, 5)]  # 2/11, 3/12, then 0.3
    assert decays == [2 / 11, 3 / 12, 0.3, 0.3]
    with torch.no_grad():
        module.weight.fill_(weights[0])
    ema = EMA(module, decay=0.3)
    for weight in weights[1:]:
        with torch.no_grad():
            module.weight.fill_(weight)
        ema.update(module)
    shares = [1.0, *(1 - d for d in decays)]
    for k, decay in enumerate(decays, start=1):
        shares[:k] = [share * decay for share in shares[:k]]
    assert sum(shares) == pytest.approx(1)
    expected = sum(share * weight for share, weight in zip(shares, weights, strict=True))
    assert ema.average.weight.item() == pytest.approx(expected, rel=1e-12)


def test_ema_copies_buffers_and_asks_for_no_gradient():
    module = nn.BatchNorm1d(3)
    ema = EMA(module, decay=0.99)
    module(torch.randn(50, 3) + 5)
    ema.update(module)
    assert torch.equal(ema.average.running_mean, module.running_mean)
    assert ema.average.num_batches_tracked == 1
    assert not any(p.requires_grad for p in ema.average.parameters())
    assert all(p.requires_grad for p in module.parameters())


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan")])
def test_ema_with_a_decay_outside_0_to_1(decay):
    with pytest.raises(ValueError, match=r"decay must lie in \[0, 1\), got"):
        EMA(nn.Linear(1, 1), decay)


def gan_run(seed: int) -> Run:
    torch.manual_seed(seed)
    shape = (1, 2, 2)
    generator, discriminator = MLPGenerator(3, shape, (8,)), MLPDiscriminator(shape, (8,), 0.3)
    ema = EMA(generator, 0.9)
    g, d = (torch.optim.Adam(m.parameters(), lr=1e-2) for m in (generator, discriminator))
    parts = {"generator": generator, "discriminator": discriminator, "ema": ema, "g": g, "d": d}
    step = functools.partial(
        gan_step, generator=generator, discriminator=discriminator, g_optimizer=g, d_optimizer=d
    )
    real = torch.linspace(-1, 1, 25 * 4).view(25, *shape)
    order = torch.Generator().manual_seed(seed)
    averaged = and_then(step, functools.partial(ema.update, generator))
    return Run(ema.average, averaged, data.batches(real, batch_size=4, generator=order), parts)


@pytest.mark.parametrize("after", [1, 6, 13])
def test_a_run_goes_on_from_its_state_as_if_never_stopped(after):
    """Bit for bit, in another process's place: other weights, other order, other random numbers."""
    whole = gan_run(0)
    fit(whole.step, whole.batches, steps=20, every=5, history=whole.history, progress=False)

    first, calls = gan_run(0), itertools.count(1)
    fit(
        first.step,
        first.batches,
        steps=20,
        every=5,
        history=first.history,
        progress=False,
        stop=lambda: next(calls) == after,
    )
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)

    second = gan_run(99)
    second.load_state_dict(torch.load(file, weights_only=True))
    fit(second.step, second.batches, steps=20, every=5, history=second.history, progress=False)
    assert second.history.steps == whole.history.steps == [5, 10, 15, 20]
    assert second.history.values == whole.history.values
    for name in ("generator", "discriminator", "ema"):
        ours, theirs = second.parts[name].state_dict(), whole.parts[name].state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert second.model is second.parts["ema"].average


def test_a_states_history_does_not_change_as_training_goes_on():
    run = gan_run(0)
    fit(run.step, run.batches, steps=2, every=1, history=run.history, progress=False)
    state = run.state_dict()
    kept = copy.deepcopy(state["history"])
    fit(run.step, run.batches, steps=4, every=1, history=run.history, progress=False)
    assert state["history"] == kept
