"""Watching the noise that a reader's code gives to a generator."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from gentutor.exercises._verdict import Wrong


@contextmanager
def recorded(generator: nn.Module) -> Iterator[list[Tensor]]:
    """Within the block, every batch of noise given to ``generator`` is copied into the list."""
    noise: list[Tensor] = []

    def record(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        noise.append(inputs[0].detach().clone())

    handle = generator.register_forward_pre_hook(record)
    try:
        yield noise
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
