"""Whether a machine has the memory that is asked for."""

import math
import os


def expect_memory(needed: float, what: str) -> None:
    """Raise unless this machine has so many bytes of main memory, whether in use or not.

    Raises:
        ValueError: it has less; the message says of ``what`` how much it takes.
    """
    there = total_memory()
    if needed > there:
        raise ValueError(f"{what} would take {needed / 1e9:.0f} GB; this machine has {there / 1e9:.0f} GB")


def total_memory() -> float:
    """Bytes of main memory; infinite where the system does not say."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return math.inf
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
