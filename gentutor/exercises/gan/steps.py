"""The exercise on the training step: a reader's step is compared with updates done right and wrong."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gentutor import steps
from gentutor.exercises._calls import call
from gentutor.exercises._noise import expect_fresh, expect_standard_normal, recorded
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.exercises.gan._update import How, Players, gradients, parameters

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
BUGS: dict[str, list[How]] = {
    "The discriminator's gradients are not cleared right before its backward, so earlier ones leak into this "
    "update: d_optimizer.zero_grad() is missing or in the wrong place.": [
        How("D.backward D.step G.zero_grad G.backward G.step"),
        How("D.backward D.step G.zero_grad G.backward:frozen G.step"),
        How("D.backward D.step D.zero_grad G.zero_grad G.backward G.step"),
    ],
    "The generator's gradients are not cleared before its backward: g_optimizer.zero_grad() is missing.": [
        How("D.zero_grad D.backward D.step G.backward G.step"),
    ],
    "Neither optimiser's gradients are cleared: both need zero_grad() before their backward.": [
        How("D.backward D.step G.backward G.step"),
        How("D.backward D.step G.backward:frozen G.step"),
    ],
    "The discriminator's loss went back into the generator, and its gradient was added to the generator's "
    "own: detach the fakes in the discriminator's step.": [
        How("D.zero_grad G.zero_grad D.backward:attached D.step G.backward G.step"),
        How("D.zero_grad D.backward:attached D.step G.backward G.step"),
    ],
    "The generator's loss comes from the discriminator as it was before its update: let the discriminator "
    "step first, then compute the generator's loss.": [
        How("G.zero_grad G.backward G.step D.zero_grad D.backward D.step"),
        How("D.zero_grad D.backward G.zero_grad G.backward:frozen D.step G.step"),
    ],
    "Both losses are differentiated before either step, so the gradient of the generator's loss is also in "
    "the discriminator's update. Finish the discriminator's step first.": [
        How("D.zero_grad G.zero_grad D.backward G.backward D.step G.step"),
        How("D.zero_grad G.zero_grad D.backward:attached G.backward D.step G.step"),
    ],
    "The discriminator moves in the generator's step, too: only g_optimizer steps there.": [
        How("D.zero_grad D.backward D.step G.zero_grad G.backward G.step D.step"),
        How("D.zero_grad D.backward D.step G.zero_grad G.backward:frozen G.step D.step"),
        How("D.zero_grad D.backward D.step D.zero_grad G.zero_grad G.backward G.step D.step"),
    ],
    "The labels of the discriminator are swapped: 1 is for real, 0 for fake.": [
        How(real_label=0, fake_label=1)
    ],
    "The discriminator is told that the fakes are real; in its own step their label is 0.": [
        How(fake_label=1)
    ],
    "The generator labels its fakes 0: it lowers the discriminator's loss instead of fooling it. In its step "
    "the label of the fakes is 1.": [How(generator_label=0)],
    "The generator minimises E[log(1 - D)], the saturating loss; asked for is the non-saturating one.": [
        How(generator_label=0, generator_sign=-1)
    ],
    "The sign of the generator's loss is turned: it learns to be found out.": [How(generator_sign=-1)],
    "The discriminator's loss is halved; it is the sum of two means.": [
        How(discriminator_weights=(0.5, 0.5))
    ],
    "The discriminator never sees the fakes: its loss lacks their term.": [How(discriminator_weights=(1, 0))],
    "The discriminator never sees the real data: its loss lacks their term.": [
        How(discriminator_weights=(0, 1))
    ],
    "The losses are sums over the batch; take means.": [How(reduction="sum")],
    "The sigmoid is taken twice: the discriminator returns logits, and the loss takes logits.": [
        How(sigmoid_first=True)
    ],
    "Real and fake go through the discriminator in one batch, and BatchNorm normalises each by the other: "
    "call it on the real batch, and then on the fakes.": [How(joint=True)],
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


def _solution(real: Tensor, generator: Any, discriminator: Any, g: Optimizer, d: Optimizer) -> None:
    steps.gan_step((real,), generator, discriminator, g, d)


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
        right.update(real, noise, How())
        if not _same(players, right):
            in_evaluation = EVALUATED.format(" and the ".join(evaluated)) if evaluated else None
            found = _known_bug(players, start, seen) or in_evaluation or _symptom(players, right)
            raise Wrong(f"{found}\n(Seen in update {len(seen)}, on {size} examples.)")
        if leaked:
            raise Wrong(WASTE)
        _expect_ready(players)


def _known_bug(got: Players, start: Players, seen: list[tuple[Tensor, list[Tensor]]]) -> str | None:
    """The hint of the bug that leads from ``start`` to where the reader's step led."""
    for hint, hows in BUGS.items():
        for how in hows:
            players = start.copy()
            for real, noise in seen:
                players.update(real, noise, how)
            if _same(players, got):
                return hint
    return None


def _run(answer: object, players: Players, real: Tensor) -> tuple[list[Tensor], bool, list[str]]:
    """Let the reader's step update the players.

    Tells the noise it drew, if D's backward reached G, and which networks it used in evaluation mode.
    """
    before = parameters(players.generator), parameters(players.discriminator)
    held = gradients(players.generator)
    leaks: list[bool] = []

    def look(*_: object) -> None:
        now = gradients(players.generator)
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


def _same(a: Players, b: Players) -> bool:
    return _alike(a.generator, b.generator) and _alike(a.discriminator, b.discriminator)


def _alike(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return torch.allclose(parameters(a), parameters(b), rtol=1e-4, atol=1e-5)


def _symptom(got: Players, right: Players) -> str:
    if _alike(got.discriminator, right.discriminator):
        return "The discriminator's update is right, the generator's is not: look at its loss and gradients."
    return (
        "The discriminator's update differs from the one in the text: look at its loss, order and gradients."
    )


STEP = Exercise(
    judge=_judge,
    solution=_solution,
    praise=(
        "four updates in a row move both networks as they should, and nothing leaks from one to the other."
    ),
    hints=(
        "Go through it line by line: which networks does this loss's gradient reach, and which should it?",
        (
            "After each backward, ask which parameters hold gradients, and which of them are cleared before "
            "the next."
        ),
        "The discriminator: detached fakes, zero_grad, backward, step. Then the generator: the updated "
        "discriminator on attached fakes, label 1, zero_grad, backward, step.",
    ),
)

EXERCISES = {"step": STEP}
