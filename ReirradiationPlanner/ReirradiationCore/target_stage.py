"""Targets of a case: coverage, overlap with earlier targets, type suggestion, eligibility."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .case import Case, MappingStrategy
from .constraints import Quantity
from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_mapping import dose_at_points, dose_on_grid
from .dvh import metric_value
from .grids import sample_volume
from .isotoxic_criteria import (
    HALF_ISODOSE_MARGIN_MM,
    Criterion,
    TargetDoses,
    half_isodose_distance_mm,
    target_criteria,
)
from .judgement import OrganJudge
from .mask_box import mask_box
from .metrics import Metric
from .pipeline_data import RegisteredCourse
from .point_transforms import map_points
from .radiobiology import course_eqd2
from .registration_regions import box_around
from .targets import (
    ISODOSE_ALPHA_BETA_GY,
    IrradiatedOverlap,
    irradiated_overlap,
    suggest_type,
    target_overlap,
)

COVERAGE_METRICS = ("D95%", "D98%", "D2%", "D50%", "D0.5cc", "Dmean")
MASK_SPACING_MM = 1.0
MASK_VOXELS = 2_000_000
PhysicalDose = npt.NDArray[np.floating]


def target_record(
    organs: Sequence[OrganJudge],
    planned: Course,
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    case: Case,
) -> dict[str, Any]:
    """Return the targets of results.json: coverage, overlaps and the suggested type.

    Parameters
    ----------
    organs : sequence of OrganJudge
        Structures of the reference image, sampled.
    planned, priors : Course
        Courses.
    registered : mapping
        Course id to registration.
    case : Case
        Isodose and answers for the type.
    """
    targets = [organ for organ in organs if organ.model.kind is StructureKind.TARGET]
    overlaps = [
        entry
        for prior in priors
        for old in (_old_targets(prior) if prior.id in registered else ())
        for entry in _overlaps(old, prior, registered[prior.id], _named(targets, "PTV") or targets)
    ]
    isodose = case.type_choice.isodose_gy
    irradiated = {p.id: _irradiated(planned, p, registered.get(p.id), isodose) for p in priors}
    worst = max(irradiated.values(), key=lambda o: (o.volume_cc, o.unknown_cc), default=None)
    choice = case.type_choice
    suggestion = worst and suggest_type(worst, choice.cumulative_concern, choice.same_organ)
    return {
        "isodose_eqd2_gy": isodose,
        "coverage": [_coverage(organ, planned) for organ in targets],
        "overlaps": overlaps,
        "irradiated_overlap": [
            {
                "course": course,
                "volume_cc": overlap.volume_cc,
                "unknown_cc": overlap.unknown_cc,
                "overlaps": overlap.overlaps,
            }
            for course, overlap in irradiated.items()
        ],
        "suggested_type": suggestion.type.value if suggestion and suggestion.type else None,
        "reason": suggestion.reason if suggestion else "no prior course",
        "chosen_type": choice.chosen.value if choice.chosen else None,
    }


def _named(organs: Sequence[OrganJudge], word: str) -> list[OrganJudge]:
    return [organ for organ in organs if organ.model.name.upper().startswith(word)]


def _old_targets(prior: Course) -> list[Structure]:
    targets = [s for s in prior.structures if s.kind is StructureKind.TARGET]
    return [s for s in targets if s.name.upper().startswith("PTV")] or targets


def _coverage(organ: OrganJudge, planned: Course) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "structure": organ.model.name,
        "volume_cc": organ.doses.samples.volume_cc,
    }
    for name in COVERAGE_METRICS:
        value = organ.metric(Metric.parse(name), planned.id, Quantity.PHYSICAL, 3.0)
        entry[f"{name.lower().rstrip('%').replace('.', '')}_gy"] = value.value
    return entry


def _overlaps(
    old: Structure, prior: Course, registered: RegisteredCourse, targets: Sequence[OrganJudge]
) -> Iterator[dict[str, Any]]:
    """Overlap of one earlier target with every planned one, at the samples of the planned one."""
    coverage = _mask(old, prior)
    prior_cc = float(coverage.array.sum(dtype=float)) * coverage.grid.voxel_volume_cc
    for organ in targets:
        samples = organ.doses.samples
        points, known = map_points(registered.result.transform, samples.points_lps)
        if organ.doses.priors[prior.id].strategy is MappingStrategy.NOT_EVALUABLE:
            known[:] = False  # the map failed here: where it leads says nothing
        inside = sample_volume(coverage, points) >= 0.5
        found = target_overlap(samples.volumes_cc, inside, known, prior_cc)
        yield {
            "course": prior.id,
            "prior_structure": old.name,
            "structure": organ.model.name,
            "prior_cc": found.prior_cc,
            "planned_cc": found.planned_cc,
            "overlap_cc": found.overlap_cc if found.known_share else None,
            "known_share": found.known_share,
            "share_of_planned": found.share_of_planned,
            "dice": found.dice,
        }


def _mask(structure: Structure, course: Course) -> Any:  # noqa: ANN401
    """Coverage of a structure on a grid of its own, about 1 mm."""
    extent = np.ptp(np.concatenate(structure.contours), axis=0) + 8 * MASK_SPACING_MM
    spacing = max(MASK_SPACING_MM, float(np.cbrt(np.prod(extent) / MASK_VOXELS)))
    margin = max(4 * spacing, slice_spacing_mm(course) or 0.0)
    return coverage_on_grid(
        structure, box_around((structure,), spacing, margin), slice_spacing_mm(course)
    )


def _irradiated(
    planned: Course, prior: Course, registered: RegisteredCourse | None, isodose_gy: float
) -> IrradiatedOverlap:
    """Overlap of both isodoses on the dose grid of the planned course.

    A course without a registration (known only from a letter) is unknown everywhere.
    """
    grid = planned.phases[0].dose.grid
    own = _eqd2(planned, dose_on_grid(planned, grid))
    high = ~(own < isodose_gy)
    k, j, i = np.nonzero(high)
    points = grid.points_at(np.stack([i, j, k], axis=1))
    old = np.full(len(points), np.nan)
    if registered is not None:
        old = _eqd2(prior, dose_at_points(prior, points, registered.result.transform))
    return irradiated_overlap(old, own[high], grid.voxel_volume_cc, isodose_gy)


def _eqd2(course: Course, doses: Sequence[PhysicalDose]) -> PhysicalDose:
    fractions = tuple(phase.fractions_delivered for phase in course.phases)
    return np.asarray(course_eqd2(doses, fractions, ISODOSE_ALPHA_BETA_GY))


def eligibility(
    organs: Sequence[OrganJudge],
    planned: Course,
    prescription_gy: float,
    chosen: Sequence[str] = (),
) -> tuple[Criterion, ...]:
    """Return eligibility criteria 2 to 4 of the isotoxic prescription.

    All PTVs and GTVs of the planned course count (names that begin so), because a plan has to
    cover each of them: criterion 2 is about the PTV of the smallest D95%, criterion 3 about the
    distance from the nearest PTV, criterion 4 about the hottest GTV and the PTVs outside all GTVs.
    Where one prescription is not for all of them, ``chosen`` names those it is for.

    Parameters
    ----------
    prescription_gy : float
        Prescription the planned dose belongs to, Gy.
    chosen : sequence of str
        Names of targets; empty for all.
    """
    targets = [
        organ
        for organ in organs
        if organ.model.kind is StructureKind.TARGET and (not chosen or organ.model.name in chosen)
    ]
    ptvs, gtvs = _named(targets, "PTV"), _named(targets, "GTV")
    doses = TargetDoses(
        ptv_d95_gy=min(_physical(ptvs, "D95%", planned.id), default=None),
        gtv_d05cc_gy=max(_physical(gtvs, "D0.5cc", planned.id), default=None),
        ptv_minus_gtv_d01cc_gy=_outside_gtv(ptvs, gtvs, planned),
        half_isodose_distance_mm=_half_isodose(ptvs, planned, prescription_gy),
    )
    return target_criteria(prescription_gy, doses)


def _physical(organs: Sequence[OrganJudge], name: str, course: str) -> list[float]:
    """Metric of each target; nothing at all if one of them is not known."""
    metric = Metric.parse(name)
    found = [organ.metric(metric, course, Quantity.PHYSICAL, 3.0) for organ in organs]
    if any(value.value is None or value.is_lower_bound for value in found):
        return []
    return [value.value for value in found if value.value is not None]


def _outside_gtv(
    ptvs: Sequence[OrganJudge], gtvs: Sequence[OrganJudge], planned: Course
) -> float | None:
    """Largest D0.1cc of the PTVs outside all GTVs, Gy; None without GTV or where unknown."""
    if not gtvs:
        return None
    masks = [_mask(gtv.model.structure, planned) for gtv in gtvs]
    values = []
    for ptv in ptvs:
        samples = ptv.doses.samples
        rest = np.ones(len(samples.volumes_cc), dtype=bool)
        for mask in masks:
            rest &= ~(sample_volume(mask, samples.points_lps) >= 0.5)
        if rest.any():
            dose, volumes = ptv.doses.planned.physical()[rest], samples.volumes_cc[rest]
            found = metric_value(Metric.parse("D0.1cc"), dose, volumes)
            values.append(None if found.is_lower_bound else found.value)
    return None if None in values else max((v for v in values if v is not None), default=None)


def _half_isodose(
    ptvs: Sequence[OrganJudge], planned: Course, prescription_gy: float
) -> float | None:
    """Distance of half the prescription from the PTVs on the grid of the planned dose, mm."""
    if not ptvs:
        return None
    grid = planned.phases[0].dose.grid
    if grid.plane_offsets_mm is not None:
        grid = grid.with_spacing(min(grid.spacing_mm))
    dose = np.sum(dose_on_grid(planned, grid), axis=0)
    ptv = np.zeros(grid.shape, dtype=bool)
    for organ in ptvs:
        cover = coverage_on_grid(organ.model.structure, grid, slice_spacing_mm(planned)).array
        ptv |= cover >= min(0.5, float(cover.max()) or 0.5)
    if not ptv.any():
        return None
    around = [int(np.ceil(HALF_ISODOSE_MARGIN_MM / s)) + 1 for s in grid.spacing_mm[::-1]]
    dose = np.pad(dose, [(n, n) for n in around], constant_values=np.nan)
    ptv = np.pad(ptv, [(n, n) for n in around])
    hot = mask_box(ptv | (dose >= prescription_gy / 2))
    box = tuple(slice(s.start - n, s.stop + n) for s, n in zip(hot, around, strict=True))
    return half_isodose_distance_mm(dose[box], ptv[box], grid.spacing_mm, prescription_gy)
