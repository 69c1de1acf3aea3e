"""A scene with the logics that the Slicer application would give it, without the application."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
import vtk
from ReirradiationCore.errors import ReirradiationError

# Conversion rules, display node classes and storage come with these logics; each of them must
# know the scene before the first node of its kind is made.
LOGICS = {
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Models": "vtkSlicerModelsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
}
SLICE_VIEWS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


@dataclass(frozen=True, eq=False)
class Host:
    """A scene and what keeps it working; alive as long as this object is.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.
    application_logic : vtkSlicerApplicationLogic
        What displayable managers ask for module logics.
    """

    scene: Any
    application_logic: Any
    slice_logics: dict[str, Any] = field(default_factory=dict)
    keep_alive: tuple[Any, ...] = field(default=(), repr=False)

    def add_slice_logic(self, name: str, orientation: str) -> Any:  # noqa: ANN401
        """Return the logic of the slice view of this name (its node and layers), made if needed."""
        if name not in self.slice_logics:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(self.application_logic)
            logic.SetMRMLScene(self.scene)
            self.application_logic.GetSliceLogics().AddItem(logic)
            # a scene that was read from a file has its view nodes, where the views stood
            node = self.scene.GetSingletonNode(name, "vtkMRMLSliceNode")
            if node:
                logic.SetSliceNode(node)
            else:
                logic.AddSliceNode(name).SetOrientation(orientation)
            logic.GetSliceNode().SetMappedInLayout(1)
            self.slice_logics[name] = logic
        return self.slice_logics[name]


def boot() -> Host:
    """Return a new, empty scene that reads, shows and writes what the Slicer application does."""
    scene = slicer.vtkMRMLScene()
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    logics = _module_logics(scene, application)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    return Host(scene, application, {}, (*logics, *_remote_io(scene, application)))


def _module_logics(scene: Any, application: Any) -> list[Any]:  # noqa: ANN401
    colors = slicer.vtkMRMLColorLogic()
    colors.SetMRMLApplicationLogic(application)
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetModuleLogic("Colors", colors)
    logics = [colors]
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
        application.SetModuleLogic(name, logic)
        logics.append(logic)
    return logics


def _remote_io(scene: Any, application: Any) -> list[Any]:  # noqa: ANN401
    """Give the scene what reading an MRB asks for."""
    cache = tempfile.TemporaryDirectory()
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.SetMRMLApplicationLogic(application)
    remote.GetCacheManager().SetRemoteCacheDirectory(cache.name)
    manager = slicer.vtkDataIOManagerLogic()
    manager.SetMRMLScene(scene)
    manager.SetMRMLApplicationLogic(application)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    return [cache, remote, manager]


def write_mrb(host: Host, path: Path) -> None:
    """Write the scene as one file that the Slicer application opens.

    Raises
    ------
    ReirradiationError
        The file could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _quiet_vtk():
        written = host.scene.WriteToMRB(str(path))
    if not written:
        msg = f"{path} could not be written; check free space and permissions of its folder"
        raise ReirradiationError(msg)


def read_mrb(host: Host, path: Path) -> None:
    """Replace the scene by one from a file.

    Raises
    ------
    ReirradiationError
        The file could not be read.
    """
    with _quiet_vtk():
        read = host.scene.ReadFromMRB(str(path))
    if not read:
        msg = f"{path} could not be read as a scene"
        raise ReirradiationError(msg)


@contextmanager
def _quiet_vtk() -> Iterator[None]:
    """Keep VTK from printing a line for every file in an archive."""
    before = vtk.vtkOutputWindow.GetInstance()
    vtk.vtkOutputWindow.SetInstance(vtk.vtkStringOutputWindow())
    try:
        yield
    finally:
        vtk.vtkOutputWindow.SetInstance(before)
