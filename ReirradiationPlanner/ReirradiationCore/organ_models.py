"""What is assumed of each organ: standard name, alpha/beta, recovery and mapping, with sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from .constraints import Constraint, Quantity
from .courses import (
    Course,
    Structure,
    StructureKind,
    interval_months,
    shortest_interval_months,
)
from .errors import RefusedError
from .names import NameMatch, applies_to
from .radiobiology import require_alpha_beta
from .recovery import Recovery, custom_recovery, find_rule, recovery_fraction
from .registration_fallback import CourseMap, settle

DEFAULT_ALPHA_BETA_GY = {StructureKind.TARGET: 10.0}
DEFAULT_OAR_ALPHA_BETA_GY = 3.0
NO_JUSTIFICATION = "value of the case file, given without a justification"


@dataclass(frozen=True, eq=False)
class OrganModel:
    """Everything assumed of one structure of the reference image.

    Parameters
    ----------
    structure : Structure
        The structure as contoured on the reference image.
    match : NameMatch
        Standard name and how sure it is.
    alpha_beta_gy : float
        Gy; used for all metrics of the organ (a limit with its own alpha/beta uses that).
    alpha_beta_source : str
        Where it comes from: user, name of the constraint set, or default.
    recovery : mapping
        Course id to the recovery of that course's EQD2.
    mapping : mapping
        Course id to the mapping strategy.
    mapping_statement : mapping
        Course id to why: in the user's words, or why the registration failed; empty if not said.
    mapping_source : mapping
        Course id to ``user``, ``default``, or ``fallback`` where its registration failed.
    """

    structure: Structure
    match: NameMatch
    alpha_beta_gy: float
    alpha_beta_source: str
    recovery: Mapping[str, Recovery] = field(default_factory=dict)
    mapping: Mapping[str, MappingStrategy] = field(default_factory=dict)
    mapping_statement: Mapping[str, str] = field(default_factory=dict)
    mapping_source: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name as in the file, shown to the user."""
        return self.structure.name

    @property
    def kind(self) -> StructureKind:
        """What the structure is to the evaluation."""
        return self.structure.kind

    def is_fallback(self, course: str) -> bool:
        """Tell whether the mapping of a prior course stands in for a registration that failed."""
        return self.mapping_source.get(course) == "fallback"

    def recovery_for(self, limit: Constraint | None) -> dict[str, float]:
        """Recovery that may be used with a limit: none if the limit contains it already."""
        if limit is not None and limit.recovery_contained:
            return {}
        return self.recovery_fractions

    @property
    def recovery_fractions(self) -> dict[str, float]:
        """Course id to the recovered fraction 0..1."""
        return {course: recovery.fraction for course, recovery in self.recovery.items()}


def organ_model(
    structure: Structure,
    match: NameMatch,
    case: Case,
    constraints: Sequence[Constraint],
    priors: Sequence[Course],
    planned: Course,
    maps: Mapping[str, CourseMap],
) -> OrganModel:
    """Resolve what is assumed of one structure.

    Choices of the user win over the constraint set, which wins over the defaults (3 Gy for organs
    at risk, 10 Gy for targets, no recovery, mapping as the registration allows).

    Raises
    ------
    RefusedError
        A recovery that the rules do not allow, or an alpha/beta out of range.
    """
    choice = case.organ(structure.name, match.standard_name or structure.name)
    alpha_beta, source = _alpha_beta(structure, match, choice, constraints)
    recovery, mapping, statement, mapped_by = {}, {}, {}, {}
    has_target = any(s.kind is StructureKind.TARGET for s in planned.structures)
    for prior in priors:
        asked = choice.recovery.get(prior.id) or choice.recovery.get("*") or case.recovery
        recovery[prior.id] = _recovery(asked, structure, match, prior, planned)
        strategy = choice.mapping.get(prior.id)
        if prior.letter is None:  # one for all courses cannot be meant for a letter
            strategy = strategy or choice.mapping.get("*")
        said = choice.mapping_reason.get(prior.id) or choice.mapping_reason.get("*")
        settled = settle(
            structure, strategy, said or "", maps.get(prior.id) or CourseMap(prior.id),
            case.quality.fallback, has_target=has_target,
        )  # fmt: skip
        mapping[prior.id], mapped_by[prior.id] = settled.strategy, settled.source
        statement[prior.id] = settled.statement
    return OrganModel(structure, match, alpha_beta, source, recovery, mapping, statement, mapped_by)


def _alpha_beta(
    structure: Structure, match: NameMatch, choice: OrganChoice, constraints: Sequence[Constraint]
) -> tuple[float, str]:
    if choice.alpha_beta_gy is not None:
        try:
            require_alpha_beta(choice.alpha_beta_gy)
        except ValueError as error:
            reason = f"{structure.name}: {error}"
            raise RefusedError(reason) from error
        return choice.alpha_beta_gy, "user"
    name = match.standard_name if match.certain else None
    for limit in constraints:
        radiobiological = limit.alpha_beta_gy and limit.quantity is not Quantity.PHYSICAL
        if name and radiobiological and applies_to(limit.organ, name):
            return limit.alpha_beta_gy, limit.set_name
    return DEFAULT_ALPHA_BETA_GY.get(structure.kind, DEFAULT_OAR_ALPHA_BETA_GY), "default"


def _recovery(
    asked: RecoveryChoice,
    structure: Structure,
    match: NameMatch,
    prior: Course,
    planned: Course,
) -> Recovery:
    """Recovery by the known interval; by the shortest one where a step lies between the two."""
    if asked.rule == "none":
        return recovery_fraction("none", "", None, structure.kind)
    organ = match.standard_name if match.certain and match.standard_name else ""
    if asked.value is not None:
        justification = asked.justification or NO_JUSTIFICATION
        return custom_recovery(asked.value, justification, structure.kind, organ)
    months, shortest = interval_months(prior, planned), shortest_interval_months(prior, planned)
    recovery = recovery_fraction(asked.rule, organ, months, structure.kind)
    if shortest is None or shortest == months or find_rule(asked.rule).form == "annual":
        return recovery
    careful = recovery_fraction(asked.rule, organ, max(shortest, 0.0), structure.kind)
    if careful.fraction >= recovery.fraction:
        return recovery
    note = (
        f"counted from its plan date the interval is {months:.1f} months, from the end of its "
        f"{prior.fractions_delivered} fractions about {shortest:.1f}: the smaller recovery is used"
    )
    return replace(careful, note="; ".join(text for text in (note, careful.note) if text))
