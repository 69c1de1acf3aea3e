"""Two CTs over each other in the slice views: faded, as a checkerboard, or as a difference."""

from __future__ import annotations

import numpy as np
import slicer

from .CaseNodes import CaseNodes

SQUARES = 8
BOARD_NAME = "Checkerboard of both CTs"
BOARD = "checkerboard"


class CtComparison:
    """Shows a prior CT over today's.

    :param scene: scene whose slice views are used.
    :param referenceNode: today's CT.
    """

    def __init__(self, scene, referenceNode):
        self._scene = scene
        self._reference = referenceNode

    def show(self, priorNode, mode: str, fade: float):
        """Show the prior CT, which is under its registration already.

        :param priorNode: prior CT, with the transform onto today's CT as parent.
        :param mode: ``fade``, ``checkerboard`` or ``difference``.
        :param fade: part 0..1 of the prior CT in the picture.
        """
        board = self._board(priorNode) if mode == "checkerboard" else None
        compositing = slicer.vtkMRMLSliceCompositeNode.Alpha
        if mode == "difference":
            compositing = slicer.vtkMRMLSliceCompositeNode.Subtract
        for composite in self.composites():
            composite.SetBackgroundVolumeID((board or self._reference).GetID())
            composite.SetForegroundVolumeID(None if board else priorNode.GetID())
            composite.SetForegroundOpacity(0.0 if board else 1.0 if mode == "difference" else fade)
            composite.SetCompositing(compositing)

    def hide(self):
        """Show today's CT alone, and mix pictures as usual again."""
        for composite in self.composites():
            composite.SetCompositing(slicer.vtkMRMLSliceCompositeNode.Alpha)
            composite.SetBackgroundVolumeID(self._reference.GetID())
            composite.SetForegroundVolumeID(None)

    def composites(self):
        """Composite nodes of the slice views of the scene."""
        found = self._scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
        found.UnRegister(None)
        return [found.GetItemAsObject(place) for place in range(found.GetNumberOfItems())]

    def _board(self, priorNode):
        """Volume whose squares show the one and the other CT by turns; made once, then refilled."""
        logic = slicer.vtkSlicerVolumesLogic
        moved = logic.ResampleVolumeToReferenceVolume(priorNode, self._reference)
        today, before = (slicer.util.arrayFromVolume(n) for n in (self._reference, moved))
        counts = [np.arange(n) * SQUARES // n for n in today.shape]
        odd = (counts[0][:, None, None] + counts[1][None, :, None] + counts[2]) % 2 == 1
        board = self._boardNode()
        slicer.util.updateVolumeFromArray(board, np.where(odd, before, today))
        shown = self._reference.GetDisplayNode()
        if shown is not None:  # the squares look as both CTs do
            board.GetDisplayNode().SetAutoWindowLevel(False)
            board.GetDisplayNode().SetWindowLevel(shown.GetWindow(), shown.GetLevel())
        if moved.GetScene() is not None:
            self._scene.RemoveNode(moved)
        return board

    def _boardNode(self):
        board = CaseNodes(self._scene).first(BOARD)
        if board is None:
            board = self._scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", BOARD_NAME)
            CaseNodes.mark(board, BOARD)
            board.CreateDefaultDisplayNodes()
        board.CopyOrientation(self._reference)
        return board
