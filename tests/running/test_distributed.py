"""Several processes: the gradients of one, one that saves, and one that is killed."""

import dataclasses
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

from gentutor import recipes
from gentutor.running import checkpoint, distributed
from gentutor.running.resume import load_state
from tests.running import distributed_cases as cases
from tests.running import noise_cases

NAME = "mlp-gan-mnist"
SMALL = dataclasses.replace(recipes.MLP_GAN, batch_size=8)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> list[dict]:
    """What each of two processes found (gloo, on the processor)."""
    return two_processes(cases.work, tmp_path_factory.mktemp("pair"))


def two_processes(work: Callable[..., None], folder: Path) -> list[dict]:
    """What each of two processes leaves in the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(work, (2, port, folder), nprocs=2)
    return [torch.load(folder / f"{process}.pt") for process in range(2)]


@pytest.fixture
def in_float64():
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", cases.CASES)
def test_two_processes_have_the_gradients_of_one(name, pair, in_float64):
    alone = cases.take_steps(cases.CASES[name])
    close = {"rtol": 1e-10, "atol": 1e-10}
    assert alone["gradients"] and all(g.dtype == torch.float64 for g in alone["gradients"].values())
    assert max(g.abs().max() for g in alone["gradients"].values()) > 1e-3
    for process in pair:
        torch.testing.assert_close(process[name]["gradients"], alone["gradients"], **close)
        torch.testing.assert_close(process[name]["weights"], alone["weights"], **close)
        torch.testing.assert_close(process[name]["losses"], alone["losses"], **close)
        assert torch.equal(process[name]["random"], alone["random"])  # they stay in step


def test_two_processes_have_the_same_weights_to_the_last_bit(pair):
    for name in cases.CASES:
        torch.testing.assert_close(pair[0][name]["weights"], pair[1][name]["weights"], rtol=0, atol=0)


def test_hooks_give_the_gradients_of_distributed_data_parallel(pair):
    for process in pair:
        assert max(process["ddp"].values()) < 1e-12


@pytest.mark.parametrize("name", cases.ADVERSARIES)
def test_hooks_give_the_weights_of_distributed_data_parallel_around_both_players(name, pair):
    for process in pair:
        assert process["ddp of a gan"][name] < 1e-12


def test_a_step_that_calls_encode_and_decode_goes_past_distributed_data_parallel(pair):
    one, other = (process["past ddp"] for process in pair)
    assert (one - other).abs().max() > 1e-3 * one.abs().max()  # each has the gradient of its slice alone


@pytest.fixture(scope="module")
def whole() -> dict:
    """What one process draws for the whole batch."""
    torch.set_default_dtype(torch.float64)
    found = noise_cases.draws(cases.NUMBERS)
    torch.set_default_dtype(torch.float32)
    return found


@pytest.mark.parametrize("kind", noise_cases.DRAWS)
def test_noise_is_drawn_for_the_whole_batch_and_sliced(kind, pair, whole):
    for process, found in enumerate(pair):
        ours, rows = found["draws"]["of rows"][kind], whole["of rows"][kind][process::2]
        torch.testing.assert_close(ours, rows, rtol=0, atol=1e-15)
        assert ours.is_contiguous() == whole["of rows"][kind].is_contiguous()  # so ``view`` works on both
    assert not torch.equal(*(process["draws"]["of rows"][kind] for process in pair))


@pytest.mark.parametrize("kind", noise_cases.FOR_ALL)
def test_a_number_without_a_batch_is_the_same_everywhere(kind, pair, whole):
    assert all(torch.equal(found["draws"]["for all"][kind], whole["for all"][kind]) for found in pair)


def test_the_generators_stay_in_step(pair, whole):
    assert all(torch.equal(found["draws"]["random"], whole["random"]) for found in pair)


@pytest.mark.parametrize("kind", noise_cases.REFUSED)
def test_numbers_that_cannot_be_told_apart_by_rows_are_refused(kind, pair):
    for found in pair:
        assert found["refused"][kind].startswith("2 processes cannot share the random numbers of aten.")


def test_what_process_0_has_is_told(pair):
    assert [process["from first"] for process in pair] == [{"process": 0}] * 2


def test_a_batch_that_cannot_be_shared_equally_is_refused(pair):
    for process in pair:
        assert process["uneven"] == "a batch of 3 cannot be shared equally by 2 processes"


def test_a_process_that_is_alone_trains_as_ever():
    run = cases.vae()
    assert distributed.shared(run) is run
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.mean({"loss": 2.0}) == {"loss": 2.0}


def test_synchronised_statistics_need_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="SyncBatchNorm runs on GPUs only"):
        distributed.shared(cases.vae(), sync_batch_norm=True)


@pytest.mark.gpu
def test_synchronised_statistics_are_those_of_the_whole_batch(tmp_path, in_float64):
    alone = cases.normalised()
    assert any(gradient.abs().max() > 1e-3 for gradient in alone.values())
    for process in two_processes(cases.work_on_a_gpu, tmp_path):
        torch.testing.assert_close(process, alone, rtol=1e-8, atol=1e-8)


def test_more_processes_than_gpus_are_refused(monkeypatch):
    for name, value in {
        "RANK": 1,
        "LOCAL_RANK": 1,
        "WORLD_SIZE": 2,
        "MASTER_ADDR": "",
        "MASTER_PORT": 0,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="1 GPUs, too few for process 1"), distributed.group():
        pass


# The command line with small batches and two records; one process can be killed in its fifth step.
SCRIPT = """
import os, signal, sys
from dataclasses import replace
from gentutor import recipes
from gentutor.running import checkpoint
from gentutor.running.cli import app
checkpoint.MAX_RECORDS = 2
design = recipes.MLP_GAN.design
victim, taken = sys.argv.pop(1), []
def step(*args, **kwargs):
    taken.append(1)
    if len(taken) == 5 and os.environ["RANK"] == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return design.step(*args, **kwargs)
recipes.ALL["mlp-gan-mnist"] = replace(recipes.MLP_GAN, batch_size=8, design=replace(design, step=step))
app()
"""


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """torchrun with two processes on the processor."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PYTHONPATH", str(Path(checkpoint.__file__).parents[2]))
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(victim: str, *arguments: object) -> None:
        arguments = ("train", NAME, "--steps", 6, *arguments)
        torchrun(["--standalone", "--nproc-per-node=2", str(script), victim, *map(str, arguments)])

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_killed_process_ends_the_job_and_the_run_goes_on_to_the_same_weights(
    launch, command, tmp_path, monkeypatch, capfd
):
    straight, killed, alone = (tmp_path / name for name in ("straight", "killed", "alone"))
    launch("nobody", "--out", straight)
    said = capfd.readouterr().out
    assert said.count("0 of 6 steps done, on cpu with 2 processes") == said.count("finished;") == 1
    card = checkpoint.read_card(NAME, straight)
    assert card.device.endswith(", 2 processes") and card.history.steps == [3, 6]

    with pytest.raises(ChildFailedError, match=r"(?s)exitcode +: -9.*Signal 9"):
        launch("1", "--out", killed)
    assert load_state(killed)["run"]["history"]["done"] == 3
    assert not (killed / f"{NAME}.safetensors").exists()

    launch("nobody", "--out", killed, "--resume")
    weights = [(out / f"{NAME}.safetensors").read_bytes() for out in (straight, killed)]
    assert weights[0] == weights[1]
    assert checkpoint.read_card(NAME, killed).history.values == card.history.values

    monkeypatch.setitem(recipes.ALL, NAME, SMALL)  # and one process with the same batches and the same noise
    monkeypatch.setattr(checkpoint, "MAX_RECORDS", 2)
    command("train", NAME, "--steps", 6, "--out", alone)
    losses = checkpoint.read_card(NAME, alone).history.values
    for name, values in losses.items():
        assert card.history.values[name] == pytest.approx(values, rel=1e-3)
