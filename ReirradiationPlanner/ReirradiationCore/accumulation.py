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
from .dvh import MetricValue, SortedDose
from .mapping_strategies import Region, point_sum, uniform_background
from .metrics import Metric
from .radiobiology import course_eqd2
from .sampling import SamplePoints

FloatArray = npt.NDArray[np.floating]


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
        reference image. ``UNIFORM_BG``, ``POINT_SUM``: they are points of the prior image.
    volumes_cc : ndarray (M,), optional
        Volumes of the points of the prior image.
    note : str
        What a reader must know about this dose.
    """

    phase_doses_gy: tuple[FloatArray, ...]
    fractions: tuple[int, ...]
    strategy: MappingStrategy = MappingStrategy.DIR
    volumes_cc: FloatArray | None = None
    note: str = ""

    @property
    def is_voxelwise(self) -> bool:
        """True if the dose is known point by point on the reference image."""
        return self.strategy in (MappingStrategy.DIR, MappingStrategy.RIGID, MappingStrategy.ZERO)

    def eqd2(self, alpha_beta_gy: float) -> FloatArray:
        """EQD2 of the whole course (M,), Gy: every phase with its own fractions, then added."""
        return np.asarray(course_eqd2(self.phase_doses_gy, self.fractions, alpha_beta_gy))

    def region(self) -> Region:
        """Return the points of the prior image; for ``UNIFORM_BG`` and ``POINT_SUM`` only."""
        return Region(self.phase_doses_gy, self.fractions, self.volumes_cc)

    def physical(self) -> FloatArray:
        """Physical dose of the course (M,), Gy; meaningful within one course only."""
        doses = self.phase_doses_gy
        return doses[0] if len(doses) == 1 else np.sum(doses, axis=0)

    def native_metric(self, metric: Metric, alpha_beta_gy: float) -> MetricValue:
        """Metric of the EQD2 at the points of the prior image."""
        return SortedDose(self.eqd2(alpha_beta_gy), self.volumes_cc).metric(metric)

    def scaled(self, factor: float) -> CourseDose:
        """Return the same course with every dose multiplied by ``factor``."""
        return replace(self, phase_doses_gy=tuple(d * factor for d in self.phase_doses_gy))


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

    def background_eqd2(self, alpha_beta_gy: float, recovery: Mapping[str, float]) -> FloatArray:
        """Remaining EQD2 of the prior courses after recovery (N,), Gy, without POINT_SUM courses.

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
                total += keep * uniform_background(dose.region(), alpha_beta_gy, "organ").eqd2_gy
        return total

    def cumulative_eqd2(self, alpha_beta_gy: float, recovery: Mapping[str, float]) -> FloatArray:
        """Cumulative EQD2 after recovery (N,), Gy, without POINT_SUM courses."""
        return self.planned.eqd2(alpha_beta_gy) + self.background_eqd2(alpha_beta_gy, recovery)

    def point_sum_eqd2(
        self, metric: Metric, alpha_beta_gy: float, recovery: Mapping[str, float]
    ) -> MetricValue | None:
        """Near-maximum of the POINT_SUM courses after recovery, Gy; None if there are none.

        A mean or a volume cannot be had from maxima: the value is then None with the reason.
        """
        point_sums = {
            course: dose
            for course, dose in self.priors.items()
            if dose.strategy is MappingStrategy.POINT_SUM
        }
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
        return MetricValue(total, "Gy", "prior near-maximum added (POINT_SUM)")
