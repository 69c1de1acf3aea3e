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
    if any("," in name for name in case.isotoxic_targets):
        reason = "the case file names an isotoxic target with a comma, which separates them here"
        raise RefusedError(reason)
    values = {
        "recovery": case.recovery.rule,
        "prescription": case.prescription_gy or 0.0,
        "isotoxicLow": case.isotoxic_range_gy[0],
        "isotoxicHigh": case.isotoxic_range_gy[1],
        "isotoxicTargets": ", ".join(case.isotoxic_targets),
        "plannedScale": 100 * case.planned_scale,
        "otherMappings": case.uncertainty.mapping,
        "deIdentify": case.de_identify,
        "secondEngine": DEMONS in case.uncertainty.engines,
        "doseModel": case.model.model.value,
        "transitionDose": case.model.transition_dose_gy or 0.0,
        "slopeAbove": case.model.gamma_over_alpha or 0.0,
        "cordRegion": case.cord_region,
        "mapGrid": case.map_grid_mm or 0.0,
        **{key: getattr(case.uncertainty, name) is not None for key, name in SCENARIOS.items()},
    }
    if sizes:
        values["uncertaintyMm"] = next(iter(sizes))[0]
    _setAll(settings, values)


def _setAll(settings: Any, values: dict[str, Any]) -> None:
    """Set all fields, or none where one is outside of its range."""
    before = {name: getattr(settings, name) for name in values}
    name = ""
    try:
        for name, value in values.items():
            setattr(settings, name, value)
    except ValueError as error:
        for known, value in before.items():
            setattr(settings, known, value)
        reason = f"the panel cannot show {name} = {values[name]} of the case file ({error})"
        raise RefusedError(reason) from error


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
