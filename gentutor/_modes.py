"""A reader's modes of PyTorch, put aside where a result must not depend on them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def plain_modes() -> Iterator[None]:
    """Within the block, or the decorated function, PyTorch is as it starts: new tensors are float32 and on
    the processor, whatever the default data type and device, and nothing is autocast.
    """
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"), torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            yield
    finally:
        torch.set_default_dtype(dtype)
