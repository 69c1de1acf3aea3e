"""EQD2 of whole volumes: in place, slab by slab and in bounded memory, for the maps."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .radiobiology import quadratic_share, require_fractions, require_recovery

_SLAB = 65536
_THREADS = 2


def cumulative_eqd2_into(
    doses_gy: Sequence[npt.NDArray[np.floating]],
    fractions: Sequence[int],
    alpha_beta_gy: float,
    out: npt.NDArray[np.floating],
    recovery_fractions: Sequence[float] | None = None,
) -> npt.NDArray[np.floating]:
    """Write ``sum_i (1 - R_i) EQD2(D_i)`` of whole volumes into ``out``, slab by slab.

    For maps of many voxels at one alpha/beta: no temporary grows with the volume, and two threads
    share the slabs. NaN stays NaN; negative doses count as 0 (clean the dose before).

    Parameters
    ----------
    doses_gy : sequence of ndarray
        Physical dose of each plan, Gy, C-contiguous, all of the shape and dtype of ``out``, which
        may be the first of them.
    fractions : sequence of int
        Number of fractions of each plan.
    recovery_fractions : sequence of float, optional
        Recovery of each plan, 0..1; none if not given.

    Raises
    ------
    RadiobiologyError
        Arrays that do not match, and as `eqdx` and `cumulative_eqd2`.
    """
    recoveries = [0.0] * len(doses_gy) if recovery_fractions is None else recovery_fractions
    if not doses_gy or not len(doses_gy) == len(fractions) == len(recoveries):
        msg = f"{len(doses_gy)} doses, {len(fractions)} fractions, {len(recoveries)} recoveries"
        raise RadiobiologyError(msg)
    _require_matching(doses_gy, out)
    factors = _factors(fractions, recoveries, alpha_beta_gy)
    flat, flat_out = [dose.reshape(-1) for dose in doses_gy], out.reshape(-1)
    edges = np.linspace(0, flat_out.size, _THREADS + 1).astype(int)
    with ThreadPoolExecutor(_THREADS) as pool:
        jobs = [
            pool.submit(_fill_range, flat, factors, flat_out, int(a), int(b))
            for a, b in pairwise(edges)
        ]
        for job in jobs:
            job.result()
    return out


def _require_matching(doses: Sequence[npt.NDArray], out: npt.NDArray) -> None:
    for array in (*doses, out):
        if array.shape != out.shape or array.dtype != out.dtype or not array.flags.c_contiguous:
            msg = f"dose {array.shape} {array.dtype} does not match {out.shape} {out.dtype}"
            raise RadiobiologyError(msg)
    if any(np.may_share_memory(dose, out) for dose in doses[1:]):
        msg = "the result of several doses can overwrite the first of them only"
        raise RadiobiologyError(msg)


def _factors(
    fractions: Sequence[int], recoveries: Sequence[float], alpha_beta_gy: float
) -> list[tuple[float, float]]:
    """Return for each plan the factors of D and of D squared."""
    share = float(quadratic_share(alpha_beta_gy))
    factors = []
    for n, recovery in zip(fractions, recoveries, strict=True):
        linear = (1.0 - require_recovery(recovery)) / (1.0 + 2.0 * share)
        factors.append((linear, linear * share / require_fractions(n)))
    return factors


def _fill_range(
    doses: list[npt.NDArray], factors: list, out: npt.NDArray, start: int, stop: int
) -> None:
    """Fill ``out[start:stop]`` with the weighted sum of ``D (linear + quadratic D)``."""
    size = max(1, min(_SLAB, stop - start))
    work, clean = np.empty(size, dtype=out.dtype), np.empty(size, dtype=out.dtype)
    kinds = [(out.dtype.type(linear), out.dtype.type(quadratic)) for linear, quadratic in factors]
    for begin in range(start, stop, size):
        end = min(begin + size, stop)
        for number, (dose, (linear, quadratic)) in enumerate(zip(doses, kinds, strict=True)):
            target = out[begin:end] if number == 0 else work[: end - begin]
            positive = np.maximum(dose[begin:end], 0, out=clean[: end - begin])
            np.multiply(positive, quadratic, out=target)
            np.add(target, linear, out=target)
            np.multiply(target, positive, out=target)
            if number:
                np.add(out[begin:end], target, out=out[begin:end])


def eqd2_into(
    dose_gy: npt.NDArray[np.floating],
    fractions: int,
    alpha_beta_gy: float,
    out: npt.NDArray[np.floating],
) -> npt.NDArray[np.floating]:
    """Write the EQD2 of one plan into ``out``, which may be ``dose_gy`` itself."""
    return cumulative_eqd2_into([dose_gy], [fractions], alpha_beta_gy, out)
