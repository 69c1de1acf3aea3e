"""The organ table: what is assumed of each structure of the planned course."""

from __future__ import annotations

from ReirradiationCore.assumptions import mapping_defaults, resolve_models
from ReirradiationCore.case import Case
from ReirradiationCore.organ_models import OrganModel
from ReirradiationCore.pipeline import with_choices
from ReirradiationCore.structure_pairs import pair_structures

from .FoundCourses import FoundCourses
from .OrganMatch import OrganMatch
from .RegistrationNodes import RegistrationNodes


class OrganMatches:
    """Resolves names, alpha/beta, recovery and mapping as the evaluation does.

    :param found: courses that are complete.
    :param case: choices of the user.
    :raises RefusedError: courses that are incomplete, or choices that do not fit them.
    """

    def __init__(self, found: FoundCourses, case: Case):
        self._found = found
        self._case = case
        self._source = with_choices(found.requireReady(), case)

    def all(self) -> tuple[OrganMatch, ...]:
        """One row for each structure, in the order of the structure set."""
        source = self._source
        models = resolve_models(
            source.planned, source.priors, self._case, source.constraints, self._strategies()
        )
        ids = {name: i for i, name in self._found.planned.segmentNames.items()}
        partners = {prior.id: self._partners(prior) for prior in source.priors}
        return tuple(self._row(model, partners, ids.get(model.name, "")) for model in models)

    def _strategies(self):
        """Defaults as the registrations that are there allow; without one, none is assumed."""
        planned, registered = self._source.planned, {}
        for row in self._found.priors:
            node = row.transformNode
            if node is None or row.course.letter is not None:
                continue
            if not RegistrationNodes.staleReasons(node, row.course, planned):
                registered[row.id] = RegistrationNodes.registered(node, row.course, planned)
        return mapping_defaults(registered)

    def _partners(self, prior) -> dict[str, str]:
        planned, names = self._source.planned, self._case.structure_map
        pairing = pair_structures(planned.structures, prior.structures, names)
        return {pair.reference.name: pair.prior.name for pair in pairing.pairs}

    @staticmethod
    def _row(model: OrganModel, partners: dict, segmentId: str) -> OrganMatch:
        return OrganMatch(
            name=model.name,
            standardName=model.match.standard_name,
            certain=model.match.certain,
            note=model.match.note,
            kind=model.kind,
            alphaBetaGy=model.alpha_beta_gy,
            alphaBetaSource=model.alpha_beta_source,
            segmentId=segmentId,
            recovery=model.recovery_fractions,
            mapping=dict(model.mapping),
            priorNames={course: names.get(model.name) for course, names in partners.items()},
        )
