"""Sample every organ of the reference image once, with the dose of every course at its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .accumulation import CourseDose, OrganDoses, not_evaluable
from .case import Case, MappingStrategy
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_mapping import dose_at_points
from .errors import RefusedError
from .letter_courses import letter_dose
from .native_doses import NATIVE, NativeCourse, fractions_of, native_dose, prove_zero
from .organ_models import OrganModel
from .pipeline_data import RegisteredCourse
from .planned_scale import with_dose_of_plan
from .progress import Progress
from .sampling import SamplePoints, refine_hot, sample_structure
from .structure_pairs import pair_structures

PRIORITY_ALPHA_BETA_GY = 3.0


def sample_organs(
    models: Sequence[OrganModel],
    planned: Course,
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    case: Case,
    progress: Progress,
) -> list[OrganDoses]:
    """Return the doses of every organ, in the order of ``models``; see `sample_organ`."""
    pairs = {prior.id: partners_of(planned, prior, case) for prior in priors}
    targets = target_points(models)
    doses = []
    for number, model in enumerate(models):
        progress("Sampling the organs", number / len(models))
        found = sample_organ(model, planned, priors, registered, pairs, targets)
        doses.append(found.with_model(case.model))
    return doses


def partners_of(planned: Course, prior: Course, case: Case) -> dict[str, Structure]:
    """Return the structures of a prior course by the name of the same organ on the reference."""
    pairing = pair_structures(planned.structures, prior.structures, case.structure_map)
    return {pair.reference.name: pair.prior for pair in pairing.pairs}


def target_points(models: Sequence[OrganModel]) -> npt.NDArray[np.float64]:
    """Points (M, 3) of the planned PTVs, of all targets where none is called a PTV."""
    targets = [m for m in models if m.kind is StructureKind.TARGET]
    ptvs = [m for m in targets if "PTV" in m.name.upper()] or targets
    if not any(MappingStrategy.UNIFORM_BG in m.mapping.values() for m in models) or not ptvs:
        return np.empty((0, 3))
    return np.concatenate([sample_structure(m.structure, 2.0).points_lps for m in ptvs])


def sample_organ(
    model: OrganModel,
    planned: Course,
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    pairs: Mapping[str, Mapping[str, Structure]],
    targets: npt.NDArray[np.float64],
) -> OrganDoses:
    """Dose of every course at the sample points of one organ.

    The organ is sampled evenly first; where any course or the sum is hottest the samples are made
    finer, so that near-maximum metrics are as good in a large organ as in a small one.

    Parameters
    ----------
    model : OrganModel
        Organ and mapping strategy per course.
    planned, priors : Course
        Courses. A what-if factor on the planned dose decides only which parts of an organ
        OVERLAP_POINT_SUM takes for overlap: points and doses are those of the plan.
    registered : mapping
        Course id to registration.
    pairs : mapping
        Course id to the structures of that course by name of the reference structure.
    targets : ndarray (M, 3)
        Points of the planned targets on the reference image, LPS, mm, for UNIFORM_BG.
    """
    samples = sample_structure(model.structure, slice_spacing_mm=slice_spacing_mm(planned))
    of_plan = with_dose_of_plan(planned)
    doses = _doses_at(samples, model, of_plan, priors, registered)
    refined = refine_hot(samples, _priorities(doses))
    if refined is not samples:
        new = _doses_at(refined.added(), model, of_plan, priors, registered)
        samples, doses = refined, _joined(doses, new, refined)
    native = {
        prior.id: native_dose(
            model,
            NativeCourse(prior, planned, registered[prior.id], pairs[prior.id], targets),
            samples,
        )
        for prior in priors
        if prior.letter is None and model.mapping[prior.id] in NATIVE
    }
    lost = {
        prior.id: not_evaluable(fractions_of(prior), _why_lost(model, prior.id))
        for prior in priors
        if model.mapping[prior.id] is MappingStrategy.NOT_EVALUABLE
    }
    return OrganDoses(samples, doses.planned, {**doses.priors, **native, **lost})


def _joined(unrefined: OrganDoses, added: OrganDoses, refined: SamplePoints) -> OrganDoses:
    """Doses at refined points: those kept were mapped before, the others stand in ``added``."""

    def joined(old: CourseDose, new: CourseDose) -> CourseDose:
        if not new.is_voxelwise:
            return new  # no dose of these points
        pairs = zip(old.phase_doses_gy, new.phase_doses_gy, strict=True)
        phases = tuple(np.concatenate([a[refined.kept], b]) for a, b in pairs)
        return replace(new, phase_doses_gy=phases)

    priors = {c: joined(dose, added.priors[c]) for c, dose in unrefined.priors.items()}
    return OrganDoses(refined, joined(unrefined.planned, added.planned), priors)


def _why_lost(model: OrganModel, course: str) -> str:
    said = model.mapping_statement.get(course, "").strip()
    chosen = f"{model.name}: the dose of {course} was declared not evaluable in the case file"
    if model.mapping_source.get(course) == "user":
        return f"{chosen}: {said}" if said else chosen
    return said or chosen


def _doses_at(
    samples: SamplePoints,
    model: OrganModel,
    planned: Course,
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
) -> OrganDoses:
    points = samples.points_lps
    own = CourseDose(dose_at_points(planned, points), fractions_of(planned))
    mapped = {}
    for prior in priors:
        strategy = model.mapping[prior.id]
        if prior.letter is not None:
            mapped[prior.id] = letter_dose(model, prior, len(points))
            continue
        transform = transform_for(strategy, registered[prior.id])
        doses = dose_at_points(prior, points, transform)
        note = ""
        if strategy is MappingStrategy.ZERO:
            note = prove_zero(model, planned, prior, registered[prior.id])
            doses = tuple(np.zeros_like(dose) for dose in doses)
        mapped[prior.id] = CourseDose(doses, fractions_of(prior), strategy, note=note)
    return OrganDoses(samples, own, mapped)


def transform_for(strategy: MappingStrategy, registered: RegisteredCourse) -> sitk.Transform | None:
    """Transform a strategy uses: the rigid part for RIGID, the whole match otherwise."""
    result = registered.result
    if strategy is not MappingStrategy.RIGID:
        return result.transform
    if result.rigid is None:
        reason = (
            f"{registered.course_id}: a transform file has no rigid part; strategy RIGID needs a "
            "rigid or deformable registration"
        )
        raise RefusedError(reason)
    return result.rigid


def _priorities(doses: OrganDoses) -> npt.NDArray[np.float64]:
    """Rows (K, N): what may decide a near-maximum, each course alone and the sum; unknown is 0."""
    rows = [doses.planned.eqd2(PRIORITY_ALPHA_BETA_GY)]
    rows += [
        dose.eqd2(PRIORITY_ALPHA_BETA_GY) for dose in doses.priors.values() if dose.is_voxelwise
    ]
    known = np.nan_to_num(np.array(rows))
    return np.vstack([known, known.sum(axis=0), known[0] + 0.5 * known[1:].sum(axis=0)])
