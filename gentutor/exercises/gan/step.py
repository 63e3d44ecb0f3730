"""The exercise on the training step: a reader's step is compared with updates done right and wrong."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._networks import expect_fresh, expect_standard_normal, first_bug, parameters, recorded
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.exercises.gan.updates import BUGS, Players, update

CRASHES = {
    "backward through the graph a second time": (
        "The generator's backward runs through a graph that the discriminator's backward has used up: give "
        "the discriminator fake.detach(). (retain_graph=True would only hide it.)"
    ),
    "modified by an inplace operation": (
        "A loss was computed before an optimiser changed the weights in place, and differentiated after. "
        "Finish the discriminator's step first, then call the updated discriminator on the fakes."
    ),
    "does not require grad": (
        "The generator's loss has lost its way back to the generator: no detach and no torch.no_grad() there."
    ),
    "target size": "The labels must have the shape of the logits, (B,): torch.ones_like(logits) always fits.",
}
EVALUATED = (
    "The {} is used in evaluation mode: a training step works in training mode, in which BatchNorm "
    "normalises by the batch at hand."
)
WASTE = (
    "The updates come out right, but the discriminator's backward runs through the generator as well and "
    "leaves gradients there, which only a later zero_grad() wipes out. Detach the fakes in the "
    "discriminator's step: it saves a backward pass, and the step no longer depends on where zero_grad() "
    "stands."
)


def _judge(answer: object) -> None:
    players = Players()
    start, right = players.copy(), players.copy()
    seen: list[tuple[Tensor, list[Tensor]]] = []  # the batches and the noise of the updates so far
    for size in (16, 16, 9, 2):
        real = torch.randn(size, 1, 2, 2) * 0.5 + 1
        noise, leaked, evaluated = _run(answer, players, real)
        expect_standard_normal(noise, (size, 8))
        expect_fresh(noise, (z for _, earlier in seen for z in earlier))
        seen.append((real, noise))
        update()(real, noise, right)
        if not _same(players, right):
            in_evaluation = EVALUATED.format(" and the ".join(evaluated)) if evaluated else None
            known = first_bug(BUGS, start, seen, partial(_same, players))
            found = known or in_evaluation or _symptom(players, right)
            raise Wrong(f"{found}\n(Seen in update {len(seen)}, on {size} examples.)")
        if leaked:
            raise Wrong(WASTE)
        _expect_ready(players)


def _run(answer: object, players: Players, real: Tensor) -> tuple[list[Tensor], bool, list[str]]:
    """Let the reader's step update the players.

    Tells the noise it drew, if D's backward reached G, and which networks it used in evaluation mode.
    """
    before = parameters(players.generator), parameters(players.discriminator)
    held = _gradients(players.generator)
    leaks: list[bool] = []

    def look(*_: object) -> None:
        now = _gradients(players.generator)
        still = torch.equal(parameters(players.generator), before[0])
        leaks.append(still and not torch.equal(now, held) and bool((now != 0).any()))

    evaluated: dict[str, None] = {}

    def note_mode(name: str) -> Callable[..., None]:
        return lambda network, _: None if network.training else evaluated.update({name: None})

    handles = [
        players.d_optimizer.register_step_pre_hook(look),
        players.discriminator.register_forward_pre_hook(note_mode("discriminator")),
        players.generator.register_forward_pre_hook(note_mode("generator")),
    ]
    arguments = {
        "real": real,
        "generator": players.generator,
        "discriminator": players.discriminator,
        "g_optimizer": players.g_optimizer,
        "d_optimizer": players.d_optimizer,
    }
    try:
        with recorded(players.generator) as noise:
            call(answer, arguments, CRASHES)
    finally:
        for handle in handles:
            handle.remove()
    if torch.equal(parameters(players.discriminator), before[1]):
        raise Wrong(
            "The discriminator has not moved: d_optimizer.step() is missing, zero_grad() stands between "
            "backward() and step(), or no gradient reaches it."
        )
    if torch.equal(parameters(players.generator), before[0]):
        raise Wrong(
            "The generator has not moved: g_optimizer.step() is missing, zero_grad() stands between "
            "backward() and step(), or a detach or torch.no_grad() in its step keeps the gradient away from "
            "it."
        )
    return noise, any(leaks), list(evaluated)


def _expect_ready(players: Players) -> None:
    """Raise ``Wrong`` if a network was left in a state from which training cannot go on."""
    for name, network in (("generator", players.generator), ("discriminator", players.discriminator)):
        if not network.training:
            raise Wrong(f"The {name} is left in evaluation mode; a training step needs .train().")
        if not all(parameter.requires_grad for parameter in network.parameters()):
            raise Wrong(
                f"The {name} is left frozen: its parameters no longer ask for gradients. Turn requires_grad "
                "on again."
            )


def _gradients(module: nn.Module) -> Tensor:
    """All gradients that a network's parameters hold in one vector; 0 where there is none."""
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in module.parameters()]
    )


def _same(a: Players, b: Players) -> bool:
    return _alike(a.generator, b.generator) and _alike(a.discriminator, b.discriminator)


def _alike(a: nn.Module, b: nn.Module) -> bool:
    return torch.allclose(parameters(a), parameters(b), rtol=1e-4, atol=1e-5)


def _symptom(got: Players, right: Players) -> str:
    if _alike(got.discriminator, right.discriminator):
        return "The discriminator's update is right, the generator's is not: look at its loss and gradients."
    return (
        "The discriminator's update differs from the one in the text: look at its loss, order and gradients."
    )


STEP = Exercise(
    _judge,
    "four updates in a row move both networks as they should, and nothing leaks from one to the other.",
)
