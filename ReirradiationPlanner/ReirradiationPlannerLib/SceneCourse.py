"""One course found in a scene, for tables and for the other methods of the logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ReirradiationCore.courses import Course

from .RegistrationNodes import RegistrationNodes
from .ScenePhase import ScenePhase


@dataclass(frozen=True, eq=False)
class SceneCourse:
    """A course with its nodes, as far as it could be read.

    id: ``prior-1``, ``prior-2`` (oldest first), ``planned``
    label: study description, else plan labels
    course: Core's course; None while something is missing
    missing: what is missing, one sentence each
    imageNode, segmentationNode, doseNodes: its nodes; None or empty where there are none
    segmentNames: ID of each segment to the name of its structure
    key, plannedKey: identify the course, and the planned one, whatever their ids are now
    scene: where they are
    typed: which of fractions, first_fraction_date, last_fraction_date, prescription_gy the user
        typed
    """

    id: str
    label: str
    course: Course | None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    phases: tuple[ScenePhase, ...] = ()
    imageNode: Any = None
    segmentationNode: Any = None
    doseNodes: tuple[Any, ...] = ()
    segmentNames: Mapping[str, str] = field(default_factory=dict)
    studyItem: int = 0
    key: str = ""
    plannedKey: str = ""
    scene: Any = None
    firstDate: date | None = None
    lastDate: date | None = None
    dateSource: str = ""
    intervalMonths: float | None = None
    typed: frozenset[str] = frozenset()

    @property
    def transformNode(self):
        """Registration of the course with the planned one, as it is in the scene now, or None."""
        if self.scene is None or self.key == self.plannedKey:
            return None
        return RegistrationNodes(self.scene).find(self.key, self.plannedKey)

    @property
    def nodes(self) -> tuple:
        """All nodes of the course."""
        return tuple(n for n in (self.imageNode, self.segmentationNode, *self.doseNodes) if n)
