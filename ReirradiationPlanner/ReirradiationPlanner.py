"""Doorway of the module in Slicer: metadata, panel, logic and test. The work is in the packages.

What needs more than Slicer itself is imported when it is used, so that starting the application
with this module costs next to nothing.
"""

import slicer
from ReirradiationCore.warning import WARNING
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
        from ReirradiationPlannerLib.HelpInApplication import acknowledgement, helpText

        parent.title = _("Reirradiation Planner")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        parent.dependencies = []
        parent.contributors = ["ReirradiationPlanner developers"]
        parent.helpText = f"{helpText()}<p><b>{WARNING}</b></p>"
        parent.acknowledgementText = acknowledgement()
        slicer.app.connect("startupCompleted()", _registerSampleCase)


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
        from ReirradiationPlannerLib.PlannerWidget import PlannerWidget

        panel = slicer.util.loadUI(self.resourcePath("UI/ReirradiationPlanner.ui"))
        panel.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        self.logic = ReirradiationPlannerLogic()
        self.form = PlannerWidget(self.ui, self.logic)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndClose)
        self.enter()

    def enter(self):
        """Called each time the user opens the module."""
        self.form.bind(self.logic.getParameterNode())

    def exit(self):
        """Called each time the user leaves the module; results go on following contour edits."""
        self.form.unbind()

    def cleanup(self):
        """Called when the application closes and the panel is destroyed, and at each reload."""
        self.removeObservers()
        if self.form is not None:
            self.form.forget()

    def onSceneStartClose(self, *_event):
        """Called just before the scene is closed: its parameter node goes with it."""
        self.form.forget()

    def onSceneEndClose(self, *_event):
        """Called after the scene was closed or read: a module in view shows what is in it now."""
        if self.parent.isEntered:
            self.enter()


class ReirradiationPlannerLogic(ScriptedLoadableModuleLogic):
    """The method for scripts (every method of PlannerLogic), and the choices of this scene."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        from ReirradiationPlannerLib.PlannerLogic import PlannerLogic

        self.planner = self.__dict__.get("planner") or PlannerLogic()
        return getattr(self.planner, name)

    def getParameterNode(self):
        """Return the choices of this scene."""
        from ReirradiationPlannerLib.PlannerParameterNode import PlannerParameterNode

        return PlannerParameterNode(super().getParameterNode())


class ReirradiationPlannerTest(ScriptedLoadableModuleTest):
    """The demo case through the real panel; any failure is an error, nothing is skipped."""

    def runTest(self):
        """Called by ctest and by Reload and Test."""
        from ReirradiationPlannerLib.SelfTestInApplication import SelfTestInApplication

        SelfTestInApplication(slicer.util.getModuleWidget("ReirradiationPlanner")).run()


def _registerSampleCase():
    from ReirradiationPlannerLib.SampleCaseInApplication import registerSampleCase

    registerSampleCase()
