"""The exercise on what the two generators minimise together."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._outcome import close, expect_no_backward, read_tensor, slopes
from gentutor.exercises._verdict import Exercise, Wrong

l1 = functional.l1_loss
CRASHES = {
    "must match the size of tensor": (
        "The batches a and b are no pairs, and may even differ in number: compare F(G(a)) with a, G(F(b)) "
        "with b, G(b) with b and F(a) with a."
    ),
    "shapes cannot be multiplied": (
        "A discriminator gives scores, not images: no generator can translate them. The cycle runs through "
        "the two generators, F(G(a)) and G(F(b))."
    ),
}


class Networks(NamedTuple):
    """Two translators and two discriminators of points in the plane, small and random."""

    G: nn.Module
    F: nn.Module
    D_A: nn.Module
    D_B: nn.Module


Part = Callable[[Tensor, Tensor, Networks], Tensor]


def fool(a: Tensor, b: Tensor, n: Networks) -> Tensor:
    """Both least-squares losses of the generators."""
    return (n.D_B(n.G(a)) - 1).square().mean() + (n.D_A(n.F(b)) - 1).square().mean()


def cycle(a: Tensor, b: Tensor, n: Networks) -> Tensor:
    """Both ways there and back."""
    return l1(n.F(n.G(a)), a) + l1(n.G(n.F(b)), b)


def identity(a: Tensor, b: Tensor, n: Networks) -> Tensor:
    """Both generators on images of the domain they translate to."""
    return l1(n.G(b), b) + l1(n.F(a), a)


def total(adversarial: Part = fool, around: Part = cycle, same: Part = identity) -> Part:
    """The objective with these parts."""
    return lambda a, b, n: adversarial(a, b, n) + 10 * around(a, b, n) + 5 * same(a, b, n)


def _no(a: Tensor, b: Tensor, n: Networks) -> Tensor:
    return torch.zeros(())


def _times(factor: float, part: Part) -> Part:
    return lambda a, b, n: factor * part(a, b, n)


def _adversarial(loss: Callable[[Tensor], Tensor]) -> Part:
    return lambda a, b, n: loss(n.D_B(n.G(a))) + loss(n.D_A(n.F(b)))


def _cross_entropy(scores: Tensor) -> Tensor:
    return functional.softplus(-scores).mean()


DETACHED = (
    "The value is right, but part of the gradient is cut. Neither the fakes nor the reconstructions are "
    "detached here: the adversarial loss must reach G through D_B, and the cycle must reach both generators."
)
BUGS: dict[str, list[Part]] = {
    "The identity loss is turned round: G translates to B, so it must leave images of B alone, G(b) ≈ b. "
    "With G(a) ≈ a it is told not to translate at all.": [
        total(same=lambda a, b, n: l1(n.G(a), a) + l1(n.F(b), b))
    ],
    "The discriminators are swapped: G makes images of B, and D_B judges those.": [
        total(lambda a, b, n: (n.D_A(n.G(a)) - 1).square().mean() + (n.D_B(n.F(b)) - 1).square().mean())
    ],
    "The generators' target is 1: they want their fakes to be taken for real. With 0 they would work for the "
    "discriminators.": [total(_adversarial(lambda s: s.square().mean()))],
    "The sign of the adversarial loss is turned: a generator minimises (D - 1)².": [
        total(_times(-1, fool)),
        total(_adversarial(lambda s: -s.square().mean())),
    ],
    "The adversarial loss is a cross-entropy; asked for are least squares, the mean of (D - 1)².": [
        total(_adversarial(_cross_entropy))
    ],
    "The adversarial loss is -E[D], that of a critic; asked for are least squares, the mean of (D - 1)².": [
        total(_adversarial(lambda s: -s.mean()))
    ],
    "The least-squares losses are halved; the text has no factor 1/2.": [total(_times(0.5, fool))],
    "The adversarial loss is missing: without it nobody asks for images of the other domain.": [total(_no)],
    "The adversarial loss of one direction is missing: both G and F must fool somebody.": [
        total(lambda a, b, n: (n.D_B(n.G(a)) - 1).square().mean()),
        total(lambda a, b, n: (n.D_A(n.F(b)) - 1).square().mean()),
    ],
    "The cycle-consistency loss is missing.": [total(around=_no)],
    "Only one of the two cycles is there: the way A → B → A, and the way B → A → B.": [
        total(around=lambda a, b, n: l1(n.F(n.G(a)), a)),
        total(around=lambda a, b, n: l1(n.G(n.F(b)), b)),
    ],
    "The cycles run the wrong way: F takes images of B, so after a comes G(a), then F(G(a)).": [
        total(around=lambda a, b, n: l1(n.G(n.F(a)), a) + l1(n.F(n.G(b)), b))
    ],
    "The cycle-consistency loss is a squared error; it is an absolute one, L1.": [
        total(around=lambda a, b, n: (n.F(n.G(a)) - a).square().mean() + (n.G(n.F(b)) - b).square().mean())
    ],
    "The identity loss is missing.": [total(same=_no)],
    "Only one of the two identity losses is there: G(b) with b, and F(a) with a.": [
        total(same=lambda a, b, n: l1(n.G(b), b)),
        total(same=lambda a, b, n: l1(n.F(a), a)),
    ],
    "The identity loss is weighted by 0.5 or 10. Its weight is half of the cycle's, 0.5 · 10 = 5.": [
        total(same=_times(0.1, identity)),
        total(same=_times(2.0, identity)),
    ],
    "The cycle-consistency loss lacks its weight of 10.": [total(around=_times(0.1, cycle))],
    "The weights are missing: 10 for the cycles, 5 for the identity.": [
        total(around=_times(0.1, cycle), same=_times(0.2, identity))
    ],
    "The weights of the cycle and of the identity are swapped: 10 and 5.": [
        total(around=_times(0.5, cycle), same=_times(2.0, identity))
    ],
    "You take sums where the losses are means: the weights would mean something else for each size.": [
        total(
            around=lambda a, b, n: (n.F(n.G(a)) - a).abs().sum() + (n.G(n.F(b)) - b).abs().sum(),
            same=lambda a, b, n: (n.G(b) - b).abs().sum() + (n.F(a) - a).abs().sum(),
        )
    ],
    "The discriminators' own loss is in it, too: here they are only asked, and learn in their own step.": [
        lambda a, b, n: total()(a, b, n) + (n.D_A(a) - 1).square().mean() + (n.D_B(b) - 1).square().mean()
    ],
}


def solution(a: Tensor, b: Tensor, G: nn.Module, F: nn.Module, D_A: nn.Module, D_B: nn.Module) -> Tensor:
    """The objective of both generators, each translation made once."""
    fake_b, fake_a = G(a), F(b)
    adversarial = (D_B(fake_b) - 1).square().mean() + (D_A(fake_a) - 1).square().mean()
    around = (F(fake_b) - a).abs().mean() + (G(fake_a) - b).abs().mean()
    same = (G(b) - b).abs().mean() + (F(a) - a).abs().mean()
    return adversarial + 10 * around + 5 * same


def _networks() -> Networks:
    def random(*layers: nn.Module) -> nn.Module:
        net = nn.Sequential(*layers)
        for parameter in net.parameters():
            nn.init.normal_(parameter, 0.0, 0.8)
        return net

    generators = [random(nn.Linear(2, 2), nn.Tanh()) for _ in range(2)]
    judges = [random(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)) for _ in range(2)]
    return Networks(*generators, *judges)


def _gradient(loss: Tensor, networks: Networks) -> Tensor:
    """That of both generators' parameters, in one vector; 0 where there is none."""
    parameters = [*networks.G.parameters(), *networks.F.parameters()]
    if not loss.requires_grad:
        raise Wrong(DETACHED)
    pairs = zip(slopes(loss, parameters), parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def _judge(answer: object) -> None:
    for number, (count_a, count_b) in enumerate([(4, 4), (3, 5), (1, 1)]):
        networks = _networks()
        a, b = (torch.rand(count, 2) * 2 - 1 for count in (count_a, count_b))
        arguments: dict[str, Any] = {"a": a, "b": b, **networks._asdict()}
        loss = read_tensor(call(answer, arguments, CRASHES))
        where = f"\n(Seen with {count_a} examples of A and {count_b} of B.)" if number else ""
        if loss.shape != ():
            raise Wrong(f"One number is expected, but your loss has the shape {tuple(loss.shape)}.{where}")
        expect_no_backward(*networks)
        _expect_trainable(networks)
        right = total()(a, b, networks)
        if not close(loss.detach(), right.detach(), 1e-5):
            bug = next((h for h, parts in BUGS.items() for p in parts if _same(p, loss, a, b, networks)), "")
            raise Wrong((bug or _compare(loss, a, b, networks)) + where)
        if not close(_gradient(loss, networks), _gradient(right, networks), 1e-5):
            raise Wrong(DETACHED + where)


def _expect_trainable(networks: Networks) -> None:
    for name, network in networks._asdict().items():
        if not all(parameter.requires_grad for parameter in network.parameters()):
            raise Wrong(
                f"{name} is left frozen: its parameters no longer ask for gradients, so that its next step "
                "would not train it. Turn requires_grad on again."
            )


def _same(part: Part, loss: Tensor, a: Tensor, b: Tensor, networks: Networks) -> bool:
    return close(part(a, b, networks).detach().double(), loss.detach().double(), 1e-5)


def _compare(loss: Tensor, a: Tensor, b: Tensor, networks: Networks) -> str:
    parts = [part(a, b, networks).item() for part in (fool, cycle, identity)]
    return (
        "The parts should be {:.4f} (adversarial), 10 · {:.4f} (cycle) and 5 · {:.4f} (identity), ".format(
            *parts
        )
        + f"in all {parts[0] + 10 * parts[1] + 5 * parts[2]:.4f}; yours is {loss.item():.4f}."
    )


GENERATOR_LOSS = Exercise(
    judge=_judge,
    solution=solution,
    praise="all six terms are there, with their weights, and their gradients reach both generators.",
    hints=(
        "Six terms: who must be fooled (twice), what must come back (twice), what must stay (twice).",
        "G translates to B, so D_B judges G(a), and G should leave b as it is. F is the mirror image.",
        "Least squares with target 1; mean absolute differences; weights 1, 10 and 5.",
    ),
)

EXERCISES = {"generator_loss": GENERATOR_LOSS}
