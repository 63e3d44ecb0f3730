"""For each setting of a recipe: its value in a small run, and others that must change the run."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gentutor.recipes.tasks import Task
from gentutor.settings import Steps

TAKEN = 4
SMALL = {  # so that every setting counts within four steps: the pool is full, the rate falls
    "blocks": 1,
    "cycles_first": 1,
    "ema_decay": 0.1,
    "hidden": (8,),
    "patch_layers": 1,
    "pool": 3,
    "size": 32,
    "start_from": "",
    "steps": Steps(ci=1, cpu=2, gpu=3, full=TAKEN),
    "width": 2,
}
DOMAINS = {"printed": "brush", "brush": "printed", "noto": "openmoji-black", "openmoji-black": "noto"}
DIGITS = {"handwritten": "printed-digits", "printed-digits": "handwritten"}


class Negative:
    """A task with inverted images."""

    def __init__(self, task: Task) -> None:
        self.takes, self.columns, self.task = task.takes, task.columns, task

    def tensors(self) -> tuple[Tensor, ...]:
        images, *told = self.task.tensors()
        return 1 - images, *told


@torch.no_grad()
def doubled(network: nn.Module) -> nn.Module:
    """The network with weights twice as large."""
    for parameter in network.parameters():
        parameter.mul_(2)
    return network


PARTS: dict[str, Callable[[Any], Any]] = {  # a part of a recipe's design -> another one, which must count
    "discriminator": lambda make: lambda **options: doubled(make(**options)),
    "generator": lambda make: lambda size: doubled(make(size)),
    "images": lambda images: lambda domain, split: -images(domain, split),
    "network": lambda make: lambda size, hidden: doubled(make(size, hidden)),
    "step": lambda step: lambda batch, **parts: step(tuple(tensor[:3] for tensor in batch), **parts),
    "task": Negative,
}
OTHER: dict[str, Callable[[Any], list[Any]]] = {  # a field's value -> other ones, each of which must count
    "adversarial_weight": lambda weight: [2 * weight],
    "batch_size": lambda size: [size + 1],
    "beta": lambda beta: [2 * beta],
    "betas": lambda betas: [(0.3, betas[1]), (betas[0], 0.8)],
    "blocks": lambda blocks: [blocks + 1],
    "cycle_weight": lambda weight: [2 * weight],
    "cycles_first": lambda steps: [steps + 1],
    "d_learning_rate": lambda rate: [2 * rate],
    "design": lambda design: [
        replace(design, **{part.name: PARTS[part.name](getattr(design, part.name))})
        for part in fields(design)
        if part.name != "metrics"
    ],
    "domain": lambda domain: [DOMAINS[domain]],
    "domains": lambda names: [tuple((DOMAINS | DIGITS)[name] for name in names)],
    "ema_decay": lambda decay: [decay / 2],
    "folder": lambda folder: [str(Path(folder).with_name("other"))],
    "g_learning_rate": lambda rate: [2 * rate],
    "hidden": lambda widths: [(*widths, 5)],
    "identity_weight": lambda weight: [weight + 1],
    "input_noise": lambda std: [std + 0.1],
    "jitter": lambda jitter: [(0.0, jitter[1]), (jitter[0], 0.0)],
    "kernel": lambda kernel: [kernel - 2],
    "latent_dim": lambda size: [size + 1],
    "learning_rate": lambda rate: [2 * rate],
    "mixed_precision": lambda kind: ["cpu"],
    "noise": lambda std: [std + 0.1],
    "paired": lambda paired: [not paired],
    "patch_layers": lambda layers: [layers + 1],
    "pool": lambda images: [images - 1, 0],
    "samples": lambda draws: [draws + 1],
    "seed": lambda seed: [seed + 1],
    "shift": lambda pixels: [pixels + 3, 0],
    "size": lambda side: [side + 4],
    "start_from": lambda name: ["another"],
    "strength": lambda strength: [strength / 2],
    "weight_decay": lambda decay: [0.0, 2 * decay],
    "width": lambda width: [width + 1],
}
HYPER = {  # the settings that belong to optimisers: what they are called there, and of which optimisers
    "learning_rate": ("lr", ("optimizer", "g_optimizer", "d_optimizer")),
    "g_learning_rate": ("lr", ("g_optimizer",)),
    "d_learning_rate": ("lr", ("d_optimizer",)),
    "betas": ("betas", ("optimizer", "g_optimizer", "d_optimizer")),
    "weight_decay": ("weight_decay", ("optimizer",)),
}
REFUSED = {  # what one recipe cannot have, and why
    ("cyclegan-emoji", "identity_weight"): "needs images of one number of channels, got 1 and 3",
    ("cyclegan-digits", "paired"): "no pairs of digits exist",
}
