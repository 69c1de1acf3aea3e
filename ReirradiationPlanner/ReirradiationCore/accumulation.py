"""The cumulative distribution of one organ: every course at that organ's own sample points.

``E_cum(x) = E_planned(x) + sum_i (1 - R_i) E_i(x)`` with the organ's own alpha/beta in every
course and its own recovery R_i for each prior course i (physics.md section 2). Physical doses are
sampled once and kept, so a change of alpha/beta, recovery or prescription is vector arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from .case import MappingStrategy
from .dose_models import LQ, DoseConversion
from .dvh import MetricValue, SortedDose
from .hot_points import hot_points
from .letters import PointDose
from .mapping_strategies import (
    Background,
    OverlapMasks,
    Region,
    overlap_point_sum,
    point_sum,
    uniform_background,
)
from .metrics import Metric
from .sampling import SamplePoints

FloatArray = npt.NDArray[np.floating]
SMALL_CC = 0.1


@dataclass(frozen=True, eq=False)
class CourseDose:
    """Physical dose of one course, phase by phase, at sample points.

    Parameters
    ----------
    phase_doses_gy : tuple of ndarray (M,)
        Delivered physical dose of each phase, Gy; NaN where unknown.
    fractions : tuple of int
        Fractions delivered in each phase.
    strategy : MappingStrategy
        ``DIR``, ``RIGID``, ``ZERO``: the M points are the organ's own sample points on the
        reference image. The others: they are points of the prior image.
    volumes_cc : ndarray (M,), optional
        Volumes of the points of the prior image; None where the organ is not contoured there.
    note : str
        What a reader must know about this dose.
    fallback : Region, optional
        For ``UNIFORM_BG``: all tissue near the target on the prior image.
    overlap : OverlapMasks, optional
        For ``OVERLAP_POINT_SUM``: where both courses irradiated.
    model : DoseConversion
        How dose becomes EQD2.
    typed : PointDose, optional
        For a course known only from a letter: which near-maximum the one dose is.
    """

    phase_doses_gy: tuple[FloatArray, ...]
    fractions: tuple[int, ...]
    strategy: MappingStrategy = MappingStrategy.DIR
    volumes_cc: FloatArray | None = None
    note: str = ""
    fallback: Region | None = None
    overlap: OverlapMasks | None = None
    model: DoseConversion = LQ
    typed: PointDose | None = None

    @property
    def is_voxelwise(self) -> bool:
        """True if the dose is known point by point on the reference image."""
        return self.strategy in (MappingStrategy.DIR, MappingStrategy.RIGID, MappingStrategy.ZERO)

    def eqd2(self, alpha_beta_gy: float) -> FloatArray:
        """EQD2 of the whole course (M,), Gy: every phase with its own fractions, then added."""
        return self.model.course_eqd2(self.phase_doses_gy, self.fractions, alpha_beta_gy)

    def region(self) -> Region | None:
        """Return the points of the prior image; None where the organ is not contoured there."""
        if self.volumes_cc is None:
            return None
        return Region(self.phase_doses_gy, self.fractions, self.volumes_cc, self.model)

    def background(self, alpha_beta_gy: float, organ: str = "organ") -> Background:
        """Return the EQD2 of a ``UNIFORM_BG`` course for the whole organ, before recovery."""
        return uniform_background(self.region(), alpha_beta_gy, organ, self.fallback)

    def physical(self) -> FloatArray:
        """Physical dose of the course (M,), Gy; meaningful within one course only."""
        doses = self.phase_doses_gy
        return doses[0] if len(doses) == 1 else np.sum(doses, axis=0)

    def native_metric(self, metric: Metric, alpha_beta_gy: float) -> MetricValue:
        """Metric of the EQD2 at the points of the prior image; what a typed dose says of it.

        A typed near-maximum bounds every metric of the same or a larger volume and says nothing
        of a smaller one.
        """
        if self.note and all(d.size == 1 and np.isnan(d[0]) for d in self.phase_doses_gy):
            return MetricValue(None, "Gy", self.note)
        if self.typed is not None:
            if not self.typed.bounds(metric):
                note = f"{self.note}: {metric.name} may be higher and is unknown"
                return MetricValue(None, "Gy", note)
            exact = metric.name == self.typed.metric.name
            note = self.note if exact else f"{self.note}, upper bound of {metric.name}"
            return MetricValue(float(self.eqd2(alpha_beta_gy)[0]), "Gy", note)
        return SortedDose(self.eqd2(alpha_beta_gy), self.volumes_cc).metric(metric)

    @property
    def is_pointwise(self) -> bool:
        """True if the EQD2 of a point depends on the dose of that point alone."""
        return True

    def scaled(self, factor: float) -> CourseDose:
        """Return the same course with every dose multiplied by ``factor``."""
        return replace(self, phase_doses_gy=tuple(d * factor for d in self.phase_doses_gy))

    def at(self, index: npt.NDArray[np.intp]) -> CourseDose:
        """Return the same dose at some of its points."""
        return replace(self, phase_doses_gy=tuple(d[index] for d in self.phase_doses_gy))

    def with_model(self, model: DoseConversion) -> CourseDose:
        """Return the same dose, converted with another model."""
        fallback = self.fallback and replace(self.fallback, model=model)
        return replace(self, model=model, fallback=fallback)


def not_evaluable(fractions: tuple[int, ...], note: str) -> CourseDose:
    """Return the dose of a course of which nothing may be said in an organ, with the reason."""
    unknown = tuple(np.array([np.nan]) for _ in fractions)
    strategy = MappingStrategy.NOT_EVALUABLE
    return CourseDose(unknown, fractions, strategy, np.array([1.0]), note)


@dataclass(frozen=True, eq=False)
class OrganDoses:
    """One organ of the reference image with the dose of every course at its sample points.

    Parameters
    ----------
    samples : SamplePoints
        Points inside the organ with their volumes.
    planned : CourseDose
        Dose of the planned course.
    priors : mapping
        Course id to the dose of that prior course.
    """

    samples: SamplePoints
    planned: CourseDose
    priors: Mapping[str, CourseDose] = field(default_factory=dict)
    _hottest: dict[float, OrganDoses] = field(default_factory=dict, init=False, repr=False)

    def hottest(self, volume_cc: float) -> OrganDoses:
        """Return the points that can decide a near-maximum of ``volume_cc``; see `hot_points`.

        They do not depend on alpha/beta, recovery or prescription and are found once, for small
        volumes all together. Where a course looks at neighbouring points no point can be left out.
        """
        if not all(course.is_pointwise for course in self.priors.values()):
            return self
        volume_cc = max(volume_cc, SMALL_CC)
        if volume_cc not in self._hottest:
            courses = [self.planned, *(d for d in self.priors.values() if d.is_voxelwise)]
            doses = [phase for course in courses for phase in course.phase_doses_gy]
            self._hottest[volume_cc] = self._part(
                hot_points(doses, self.samples.volumes_cc, volume_cc)
            )
        return self._hottest[volume_cc]

    def _part(self, index: npt.NDArray[np.intp]) -> OrganDoses:
        samples = replace(
            self.samples,
            points_lps=self.samples.points_lps[index],
            volumes_cc=self.samples.volumes_cc[index],
            cells=None,
        )
        priors = {
            course: dose.at(index) if dose.is_voxelwise else dose
            for course, dose in self.priors.items()
        }
        return OrganDoses(samples, self.planned.at(index), priors)

    def scaled(self, factor: float) -> OrganDoses:
        """Return the doses with the planned course multiplied by ``factor``."""
        scaled = replace(self, planned=self.planned.scaled(factor))
        for volume, part in self._hottest.items():
            scaled._hottest[volume] = part.scaled(factor)
        return scaled

    def background_eqd2(self, alpha_beta_gy: float, recovery: Mapping[str, float]) -> FloatArray:
        """Remaining EQD2 of the prior courses after recovery (N,), Gy, without point sums.

        Parameters
        ----------
        alpha_beta_gy : float
            Alpha/beta of the organ or of the limit that is judged, Gy.
        recovery : mapping
            Course id to the recovered fraction 0..1; missing means none.
        """
        total = np.zeros(len(self.samples.volumes_cc))
        for course, dose in self.priors.items():
            keep = 1.0 - recovery.get(course, 0.0)
            if dose.is_voxelwise:
                total += keep * dose.eqd2(alpha_beta_gy)
            elif dose.strategy is MappingStrategy.UNIFORM_BG:
                total += keep * dose.background(alpha_beta_gy).eqd2_gy
            elif dose.strategy is MappingStrategy.NOT_EVALUABLE:
                total += np.nan
        return total

    def cumulative_eqd2(self, alpha_beta_gy: float, recovery: Mapping[str, float]) -> FloatArray:
        """Cumulative EQD2 after recovery (N,), Gy, without point sums."""
        return self.planned.eqd2(alpha_beta_gy) + self.background_eqd2(alpha_beta_gy, recovery)

    def with_model(self, model: DoseConversion) -> OrganDoses:
        """Return the same doses, converted with another model."""
        priors = {course: dose.with_model(model) for course, dose in self.priors.items()}
        return replace(self, planned=self.planned.with_model(model), priors=priors)

    @property
    def why_not_evaluable(self) -> str:
        """Why there is no sum at all: a course is NOT_EVALUABLE in this organ; empty if none is."""
        notes = [dose.note for dose in self.courses_of(MappingStrategy.NOT_EVALUABLE).values()]
        return "; ".join(notes)

    def courses_of(self, strategy: MappingStrategy) -> dict[str, CourseDose]:
        """Return the prior courses that were brought here by one strategy."""
        return {c: dose for c, dose in self.priors.items() if dose.strategy is strategy}

    def point_sum_eqd2(
        self,
        metric: Metric,
        alpha_beta_gy: float,
        recovery: Mapping[str, float],
        *,
        with_overlap_sums: bool = False,
    ) -> MetricValue | None:
        """Near-maximum of the POINT_SUM courses after recovery, Gy; None if there are none.

        A mean or a volume cannot be had from maxima: the value is then None with the reason.
        ``with_overlap_sums`` adds OVERLAP_POINT_SUM courses in the same way, which is never less
        than what they add; it is done anyhow where there are several prior courses, because the
        overlap of two courses says nothing about a third.
        """
        point_sums = self.courses_of(MappingStrategy.POINT_SUM)
        if with_overlap_sums or len(self.priors) > 1:
            point_sums |= self.courses_of(MappingStrategy.OVERLAP_POINT_SUM)
        if not point_sums:
            return None
        if not metric.is_near_maximum:
            note = f"{metric.name} needs a three-dimensional sum; prior dose is known as POINT_SUM"
            return MetricValue(None, "Gy", note)
        native = {c: d.native_metric(metric, alpha_beta_gy) for c, d in point_sums.items()}
        unknown = [n for n in native.values() if n.value is None or n.is_lower_bound]
        if unknown:
            return MetricValue(None, "Gy", unknown[0].note)
        kept = [recovery.get(course, 0.0) for course in native]
        total = point_sum(metric, [n.value for n in native.values()], kept, 0.0)
        typed = [n.note for c, n in native.items() if point_sums[c].typed]
        note = "; ".join(["prior near-maximum added (POINT_SUM)", *typed])
        return MetricValue(total, "Gy", note)

    def overlap_sum_eqd2(
        self, metric: Metric, alpha_beta_gy: float, recovery: Mapping[str, float]
    ) -> MetricValue | None:
        """Near-maximum of both courses if the only prior one is OVERLAP_POINT_SUM, Gy, else None.

        See `mapping_strategies.overlap_point_sum`; a mean or a volume has no value but the reason.
        """
        courses = self.courses_of(MappingStrategy.OVERLAP_POINT_SUM)
        if len(self.priors) != 1 or not courses:
            return None
        ((course, prior),) = courses.items()
        if not metric.is_near_maximum:
            note = (
                f"{metric.name} needs a three-dimensional sum; prior dose is known as a point sum"
            )
            return MetricValue(None, "Gy", note)
        masks = prior.overlap
        if masks is None or prior.volumes_cc is None or not masks.is_known:
            return MetricValue(None, "Gy", "the overlap of both courses in the organ is not known")
        left = (1.0 - recovery.get(course, 0.0)) * prior.eqd2(alpha_beta_gy)
        here = self.planned.eqd2(alpha_beta_gy)
        value, note = overlap_point_sum(
            metric,
            (left, prior.volumes_cc, masks.prior),
            (here, self.samples.volumes_cc, masks.planned),
        )
        return MetricValue(value, "Gy", note)
