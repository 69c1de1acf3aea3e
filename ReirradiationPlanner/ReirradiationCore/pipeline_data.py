"""What the stages of the method hand to each other and to whoever shows the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .accumulation import OrganDoses
from .case import Case
from .constraints import Constraint
from .courses import Course
from .dicom import ReadResult
from .dvh import Dvh
from .grids import Volume
from .judgement import CUMULATIVE, MetricRow, OrganJudge
from .limits import AppliedLimit
from .organ_models import OrganModel
from .planned_scale import scaled_course
from .protocol_check import ConstraintSet
from .registration import RegistrationResult


@dataclass(frozen=True, eq=False)
class ReadCase:
    """Choices with the courses and constraint sets they are about.

    Parameters
    ----------
    case : Case
        Every choice of the user.
    read : ReadResult
        All courses, prior courses oldest first, then the planned course.
    protocols : tuple of ConstraintSet
        Constraint sets with the choices the user made in them.
    notes : tuple of str
        What has to be said about the constraint sets.
    input_hash : str
        ``sha256:...`` of the input and the choices.
    known_sets : mapping
        Constraint sets by the name or file they are asked for with, where the files are not at
        hand.
    """

    case: Case
    read: ReadResult
    protocols: tuple[ConstraintSet, ...]
    notes: tuple[str, ...]
    input_hash: str
    known_sets: Mapping[str, ConstraintSet] = field(default_factory=dict)

    @property
    def planned(self) -> Course:
        """Course whose image is the reference, with the what-if factor on its dose."""
        return scaled_course(self.read.courses[-1], self.case.planned_scale)

    @property
    def priors(self) -> tuple[Course, ...]:
        """Prior courses, oldest first."""
        return self.read.courses[:-1]

    @property
    def constraints(self) -> list[Constraint]:
        """Constraints of all chosen sets."""
        return [limit for protocol in self.protocols for limit in protocol.constraints]


@dataclass(frozen=True, eq=False)
class RegisteredCourse:
    """A prior course with its way from the reference image.

    Parameters
    ----------
    course_id : str
        Prior course.
    result : RegistrationResult
        Transform from the reference image to the prior image and how it was found.
    quality : dict
        Quality numbers as in contract.md.
    approved_by : str, optional
        Who approved the registration; None until somebody did.
    alternatives : mapping
        Other maps of the same course by name, for the uncertainty; never used for a dose.
    """

    course_id: str
    result: RegistrationResult
    quality: dict[str, Any]
    approved_by: str | None = None
    alternatives: Mapping[str, RegistrationResult] = field(default_factory=dict)

    def moves_inside_frame(self, prior: Course, planned: Course) -> bool:
        """Tell whether it moves points of one frame of reference, for which DICOM has no object."""
        same = prior.frame_of_reference_uid == planned.frame_of_reference_uid
        return same and self.result.mode != "identity"


@dataclass(frozen=True, eq=False)
class SampledCase:
    """A case with the doses of every course at the sample points of every organ.

    Parameters
    ----------
    source : ReadCase
        Choices and courses.
    registered : mapping
        Course id to registration.
    models : tuple of OrganModel
        What is assumed of every structure of the reference image.
    doses : tuple of OrganDoses
        Doses of every structure, in the order of ``models``, without the what-if factor.
    has_grids : bool
        False where the dose grids and images are not at hand (read from samples.npz): what was
        sampled can be judged again, nothing can be sampled anew.
    """

    source: ReadCase
    registered: Mapping[str, RegisteredCourse]
    models: tuple[OrganModel, ...]
    doses: tuple[OrganDoses, ...]
    has_grids: bool = True

    def judges(self) -> list[OrganJudge]:
        """Return a judge of every structure, with the what-if factor on the planned dose."""
        factor, planned_id = self.source.case.planned_scale, self.source.read.courses[-1].id
        return [
            OrganJudge(model, doses if factor == 1.0 else doses.scaled(factor), planned_id)
            for model, doses in zip(self.models, self.doses, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class DvhCurve:
    """A dose-volume histogram of one structure, for plots and dvh.csv."""

    structure: str
    distribution: str
    quantity: str
    alpha_beta_gy: float | None
    dvh: Dvh


@dataclass(frozen=True, eq=False)
class JudgedOrgan:
    """One structure with all its metrics."""

    judge: OrganJudge
    metrics: tuple[MetricRow, ...]
    known_prior_dose: Mapping[str, float]
    known_planned_dose: float

    @classmethod
    def of(
        cls,
        judge: OrganJudge,
        applied: Sequence[AppliedLimit],
        intervals: Mapping[str, tuple[float, float]] | None = None,
    ) -> JudgedOrgan:
        """Collect the metrics of an organ, with those that its limits name.

        ``intervals`` holds those of the cumulative metrics over the chosen uncertainty.
        """
        limits = [limit.constraint for limit in applied if limit.organ is judge]
        doses = judge.doses
        known = {
            course: known_share(dose.physical(), doses.samples.volumes_cc)
            for course, dose in doses.priors.items()
            if dose.is_voxelwise
        }
        planned = known_share(doses.planned.physical(), doses.samples.volumes_cc)
        rows = [
            replace(row, interval=intervals.get(row.metric))
            if intervals and row.course == CUMULATIVE
            else row
            for row in judge.rows(limits)
        ]
        return cls(judge, tuple(rows), known, planned)

    @property
    def model(self) -> OrganModel:
        """What is assumed of the organ."""
        return self.judge.model

    @property
    def doses(self) -> OrganDoses:
        """Doses of all courses at its sample points."""
        return self.judge.doses

    @property
    def volume_cc(self) -> float:
        """Volume of the structure on the reference image, cc."""
        return self.doses.samples.volume_cc


def known_share(dose_gy: npt.NDArray[np.floating], volumes_cc: npt.NDArray[np.floating]) -> float:
    """Part 0..1 of the volume whose dose is known."""
    unknown = np.isnan(dose_gy)
    if not unknown.any():
        return 1.0
    return float(volumes_cc[~unknown].sum() / volumes_cc.sum())


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything a run found; nothing in it is written yet.

    Parameters
    ----------
    case : Case
        The choices it was made from.
    courses : tuple of Course
        Prior courses, oldest first, then the planned course.
    registrations : mapping
        Course id to registration.
    organs : tuple of JudgedOrgan
        Every structure of the reference image with an area.
    constraints : tuple of dict
        Judged limits as in contract.md.
    isotoxic : dict, optional
        Isotoxic answer as in contract.md; None without limits or planned prescription.
    maps : mapping
        Voxel maps by name.
    hot_spots : tuple of dict
        Hottest place of each organ: structure, point_lps, value, limit share.
    uncertainty : mapping
        Table of each organ under other mappings and assumptions, as in results.json.
    targets : mapping
        Coverage and overlap of the targets and the suggested type, as in results.json.
    cord_criteria : tuple of dict
        Published cord criteria, as in results.json.
    sampled : SampledCase, optional
        What was judged, for samples.npz.
    """

    case: Case
    courses: tuple[Course, ...]
    registrations: Mapping[str, RegisteredCourse]
    organs: tuple[JudgedOrgan, ...]
    constraints: tuple[dict[str, Any], ...]
    isotoxic: dict[str, Any] | None
    maps: Mapping[str, Volume]
    hot_spots: tuple[dict[str, Any], ...]
    protocols: tuple[ConstraintSet, ...]
    dvh: tuple[DvhCurve, ...]
    hand_checks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    input_hash: str
    files: tuple[tuple[Path, str, str], ...] = ()
    uncertainty: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Any] = field(default_factory=dict)
    cord_criteria: tuple[dict[str, Any], ...] = ()
    skipped_files: int = 0
    timings_s: Mapping[str, float] = field(default_factory=dict)
    sampled: SampledCase | None = None

    @property
    def planned(self) -> Course:
        """Course whose image is the reference."""
        return self.courses[-1]

    @property
    def priors(self) -> tuple[Course, ...]:
        """Prior courses, oldest first."""
        return self.courses[:-1]
