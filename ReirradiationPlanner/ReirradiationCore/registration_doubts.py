"""Doubts about a map as a whole: what one structure cannot see, the others can.

A tube does not show a slide along itself: one vertebra off, the cord passes while most organs
fail. So where a third of the organs fail, no other structure passes any more. The levels of
physics.md 7.2 stay; this only takes a pass back to warn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .courses import StructureKind
from .registration_fallback import DEFORMED
from .registration_verdicts import Verdict

FEWEST_ORGANS = 3
LARGEST_FAILING = 1 / 3
NEAR_CORRELATION = 0.5
IN_DOUBT = "THE MAP AS A WHOLE IS IN DOUBT"


def with_doubts(
    record: dict[str, Any], mode: str, kinds: dict[str, StructureKind]
) -> dict[str, Any]:
    """Return the quality of a registration with its doubts as warnings and as verdicts.

    Where a third or more of at least three organs at risk that both courses draw, and that did not
    steer, fail under the map, every pass becomes ``warn``; so also under the rigid part. The
    first warning says so.

    Parameters
    ----------
    record : dict
        ``structures``, ``not_paired``, ``near_target`` and ``warnings`` as contract.md has them.
    mode : str
        Of the registration.
    kinds : dict
        Kind of every structure of the planned course.
    """
    organs = [one for one in record["structures"] if kinds[one["structure"]] is StructureKind.OAR]
    said, failing = _whole(organs), _failing([one["rigid"] for one in organs if one["rigid"]])
    everything = [*record["structures"], *record["not_paired"]]
    judged = [_less_than_pass(one, _failing(organs)) for one in everything]
    judged = [{**one, "rigid": _less_than_pass(one["rigid"], failing)} for one in judged]
    count = len(record["structures"])
    return {
        **record,
        "structures": judged[:count],
        "not_paired": judged[count:],
        "warnings": [*said, *record["warnings"], *_near_target(record["near_target"], mode)],
    }


def _failing(organs: Sequence[dict[str, Any]]) -> tuple[list[str], int] | None:
    """Return which organs fail and of how many, if that is too many of them."""
    validating = [one for one in organs if not one["guided"]]
    names = [one["structure"] for one in validating if one["verdict"] == Verdict.FAIL.value]
    if len(validating) < FEWEST_ORGANS or len(names) < LARGEST_FAILING * len(validating):
        return None
    return names, len(validating)


def _less_than_pass(
    entry: dict[str, Any] | None, failing: tuple[list[str], int] | None
) -> dict[str, Any] | None:
    if entry is None or failing is None or entry["verdict"] != Verdict.PASS.value:
        return entry
    why = (
        f"the map fails at {len(failing[0])} of {failing[1]} organs that both courses draw: it may "
        "be off as a whole, also where this structure does not show it"
    )
    verdicts = {**entry["verdicts"], "whole_map": Verdict.WARN.value}
    return {**entry, "verdict": Verdict.WARN.value, "verdicts": verdicts, "why": why}


def _whole(organs: Sequence[dict[str, Any]]) -> Iterator[str]:
    failing = _failing(organs)
    if failing is not None:
        yield (
            f"{IN_DOUBT}: it fails at {len(failing[0])} of {failing[1]} organs that both courses "
            f"draw ({', '.join(failing[0])}); no other structure passes; look whether it is off by "
            "a vertebra or more before any number is used"
        )


def _near_target(near: dict[str, Any] | None, mode: str) -> Iterator[str]:
    """Warn of CTs that are unlike around the target, where the map claims to be exact."""
    if near is None or near["correlation"] is None or mode not in DEFORMED:
        return
    if near["correlation"] < NEAR_CORRELATION:
        yield (
            f"within 2 cm of the planned target the HU of both CTs correlate only by "
            f"{near['correlation']:.2f} (usual is {NEAR_CORRELATION:g} or more): look at the match "
            "there before any number is used"
        )
