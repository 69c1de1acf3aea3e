"""Engines of other modules behind Core's Registrar protocol. Needs the Slicer application."""

import tempfile
import time
from pathlib import Path

import slicer
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.point_transforms import read_transform
from ReirradiationCore.registration import RegistrationResult

from .VolumeNodes import VolumeNodes


class ModuleRegistrarInApplication:
    """Hands both CTs to a module as nodes and takes its transform back as a file.

    :param scene: scene in which the module works; what it is given is removed afterwards.
    :param start: linear transform node from which the module starts, or None.
    """

    engine = ""
    outputClass = "vtkMRMLTransformNode"

    def __init__(self, scene, start=None):
        self._scene = scene
        self._start = start

    def register(self, reference, prior, progress) -> RegistrationResult:
        """Return the transform from the reference to the prior image.

        :raises RegistrationError: a course without CT, or the module failed.
        :raises CancelledError: the user stopped it.
        """
        if reference is None or prior is None:
            reason = f"{self.engine} needs the CT of both courses"
            raise RegistrationError(reason)
        began = time.perf_counter()
        volumes = VolumeNodes(self._scene)
        nodes = [
            volumes.addImage(reference, "Registration: today"),
            volumes.addImage(prior, "Registration: prior"),
            self._scene.AddNewNodeByClass(self.outputClass, "Registration: result"),
        ]
        try:
            self.run(*nodes, progress)
            transform = self._read(nodes[2])
        finally:
            for node in nodes:
                self._remove(node)
        seconds = time.perf_counter() - began
        return RegistrationResult("file", self.engine, transform, seconds=seconds)

    def run(self, fixed, moving, output, progress):
        """Called with both CTs: the module writes the transform of moving to fixed."""
        raise NotImplementedError

    def _remove(self, node):
        displays = [node.GetNthDisplayNode(i) for i in range(node.GetNumberOfDisplayNodes())]
        for made in (node, *displays):
            if made.GetScene() is not None:  # the application removes displays with their node
                self._scene.RemoveNode(made)

    def _read(self, node):
        storage = slicer.vtkMRMLTransformStorageNode()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "transform.h5"
            storage.SetFileName(str(path))
            if not storage.WriteData(node) or not path.is_file():
                reason = f"{self.engine} left no transform; see the log of the application"
                raise RegistrationError(reason)
            return read_transform(path)
