"""What a reader's code does with the networks it is given: the noise they get, the state they are left in."""

import copy
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gentutor.exercises._outcome import close
from gentutor.exercises._verdict import Wrong

CONSTANT = (
    "a generator with a fixed seed, or stored noise, makes the noise a constant. Draw it anew in every call."
)


class _Note(torch.autograd.Function):
    """Takes note of x, (B, ...), also where torch.func.vmap gives a network one example at a time."""

    @staticmethod
    def forward(x: Tensor, note: Callable[[Tensor], None]) -> Tensor:
        note(x.detach().clone())
        return x.view_as(x)

    @staticmethod
    def setup_context(*_: Any) -> None:
        """Nothing is differentiated."""

    @staticmethod
    def vmap(_: Any, in_dims: Any, x: Tensor, note: Callable[[Tensor], None]) -> tuple[Tensor, int]:
        x = x.movedim(in_dims[0], 0)  # (examples, 1, ...)
        note(x.detach().flatten(0, 1).clone())
        return x.view_as(x), 0


@contextmanager
def recorded(
    network: nn.Module, position: int = 0, counts: Callable[[], bool] = lambda: True
) -> Iterator[list[Tensor]]:
    """Within the block, the argument at this position of every call that counts is copied into the list.

    The first argument is a generator's noise. Calls without that argument add nothing.
    """
    signature = inspect.signature(network.forward)
    name = list(signature.parameters)[position]
    seen: list[Tensor] = []

    def record(_: nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        given = signature.bind_partial(*positional, **named).arguments
        if name in given and counts():
            _Note.apply(given[name], seen.append)

    handle = network.register_forward_pre_hook(record, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()


def expect_standard_normal(noise: list[Tensor], shape: tuple[int, int]) -> None:
    """Raise ``Wrong`` unless there is noise, each batch of this shape and (if large) from N(0, 1)."""
    if not noise:
        raise Wrong("Your function never calls the generator.")
    for z in noise:
        if z.shape != shape:
            raise Wrong(f"The generator is given noise of shape {tuple(z.shape)}, expected {shape}.")
        if len(z) > 1 and bool((z == z[0]).all()):
            raise Wrong("Every example is given the same noise: draw a row for each.")
        if z.numel() < 50:
            continue
        if bool((z >= 0).all()) and bool(z.std() > 0):
            raise Wrong(
                "The noise is never negative: torch.rand is uniform on [0, 1], torch.randn is N(0, 1)."
            )
        if abs(z.mean().item()) > 0.5 or not 0.7 < z.std().item() < 1.4:
            raise Wrong("The noise is not drawn from N(0, 1), as the generator expects: use torch.randn.")


def expect_fresh(noise: Iterable[Tensor], earlier: Iterable[Tensor]) -> None:
    """Raise ``Wrong`` if a batch of noise was used in an earlier call already."""
    pairs = itertools.product(noise, earlier)
    if any(new.shape == old.shape and close(new, old, 1e-3) for new, old in pairs):
        raise Wrong(f"Every call draws the same noise: {CONSTANT}")


def expect_trainable(networks: Mapping[str, nn.Module]) -> None:
    """Raise ``Wrong`` if a network is left frozen or in evaluation mode."""
    for name, network in networks.items():
        if not all(parameter.requires_grad for parameter in network.parameters()):
            raise Wrong(
                f"your function leaves {name} frozen: its parameters ask no more for gradients, and its next "
                "step would not train it. Turn requires_grad on again."
            )
        if not network.training:
            raise Wrong(f"your function leaves {name} in evaluation mode: call train() again, or no eval().")


def parameters(network: nn.Module) -> Tensor:
    """All parameters of a network in one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def first_bug(
    bugs: Sequence[tuple[list[Callable[..., None]], str]],
    start: Any,
    seen: Iterable[tuple[Any, ...]],
    same: Callable[[Any], bool],
) -> str | None:
    """The hint of the first wrong step that leads from ``start`` to where the reader's step led.

    Args:
        bugs: rows (wrong steps, hint); a step takes what was seen in an update, and the players it moves.
        start: the players before the first update.
        seen: what each update so far was given.
        same: whether players are where the reader's are.
    """
    for steps, hint in bugs:
        for step in steps:
            players = copy.deepcopy(start)
            for given in seen:
                step(*given, players)
            if same(players):
                return hint
    return None
