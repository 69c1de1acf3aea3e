"""Arrangements of views for a case, as Slicer's layout descriptions, and what they show."""

from __future__ import annotations

from collections.abc import Mapping

from .CaseNodes import CaseNodes
from .DoseDisplay import DoseDisplay

FOUR_UP, PRIOR_BESIDE_CURRENT, RECOVERY_BESIDE_NONE = 760, 761, 762
LEFT, RIGHT = "ReirrLeft", "ReirrRight"
ORIENTATIONS = {"Axial": "A", "Coronal": "C", "Sagittal": "S"}
COLORS = {"Axial": "#F34A33", "Coronal": "#6DAD4A", "Sagittal": "#EDD54C"}
THREE_D = "1"


class Layouts:
    """Describes three arrangements of views and fills their slice views.

    The descriptions are Slicer's own XML: the application takes them through ``register``, the web
    viewer parses the same text. The side-by-side views are linked: what moves in one moves in the
    other of the same orientation.

    :param scene: scene with the nodes of a case.
    """

    NAMES: Mapping[int, str] = {
        FOUR_UP: "Reirradiation: four views",
        PRIOR_BESIDE_CURRENT: "Reirradiation: prior beside planned course",
        RECOVERY_BESIDE_NONE: "Reirradiation: without beside with recovery",
    }

    def __init__(self, scene):
        self._scene = scene

    @staticmethod
    def description(layout: int) -> str:
        """XML of a layout.

        :param layout: ``FOUR_UP``, ``PRIOR_BESIDE_CURRENT`` or ``RECOVERY_BESIDE_NONE``.
        """
        if layout == FOUR_UP:
            axial, coronal, sagittal = (
                _slice(name, orientation, name[0], 1)
                for name, orientation in (
                    ("Red", "Axial"),
                    ("Green", "Coronal"),
                    ("Yellow", "Sagittal"),
                )
            )
            rows = (axial, _threeD()), (coronal, sagittal)
        else:
            rows = tuple(_pair(orientation) for orientation in ("Axial", "Coronal"))
        return _stack("vertical", [_stack("horizontal", row) for row in rows])

    @staticmethod
    def register(layoutNode) -> None:
        """Add the layouts to a vtkMRMLLayoutNode; the current one stays."""
        for layout in Layouts.NAMES:
            if not layoutNode.IsLayoutDescription(layout):
                layoutNode.AddLayoutDescription(layout, Layouts.description(layout))

    @staticmethod
    def sliceViews(layout: int) -> dict[str, str]:
        """Name of each slice view of a layout to its orientation."""
        if layout == FOUR_UP:
            return {"Red": "Axial", "Green": "Coronal", "Yellow": "Sagittal"}
        return {
            f"{side}{orientation}": orientation
            for orientation in ("Axial", "Coronal")
            for side in (LEFT, RIGHT)
        }

    def showPriorBesideCurrent(self, course: str, planned: str = "planned", kind="eqd2_") -> None:
        """Prior CT and dose, mapped, on the left; today's CT and planned dose on the right.

        :param course: prior course as in the names of the maps.
        :param kind: start of the names of the maps: ``eqd2_`` or ``mapped_dose_``.
        """
        nodes = CaseNodes(self._scene)
        current = nodes.first(CaseNodes.IMAGE)
        before = nodes.first(CaseNodes.PRIOR_IMAGE, course) or current
        self._fill(LEFT, before, f"{kind}{course}")
        self._fill(RIGHT, current, f"{kind}{planned}")
        self._showParts(f"{kind}{course}", f"{kind}{planned}")

    def showRecoveryBesideNone(self) -> None:
        """Cumulative EQD2 without recovery on the left, with recovery on the right."""
        image = CaseNodes(self._scene).first(CaseNodes.IMAGE)
        self._fill(LEFT, image, "cumulative_no_recovery")
        self._fill(RIGHT, image, "cumulative_eqd2")
        self._showParts("cumulative_no_recovery", "cumulative_eqd2")

    def compositesOf(self, side: str) -> list:
        """Composite nodes of the slice views whose names begin so; none before they are made."""
        nodes = self._scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
        nodes.UnRegister(None)
        found = [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]
        return [node for node in found if (node.GetLayoutName() or "").startswith(side)]

    def _fill(self, side: str, image, key: str) -> None:
        mapNode = CaseNodes(self._scene).maps().get(key)
        for composite in self.compositesOf(side):
            DoseDisplay.fill(composite, image, mapNode, CaseNodes.hatchOf(mapNode))
            composite.SetLinkedControl(True)
            composite.SetHotLinkedControl(True)

    def _showParts(self, left: str, right: str) -> None:
        """Lines of each map in its own views only, and both legends."""
        maps = CaseNodes(self._scene).maps()
        pairs = [(LEFT, maps.get(left)), (RIGHT, maps.get(right))]
        display = DoseDisplay(self._scene)
        display.showPartsOf([node for _, node in pairs])
        for side, node in pairs:
            views = [slice_.GetID() for slice_ in self._slicesOf(side)]
            for model in display.isodoses(node) if node else ():
                model.GetDisplayNode().SetViewNodeIDs(views)

    def _slicesOf(self, side: str) -> list:
        nodes = self._scene.GetNodesByClass("vtkMRMLSliceNode")
        nodes.UnRegister(None)
        found = [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]
        return [node for node in found if (node.GetLayoutName() or "").startswith(side)]


def _stack(direction: str, items) -> str:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<layout type="{direction}" split="true">{inside}</layout>'


def _pair(orientation: str) -> tuple[str, str]:
    group = 10 + list(ORIENTATIONS).index(orientation)
    letter = ORIENTATIONS[orientation]
    return (
        _slice(f"{LEFT}{orientation}", orientation, f"{letter}1", group),
        _slice(f"{RIGHT}{orientation}", orientation, f"{letter}2", group),
    )


def _slice(name: str, orientation: str, label: str, group: int) -> str:
    properties = {
        "orientation": orientation,
        "viewlabel": label,
        "viewcolor": COLORS[orientation],
        "viewgroup": group,
    }
    return _view("vtkMRMLSliceNode", name, properties)


def _threeD() -> str:
    return _view("vtkMRMLViewNode", THREE_D, {"viewlabel": "1"})


def _view(className: str, name: str, properties: Mapping[str, object]) -> str:
    inside = "".join(
        f'<property name="{key}" action="default">{value}</property>'
        for key, value in properties.items()
    )
    return f'<view class="{className}" singletontag="{name}">{inside}</view>'
