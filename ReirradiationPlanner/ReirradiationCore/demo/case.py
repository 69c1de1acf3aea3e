"""The demo case on disk: two courses as DICOM-RT, and the truth about them kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..courses import Structure
from ..dicom.write_common import SeriesInfo, StudyInfo, uid_from
from ..dicom.write_dose import DoseInfo, DoseSummationType, DoseType, write_dose
from ..dicom.write_image import write_ct
from ..dicom.write_plan import PlanInfo, write_plan
from ..dicom.write_structures import DrawnOn, write_structure_set
from ..errors import RefusedError
from ..grids import Grid, Volume
from ..progress import Progress, silent
from . import doses
from .courses import DEFAULT_SEED, PATIENT, DemoCourse, planned_course, prior_course, wide_grid
from .deformation import InverseTable, TrueTransform, true_displacement_field, true_transform
from .shapes import Array
from .texture import Texture, make_texture
from .voxels import draw_structures, render_ct

TIME = "090000"
MAKER, MODEL = "ReirradiationPlanner demo", "closed-form phantom"
Mapping = Callable[[Array], Array]


@dataclass(frozen=True)
class CourseTruth:
    """What is known about one written course.

    Parameters
    ----------
    course : DemoCourse
        Its definition; ``course.regions`` hold the closed-form shapes in today's anatomy.
    folder : Path
        Where its files are.
    dose : Volume
        Physical dose, Gy, before it was rounded for storage.
    ct : Volume
        HU.
    structures : tuple of Structure
        Contours as drawn (stored to 0.01 mm).
    """

    course: DemoCourse
    folder: Path
    dose: Volume
    ct: Volume
    structures: tuple[Structure, ...]
    frame_of_reference_uid: str


@dataclass(frozen=True)
class DemoTruth:
    """The truth about a demo case: both courses, and the map between their anatomies."""

    folder: Path
    seed: int
    prior: CourseTruth
    planned: CourseTruth
    transform: TrueTransform

    def write_displacement_field(self, path: Path, spacing_mm: float = 3.0) -> Path:
        """Write the true displacement field over today's CT (see `true_displacement_field`).

        Raises
        ------
        RefusedError
            ``path`` lies in the case folder, whose readers must not know the answer.
        """
        if self.folder.resolve() in path.resolve().parents:
            msg = f"{path} lies in the demo case; keep the true transform outside of it"
            raise RefusedError(msg)
        grid: Grid = self.planned.course.ct_grid.with_spacing(spacing_mm)
        sitk.WriteImage(true_displacement_field(grid).to_sitk(), str(path), useCompression=True)
        return path


def write_demo_case(
    folder: Path,
    seed: int = DEFAULT_SEED,
    progress: Progress = silent,
    spacing_factor: float = 1.0,
    ct_size: tuple[int, int, int] | None = None,
) -> DemoTruth:
    """Make the demo case and write it as DICOM-RT: equal arguments give identical files.

    Parameters
    ----------
    folder : Path
        Where to write; made if it does not exist. One folder per course is made in it.
    seed : int
        Seed of texture, noise, unevenness of the doses, and of all UIDs.
    spacing_factor : float
        Larger than 1 makes coarser CTs and dose grids, for quick tests.
    ct_size : tuple of int, optional
        Pixels, rows and slices of both CTs, over a field of view of 500 mm; for benchmarks.

    Raises
    ------
    RefusedError
        One of the course folders exists already.
    """
    folder = Path(folder)
    _require_free(folder)
    transform = true_transform()
    inverse, texture = InverseTable(transform), make_texture(seed)
    first, second = prior_course(spacing_factor), planned_course(spacing_factor)
    if ct_size:
        first, second = (
            replace(course, ct_grid=wide_grid(course.ct_grid, ct_size))
            for course in (first, second)
        )
    progress("dose of course1_prostate")
    dose_1 = doses.prior_dose(first.dose_grid, inverse, seed)
    progress("dose of course2_node_sbrt")
    dose_2 = doses.planned_dose(second.dose_grid, seed)
    maker = _Maker(folder, seed, texture, progress)
    prior = maker.make(first, dose_1, transform, inverse)
    planned = maker.make(second, dose_2, np.asarray, np.asarray)
    return DemoTruth(folder, seed, prior, planned, transform)


def _require_free(folder: Path) -> None:
    """Refuse to write into an earlier demo case."""
    for path in (folder / prior_course().key, folder / planned_course().key):
        if path.exists():
            msg = f"{path} exists; give an empty folder for the demo case"
            raise RefusedError(msg)


@dataclass(frozen=True)
class _Maker:
    """Makes and writes one course after the other."""

    folder: Path
    seed: int
    texture: Texture
    progress: Progress

    def make(
        self, course: DemoCourse, dose: Volume, from_anatomy: Mapping, to_anatomy: Mapping
    ) -> CourseTruth:
        frame = self._uid(course, "frame of reference")
        ct = render_ct(course, to_anatomy, self.texture, self.seed, self.progress)
        structures = draw_structures(course, from_anatomy, to_anatomy, frame, self.progress)
        truth = CourseTruth(course, self._new_folder(course), dose, ct, structures, frame)
        self.progress(f"writing {course.key}")
        isocentre = from_anatomy(np.array([course.isocentre]))[0]
        self._write(truth, tuple(isocentre.tolist()))
        return truth

    def _new_folder(self, course: DemoCourse) -> Path:
        path = self.folder / course.key
        path.mkdir(parents=True)
        return path

    def _uid(self, course: DemoCourse, what: str) -> str:
        grids = (*course.ct_grid.size, *course.dose_grid.size)
        return uid_from("demo", self.seed, *grids, course.key, what)

    def _series(self, course: DemoCourse, number: int, what: str, date: str) -> SeriesInfo:
        uid = self._uid(course, f"series {what}")
        return SeriesInfo(uid, number, what, date, TIME, MAKER, MODEL)

    def _write(self, truth: CourseTruth, isocentre: tuple[float, float, float]) -> None:
        course, folder = truth.course, truth.folder
        study = StudyInfo(
            PATIENT,
            self._uid(course, "study"),
            truth.frame_of_reference_uid,
            course.ct_date,
            TIME,
            course.key[:7].upper(),
            course.description,
        )
        ct = self._series(course, 1, "Planning CT", course.ct_date)
        planes = write_ct(folder, truth.ct, study, ct)
        names = ("structure set", "plan", "dose")
        rs, rp, rd = (self._uid(course, name) for name in names)
        made = [self._series(course, n, w, course.plan_date) for n, w in enumerate(names, start=2)]
        drawn_on = DrawnOn(ct.uid, planes)
        write_structure_set(folder / f"RS.{rs}.dcm", rs, truth.structures, drawn_on, study, made[0])
        write_plan(folder / f"RP.{rp}.dcm", _plan(truth, rp, rs, isocentre), study, made[1])
        info = DoseInfo(
            DoseType.PHYSICAL,
            DoseSummationType.PLAN,
            (rp,),
            sop_uid=rd,
            image_uids=tuple(plane.sop_uid for plane in planes),
        )
        write_dose(folder / f"RD.{rd}.dcm", truth.dose, info, study, made[2])


def _plan(
    truth: CourseTruth, uid: str, structure_set_uid: str, isocentre: tuple[float, float, float]
) -> PlanInfo:
    """Plan of two full arcs of a course."""
    course = truth.course
    numbers = {structure.name: structure.roi_number for structure in truth.structures}
    where = tuple(round(v, 1) for v in isocentre)
    return PlanInfo(
        uid,
        structure_set_uid,
        course.label,
        course.intent,
        course.fractions,
        tuple((numbers[name], gray, name) for name, gray in course.prescriptions),
        ((where, 320.0), (where, 305.0)),
        course.plan_date,
        TIME,
    )
