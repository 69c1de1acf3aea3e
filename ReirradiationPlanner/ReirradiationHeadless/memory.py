"""The memory of this process: how much it used, and giving back what it uses no more."""

from __future__ import annotations

import ctypes
import sys

KIB_PER_MIB = 1024


def peak_memory_mb() -> float | None:
    """Peak resident memory in MiB; None on systems that do not tell (Windows)."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  (does not exist on Windows)

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":
        peak /= KIB_PER_MIB  # bytes there, KiB elsewhere
    return round(peak / KIB_PER_MIB, 1)


def give_back_memory() -> None:
    """Return freed memory to the system now, where the C library would keep it (glibc)."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # other C libraries give memory back by themselves
            trim(0)
