"""What an exercise is, and what checking an answer to it gives.

An exercise is a judge and a word of praise. The judge is called with the reader's answer; it returns if the
answer is right and raises ``Wrong`` with a message for the reader if not.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

Judge = Callable[[Any], None]
SEED = 14_062_661


class NotAttempted(Exception):
    """The answer is still the stub."""


class Wrong(Exception):
    """The answer is wrong; the message tells the reader the likely mistake."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; ``message`` is the text that ``check`` printed."""

    status: Literal["not attempted", "correct", "wrong"]
    message: str

    def _ipython_display_(self) -> None:
        """Show nothing below the cell: ``check`` has printed the message already."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: how answers are judged, and what is said of a right one.

    Args:
        judge: raises ``NotAttempted`` or ``Wrong`` for answers that are not right.
        praise: a sentence that tells what a right answer has been shown to do.
    """

    judge: Judge
    praise: str

    def verdict(self, answer: Any) -> Verdict:
        """Judge an answer, with the reader's random numbers and settings left as they were."""
        try:
            with isolated():
                self.judge(answer)
        except NotAttempted:
            return Verdict("not attempted", "not attempted yet: replace the stub by your answer.")
        except Wrong as wrong:
            return Verdict("wrong", f"not yet: {_capital(str(wrong))}")
        except Exception as error:  # an answer so unusual that even looking at it failed
            return Verdict("wrong", f"not yet: your answer could not be judged ({one_line(error)}).")
        return Verdict("correct", f"correct: {self.praise}")


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


def one_line(error: BaseException) -> str:
    """An exception's type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _capital(text: str) -> str:
    """The text with a capital, unless it begins with a name from code."""
    return text[:1].upper() + text[1:] if text.split(" ")[0].strip(",:;.").isalpha() else text
