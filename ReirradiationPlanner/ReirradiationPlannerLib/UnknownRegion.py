"""Where the dose inside the patient is not known: hatched, never drawn as zero."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from ReirradiationCore.body_mask import body_mask, resample
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Grid, Volume

from .VolumeNodes import VolumeNodes

FINEST_MM = 1.25
MOST_VOXELS = 10_000_000
HATCH_MM = 10.0
LINE_MM = 2.5
PATIENT_ABOVE_HU = -300.0
COLOR_NODE = "Unknown dose"
GREY = (0.78, 0.78, 0.78)


class UnknownRegion:
    """Makes label volumes of the part of the patient in which a map is unknown.

    :param scene: scene that gets the nodes.
    :param ct: image of the patient, HU.
    """

    def __init__(self, scene, ct: Volume):
        self._scene = scene
        self._patient = UnknownRegion.patient(ct)
        self._made = []

    def add(self, values: Volume, name: str):
        """Label volume for the label layer of slice views; 1 on the lines of a hatch.

        Maps that are unknown in the same place share one.

        :return: vtkMRMLLabelMapVolumeNode, or None where the map covers the whole patient.
        """
        known = np.isfinite(values.array)
        for other, grid, node in self._made:
            if grid == values.grid and np.array_equal(known, other):
                return node
        labels = UnknownRegion.hatch(self._patient, Volume(known.astype(np.uint8), values.grid))
        node = None
        if labels is not None:
            node = VolumeNodes(self._scene).addLabels(labels, name)
            node.GetDisplayNode().SetAndObserveColorNodeID(self._colorNode().GetID())
        self._made.append((known, values.grid, node))
        return node

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

    def _colorNode(self):
        found = self._scene.GetFirstNode(COLOR_NODE, "vtkMRMLColorTableNode")
        if found:
            return found
        node = self._scene.AddNewNodeByClass("vtkMRMLColorTableNode", COLOR_NODE)
        node.SetTypeToUser()
        node.SetNumberOfColors(2)
        node.SetColor(0, "known", 0.0, 0.0, 0.0, 0.0)
        node.SetColor(1, "unknown", *GREY, 1.0)
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
