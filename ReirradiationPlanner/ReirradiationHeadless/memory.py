"""The most memory this process has used so far."""

from __future__ import annotations

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
