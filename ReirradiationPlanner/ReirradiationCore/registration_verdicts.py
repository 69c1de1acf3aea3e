"""From measured numbers to the verdict on a registration at one structure, with the words for it.

Levels and rules: physics.md 7.2. Contours that steered a registration cannot validate it, and a
structure that is drawn in one course only has no contours to compare: both are NOT VALIDATED unless
landmarks of theirs or close to them say more, but fail where the map folds, is not consistent, or
landmarks elsewhere are missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from .courses import StructureKind
from .registration_levels import Pair, QualityLevels, Ranges
from .registration_quality import StructureQuality


class Verdict(Enum):
    """What a metric, or all metrics of an organ together, allow."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_VALIDATED = "not validated"


USUAL_MDA_MM = 4.4
USUAL_NOTE = (
    "; up to 4.4 mm was usual for deformable registration in a thoracic reirradiation benchmark "
    "(Sand et al.)"
)
JUDGED = (StructureKind.OAR, StructureKind.TARGET)  # kinds at which a registration is judged
SMALLEST_SHARE = 0.5  # an organ of which less is seen by both CTs does not pass
LOSES_MAP = (Verdict.FAIL.value, Verdict.UNKNOWN.value)


@dataclass(frozen=True)
class Finding:
    """Verdict on one metric.

    Parameters
    ----------
    metric : str
        ``mda_mm``, ``hd95_mm``, ``dsc``, ``volume_ratio``, ``jacobian``, ``inverse_consistency``,
        ``tre``, ``tre_anywhere``, ``common_share`` or ``folding_near_target``.
    verdict : Verdict
        On this metric alone.
    words : str
        The number with its levels.
    """

    metric: str
    verdict: Verdict
    words: str


@dataclass(frozen=True)
class Errors:
    """Mean and largest of target registration errors, mm, and their number."""

    mean_mm: float
    max_mm: float
    count: int

    @classmethod
    def of(cls, errors_mm: npt.NDArray[np.floating]) -> Errors | None:
        """Return the statistics; None without landmarks, NaN if one could not be mapped."""
        if not len(errors_mm):
            return None
        return cls(float(np.mean(errors_mm)), float(np.max(errors_mm)), len(errors_mm))


@dataclass(frozen=True)
class Circumstances:
    """What is known of a structure beside its own numbers.

    Parameters
    ----------
    voxel_mm : float
        Largest edge of a voxel of the reference CT; 0 where there is none.
    is_paired : bool
        Drawn in both courses.
    is_guided : bool
        Its contours steered the registration.
    is_target : bool
        A target: folding counts, the range of its Jacobian does not (tumours come and go).
    is_thin : bool
        Cord, plexus or vessel: DSC says nothing of it, MDA does.
    landmarks : Errors, optional
        Of the landmarks that speak for the structure; they may validate it.
    landmarks_anywhere : Errors, optional
        Of these and of the landmarks of no structure wherever they are; they count against it.
    folds_near_target : bool
        The map folds within 2 cm of the planned target, and the structure reaches there.
    unknown_near_target : float
        Part 0..1 of these 2 cm where the map is unknown, if the structure reaches there.
    is_mobile : bool
        Bowel or an organ of the thorax, for which more than the levels of MDA is usual.
    """

    voxel_mm: float = 0.0
    is_paired: bool = True
    is_guided: bool = False
    is_target: bool = False
    is_thin: bool = False
    landmarks: Errors | None = None
    folds_near_target: bool = False
    is_mobile: bool = False
    landmarks_anywhere: Errors | None = None
    unknown_near_target: float = 0.0


def judge_structure(
    quality: StructureQuality, levels: QualityLevels, known: Circumstances
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Return the verdict on a structure and that on each of its metrics."""
    findings = tuple(_findings(quality, levels, known))
    overall = worst([one.verdict for one in findings])
    validating = known.is_paired and not known.is_guided
    has_landmarks = any(one.metric == "tre" for one in findings)
    if validating or has_landmarks or overall.value in LOSES_MAP:
        return overall, findings
    return Verdict.NOT_VALIDATED, findings


def _findings(
    quality: StructureQuality, levels: QualityLevels, known: Circumstances
) -> Iterator[Finding]:
    if known.is_paired:
        yield from _of_contours(quality, levels, known)
    if known.is_paired or not math.isnan(quality.jacobian.minimum):
        yield _of_jacobian(quality, levels.jacobian, folding_only=known.is_target)
    if not math.isnan(quality.inverse_consistency_mm):
        widened = _times(levels.inverse_consistency_voxels, known.voxel_mm)
        error = quality.inverse_consistency_mm
        yield at_most("inverse_consistency", "inverse consistency", error, widened, " mm")
    if known.folds_near_target:
        words = "the map folds within 2 cm of the planned target"
        yield Finding("folding_near_target", Verdict.FAIL, words)
    elif known.unknown_near_target > 0:
        words = (
            f"folding could not be measured in {100 * known.unknown_near_target:.2g} % of the 2 cm "
            "around the planned target, which are outside the domain of the map"
        )
        yield Finding("folding_near_target", Verdict.UNKNOWN, words)
    if known.landmarks is not None:
        yield _of_landmarks(known.landmarks, levels)
    elsewhere, near = known.landmarks_anywhere, known.landmarks
    if elsewhere is not None and elsewhere.count > (0 if near is None else near.count):
        yield from _of_landmarks_anywhere(elsewhere, levels)


def _of_contours(
    quality: StructureQuality, levels: QualityLevels, known: Circumstances
) -> Iterator[Finding]:
    mda = tuple(map(max, levels.mda_mm, _times(levels.mda_voxels, known.voxel_mm)))
    found = at_most("mda_mm", "MDA", quality.mda_mm, (mda[0], mda[1]), " mm")
    noted = known.is_mobile and mda[0] < quality.mda_mm <= USUAL_MDA_MM
    yield replace(found, words=found.words + USUAL_NOTE) if noted else found
    yield at_most("hd95_mm", "HD95", quality.hd95_mm, levels.hd95_mm, " mm")
    ratio = quality.volume_ratio
    yield within("volume_ratio", "volume ratio", (ratio, ratio), levels.volume_ratio)
    if quality.volume_cc > levels.dsc_from_cc and not known.is_thin:
        yield at_least("dsc", "DSC", quality.dsc, levels.dsc)
    if quality.common_share < SMALLEST_SHARE:
        words = (
            f"only {100 * quality.common_share:.0f} % of it is seen by both CTs and was compared "
            f"(at least {100 * SMALLEST_SHARE:.0f} %)"
        )
        yield Finding("common_share", Verdict.WARN, words)


def _of_jacobian(quality: StructureQuality, levels: Ranges, *, folding_only: bool) -> Finding:
    jacobian = quality.relative_jacobian
    bounds = (jacobian.minimum, jacobian.maximum)
    if jacobian.folding_fraction > 0:
        words = f"{100 * jacobian.folding_fraction:.2g} % of it folds"
        return Finding("jacobian", Verdict.FAIL, words)
    if folding_only:
        verdict = Verdict.UNKNOWN if math.isnan(bounds[0]) else Verdict.PASS
        return Finding("jacobian", verdict, "no folding")
    relative = "" if math.isnan(quality.volume_ratio) else " over the volume ratio"
    return within("jacobian", f"Jacobian{relative}", bounds, levels)


def _of_landmarks(errors: Errors, levels: QualityLevels) -> Finding:
    mean = at_most("tre", "mean TRE", errors.mean_mm, levels.tre_mean_mm, " mm")
    largest = at_most("tre", "largest TRE", errors.max_mm, levels.tre_max_mm, " mm")
    return Finding("tre", worst([mean.verdict, largest.verdict]), f"{mean.words}, {largest.words}")


def _of_landmarks_anywhere(errors: Errors, levels: QualityLevels) -> Iterator[Finding]:
    """Count errors far from a structure against it; that they are small says nothing of it."""
    found = _of_landmarks(errors, levels)
    if found.verdict is not Verdict.PASS:
        words = f"with landmarks elsewhere {found.words}"
        yield Finding("tre_anywhere", found.verdict, words)


def at_most(metric: str, label: str, value: float, levels: Pair, unit: str = "") -> Finding:
    """Judge a value that passes up to the first level and warns up to the second."""
    if math.isnan(value):
        return Finding(metric, Verdict.UNKNOWN, f"{label} could not be computed")
    grade = Verdict.WARN if value <= levels[1] else Verdict.FAIL
    grade = Verdict.PASS if value <= levels[0] else grade
    words = f"{label} {value:.3g}{unit} (levels {levels[0]:g} and {levels[1]:g}{unit})"
    return Finding(metric, grade, words)


def at_least(metric: str, label: str, value: float, levels: Pair) -> Finding:
    """Judge a value that passes down to the first level and warns down to the second."""
    found = at_most(metric, label, -value, (-levels[0], -levels[1]))
    if found.verdict is Verdict.UNKNOWN:
        return found
    words = f"{label} {value:.3g} (levels {levels[0]:g} and {levels[1]:g})"
    return Finding(metric, found.verdict, words)


def within(metric: str, label: str, bounds: Pair, levels: Ranges) -> Finding:
    """Judge a range that passes inside the first range of the levels and warns in the second."""
    low, high = bounds
    if math.isnan(low) or math.isnan(high):
        return Finding(metric, Verdict.UNKNOWN, f"{label} could not be computed")
    shown = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    allowed = " and ".join(f"{least:g} to {most:g}" for least, most in levels)
    words = f"{label} {shown} (levels {allowed})"
    for grade, (least, most) in zip((Verdict.PASS, Verdict.WARN), levels, strict=True):
        if least <= low and high <= most:
            return Finding(metric, grade, words)
    return Finding(metric, Verdict.FAIL, words)


def _times(levels: Pair, voxel_mm: float) -> Pair:
    return levels[0] * voxel_mm, levels[1] * voxel_mm


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the worst verdict; unknown counts as worst but for fail."""
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.UNKNOWN


def why(findings: Sequence[Finding]) -> str:
    """Return the numbers of the metrics that failed or are unknown, else of those that warn."""
    lost = [one.words for one in findings if one.verdict.value in LOSES_MAP]
    warned = [one.words for one in findings if one.verdict is Verdict.WARN]
    return ", ".join(lost or warned)
