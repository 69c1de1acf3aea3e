"""What the registration was measured at, and which live changes it says nothing of."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .case import Case
from .courses import Course
from .errors import RefusedError
from .pipeline_data import ReadCase
from .registration_structures import THIN
from .structure_pairs import pair_structures

Pair = tuple[str, str, bool]


def require_measured_pairs(base: ReadCase, case: Case) -> None:
    """Refuse names by which the registration would be measured at other pairs of structures.

    Where a registration fails at a pair the organ loses its mapped dose; without measuring nobody
    knows that.

    Parameters
    ----------
    base : ReadCase
        Courses and the choices with which the registration was measured.
    case : Case
        Other choices.

    Raises
    ------
    RefusedError
        One reason for each pair that comes or goes.
    """
    if case.structure_map != base.case.structure_map:
        reasons = [reason for prior in base.priors for reason in _changed(base, prior, case)]
        if reasons:
            raise RefusedError(*reasons)


def _changed(base: ReadCase, prior: Course, case: Case) -> Iterator[str]:
    before, after = (_pairs(base, prior, one) for one in (base.case, case))
    for name, other, _ in sorted(after - before):
        yield (
            f"structure_map: {name} would be '{other}' of {prior.id}, where its registration was "
            "not measured so; evaluate the case again"
        )
    for name, other, _ in sorted(before - after):
        if name not in {pair[0] for pair in after}:
            yield (
                f"structure_map: {name} would not be '{other}' of {prior.id} any more, where its "
                "registration was measured; evaluate the case again"
            )


def _pairs(base: ReadCase, prior: Course, case: Case) -> set[Pair]:
    """Names of the structures of each pair, and whether it is judged as a thin one."""
    planned = base.read.courses[-1]
    pairing = pair_structures(planned.structures, prior.structures, case.structure_map)
    return {
        (pair.reference.name, pair.prior.name, THIN.match(pair.name) is not None)
        for pair in pairing.pairs
    }


def not_measured(drawn: Collection[str], priors: Collection[Course]) -> str:
    """Say which structures were drawn after the registration was measured; empty if none was."""
    if not drawn or not priors:
        return ""
    return (
        f"{', '.join(sorted(drawn))}: drawn after the registration was measured, which may fail "
        "there; evaluate the case again before a verdict counts"
    )
