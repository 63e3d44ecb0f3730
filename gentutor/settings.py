"""The profile and the device that every chapter and command obeys."""

import os
from dataclasses import dataclass
from typing import TypeVar

import torch

PROFILES = ("ci", "cpu", "gpu")
T = TypeVar("T")


def profile() -> str:
    """The value of ``GENTUTOR_PROFILE``: "ci", "cpu" or "gpu"; unset, "gpu" where a GPU is found.

    Raises:
        ValueError: the variable holds anything else.
    """
    name = os.environ.get("GENTUTOR_PROFILE", "")
    if not name:
        return "gpu" if torch.cuda.is_available() else "cpu"
    if name not in PROFILES:
        raise ValueError(f"GENTUTOR_PROFILE={name!r} is unknown; choose one of {', '.join(PROFILES)}")
    return name


def device() -> torch.device:
    """The GPU where there is one, and the processor elsewhere."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def by_profile(*, ci: T, cpu: T, gpu: T) -> T:
    """The one of three values that the current profile asks for."""
    return {"ci": ci, "cpu": cpu, "gpu": gpu}[profile()]


@dataclass(frozen=True)
class Steps:
    """How many optimisation steps each profile takes; ``full`` is the stored run's."""

    ci: int
    cpu: int
    gpu: int
    full: int

    def here(self) -> int:
        """The number for the current profile."""
        return by_profile(ci=self.ci, cpu=self.cpu, gpu=self.gpu)
