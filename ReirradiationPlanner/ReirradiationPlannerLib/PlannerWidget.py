"""The form of the .ui file, bound to the parameter node. Needs the Slicer application."""

from collections.abc import Callable
from pathlib import Path

import qt
import slicer
import vtk
from ReirradiationCore.warning import WARNING
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin


class PlannerWidget(VTKObservationMixin):
    """Connects the form to the parameter node and its button to the logic.

    :param ui: child widgets of the form, by name
    :param evaluate: called with input folder, output folder, protocol and recovery rule; returns
      the path of the report
    """

    def __init__(self, ui, evaluate: Callable[[Path, Path, str, str], Path]):
        super().__init__()
        self._ui = ui
        self._evaluate = evaluate
        self._parameterNode = None
        self._guiTag = None
        ui.warningLabel.text = WARNING
        ui.evaluateButton.clicked.connect(self.onEvaluate)

    def bind(self, parameterNode):
        """Show and edit another parameter node; None disconnects the form."""
        modified = vtk.vtkCommand.ModifiedEvent
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, modified, self._checkCanEvaluate)
        self._parameterNode = parameterNode
        if parameterNode:
            self._guiTag = parameterNode.connectGui(self._ui)
            self.addObserver(parameterNode, modified, self._checkCanEvaluate)
            self._checkCanEvaluate()

    def onEvaluate(self):
        """Called by the Evaluate button."""
        chosen = self._parameterNode
        with slicer.util.tryWithErrorDisplay(_("Evaluation failed."), waitCursor=True):
            report = self._evaluate(
                chosen.inputFolder, chosen.outputFolder, chosen.protocol, chosen.recovery
            )
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(report)))

    def _checkCanEvaluate(self, *_event):
        chosen = self._parameterNode
        ready = Path() not in (chosen.inputFolder, chosen.outputFolder)
        button = self._ui.evaluateButton
        button.enabled = ready
        button.toolTip = (
            _("Evaluate the folder and open the report")
            if ready
            else _("Choose an input folder and an output folder")
        )
