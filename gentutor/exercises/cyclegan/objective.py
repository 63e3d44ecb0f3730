"""The exercise on what the two generators minimise together."""

from typing import Any

import torch
from torch import Tensor, nn

from gentutor.exercises._calls import call
from gentutor.exercises._networks import expect_trainable
from gentutor.exercises._outcome import close, expect_no_backward, read_tensor, slopes
from gentutor.exercises._verdict import Exercise, Wrong
from gentutor.exercises.cyclegan.mistakes import BUGS, Networks, Part, cycle, fool, identity, total

CRASHES = {
    "must match the size of tensor": (
        "The batches a and b are no pairs, and may even differ in number: compare F(G(a)) with a, G(F(b)) "
        "with b, G(b) with b and F(a) with a."
    ),
    "'sequential' object has no attribute": (
        "In this function F is the generator from B to A, and hides torch.nn.functional: write "
        "(x - y).abs().mean(), or import the module under another name."
    ),
    "shapes cannot be multiplied": (
        "A discriminator gives scores, not images: no generator can translate them. The cycle runs through "
        "the two generators, F(G(a)) and G(F(b))."
    ),
}


DETACHED = (
    "The value is right, but part of the gradient is cut, by detach(), .item() or torch.no_grad(). Neither "
    "the fakes nor the reconstructions are detached here: the adversarial loss must reach G through D_B, and "
    "the cycle must reach both generators."
)


def _networks() -> Networks:
    def random(*layers: nn.Module) -> nn.Module:
        net = nn.Sequential(*layers)
        for parameter in net.parameters():
            nn.init.normal_(parameter, 0.0, 0.8)
        return net

    generators = [random(nn.Linear(2, 2), nn.Tanh()) for _ in range(2)]
    judges = [random(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)) for _ in range(2)]
    return Networks(*generators, *judges)


def _spread(judge: nn.Module, fakes: Tensor, mean: float, std: float) -> None:
    """Give the scores of the fakes this mean and standard deviation: some are above 1, and some below."""
    last = judge.get_submodule("2")
    with torch.no_grad():
        if len(fakes) > 1:
            last.weight *= std / judge(fakes).std(correction=0)
        last.bias += mean - judge(fakes).mean()


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
        _spread(networks.D_B, networks.G(a), 0.7, 1.0)
        _spread(networks.D_A, networks.F(b), 0.4, 1.5)
        arguments: dict[str, Any] = {"a": a, "b": b, **networks._asdict()}
        loss = read_tensor(call(answer, arguments, CRASHES))
        where = f"\n(Seen with {count_a} examples of A and {count_b} of B.)" if number else ""
        if loss.shape != ():
            raise Wrong(f"One number is expected, but your loss has the shape {tuple(loss.shape)}.{where}")
        expect_no_backward(*networks)
        expect_trainable(networks._asdict())
        right = total()(a, b, networks)
        if not close(loss.detach(), right.detach(), 1e-5):
            bug = next((h for parts, h in BUGS for p in parts if _same(p, loss, a, b, networks)), "")
            raise Wrong((bug or _compare(loss, a, b, networks)) + where)
        if not close(_gradient(loss, networks), _gradient(right, networks), 1e-5):
            raise Wrong(DETACHED + where)


def _same(part: Part, loss: Tensor, a: Tensor, b: Tensor, networks: Networks) -> bool:
    with torch.no_grad():
        return close(part(a, b, networks).double(), loss.double(), 1e-5)


def _compare(loss: Tensor, a: Tensor, b: Tensor, networks: Networks) -> str:
    parts = [part(a, b, networks).item() for part in (fool, cycle, identity)]
    return (
        "The parts should be {:.4f} (adversarial), 10 · {:.4f} (cycle) and 5 · {:.4f} (identity), ".format(
            *parts
        )
        + f"in all {parts[0] + 10 * parts[1] + 5 * parts[2]:.4f}; yours is {loss.item():.4f}."
    )


GENERATOR_LOSS = Exercise(
    _judge, "all six terms are there, with their weights, and their gradients reach both generators."
)
