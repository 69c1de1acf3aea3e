"""One row of the organ table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.courses import StructureKind


@dataclass(frozen=True, eq=False)
class OrganMatch:
    """What is assumed of a structure of the reference image.

    name: as in the structure set
    standardName: TG-263 name; None where none fits
    certain: whether the name is sure without a confirmation
    note: why it is not, or which of several
    alphaBetaGy, alphaBetaSource: Gy, and where it is from
    recovery: course id to recovered fraction 0..1
    mapping: course id to mapping strategy
    priorNames: course id to the structure that is the same organ there; None without one
    """

    name: str
    standardName: str | None
    certain: bool
    note: str
    kind: StructureKind
    alphaBetaGy: float
    alphaBetaSource: str
    segmentId: str = ""
    recovery: Mapping[str, float] = field(default_factory=dict)
    mapping: Mapping[str, MappingStrategy] = field(default_factory=dict)
    priorNames: Mapping[str, str | None] = field(default_factory=dict)
