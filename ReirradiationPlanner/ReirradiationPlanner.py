"""Doorway of the module in Slicer: metadata, panel, logic and test. The work is in the packages."""

import json
import tempfile
from pathlib import Path

import slicer
from ReirradiationCore.demo import write_demo_case
from ReirradiationCore.warning import WARNING
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic
from ReirradiationPlannerLib.PlannerParameterNode import PlannerParameterNode
from ReirradiationPlannerLib.PlannerWidget import PlannerWidget
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class ReirradiationPlanner(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Reirradiation Planner")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        parent.dependencies = []
        parent.contributors = ["ReirradiationPlanner developers"]
        purpose = _("Cumulative EQD2 of several courses of radiotherapy, organ by organ.")
        parent.helpText = f"{purpose}<p><b>{WARNING}</b></p>"
        parent.acknowledgementText = _("Methods, sources and limits stand in the README.")


class ReirradiationPlannerWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Shell of the panel: follows the module and the scene; the form is in PlannerWidget."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.form = None

    def setup(self):
        """Called when the user opens the module for the first time."""
        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/ReirradiationPlanner.ui"))
        self.layout.addWidget(panel)
        self.logic = ReirradiationPlannerLogic()
        self.form = PlannerWidget(slicer.util.childWidgetVariables(panel), self.logic.evaluate)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.enter()

    def enter(self):
        """Called each time the user opens the module."""
        self.form.bind(self.logic.getParameterNode())

    def exit(self):
        """Called each time the user leaves the module."""
        self.form.bind(None)

    def cleanup(self):
        """Called when the application closes and the panel is destroyed."""
        self.form.bind(None)
        self.removeObservers()

    def onSceneStartClose(self, *_event):
        """Called just before the scene is closed: its parameter node goes with it."""
        self.form.bind(None)

    def onSceneEndClose(self, *_event):
        """Called after the scene was closed: a module in view needs a new parameter node."""
        if self.parent.isEntered:
            self.enter()


class ReirradiationPlannerLogic(PlannerLogic, ScriptedLoadableModuleLogic):
    """The method for scripts, and the choices of this scene."""

    def getParameterNode(self):
        """Return the choices of this scene."""
        return PlannerParameterNode(super().getParameterNode())


class ReirradiationPlannerTest(ScriptedLoadableModuleTest):
    """The main job in the application: the demo case, evaluated."""

    def runTest(self):
        """Called by ctest and by Reload and Test."""
        slicer.mrmlScene.Clear()
        with tempfile.TemporaryDirectory() as folder:
            self.test_demo_case_gets_a_verdict_for_each_limit(Path(folder))

    def test_demo_case_gets_a_verdict_for_each_limit(self, folder: Path):
        """Numbers and report are written, and no limit is left without a verdict."""
        write_demo_case(folder / "case")
        logic = ReirradiationPlannerLogic()
        report = logic.evaluate(folder / "case", folder / "result", "STRIDeR2025", "strider_33")
        assert WARNING in report.read_text(encoding="utf-8")
        results = json.loads((folder / "result" / "results.json").read_text(encoding="utf-8"))
        assert results["constraints"]
        assert all(limit["verdict"] for limit in results["constraints"])
