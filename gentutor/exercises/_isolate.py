"""Checks leave no trace: random numbers, gradient mode and defaults are put back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

SEED = 14_062_661


@contextmanager
def isolated(seed: int = SEED) -> Iterator[None]:
    """Within the block the CPU's random numbers start from ``seed``, gradients are on, tensors are float32
    and stay it (no autocast).

    After it, the random states of PyTorch (CPU and GPU), NumPy and Python, the gradient mode, the
    default device and the default data type are those from before.
    """
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    gpu_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    dtype = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float32)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.device("cpu"),
            torch.autocast("cpu", enabled=False),
        ):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs, too
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
        if gpu_states:
            torch.cuda.set_rng_state_all(gpu_states)
