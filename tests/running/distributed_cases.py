"""Small runs in float64 that one process or several take, and what is compared of them."""

import copy
import functools
import os
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gentutor import steps
from gentutor.models.gan import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gentutor.models.vae import mlp_vae
from gentutor.objectives.variational import bernoulli_log_prob
from gentutor.optim import EMA, and_then
from gentutor.running import distributed
from gentutor.training import Run
from tests.running import noise_cases
from tests.steps import small_cyclegan

SHAPE = (1, 4, 4)
B = 8  # the whole batch
NUMBERS = torch.arange(1.0, 33.0, dtype=torch.float64).view(B, 4)


def sgd(module: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)


def vae() -> Run:
    model = mlp_vae(bernoulli_log_prob, latent_dim=3, hidden=(8,), image_shape=SHAPE)
    optimizer, ema = sgd(model), EMA(model, 0.9)
    step = functools.partial(steps.vae_step, vae=model, optimizer=optimizer)
    parts = {"vae": model, "optimizer": optimizer, "ema": ema}
    return Run(ema.average, and_then(step, functools.partial(ema.update, model)), images(), parts)


def gan(step: Callable[..., dict[str, Tensor]], dropout: float = 0.0, **settings: object) -> Run:
    generator = MLPGenerator(3, SHAPE, (8,))
    critic = MLPDiscriminator(SHAPE, (8, 8), dropout)
    g_optimizer, d_optimizer = sgd(generator), sgd(critic)
    judge = "critic" if step is steps.wgan_gp_step else "discriminator"
    update = functools.partial(
        step,
        generator=generator,
        g_optimizer=g_optimizer,
        **{judge: critic, f"{judge[0]}_optimizer": d_optimizer},
        **settings,
    )
    parts = {"generator": generator, judge: critic, "g_optimizer": g_optimizer, "d_optimizer": d_optimizer}
    return Run(generator, update, images(), parts)


def cyclegan() -> Run:
    generators, discriminators = small_cyclegan.networks(pool=0)
    g_optimizer, d_optimizer = sgd(generators), sgd(discriminators)
    parts = {
        "generators": generators,
        "discriminators": discriminators,
        "g_optimizer": g_optimizer,
        "d_optimizer": d_optimizer,
    }
    pairs = (small_cyclegan.batch(seed) for seed in range(9))
    return Run(generators, functools.partial(steps.cyclegan_step, **parts), pairs, parts)


def with_dropout() -> Run:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.4), nn.Linear(8, 3))
    parts = {"classifier": network, "optimizer": sgd(network)}
    labels = (torch.arange(B) % 3,)
    batches = ((*batch, *labels) for batch in images())
    return Run(network, functools.partial(steps.classifier_step, **parts), batches, parts)


def images():
    """Whole batches of images in [0, 1], the same in every process."""
    random = torch.Generator().manual_seed(1)
    while True:
        yield (torch.rand(B, *SHAPE, generator=random, dtype=torch.float64),)


CASES: dict[str, Callable[[], Run]] = {
    "vae": vae,
    "gan": functools.partial(gan, steps.gan_step),
    "gan with dropout and R1": functools.partial(gan, steps.gan_step, dropout=0.3, r1_weight=1.0),
    "wgan-gp": functools.partial(gan, steps.wgan_gp_step, critic_steps=2),
    "cyclegan": cyclegan,
    "classifier with dropout": with_dropout,
}

ADVERSARIES = {"gan": 4, "gan with dropout and R1": 4, "wgan-gp": 2}  # steps; more of the last diverge


def take_steps(make: Callable[[], Run], number: int = 3) -> dict[str, object]:
    """Gradients after the first step, weights after the last, losses of the last, random state."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    run = distributed.shared(make())
    run.step(next(run.batches))
    modules = {name: part for name, part in run.parts.items() if isinstance(part, nn.Module)}
    gradients = {
        f"{name}.{key}": p.grad.clone()
        for name, module in modules.items()
        for key, p in module.named_parameters()
        if p.grad is not None
    }
    for _ in range(number - 1):
        losses = run.step(next(run.batches))
    return {
        "gradients": gradients,
        "weights": {name: copy.deepcopy(module.state_dict()) for name, module in modules.items()},
        "losses": distributed.mean({name: float(loss) for name, loss in losses.items()}),
        "random": torch.get_rng_state(),
    }


def by_torch() -> dict[str, Tensor]:
    """The same slice of a classifier's gradient by DistributedDataParallel: one module, called once."""
    torch.manual_seed(0)
    run = with_dropout()
    network = run.parts["classifier"]
    network[2].p = 0.0  # its noise is not sliced
    parallel = nn.parallel.DistributedDataParallel(network)
    x, labels = distributed.sliced(next(run.batches))
    nn.functional.cross_entropy(parallel(x), labels).backward()
    theirs = {key: p.grad.clone() for key, p in network.named_parameters()}
    network.zero_grad()
    nn.functional.cross_entropy(network(x), labels).backward()
    distributed.average_gradients(run.parts["optimizer"])
    return {key: (p.grad - theirs[key]).abs().max() for key, p in network.named_parameters()}


def adversaries_by_torch(make: Callable[[], Run], number: int) -> float:
    """How far a GAN's weights are from ours after steps with DistributedDataParallel around both networks."""
    ours = take_steps(make, number)["weights"]
    torch.manual_seed(0)
    run = make()
    modules = {name: part for name, part in run.parts.items() if isinstance(part, nn.Module)}
    parallel = {name: nn.parallel.DistributedDataParallel(module) for name, module in modules.items()}
    parallel["generator"].latent_dim = modules["generator"].latent_dim
    for _ in range(number):
        batch = distributed.sliced(next(run.batches))
        with distributed.SlicedNoise():
            run.step(batch, **parallel)
    return max(
        float((value - ours[name][key]).abs().max())
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    )


def past_the_wrapper() -> Tensor:
    """A gradient of a VAE in DistributedDataParallel whose step calls ``encode`` and ``decode``."""
    torch.manual_seed(0)
    parts = vae().parts
    parallel = nn.parallel.DistributedDataParallel(parts["vae"])
    steps.vae_step(distributed.sliced(next(images())), parallel.module, parts["optimizer"])
    return torch.cat([p.grad.flatten() for p in parallel.parameters()])


def complaint(call: Callable[[], object]) -> str:
    """What it raises."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


def work(process: int, processes: int, port: int, folder: Path) -> None:
    """One process's part: all cases, and what else needs company; the results go into a file."""
    os.environ.update(RANK=f"{process}", WORLD_SIZE=f"{processes}", MASTER_ADDR="127.0.0.1")
    os.environ["MASTER_PORT"] = f"{port}"
    torch.set_num_threads(1)
    with distributed.group():
        results: dict[str, object] = {name: take_steps(make) for name, make in CASES.items()}
        results["ddp"] = by_torch()
        results["ddp of a gan"] = {
            name: adversaries_by_torch(CASES[name], number) for name, number in ADVERSARIES.items()
        }
        results["past ddp"] = past_the_wrapper()
        results["from first"] = distributed.from_first({"process": process})
        with distributed.SlicedNoise():
            (rows,) = distributed.sliced((NUMBERS,))
            results["draws"] = noise_cases.draws(rows)
            results["refused"] = {
                name: complaint(functools.partial(draw, rows)) for name, draw in noise_cases.REFUSED.items()
            }
        results["uneven"] = complaint(lambda: distributed.sliced((torch.zeros(3),)))
        distributed.wait()
    torch.save(results, folder / f"{process}.pt")


def normalised() -> dict[str, Tensor]:
    """Gradients after a step of a GAN with BatchNorm, on a GPU, its statistics those of the whole batch."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    networks = DCGANGenerator(3, 8, width=4).cuda(), DCGANDiscriminator(8, width=4).cuda()
    names = "generator", "discriminator", "g_optimizer", "d_optimizer"
    parts = dict(zip(names, (*networks, *map(sgd, networks)), strict=True))
    run = Run(networks[0], functools.partial(steps.gan_step, **parts), images(), parts)
    run = distributed.shared(run, sync_batch_norm=True)
    run.step((torch.rand(B, 1, 8, 8, generator=torch.Generator().manual_seed(1)).cuda(),))
    return {
        f"{name}.{key}": p.grad.cpu()
        for name in ("generator", "discriminator")
        for key, p in parts[name].named_parameters()
        if p.grad is not None
    }


def work_on_a_gpu(process: int, processes: int, port: int, folder: Path) -> None:
    """One process's part, on a GPU that all of them use: over gloo, since NCCL wants one GPU for each."""
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=process, world_size=processes)
    torch.save(normalised(), folder / f"{process}.pt")
    dist.destroy_process_group()
