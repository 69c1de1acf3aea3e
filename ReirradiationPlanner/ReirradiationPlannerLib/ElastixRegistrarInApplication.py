"""Elastix (extension SlicerElastix) as an engine. Needs the Slicer application."""

import importlib
import subprocess

import slicer
from ReirradiationCore.errors import CancelledError, RegistrationError

from .ModuleRegistrarInApplication import ModuleRegistrarInApplication


class ElastixRegistrarInApplication(ModuleRegistrarInApplication):
    """The default preset of the Elastix module, as a displacement field."""

    engine = "Elastix (SlicerElastix, default preset)"

    @staticmethod
    def isAvailable() -> bool:
        """True if the extension is installed."""
        return hasattr(slicer.modules, "elastix")

    def run(self, fixed, moving, output, progress):
        """Called with both CTs: run the module, which calls back for every line of its log."""
        logic = importlib.import_module("Elastix").ElastixLogic()
        cancelled = []

        def watch(line: str):
            try:
                progress(f"Registration: Elastix. {line[:60]}", None)
            except CancelledError as stop:
                cancelled.append(stop)
                logic.cancelRequested = True

        logic.logCallback = watch
        logic.logStandardOutput = True
        try:
            logic.registerVolumes(
                fixed, moving, outputTransformNode=output, initialTransformNode=self._start
            )
        except (subprocess.CalledProcessError, RuntimeError, ValueError, OSError) as error:
            if cancelled:
                raise cancelled[0] from error
            reason = f"{self.engine} failed: {error}"
            raise RegistrationError(reason) from error
        if cancelled:
            raise cancelled[0]
