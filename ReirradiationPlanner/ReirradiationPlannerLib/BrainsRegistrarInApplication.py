"""General Registration (BRAINS) as an engine. Needs the Slicer application."""

import time

import slicer
from ReirradiationCore.errors import CancelledError, RegistrationError

from .ModuleRegistrarInApplication import ModuleRegistrarInApplication

GRID = "10,10,10"
SAMPLES = 0.02
POLL_S = 0.05


class BrainsRegistrarInApplication(ModuleRegistrarInApplication):
    """Rigid, then affine, then B-spline, with mutual information."""

    engine = "General Registration (BRAINS)"
    outputClass = "vtkMRMLBSplineTransformNode"

    @staticmethod
    def isAvailable() -> bool:
        """True if the module is part of this application."""
        return hasattr(slicer.modules, "brainsfit")

    def run(self, fixed, moving, output, progress):
        """Called with both CTs: run the module and watch it."""
        parameters = self._parameters(fixed, moving, output)
        cli = slicer.cli.run(slicer.modules.brainsfit, None, parameters, update_display=False)
        try:
            while cli.IsBusy():
                progress("Registration: BRAINS", cli.GetProgress() / 100)
                self._wait()
        except CancelledError:
            cli.Cancel()
            raise
        finally:
            while cli.IsBusy():
                self._wait()
            failed, text = cli.GetStatus() & cli.ErrorsMask, cli.GetErrorText()
            self._scene.RemoveNode(cli)
        if failed:
            reason = f"{self.engine} failed: {text.strip()[-300:]}"
            raise RegistrationError(reason)

    @staticmethod
    def _wait():
        # the module's transform is read into its node by an event of the application
        slicer.app.processEvents()
        time.sleep(POLL_S)

    def _parameters(self, fixed, moving, output):
        start = {"initializeTransformMode": "useMomentsAlign"}
        if self._start is not None:
            start = {"initialTransform": self._start, "initializeTransformMode": "Off"}
        return {
            "fixedVolume": fixed,
            "movingVolume": moving,
            "bsplineTransform": output,
            "useRigid": True,
            "useAffine": True,
            "useBSpline": True,
            "splineGridSize": GRID,
            "samplingPercentage": SAMPLES,
            **start,
        }
