"""Which nodes of a scene belong to an evaluated case, and what each of them is."""

from __future__ import annotations

from .VolumeNodes import VolumeNodes


class CaseNodes:
    """Finds the nodes of a case by what was written on them when they were made.

    Nodes of the user carry none of these marks and are never found here, whatever their names.

    :param scene: scene to search; one that was read from ``scene.mrb`` serves as well.
    """

    ROLE = "ReirradiationPlanner.Role"
    COURSE = "ReirradiationPlanner.Course"
    STRUCTURE = "ReirradiationPlanner.Structure"
    UNKNOWN = "ReirradiationPlanner.Unknown"
    MADE = "ReirradiationPlanner.Made"

    MAP = "map"
    IMAGE = "referenceImage"
    STRUCTURES = "structures"
    PRIOR_IMAGE = "priorImage"
    PRIOR_STRUCTURES = "priorStructures"
    PRIOR_CONTOUR = "priorContour"
    TRANSFORM = "priorToReference"
    MARKERS = "hotSpots"
    ISODOSE = "isodose"
    COURSE_LINE = "courseLine"
    ORGAN_SURFACE = "organSurface"
    HATCH = "hatch"
    CHART = "chart"
    SERIES = "series"
    PLOT_TABLE = "plotTable"
    TABLE = "table"

    # looked for among models alone: a change of map asks for them
    MODELS = (ISODOSE, COURSE_LINE, PRIOR_CONTOUR, ORGAN_SURFACE)

    def __init__(self, scene):
        self._scene = scene

    @staticmethod
    def mark(node, role: str, course: str = "", structure: str = "", mapKey: str = "", made=True):
        """Write on a node what it is; returns the node.

        :param made: False for a node of the user, which is then never moved or removed.
        """
        node.SetAttribute(CaseNodes.ROLE, role)
        node.SetAttribute(CaseNodes.MADE, "1" if made else None)
        given = {CaseNodes.COURSE: course, CaseNodes.STRUCTURE: structure}
        given[VolumeNodes.MAP_ATTRIBUTE] = mapKey
        for name, value in given.items():
            if value:
                node.SetAttribute(name, value)
        return node

    def all(self, role: str, course: str = "", structure: str = "", mapKey: str = "") -> list:
        """Nodes of a role in the order in which they were made, only those that fit."""
        wanted = {CaseNodes.ROLE: role, CaseNodes.COURSE: course}
        wanted |= {CaseNodes.STRUCTURE: structure, VolumeNodes.MAP_ATTRIBUTE: mapKey}
        wanted = {name: value for name, value in wanted.items() if value}
        className = "vtkMRMLModelNode" if role in CaseNodes.MODELS else "vtkMRMLNode"
        return [
            node
            for node in self._nodes(className)
            if all(node.GetAttribute(name) == value for name, value in wanted.items())
        ]

    def first(self, role: str, course: str = "", structure: str = "", mapKey: str = ""):
        """First node of a role, or None."""
        found = self.all(role, course, structure, mapKey)
        return found[0] if found else None

    def maps(self) -> dict:
        """Name of each map in the output folder to its volume node."""
        found = self._nodes("vtkMRMLScalarVolumeNode")
        named = {node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE): node for node in found}
        named.pop(None, None)
        return named

    def made(self) -> list:
        """Every node that was made for the case."""
        nodes = self._nodes("vtkMRMLNode")
        return [n for n in nodes if n.GetAttribute(CaseNodes.MADE)]

    def remove(self, node) -> None:
        """Take a node out of the scene with its display and storage nodes."""
        displays = range(_count(node, "GetNumberOfDisplayNodes"))
        # the last first: a color legend must not outlive the display of its volume
        own = [node.GetNthDisplayNode(n) for n in reversed(displays)]
        own += [node.GetNthStorageNode(n) for n in range(_count(node, "GetNumberOfStorageNodes"))]
        for other in filter(None, own):
            self._scene.RemoveNode(other)
        self._scene.RemoveNode(node)

    @staticmethod
    def setHatch(mapNode, hatchNode) -> None:
        """Tie the label volume of what is unknown, or over the limit, to its map; None unties."""
        mapNode.SetNodeReferenceID(CaseNodes.UNKNOWN, hatchNode.GetID() if hatchNode else None)

    @staticmethod
    def hatchOf(mapNode):
        """Label volume of what is unknown on a map, or None."""
        return mapNode.GetNodeReference(CaseNodes.UNKNOWN) if mapNode else None

    def _nodes(self, className: str) -> list:
        nodes = self._scene.GetNodesByClass(className)
        nodes.UnRegister(None)
        return [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]


def _count(node, counter: str) -> int:
    return getattr(node, counter)() if hasattr(node, counter) else 0
