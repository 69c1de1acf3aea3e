"""The demo case through the real panel, step by step. Needs the Slicer application."""

import json
import tempfile
import time
from pathlib import Path

import slicer
import vtk
from ReirradiationCore.warning import WARNING
from vtk.util.numpy_support import vtk_to_numpy

from .OrgansSectionWidget import ALPHA_BETA
from .SampleCaseInApplication import makeSampleCase

PATIENCE_S = 60.0
EDITED = "Rectum"
EXCEEDED = "A_Iliac_L"


class SelfTestInApplication:
    """Presses the buttons a user presses; anything that is not as it must be is an error.

    :param widget: panel of the module (ReirradiationPlannerWidget).
    """

    def __init__(self, widget):
        self._widget = widget
        self._ui = widget.ui

    @property
    def _session(self):
        return self._widget.form.session

    def run(self):
        """Run all steps in an empty scene; raises at the first that fails."""
        slicer.mrmlScene.Clear(False)
        self._widget.enter()
        self.loadCourses()
        self.confirmNames()
        self.register()
        self.evaluate()
        self.editContour()
        self.changeAlphaBeta()
        with tempfile.TemporaryDirectory() as folder:
            self.writeReport(Path(folder) / "result")
            self.saveAndReload(Path(folder) / "scene.mrb")

    def loadCourses(self):
        """The demo case is read, and its courses stand in the table."""
        self._ui.inputFolderPath.currentPath = str(makeSampleCase())
        self._settle()
        self._press(self._ui.readFolderButton)
        _require(self._session.isReady, f"courses are missing: {self._said()}")
        _require(self._ui.courseTable.rowCount == 2, "the table shows two courses")
        labels = [self._ui.courseTable.item(row, 0).text() for row in range(2)]
        _require(labels == ["prior-1", "planned"], f"the courses are {labels}")

    def confirmNames(self):
        """Every name is confirmed, and a rule for the recovery is chosen."""
        self._press(self._ui.confirmNamesButton)
        organs = self._session.organs()
        named = [organ for organ in organs if organ.standardName]
        _require(len(named) > 0, "organs have standard names")
        names = self._session.choices.names
        _require(all(organ.name in names for organ in named), "every name is confirmed")
        self._ui.recoveryComboBox.setCurrentIndex(2)
        _require(self._session.settings.recovery == "strider_33", "the rule is bound to the box")

    def register(self):
        """The prior course is registered, shown over today's CT, and approved by a person."""
        self._press(self._ui.registerButton)
        _require(self._ui.qualityTable.rowCount > 0, "the quality is shown")
        self._press(self._ui.compareButton)
        self._ui.approverEdit.text = "Self-test"
        self._settle()
        self._press(self._ui.approveButton)
        text = self._ui.approvalLabel.text
        _require("Self-test" in text, f"the approval is shown: {text}")

    def evaluate(self):
        """Limits are judged, the exceeded one first; maps are painted."""
        self._press(self._ui.evaluateButton)
        _require(self._session.result is not None, f"there is a result: {self._said()}")
        first = [self._ui.verdictTable.item(0, column).text() for column in (0, 1)]
        _require("FAIL" in first[0] and first[1] == EXCEEDED, f"the worst limit is first: {first}")
        self._press(self._ui.showMapsButton)
        _require(self._session.settings.resultNode is not None, f"maps are there: {self._said()}")
        self._ui.remainingSection.collapsed = False
        self._settle()
        _require(self._ui.remainingTable.rowCount > 0, "the remaining dose is shown")

    def editContour(self):
        """A contour that moves makes results stale at once, and then new."""
        before = self._valueOf(EDITED)
        node = self._session.found.planned.segmentationNode
        organ = next(organ for organ in self._session.organs() if organ.name == EDITED)
        moveContours(node, organ.segmentId, 6.0)
        _require(self._session.isStale, "results are stale as soon as a contour changed")
        self._widget.form.refresh()
        _require(not self._ui.verdictTable.enabled, "stale verdicts are greyed")
        self._wait(lambda: not self._session.isStale, "the results follow the contour")
        _require(self._valueOf(EDITED) != before, f"{EDITED} was sampled again")

    def changeAlphaBeta(self):
        """A typed alpha/beta is taken over, and stands in the choices."""
        keys = [organ.name for organ in self._session.organs()]
        item = self._ui.organTable.item(keys.index(EDITED), ALPHA_BETA)
        item.setText("2.5")
        self._wait(lambda: not self._session.isStale, "the results follow alpha/beta")
        model = self._session.result.organ(EDITED).model
        _require(model.alpha_beta_gy == 2.5, f"alpha/beta is {model.alpha_beta_gy}")

    def writeReport(self, folder: Path):
        """The report is written, carries the warning, and its numbers are those shown."""
        self._ui.outputFolderPath.currentPath = str(folder)
        self._settle()
        self._press(self._ui.reportButton)
        report = self._session.report
        _require(report is not None and report.is_file(), f"the report is there: {self._said()}")
        _require(WARNING in report.read_text(encoding="utf-8"), "the report carries the warning")
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        shown = [row["value"] for row in self._session.result.rows]
        _require([row["value"] for row in results["constraints"]] == shown, "numbers are as shown")

    def saveAndReload(self, path: Path):
        """Choices, registration and approval come back with the scene."""
        choices = self._session.choices.text
        _require(slicer.mrmlScene.WriteToMRB(str(path)), "the scene is saved")
        slicer.mrmlScene.Clear(False)
        self._widget.enter()
        self._settle()
        _require(not self._session.choices.text, "a new scene has no choices")
        _require(slicer.mrmlScene.ReadFromMRB(str(path)), "the scene is read")
        self._widget.enter()
        self._settle()
        _require(self._session.choices.text == choices, "the choices are back")
        self._press(self._ui.findCoursesButton)
        _require(self._session.isReady, f"the courses are back: {self._said()}")
        _require("Self-test" in self._ui.approvalLabel.text, "the approval is back")
        self._press(self._ui.evaluateButton)
        _require(self._session.result is not None, f"evaluated again: {self._said()}")

    def _press(self, button):
        _require(button.enabled, f"{button.objectName} can be pressed: {button.toolTip}")
        button.click()
        self._settle()

    def _settle(self):
        for _ in range(3):
            slicer.app.processEvents()

    def _wait(self, isDone, what: str):
        end = time.monotonic() + PATIENCE_S
        while not isDone() and time.monotonic() < end:
            slicer.app.processEvents()
            time.sleep(0.02)
        _require(isDone(), f"{what}: {self._said()}")
        self._settle()

    def _said(self) -> str:
        return self._ui.statusLabel.text

    def _valueOf(self, organ: str):
        return [row["value"] for row in self._session.result.rows if row["structure"] == organ]


def moveContours(node, segmentId: str, distanceMm: float):
    """Move the contours of a segment to the left, as an edit would."""
    segmentation = node.GetSegmentation()
    name = segmentation.GetSourceRepresentationName()
    segment = segmentation.GetSegment(segmentId)
    moved = vtk.vtkPolyData()
    moved.DeepCopy(segment.GetRepresentation(name))
    points = vtk_to_numpy(moved.GetPoints().GetData())
    points[:, 0] -= distanceMm
    moved.GetPoints().Modified()
    segment.AddRepresentation(name, moved)
    segmentation.InvokeEvent(segmentation.SourceRepresentationModified, segmentId)


def _require(isTrue: bool, what: str):
    if not isTrue:
        raise AssertionError(what)
