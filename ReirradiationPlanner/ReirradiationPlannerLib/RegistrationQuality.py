"""What the quality of a registration was measured with, and measuring it again."""

from __future__ import annotations

import json
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.content_hash import course_digests, joined
from ReirradiationCore.courses import Course
from ReirradiationCore.inverse_consistency import backward_of
from ReirradiationCore.progress import Progress
from ReirradiationCore.registration_record import Backward, quality_record
from ReirradiationCore.structure_pairs import pair_structures

from .RegistrationNodes import RegistrationNodes
from .SceneNames import SceneNames

OF_PLANNED = ("image", "structures/")


class RegistrationQuality:
    """Keeps the quality on a transform node in step with contours, doses, levels and landmarks.

    The way back, which takes longest, is kept as long as transform and images are the same.
    """

    def __init__(self):
        self._backward: tuple[str, Backward] | None = None

    @staticmethod
    def note(node, prior: Course, planned: Course, case: Case) -> None:
        """Write on a transform node with what its quality was measured."""
        digest = RegistrationQuality.inputs(prior, planned, case)
        node.SetAttribute(SceneNames.QUALITY_INPUTS, digest)

    @staticmethod
    def isCurrent(node, prior: Course, planned: Course, case: Case) -> bool:
        """Whether the quality on a transform node is of what is there now."""
        now = RegistrationQuality.inputs(prior, planned, case)
        return node.GetAttribute(SceneNames.QUALITY_INPUTS) == now

    @staticmethod
    def inputs(prior: Course, planned: Course, case: Case) -> str:
        """Hash of everything but the transform that decides the quality."""
        quality = case.quality.to_json()
        del quality["registration_fallback"]
        quality["landmarks"] = quality["landmarks"].get(prior.id)
        pairing = pair_structures(planned.structures, prior.structures, case.structure_map)
        today = course_digests(planned)
        parts = {
            "prior": course_digests(prior),
            "planned": {k: v for k, v in today.items() if k.startswith(OF_PLANNED)},
            "pairs": [(p.name, p.reference.name, p.prior.name) for p in pairing.pairs],
            "quality": quality,
        }
        return joined(parts)

    def measure(self, node, prior: Course, planned: Course, case: Case, progress: Progress) -> None:
        """Measure a registration again, and write the quality on its node.

        :raises RefusedError: another image than it was made for, or a changed transform.
        """
        match = RegistrationNodes.registered(node, prior, planned)
        record = RegistrationNodes.record(node)
        key = joined({name: record[name] for name in ("transform", "images", "mode")})
        key += str(case.quality.inverse_consistency)
        if self._backward is None or self._backward[0] != key:
            self._backward = key, backward_of(match.result, planned, prior, case, progress)
        courses, backward = (planned, prior), self._backward[1]
        measured: dict[str, Any] = quality_record(match.result, courses, case, backward, progress)
        kept = {k: v for k, v in record["quality"].items() if k not in measured}
        record["quality"] = {**measured, **kept}
        node.SetAttribute(SceneNames.REGISTRATION, json.dumps(record))
        RegistrationQuality.note(node, prior, planned, case)
