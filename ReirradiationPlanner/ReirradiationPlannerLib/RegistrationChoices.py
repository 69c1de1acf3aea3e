"""The choices that a registration was made with, on its transform node, and which differ now."""

from __future__ import annotations

import json
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.courses import Course
from ReirradiationCore.other_engines import engine_names
from ReirradiationCore.uncertainty_choice import DEMONS

from .RegistrationNodes import RegistrationNodes
from .SceneNames import SceneNames


class RegistrationChoices:
    """Mode, options and other engines that were chosen when a course was registered."""

    @staticmethod
    def note(node, prior: Course, case: Case) -> None:
        """Write the choices for a course on the transform node of its registration."""
        asked = json.dumps(RegistrationChoices._of(prior, case), sort_keys=True)
        node.SetAttribute(SceneNames.ASKED_FOR, asked)

    @staticmethod
    def differing(node, prior: Course, case: Case) -> tuple[str, ...]:
        """Why a registration is not what is chosen now; empty if it is.

        Mode and options of a scene saved before they were kept are taken as they are.
        """
        kept, asked = RegistrationChoices._kept(node), RegistrationChoices._of(prior, case)
        reasons = RegistrationChoices.notCompared(node, prior, case)
        if not kept or all(kept[key] == asked[key] for key in ("mode", "options")):
            return reasons
        other = (
            f"{prior.id}: engine or options of section 2 are others than it was registered "
            "with; press Register again, or set them back"
        )
        return (other, *reasons)

    @staticmethod
    def notCompared(node, prior: Course, case: Case) -> tuple[str, ...]:
        """One sentence for each other engine that is chosen and did not run with a registration.

        :raises RefusedError: a file that is given twice.
        """
        names = RegistrationNodes.record(node).get("others", ())
        ran = RegistrationChoices._kept(node).get("engines")
        asked = engine_names(case, prior.id)
        return tuple(
            f"{prior.id}: {_title(engine)} was not run with the registration; press Register "
            "again in section 2, or leave it out"
            for name, engine in asked.items()
            if name not in names or (ran is not None and ran.get(name) != engine)
        )

    @staticmethod
    def _kept(node) -> dict[str, Any]:
        return json.loads(node.GetAttribute(SceneNames.ASKED_FOR) or "{}")

    @staticmethod
    def _of(prior: Course, case: Case) -> dict[str, Any]:
        return {
            "mode": case.registration_of(prior.id, prior.label),
            "options": case.registration_choice(prior.id, prior.label).to_json(),
            "engines": engine_names(case, prior.id),
        }


def _title(engine: str) -> str:
    if engine == DEMONS:
        return "the second engine (demons) of section 7"
    return f"the map of another engine, {engine},"
