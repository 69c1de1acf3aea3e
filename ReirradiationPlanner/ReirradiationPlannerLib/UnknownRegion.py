"""Where the dose inside the patient is not known, and where it is over the limit: hatched."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import slicer
from ReirradiationCore.body_mask import body_mask, resample
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Grid, Volume

from .CaseNodes import CaseNodes
from .ColorTables import displayData
from .VolumeNodes import VolumeNodes

FINEST_MM = 1.25
MOST_VOXELS = 10_000_000
HATCH_MM = 10.0
LINE_MM = 2.5
OVER_LIMIT_HATCH_MM = 5.0
OVER_LIMIT_LINE_MM = 1.25
NOT_KNOWN, OVER_LIMIT = 1, 2
PATIENT_ABOVE_HU = -300.0
COLOR_NODE = "Hatches"
OF_SEVERAL_MAPS = "Not known in several maps"


class UnknownRegion:
    """Makes label volumes of the part of the patient in which a map is unknown.

    :param scene: scene that gets the nodes.
    :param ct: image of the patient, HU.
    """

    def __init__(self, scene, ct: Volume):
        self._scene = scene
        self._patient = UnknownRegion.patient(ct)
        self._made: list[tuple] = []

    def learn(self, values: Volume, node) -> None:
        """Take a label volume that was made before, or None, as that of these values."""
        known = np.isfinite(values.array)
        if not self._find(known, values.grid):
            self._made.append((known, values.grid, node))

    @staticmethod
    def isHatched(node, label: int) -> bool:
        """Tell whether a label volume hatches anything with ``NOT_KNOWN`` or ``OVER_LIMIT``."""
        return bool((slicer.util.arrayFromVolume(node) == label).any())

    def _find(self, known: np.ndarray, grid: Grid) -> tuple:
        """What was made for these known voxels; empty if nothing was."""
        same = (one for one in self._made if one[1] == grid and np.array_equal(known, one[0]))
        return next(same, ())

    def forget(self, node) -> None:
        """Never give this label volume again."""
        self._made = [known for known in self._made if known[-1] is not node]

    def add(self, values: Volume, name: str):
        """Label volume for the label layer of slice views; 1 on the lines of a hatch.

        Maps that are unknown in the same place share one.

        :return: vtkMRMLLabelMapVolumeNode, or None where the map covers the whole patient.
        """
        known = np.isfinite(values.array)
        found = self._find(known, values.grid)
        if found:
            if found[-1] is not None:  # views show this name beside that of each map
                found[-1].SetName(OF_SEVERAL_MAPS)
            return found[-1]
        labels = UnknownRegion.hatch(self._patient, Volume(known.astype(np.uint8), values.grid))
        node = self._addLabels(labels, name)
        self._made.append((known, values.grid, node))
        return node

    def addWithLimit(self, values: Volume, percent: Volume, name: str):
        """Label volume that also hatches, finely and the other way, what is over the limit.

        :param values: dose, NaN where it is not known.
        :param percent: per cent of the limit, NaN where there is none.
        :return: vtkMRMLLabelMapVolumeNode, or None where nothing is to be hatched.
        """
        known = Volume(np.isfinite(values.array).astype(np.uint8), values.grid)
        over = Volume((np.nan_to_num(percent.array) > 100.0).astype(np.uint8), percent.grid)
        labels = UnknownRegion.hatch(self._patient, known)
        crossed = UnknownRegion.overLimit(self._patient.grid, over)
        if labels is None or crossed is None:
            return self._addLabels(labels or crossed, name)
        both = np.where(crossed.array > 0, crossed.array, labels.array)
        return self._addLabels(Volume(both, labels.grid), name)

    @staticmethod
    def patient(ct: Volume) -> Volume:
        """The patient without the couch, 0 or 1, on a grid over the image fine enough to hatch."""
        extent = np.prod(np.array(ct.grid.size) * np.array(ct.grid.spacing_mm))
        grid = ct.grid.with_spacing(max(FINEST_MM, float(np.cbrt(extent / MOST_VOXELS))))
        try:
            body = body_mask(ct)
        except RegistrationError:
            # a phantom or a small part of a patient: all that is not air
            body = Volume((ct.array > PATIENT_ABOVE_HU).astype(np.uint8), ct.grid)
        inside = resample(Volume(body.array.astype(np.float32), body.grid), grid, 0.0)
        return Volume((inside.array >= 0.5).astype(np.uint8), grid)

    @staticmethod
    def hatch(patient: Volume, known: Volume) -> Volume | None:
        """Hatch, 0 or 1, slanted in every orthogonal plane; None where nothing is unknown."""
        grid = patient.grid
        unknown = (patient.array > 0) & (_nearest(VolumeNodes.evenlySpaced(known), grid) == 0)
        if not unknown.any():
            return None
        k, j, i = np.ogrid[: grid.size[2], : grid.size[1], : grid.size[0]]
        lines = (i + j + k) * grid.spacing_mm[0] % HATCH_MM < LINE_MM
        return Volume((unknown & lines).astype(np.uint8), grid)

    @staticmethod
    def overLimit(grid: Grid, over: Volume) -> Volume | None:
        """Hatch, 0 or 2, slanted against the one of the unknown; None where nothing is over."""
        inside = _nearest(VolumeNodes.evenlySpaced(over), grid) > 0
        if not inside.any():
            return None
        k, j, i = np.ogrid[: grid.size[2], : grid.size[1], : grid.size[0]]
        along = (i - j + k) * grid.spacing_mm[0]
        lines = along % OVER_LIMIT_HATCH_MM < OVER_LIMIT_LINE_MM
        return Volume((inside & lines).astype(np.uint8) * np.uint8(OVER_LIMIT), grid)

    def _addLabels(self, labels: Volume | None, name: str):
        if labels is None:
            return None
        node = VolumeNodes(self._scene).addLabels(labels, name)
        node.GetDisplayNode().SetAndObserveColorNodeID(self._colorNode().GetID())
        return CaseNodes.mark(node, CaseNodes.HATCH)

    def _colorNode(self):
        found = self._scene.GetFirstNode(COLOR_NODE, "vtkMRMLColorTableNode")
        if found:
            return found
        node = self._scene.AddNewNodeByClass("vtkMRMLColorTableNode", COLOR_NODE)
        node.SetTypeToUser()
        node.SetNumberOfColors(3)
        node.SetColor(0, "", 0.0, 0.0, 0.0, 0.0)
        for label, key in ((NOT_KNOWN, "unknown"), (OVER_LIMIT, "overLimit")):
            entry = displayData("colors.json")[key]
            node.SetColor(label, entry["name"], *entry["color"], 1.0)
        return node


def _nearest(volume: Volume, grid: Grid) -> np.ndarray:
    """Value of the nearest voxel; 0 outside, more than half a voxel from the last one."""
    image = sitk.Resample(
        volume.to_sitk(),
        grid.size,
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        grid.origin_lps,
        grid.spacing_mm,
        grid.direction,
        0,
    )
    return sitk.GetArrayFromImage(image)
