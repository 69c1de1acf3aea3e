"""RTDOSE exports of a result: the cumulative EQD2 and each mapped prior dose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .courses import Course
from .dicom.write_common import SeriesInfo, StudyInfo, uid_from
from .dicom.write_dose import DoseInfo, DoseSummationType, DoseType, write_dose
from .grids import Volume
from .pipeline_data import Evaluation

FIRST_SERIES_NUMBER = 9001


def write_result_dicom(folder: Path, evaluation: Evaluation) -> None:
    """Write the exports; every object has UIDs derived from the input, so that a rerun is equal.

    The cumulative EQD2 is an effective dose, never PHYSICAL; a mapped prior dose is physical dose
    of one plan on the reference image, for use as background in a planning system.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = evaluation.planned
    study = StudyInfo(planned.patient, planned.study_uid, planned.frame_of_reference_uid)
    for number, (name, volume, info, title) in enumerate(_exports(evaluation)):
        uid = uid_from(evaluation.input_hash, name)
        series = SeriesInfo(uid_from(uid, "series"), FIRST_SERIES_NUMBER + number, title)
        dose = DoseInfo(**info, sop_uid=uid)
        write_dose(folder / f"{name}.dcm", volume, dose, study, series)


def _exports(evaluation: Evaluation) -> Iterator[tuple[str, Volume, dict, str]]:
    planned, maps = evaluation.planned, evaluation.maps
    plans = [uid for course in evaluation.courses for uid in _plan_uids(course)]
    several = len(plans) > 1
    yield (
        "cumulative_eqd2",
        maps["cumulative_eqd2"],
        {
            "dose_type": DoseType.EFFECTIVE,
            "summation_type": DoseSummationType.MULTI_PLAN if several else DoseSummationType.PLAN,
            "plan_uids": tuple(plans),
            "comment": "Cumulative EQD2 with alpha/beta and recovery of each organ; not physical",
            "structure_set_uid": planned.structure_set_uid,
        },
        "Cumulative EQD2 (not physical dose)",
    )
    for prior in evaluation.priors:
        if len(prior.phases) != 1:
            continue
        yield (
            f"mapped_dose_{prior.id}",
            maps[f"mapped_dose_{prior.id}"],
            {
                "dose_type": DoseType.PHYSICAL,
                "summation_type": DoseSummationType.PLAN,
                "plan_uids": _plan_uids(prior),
                "comment": f"Physical dose of {prior.id} mapped onto the reference image",
                "structure_set_uid": planned.structure_set_uid,
            },
            f"Mapped physical dose {prior.id}",
        )


def _plan_uids(course: Course) -> tuple[str, ...]:
    return tuple(phase.plan_uid for phase in course.phases)
