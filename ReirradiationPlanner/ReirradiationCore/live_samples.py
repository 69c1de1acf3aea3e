"""Keep the sampled doses of every organ, and sample anew only where a choice asks for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

from .accumulation import OrganDoses
from .assumptions import mapping_defaults, resolve_models
from .case import MappingStrategy
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_models import DoseConversion
from .errors import RefusedError
from .letter_courses import point_dose
from .native_doses import NATIVE
from .organ_doses import partners_of, sample_organ, target_points
from .organ_models import OrganModel
from .pipeline_data import ReadCase, SampledCase
from .progress import Progress

NO_GRIDS = (
    "only samples are at hand, not the dose grids; evaluate the DICOM files of the case again"
)
SampleKey = tuple[Hashable, ...]
Partners = Mapping[str, Mapping[str, Structure]]


class Sampler:
    """Doses of the organs of one case under every mapping that was asked for so far.

    Parameters
    ----------
    sampled : SampledCase
        The case as it was sampled first.
    """

    def __init__(self, sampled: SampledCase) -> None:
        self._base = sampled
        self._partners: dict[tuple[tuple[str, str], ...], Partners] = {}
        self._doses: dict[tuple[Structure, SampleKey], OrganDoses] = {}
        self._converted: dict[OrganDoses, OrganDoses] = {}
        self._scaled: tuple[float, dict[OrganDoses, OrganDoses]] = (1.0, {})
        for model, doses in zip(sampled.models, sampled.doses, strict=True):
            self._doses[model.structure, self._key(model, sampled.source)] = doses

    def sampled(self, source: ReadCase, progress: Progress) -> SampledCase:
        """Return the case with other choices; organs whose mapping changed are sampled.

        Raises
        ------
        RefusedError
            Choices that the courses cannot serve, or that need dose grids that are not at hand.
        """
        base, read, case = self._base, source.read, source.case
        strategies = mapping_defaults(base.registered)
        models = resolve_models(
            read.courses[-1], source.priors, case, source.constraints, strategies
        )
        doses = [self._of(model, models, source, progress) for model in models]
        converted = tuple(self._with_model(one, case.model) for one in doses)
        return replace(base, source=source, models=tuple(models), doses=converted)

    def scaled(self, doses: OrganDoses, factor: float) -> OrganDoses:
        """Return doses with the planned course multiplied; those of the last factor are kept."""
        if factor == 1.0:
            return doses
        if self._scaled[0] != factor:
            self._scaled = (factor, {})
        known = self._scaled[1]
        if doses not in known:
            known[doses] = doses.scaled(factor)
        return known[doses]

    def _of(
        self,
        model: OrganModel,
        models: list[OrganModel],
        source: ReadCase,
        progress: Progress,
    ) -> OrganDoses:
        key = self._key(model, source)
        known = self._doses.get((model.structure, key))
        if known is not None:
            return known
        if not self._base.has_grids:
            how = ", ".join(f"{c} {s.value}" for c, s in model.mapping.items())
            reason = f"{model.name}: its dose was not sampled for {how}; {NO_GRIDS}"
            raise RefusedError(reason)
        progress(f"Sampling {model.name}")
        found = sample_organ(
            model,
            source.planned,
            source.priors,
            self._base.registered,
            self._partners_of(source),
            target_points(models),
        )
        self._doses[model.structure, key] = found
        return found

    def _with_model(self, doses: OrganDoses, model: DoseConversion) -> OrganDoses:
        """Doses converted with the model of the case; those that are so already as they are."""
        if doses.planned.model == model:
            return doses
        known = self._converted.get(doses)
        if known is None or known.planned.model != model:
            known = self._converted[doses] = doses.with_model(model)
        return known

    def _key(self, model: OrganModel, source: ReadCase) -> SampleKey:
        """Everything of the choices that decides what is sampled in an organ."""
        targets: list[Structure] = []
        if MappingStrategy.UNIFORM_BG in model.mapping.values():
            structures = source.read.courses[-1].structures
            targets = [s for s in structures if s.kind is StructureKind.TARGET]
        courses = (self._course_key(model, prior, source) for prior in source.priors)
        return (*courses, *targets)

    def _course_key(self, model: OrganModel, prior: Course, source: ReadCase) -> SampleKey:
        strategy, key = model.mapping[prior.id], [prior.id, model.mapping[prior.id]]
        if strategy in (MappingStrategy.ZERO, MappingStrategy.NOT_EVALUABLE):
            key.append(model.mapping_statement.get(prior.id, ""))
        if prior.letter is not None:
            return (*key, point_dose(model, prior))
        if strategy in NATIVE:
            key.append(self._partners_of(source)[prior.id].get(model.name))
        if strategy is MappingStrategy.UNIFORM_BG and model.is_fallback(prior.id):
            key.append(model.mapping_statement.get(prior.id, ""))
        if strategy is MappingStrategy.OVERLAP_POINT_SUM:
            key.append(source.case.planned_scale)
        return tuple(key)

    def _partners_of(self, source: ReadCase) -> Partners:
        names = tuple(sorted(source.case.structure_map.items()))
        if names not in self._partners:
            planned = source.read.courses[-1]
            self._partners[names] = {
                prior.id: partners_of(planned, prior, source.case) for prior in source.priors
            }
        return self._partners[names]

    def with_structures(self, source: ReadCase, progress: Progress) -> SampledCase:
        """Return the case with other structures on the reference image; only new ones are sampled.

        All are sampled where the distance of the contour planes, which has to be taken from the
        contours without an image, changed with them.
        """
        other = Sampler(self._base)
        old = slice_spacing_mm(self._base.source.read.courses[-1])
        if slice_spacing_mm(source.read.courses[-1]) != old:
            other._doses = {}
        else:
            other._doses = dict(self._doses)
        return other.sampled(source, progress)
