"""Choices that are fields of the parameter node, put into a case and taken from one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.dose_models import LQ, DoseConversion
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.uncertainty_choice import DEMONS, UncertaintyChoice

from .TypedTexts import parseNames

SCENARIOS = {"ellipsoid": "ellipsoid_mm", "shifts": "shifts_mm", "fields": "fields_mm"}


def withSettings(case: Case, settings: Any) -> Case:
    """Return a case with the choices that are fields of the parameter node.

    :param settings: object with the fields of PlannerParameterNode.
    :raises RefusedError: values that are not allowed.
    """
    return replace(
        case,
        recovery=RecoveryChoice(settings.recovery),
        prescription_gy=settings.prescription or None,
        isotoxic_range_gy=(settings.isotoxicLow, settings.isotoxicHigh),
        isotoxic_targets=parseNames(settings.isotoxicTargets),
        uncertainty=_uncertainty(case.uncertainty, settings),
        de_identify=settings.deIdentify,
        planned_scale=settings.plannedScale / 100,
        model=_model(settings),
        cord_region=settings.cordRegion,
        map_grid_mm=settings.mapGrid or None,
    )


def takeSettings(case: Case, settings: Any) -> None:
    """Write the choices that are fields of the parameter node into it.

    :raises RefusedError: a choice that the panel cannot show, so that it would be lost.
    """
    if case.recovery.value is not None:
        reason = "the case file sets one recovery value for all organs; give it per organ"
        raise RefusedError(reason)
    sizes = {getattr(case.uncertainty, name) for name in SCENARIOS.values()} - {None}
    if len(sizes) > 1 or any(len(set(size)) > 1 for size in sizes):
        reason = "the case file has uncertainty sizes that differ; the panel has one in all"
        raise RefusedError(reason)
    settings.recovery = case.recovery.rule
    settings.prescription = case.prescription_gy or 0.0
    settings.isotoxicLow, settings.isotoxicHigh = case.isotoxic_range_gy
    settings.isotoxicTargets = ", ".join(case.isotoxic_targets)
    settings.plannedScale = 100 * case.planned_scale
    settings.otherMappings, settings.deIdentify = case.uncertainty.mapping, case.de_identify
    settings.secondEngine = DEMONS in case.uncertainty.engines
    settings.doseModel = case.model.model.value
    settings.transitionDose = case.model.transition_dose_gy or 0.0
    settings.slopeAbove = case.model.gamma_over_alpha or 0.0
    settings.cordRegion, settings.mapGrid = case.cord_region, case.map_grid_mm or 0.0
    for key, name in SCENARIOS.items():
        setattr(settings, key, getattr(case.uncertainty, name) is not None)
    for size in sizes:
        settings.uncertaintyMm = size[0]


def _uncertainty(before: UncertaintyChoice, settings: Any) -> UncertaintyChoice:
    size = (settings.uncertaintyMm,) * 3
    scenarios = {name: size if getattr(settings, key) else None for key, name in SCENARIOS.items()}
    files = tuple(one for one in before.engines if one != DEMONS)
    engines = (*files, DEMONS) if settings.secondEngine else files
    return replace(before, mapping=settings.otherMappings, engines=engines, **scenarios)


def _model(settings: Any) -> DoseConversion:
    """LQ without parameters; they are kept on the panel and count with LQ-L alone."""
    if settings.doseModel == DoseModel.LQ.value:
        return LQ
    if not settings.transitionDose:
        reason = "LQ-L needs the dose per fraction it is linear above; give it in section 3"
        raise RefusedError(reason)
    slope = settings.slopeAbove or None
    return DoseConversion(DoseModel(settings.doseModel), settings.transitionDose, slope)
