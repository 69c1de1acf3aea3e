"""What files say of a course, as data that is kept where the files are not (in a scene).

A `Group` is what the reader found out about one course before it reads any pixels: plans with
fractions, prescription and dates, what their doses are, and what they refer to. `group_to_json` and
`group_from_json` keep it beside doses, contours and images that somebody else holds, so that every
check that the reader makes on files is made on them as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from .dicom.assemble import Group
from .dicom.dose import DoseFile
from .dicom.index import Entry, Kind
from .dicom.plan import Delivery, Plan
from .dicom.planned import PlannedDose
from .dicom.structures import StructureSetFile
from .errors import RefusedError

VERSION = 1
NO_IDENTITY = ("", "", "", "")


def stand_in(  # noqa: PLR0913
    kind: Kind,
    name: str,
    *,
    uid: str = "",
    series_uid: str = "",
    frame_uid: str = "",
    study: Mapping[str, str] | None = None,
    position: str = "",
    identity: tuple[str, str, str, str] = NO_IDENTITY,
) -> Entry:
    """Return the header of an object whose file is not at hand; ``name`` is how messages call it.

    ``study`` may hold ``uid``, ``date`` (YYYYMMDD) and ``description``.
    """
    study = study or {}
    return Entry(
        path=Path(name),
        name=name,
        kind=kind,
        sop_class_uid="",
        sop_uid=uid,
        modality=kind.value,
        study_uid=study.get("uid", ""),
        series_uid=series_uid,
        frame_uid=frame_uid,
        study_date=study.get("date", ""),
        study_description=study.get("description", ""),
        series_description="",
        patient_position=position,
        identity=identity,
        position=None,
        orientation=None,
    )


def group_to_json(group: Group) -> dict[str, Any]:
    """Return a group as JSON content; doses of beams or planes are kept as the one they make."""
    first = group.planned[0].plan.entry
    drawn = group.structure_set
    return {
        "version": VERSION,
        "identity": list(first.identity),
        "study": {
            "uid": first.study_uid,
            "date": first.study_date,
            "description": first.study_description,
        },
        "frame_uid": group.frame_uid,
        "image_series_uid": group.ct[0].series_uid if group.ct else "",
        "patient_position": group.ct[0].patient_position if group.ct else "",
        "structure_set": None
        if drawn is None
        else {"uid": drawn.entry.sop_uid, "name": drawn.entry.name},
        "plans": [_plan_to_json(item) for item in group.planned],
    }


def _plan_to_json(item: PlannedDose) -> dict[str, Any]:
    plan, dose, given = item.plan, item.doses[0], item.delivery
    return {
        "uid": plan.uid,
        "label": plan.label,
        "name": plan.name,
        "fractions": plan.fractions,
        "fractions_note": plan.fractions_note,
        "prescription_gy": plan.prescription_gy,
        "structure_set_uid": plan.structure_set_uid,
        "beams": {str(number): kind for number, kind in plan.beams.items()},
        "dates": [[when.isoformat(), source] for when, source in plan.dates],
        "patient_position": plan.patient_position,
        "dose": {
            "uid": dose.entry.sop_uid,
            "name": dose.name,
            "frame_uid": dose.entry.frame_uid,
            "units": dose.units,
            "type": dose.dose_type,
            "summation": dose.summation,
        },
        "delivery": None
        if given is None
        else {
            "first": given.first.isoformat(),
            "last": given.last.isoformat(),
            "fractions": given.fractions,
        },
    }


def group_from_json(content: Mapping[str, Any]) -> Group:
    """Return the group that was kept.

    Raises
    ------
    RefusedError
        Content that this version cannot read.
    """
    try:
        return _group(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = (
            f"what is kept of a course in the scene cannot be read ({type(error).__name__}: "
            f"{error}); load its DICOM files again"
        )
        raise RefusedError(reason) from error


def _group(content: Mapping[str, Any]) -> Group:
    if content["version"] != VERSION:
        msg = f"version {content['version']}"
        raise ValueError(msg)
    shared = {
        "study": content["study"],
        "identity": tuple(str(text) for text in content["identity"]),
    }
    frame = content["frame_uid"]
    series, position = content["image_series_uid"], content["patient_position"]
    images = [
        stand_in(Kind.CT, "CT", series_uid=series, frame_uid=frame, position=position, **shared)
    ]
    drawn, structure_set = content["structure_set"], None
    if drawn is not None:
        entry = stand_in(
            Kind.STRUCTURES, drawn["name"], uid=drawn["uid"], frame_uid=frame, **shared
        )
        structure_set = StructureSetFile(entry, frozenset({frame}), (series,))
    planned = [_planned(plan, shared) for plan in content["plans"]]
    return Group(planned, structure_set, images if series else [])


def _planned(content: Mapping[str, Any], shared: Mapping[str, Any]) -> PlannedDose:
    entry = stand_in(Kind.PLAN, content["name"], uid=content["uid"], **shared)
    plan = Plan(
        entry,
        content["uid"],
        content["label"],
        content["fractions"],
        content["fractions_note"],
        content["prescription_gy"],
        content["structure_set_uid"],
        {int(number): kind for number, kind in content["beams"].items()},
        tuple((date.fromisoformat(when), source) for when, source in content["dates"]),
        content["patient_position"],
    )
    return PlannedDose(plan, [_dose(content["dose"], plan, shared)], _delivery(content["delivery"]))


def _dose(content: Mapping[str, str], plan: Plan, shared: Mapping[str, Any]) -> DoseFile:
    uid, frame = content["uid"], content["frame_uid"]
    entry = stand_in(Kind.DOSE, content["name"], uid=uid, frame_uid=frame, **shared)
    return DoseFile(
        entry,
        (plan.uid,) if plan.uid else (),
        plan.structure_set_uid,
        content["units"],
        content["type"],
        content["summation"],
        (),
        1,
    )


def _delivery(content: Mapping[str, Any] | None) -> Delivery | None:
    if content is None:
        return None
    return Delivery(
        date.fromisoformat(content["first"]),
        date.fromisoformat(content["last"]),
        content["fractions"],
    )
