"""General Registration (BRAINS) as an engine. Needs the Slicer application."""

import re
import time

import slicer
from ReirradiationCore.errors import CancelledError, RegistrationError

from .ModuleRegistrarInApplication import ModuleRegistrarInApplication

GRID = "10,10,10"
SAMPLES = 50_000
ITERATIONS = "1500,1500,30"  # of the rigid, affine and B-spline step
TOLERANCE = 1e12  # in units of the machine's precision; the module's own ends after a few steps
THREADS = 1  # each further one can take 7 GB more in the B-spline step
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
        cli.StartContinuousOutputUpdate()
        try:
            while cli.IsBusy():
                progress(f"Registration: BRAINS. {_stage(cli.GetOutputText())}", None)
                self._wait()
        except CancelledError:
            cli.Cancel()
            raise
        finally:
            while cli.IsBusy():
                self._wait()
            failed = cli.GetStatus() & cli.ErrorsMask
            text = cli.GetErrorText().strip() or cli.GetOutputText().strip()
            self._scene.RemoveNode(cli)
        if failed:
            reason = f"{self.engine} failed: {_reason(text)}"
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
            "numberOfSamples": SAMPLES,
            "numberOfIterations": ITERATIONS,
            "costFunctionConvergenceFactor": TOLERANCE,
            "numberOfThreads": THREADS,
            # else what the prior CT does not show is taken for water
            "initializeRegistrationByCurrentGenericTransform": True,
            **start,
        }


def _stage(output: str) -> str:
    """The step of the last headline, as in ``Affine(2 of 3)``: the module tells no percentage."""
    return (re.findall(r"Estimations for (\w+\(\d of \d\))", output) or [""])[-1]


def _reason(output: str) -> str:
    """What ITK says went wrong, without the object that says it; or the end of the output."""
    return re.split(r"ERROR: (?:\w+\(0x\w+\): )?", output)[-1][-300:]
