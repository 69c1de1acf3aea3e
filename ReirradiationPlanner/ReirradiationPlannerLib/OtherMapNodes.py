"""Maps of a prior course by other engines, kept as transform nodes beside its registration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import SimpleITK as sitk
from ReirradiationCore.content_hash import transform_digest
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration import RegistrationResult

from .SceneNames import SceneNames


class OtherMapNodes:
    """Node references of a registration to the transforms it is compared with."""

    @staticmethod
    def keep(node, results: Mapping[str, RegistrationResult], add: Callable) -> None:
        """Put the maps of other engines beside a registration, in place of earlier ones.

        :param add: makes a transform node of a transform and a name.
        """
        OtherMapNodes.clear(node)
        for name, result in results.items():
            other = add(result.transform, f"{node.GetName()}: {name}")
            record = {"name": name, "engine": result.engine, "mode": result.mode}
            record["transform"] = transform_digest(result.transform)
            other.SetAttribute(SceneNames.OTHER_MAP, json.dumps(record))
            node.AddNodeReferenceID(SceneNames.OTHER_MAP_ROLE, other.GetID())

    @staticmethod
    def clear(node) -> None:
        """Remove the maps of other engines."""
        for other in OtherMapNodes._all(node):
            node.GetScene().RemoveNode(other)
        node.RemoveNodeReferenceIDs(SceneNames.OTHER_MAP_ROLE)

    @staticmethod
    def read(
        node, names: Sequence[str], transformOf: Callable[..., sitk.Transform]
    ) -> dict[str, RegistrationResult]:
        """Maps of other engines by their names.

        :param names: what the registration was compared with when it was made.
        :raises RefusedError: one of them was removed or changed since.
        """
        found = {}
        for other in OtherMapNodes._all(node):
            record = json.loads(other.GetAttribute(SceneNames.OTHER_MAP))
            transform = transformOf(other)
            if record["transform"] == transform_digest(transform):
                found[record["name"]] = RegistrationResult(
                    record["mode"], record["engine"], transform
                )
        lost = sorted(set(names) - set(found))
        if lost:
            reason = (
                f"{node.GetName()}: the map of {', '.join(lost)} was removed or changed after the "
                "registration; register again"
            )
            raise RefusedError(reason)
        return found

    @staticmethod
    def _all(node) -> list:
        role = SceneNames.OTHER_MAP_ROLE
        count = node.GetNumberOfNodeReferences(role)
        nodes = [node.GetNthNodeReference(role, place) for place in range(count)]
        return [other for other in nodes if other is not None]
