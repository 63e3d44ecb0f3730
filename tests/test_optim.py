"""The state of an optimiser from another device: what belongs to this device stays."""

import io

import pytest
import torch
from torch import nn

from gentutor.optim import EMA, adam, linear_decay, load_part

CPU = torch.device("cpu")


def trained(rate: float | torch.Tensor, steps: int, capturable: bool = False) -> torch.optim.Adam:
    torch.manual_seed(0)
    net = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(net.parameters(), rate)
    for _ in range(steps):
        net(torch.ones(3, 2)).sum().backward()
        optimizer.step()
    for group in optimizer.param_groups:
        group["capturable"] = capturable
    return optimizer


def through_a_file(state: dict) -> dict:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, map_location="cpu", weights_only=True)


@pytest.mark.parametrize("saved", [0.25, torch.tensor(0.25)])
def test_a_rate_that_is_a_tensor_stays_the_same_tensor(saved):
    """A graph that was recorded reads this very tensor."""
    rate = torch.tensor(0.5)
    optimizer = trained(rate, 0)
    load_part(optimizer, through_a_file(trained(saved, 2).state_dict()))
    assert optimizer.param_groups[0]["lr"] is rate and rate == 0.25


@pytest.mark.parametrize("saved", [0.25, torch.tensor(0.25)])
def test_a_rate_that_is_a_number_stays_a_number(saved):
    optimizer = trained(0.5, 0)
    load_part(optimizer, through_a_file(trained(saved, 2, capturable=True).state_dict()))
    assert type(optimizer.param_groups[0]["lr"]) is float and optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.param_groups[0]["capturable"] is False


def test_moments_and_counts_are_loaded():
    there, here = trained(0.1, 3), trained(0.1, 0)
    load_part(here, through_a_file(there.state_dict()))
    for ours, theirs in zip(here.state.values(), there.state.values(), strict=True):
        assert ours["step"] == 3
        torch.testing.assert_close(ours["exp_avg"], theirs["exp_avg"], rtol=0, atol=0)


def test_a_falling_rate_goes_on_whichever_kind_it_is():
    rates = {}
    for kind in ("number", "tensor"):
        first = trained(0.3 if kind == "number" else torch.tensor(0.3), 1)
        schedule = linear_decay(first, 8)
        for _ in range(6):
            schedule.step()
        again = trained(torch.tensor(0.3) if kind == "number" else 0.3, 0)  # the other kind
        falls = linear_decay(again, 8)
        load_part(again, through_a_file(first.state_dict()))
        load_part(falls, through_a_file(schedule.state_dict()))
        seen = []
        for _ in range(3):
            seen.append(float(again.param_groups[0]["lr"]))
            falls.step()
        rates[kind] = seen
    expected = pytest.approx([0.15, 0.075, 0.0])
    assert rates["number"] == expected and rates["tensor"] == expected


def test_other_parts_are_loaded_as_ever():
    ema, other = EMA(nn.Linear(2, 2), 0.9), EMA(nn.Linear(2, 2), 0.9)
    load_part(ema, through_a_file(other.state_dict()))
    assert torch.equal(ema.average.weight, other.average.weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_part(nn.Linear(2, 3), nn.Linear(2, 2).state_dict())


@pytest.mark.gpu
def test_a_state_of_a_gpu_goes_on_there_and_on_a_processor():
    gpu = torch.device("cuda")
    nets = [nn.Linear(2, 1).to(device) for device in (gpu, gpu, CPU)]
    first, again, elsewhere = (adam(net, 0.1, next(net.parameters()).device) for net in nets)
    nets[0](torch.ones(3, 2, device=gpu)).sum().backward()
    first.step()
    state = through_a_file(first.state_dict())
    for net, optimizer in ((nets[1], again), (nets[2], elsewhere)):
        load_part(optimizer, state)
        device = next(net.parameters()).device
        net(torch.ones(3, 2, device=device)).sum().backward()
        optimizer.step()
    assert again.param_groups[0]["lr"].is_cuda and again.param_groups[0]["capturable"]
    assert isinstance(elsewhere.param_groups[0]["lr"], float)
