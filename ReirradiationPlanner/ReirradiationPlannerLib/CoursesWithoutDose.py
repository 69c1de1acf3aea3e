"""Plans and structures of a scene whose dose is not there, and that may be the planned course."""

from __future__ import annotations

from datetime import date

from ReirradiationCore.dicom.attributes import parse_day
from ReirradiationCore.scene_reading import Reading

from .SceneIndex import SceneIndex
from .SceneNames import SceneNames

REMEDY = "load its dose, say which course is planned, or remove it from the scene"


class CoursesWithoutDose:
    """Says which plans and structure sets of a scene belong to no course with a dose.

    Without its dose a course is not found: the newest of the others would be taken as the planned
    one, or a prior one would be missing in every sum. A plan or structure set left over therefore
    stops the evaluation. Structures older than the planned course, and anything newer than a course
    that the user chose as planned, are only noted.

    :param index: nodes of the scene.
    :param reading: courses that were found.
    """

    def __init__(self, index: SceneIndex, reading: Reading):
        self._index = index
        self._items = index.items
        self._named = [item.named for item in reading.courses]

    def sentences(self, reference: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Reasons to refuse, and what has to be noted.

        :param reference: course that the user chose as the planned one; None for the newest.
        """
        reasons, notes = [], []
        if not self._named:
            return (), ()
        planned = next(item.group for item in self._named if item.id == "planned")
        label = planned.planned[0].plan.label
        for item in self._leftOver():
            day = self._day(item)
            said = f"'{self._items.name(item)}' ({day.isoformat() if day else 'no date'})"
            isOlder = bool(day and planned.first_date and day < planned.first_date)
            if isOlder and item in self._index.plans:
                reasons.append(
                    f"{said} is a plan whose dose is not in the scene, so its course would not be "
                    "counted; load its dose, or remove the plan and give the course as a letter"
                )
            elif isOlder or reference:
                notes.append(f"{said} belongs to no course with a dose in the scene: not counted")
            else:
                reasons.append(
                    f"{said} belongs to no course with a dose in the scene and may be the planned "
                    f"course, so '{label}' is not taken for it; {REMEDY}"
                )
        return tuple(reasons), tuple(notes)

    def _leftOver(self) -> list[int]:
        """Items of plans and structure sets that no course with a dose refers to."""
        groups = [item.group for item in self._named]
        plans = {planned.plan.entry.sop_uid for group in groups for planned in group.planned}
        plans |= {planned.plan.uid for group in groups for planned in group.planned}
        known = {g.structure_set.entry.sop_uid for g in groups if g.structure_set}
        series = {group.ct[0].series_uid for group in groups if group.ct}
        left = [item for item in self._index.plans if not self._isOneOf(item, plans)]
        for node in self._index.segmentations:
            item = self._items.item(node)
            drawnOn = self._items.attribute(item, SceneNames.REFERENCED_SERIES)
            isDicom = bool(drawnOn or self._items.instanceUids(item))
            if isDicom and drawnOn not in series and not self._isOneOf(item, known):
                left.append(item)
        return left

    def _isOneOf(self, item: int, uids: set[str]) -> bool:
        return bool(set(self._items.instanceUids(item)) & uids)

    def _day(self, item: int) -> date | None:
        return parse_day(self._items.attribute(self._items.study(item), SceneNames.STUDY_DATE))
