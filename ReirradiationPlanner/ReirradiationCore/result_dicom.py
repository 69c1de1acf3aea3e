"""DICOM exports of a result: doses, regions and registrations that a planning system can tie.

Everything that a radiobiological model went into is written as an effective dose, never PHYSICAL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from .constraints import Quantity
from .courses import Course
from .dicom.attributes import numbers, read_dataset, text
from .dicom.write_common import SeriesInfo, StudyInfo, uid_from
from .dicom.write_dose import DoseInfo, DoseSummationType, DoseType, write_dose
from .dicom.write_dvh import WrittenDvh
from .dicom.write_image import WrittenPlane
from .dicom.write_registration import write_registration
from .dicom.write_structures import DrawnOn, write_structure_set
from .grids import Grid, Volume
from .heatmaps import CourseOnGrid
from .judgement import NO_RECOVERY
from .lost_organs import where_lost
from .map_stage import course_on_grid
from .pipeline_data import Evaluation
from .result_dvhs import painted_as, painted_dvhs, result_dvhs
from .result_regions import result_regions
from .version import __version__

FIRST_SERIES_NUMBER = 9001
DE_IDENTIFIED = "Identity, dates and free text removed; UIDs replaced"
SOFTWARE = f"ReirradiationPlanner {__version__}"
COMPOSED = ("121371", "Composed from prior doses and current plan")
BIOLOGICAL = ("121377", "Composed with radiobiological effects")
PARTLY_DELIVERED = ("121378", "Composed with weighting for fractions delivered")
MOST_PARAMETER_SETS = 6
MOVED_INSIDE = "moved inside its frame of reference by a registration that no DICOM object holds"


@dataclass(frozen=True, eq=False)
class DoseExport:
    """A dose to be written: file name, values, what it says of itself, title of its series."""

    name: str
    volume: Volume
    info: DoseInfo
    title: str


class _Writer:
    """Names, UIDs and series of the objects; all derived from the input, so a rerun is equal."""

    def __init__(self, folder: Path, evaluation: Evaluation) -> None:
        planned = evaluation.planned
        self.folder = folder
        self.hash = evaluation.input_hash
        self.study = StudyInfo(
            planned.patient,
            planned.study_uid,
            planned.frame_of_reference_uid,
            de_identified=DE_IDENTIFIED if evaluation.case.de_identify else "",
        )
        self.number = FIRST_SERIES_NUMBER
        self.planes = _ct_planes(evaluation)
        approved = [match.approved_by for match in evaluation.registrations.values()]
        self.draft = "DRAFT: " if None in approved else ""

    def uid(self, name: str) -> str:
        return uid_from(self.hash, name)

    def series(self, name: str, title: str, *, dated: bool = False) -> SeriesInfo:
        now = datetime.now().astimezone()
        when = (now.strftime("%Y%m%d"), now.strftime("%H%M%S")) if dated else ("", "")
        self.number += 1
        uid = uid_from(self.uid(name), "series")
        return SeriesInfo(uid, self.number - 1, f"{self.draft}{title}"[:64], *when)


def write_result_dicom(folder: Path, evaluation: Evaluation) -> None:
    """Write doses, regions and registrations to ``folder``; never over a file that is there.

    Of a what-if scale of the planned dose only the registrations are written.

    Raises
    ------
    RefusedError
        A file that is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, evaluation)
    # of a what-if no plan was calculated: nothing a planning system could take for its dose
    is_plan = evaluation.case.planned_scale == 1.0
    for export in dose_exports(evaluation, writer) if is_plan else ():
        if np.isnan(export.volume.array).all():
            continue  # nothing is known of it, and DICOM has no value for unknown
        series = writer.series(export.name, export.title)
        path = folder / f"{export.name}.dcm"
        write_dose(path, export.volume, export.info, writer.study, series)
    _write_registrations(evaluation, writer)
    if is_plan:
        _write_regions(evaluation, writer)


def dose_exports(evaluation: Evaluation, writer: _Writer) -> Iterator[DoseExport]:
    """Yield the doses: the sum as painted, the sum per alpha/beta, each prior, what remains."""
    if not any(_plan_uids(course) for course in evaluation.courses):
        return
    yield _painted_sum(evaluation, writer)
    yield from _parameter_sets(evaluation, writer)
    for prior in _mapped(evaluation):
        if not _plan_uids(prior):
            continue  # a dose without a plan has nothing a planning system could tie it to
        yield _background(prior, evaluation, writer)
    if not any(course.letter for course in evaluation.priors):
        yield from _remaining(evaluation, writer)


def _mapped(evaluation: Evaluation) -> list[Course]:
    return [prior for prior in evaluation.priors if prior.letter is None]


def _sum_info(
    evaluation: Evaluation,
    writer: _Writer,
    name: str,
    comment: str,
    dvhs: tuple[WrittenDvh, ...] = (),
) -> DoseInfo:
    """Return what every sum says: effective, all plans, derivation and registrations."""
    plans = [uid for course in evaluation.courses for uid in _plan_uids(course)]
    several = len(plans) > 1
    partly = any(p.delivered_share != 1 for course in evaluation.courses for p in course.phases)
    codes = (COMPOSED, BIOLOGICAL, *((PARTLY_DELIVERED,) if partly else ()))
    left_out = ", ".join(course.id for course in evaluation.priors if course.letter)
    whole = [comment, f"courses {', '.join(c.id for c in evaluation.courses if not c.letter)}"]
    whole += [f"WITHOUT {left_out}, known only from a letter"] if left_out else []
    whole += ["REGISTRATION NOT APPROVED"] if writer.draft else []
    whole += [f"{p.id} {MOVED_INSIDE}" for p in _mapped(evaluation) if _moves_inside(evaluation, p)]
    moved = [p for p in _mapped(evaluation) if _has_object(evaluation, p)]
    rigid = all(_is_linear(evaluation, p) for p in moved)
    fitting = [p for p in moved if _is_linear(evaluation, p) == rigid]
    return DoseInfo(
        DoseType.EFFECTIVE,
        DoseSummationType.MULTI_PLAN if several else DoseSummationType.PLAN,
        tuple(plans),
        "; ".join([*whole, "not physical dose", SOFTWARE]),
        evaluation.planned.structure_set_uid,
        writer.uid(name),
        derivations=codes if evaluation.priors else (BIOLOGICAL,),
        registration_uids=tuple(writer.uid(f"registration_{p.id}") for p in fitting),
        is_rigid=rigid,
        dvhs=dvhs,
        image_uids=tuple(plane.sop_uid for plane in writer.planes),
    )


def _moves_inside(evaluation: Evaluation, prior: Course) -> bool:
    return evaluation.registrations[prior.id].moves_inside_frame(prior, evaluation.planned)


def _has_object(evaluation: Evaluation, prior: Course) -> bool:
    """Tell whether a registration object is written: not for the identity or inside one frame."""
    match = evaluation.registrations[prior.id]
    return match.result.mode != "identity" and not _moves_inside(evaluation, prior)


def _is_linear(evaluation: Evaluation, prior: Course) -> bool:
    return evaluation.registrations[prior.id].result.transform.IsLinear()


def _model(evaluation: Evaluation) -> str:
    return str(evaluation.case.model.to_json().get("name", "LQ"))


def _painted_sum(evaluation: Evaluation, writer: _Writer) -> DoseExport:
    """Sum with the alpha/beta and recovery of the organ each voxel is painted with."""
    used = {
        f"{name} {organ.alpha_beta_gy:g} Gy"
        + "".join(f" R({c})={r:.3g}" for c, r in organ.recovery.items() if r)
        for name, organ in painted_as(evaluation).items()
    }
    comment = f"EQD2 per organ, {_model(evaluation)}; a/b and recovery: {', '.join(sorted(used))}"
    name = "cumulative_eqd2"
    info = _sum_info(evaluation, writer, name, comment, painted_dvhs(evaluation))
    return DoseExport(name, evaluation.maps[name], info, "Cumulative EQD2 (not physical dose)")


def _parameter_sets(evaluation: Evaluation, writer: _Writer) -> Iterator[DoseExport]:
    """Yield the sum without recovery with one alpha/beta everywhere, for each that organs have."""
    values = sorted({organ.model.alpha_beta_gy for organ in evaluation.organs})
    grid = evaluation.maps["cumulative_eqd2"].grid
    doses = [
        _on_grid(course, evaluation, grid) for course in (*_mapped(evaluation), evaluation.planned)
    ]
    lost, names = where_lost(evaluation.organs, grid, evaluation.planned)
    for value in [v for v in values if np.isfinite(v)][:MOST_PARAMETER_SETS]:
        alpha_beta = np.full(grid.shape, value, dtype=np.float32)
        total = np.sum([dose.eqd2(alpha_beta) for dose in doses], axis=0, dtype=np.float32)
        total[lost] = np.nan
        label = f"{value:g}"
        name = f"cumulative_eqd2_ab{label}"
        comment = f"EQD2 a/b {label} Gy everywhere, no recovery, {_model(evaluation)}{names}"
        dvhs = result_dvhs(evaluation.organs, NO_RECOVERY, Quantity.EQD2, value)
        info = _sum_info(evaluation, writer, name, comment, dvhs)
        title = f"Cumulative EQD2 a/b {label} Gy (not physical dose)"
        yield DoseExport(name, Volume(total, grid), info, title)


def _on_grid(course: Course, evaluation: Evaluation, grid: Grid) -> CourseOnGrid:
    match = evaluation.registrations.get(course.id)
    return course_on_grid(course, grid, match.result.transform if match else None, evaluation.case)


def _background(prior: Course, evaluation: Evaluation, writer: _Writer) -> DoseExport:
    """Physical dose of a prior course on the reference image, as delivered."""
    name, plans = f"mapped_dose_{prior.id}", _plan_uids(prior)
    n = "+".join(str(phase.fractions_delivered) for phase in prior.phases)
    uids = (writer.uid(f"registration_{prior.id}"),) if _has_object(evaluation, prior) else ()
    inside = f"; {prior.id} {MOVED_INSIDE}" if _moves_inside(evaluation, prior) else ""
    info = DoseInfo(
        DoseType.PHYSICAL,
        DoseSummationType.MULTI_PLAN if len(plans) > 1 else DoseSummationType.PLAN,
        plans,
        f"Physical dose of {prior.id}, {n} fractions delivered, mapped onto the reference image; "
        f"background only{inside}; {SOFTWARE}",
        evaluation.planned.structure_set_uid,
        writer.uid(name),
        registration_uids=uids,
        is_rigid=_is_linear(evaluation, prior),
        dvhs=result_dvhs(evaluation.organs, prior.id, Quantity.PHYSICAL),
        image_uids=tuple(plane.sop_uid for plane in writer.planes),
    )
    return DoseExport(name, evaluation.maps[name], info, f"Mapped physical dose {prior.id}")


def _remaining(evaluation: Evaluation, writer: _Writer) -> Iterator[DoseExport]:
    """Yield what may still be given; it follows from EQD2 limits and was not delivered."""
    name = "remaining_dose"
    volume = evaluation.maps[name]
    if np.isnan(volume.array).all():
        return
    n = evaluation.planned.fractions_delivered
    comment = f"Remaining dose, {n} fractions, under near-maximum EQD2 limits; not a delivered dose"
    info = _sum_info(evaluation, writer, name, comment)
    yield DoseExport(name, volume, info, f"Remaining dose in {n} fractions (not delivered)")


def _plan_uids(course: Course) -> tuple[str, ...]:
    return tuple(phase.plan_uid for phase in course.phases if phase.plan_uid)


def _write_registrations(evaluation: Evaluation, writer: _Writer) -> None:
    grid = evaluation.maps["cumulative_eqd2"].grid
    for prior in (p for p in _mapped(evaluation) if _has_object(evaluation, p)):
        name = f"registration_{prior.id}"
        series = writer.series(name, f"Registration of {prior.id}", dated=True)
        write_registration(
            writer.folder / f"{name}.dcm",
            evaluation.registrations[prior.id].result.transform,
            prior.frame_of_reference_uid,
            writer.study,
            series,
            writer.uid(name),
            grid,
        )


def _write_regions(evaluation: Evaluation, writer: _Writer) -> None:
    """Write the structure set of the regions, where there is one and a CT to draw it on."""
    planned = evaluation.planned
    if planned.image is None:
        return
    planes = writer.planes
    levels = np.arange(planned.image.grid.size[2])
    own = planned.image.grid.points_at(np.column_stack([0 * levels, 0 * levels, levels]))[:, 2]
    heights = np.array([plane.z_mm for plane in planes]) if planes else own
    priors = tuple(prior.id for prior in _mapped(evaluation))
    regions = result_regions(evaluation.maps, priors, planned.id, np.sort(heights))
    if not regions:
        return
    drawn_on = DrawnOn(planned.image_series_uid, planes, "REIRRADIATION", "AUTOMATIC")
    series = writer.series("regions", "Over-limit and overlap regions", dated=True)
    path = writer.folder / "regions.dcm"
    write_structure_set(path, writer.uid("regions"), regions, drawn_on, writer.study, series)


def _ct_planes(evaluation: Evaluation) -> tuple[WrittenPlane, ...]:
    """Return the CT files of the planned course; none where their names were taken away."""
    own = set(evaluation.planned.files)
    planes = []
    for path, uid, modality in evaluation.files:
        if modality != "CT" or path not in own or not path.is_file():
            continue
        header = read_dataset(path, path.name, pixels=False)
        place = numbers(header, "ImagePositionPatient")
        if place is not None and place.size == 3 and text(header, "SOPInstanceUID") == uid:
            planes.append(WrittenPlane(uid, float(place[2]), path))
    return tuple(sorted(planes, key=lambda plane: plane.z_mm))
