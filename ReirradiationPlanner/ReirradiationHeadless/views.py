"""Slice views of a scene, rendered off screen by Slicer's own displayable managers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from .host import Host

SAMPLES_PER_PIXEL = 4
DISPLAYABLE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)
Pixels = npt.NDArray[np.uint8]


class SliceView:
    """An off-screen slice view. It draws the legends of maps that are styled after it was made.

    Parameters
    ----------
    host : Host
        Scene to show.
    name, orientation : str
        Layout name of the view and one of Axial, Coronal, Sagittal.
    size : tuple of int
        Width and height, pixels.
    """

    def __init__(self, host: Host, name: str, orientation: str, size: tuple[int, int]) -> None:
        self._size = size
        self._renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(SAMPLES_PER_PIXEL)
        self._window.SetSize(*size)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.Initialize()
        self._group = _managers(host, self._renderer)
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        self._logic = host.add_slice_logic(name, orientation)
        self._group.SetMRMLDisplayableNode(self.node)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        picture = vtk.vtkActor2D()
        picture.SetMapper(self._mapper)
        picture.GetProperty().SetDisplayLocationToBackground()
        self._renderer.AddViewProp(picture)
        self._logic.ResizeSliceNode(*size)

    @property
    def node(self) -> Any:  # noqa: ANN401
        """The vtkMRMLSliceNode."""
        return self._logic.GetSliceNode()

    @property
    def composite(self) -> Any:  # noqa: ANN401
        """The vtkMRMLSliceCompositeNode: which volumes are shown."""
        return self._logic.GetSliceCompositeNode()

    def look_at(self, center_lps: tuple[float, float, float], mm_per_pixel: float) -> None:
        """Centre the view at a point, at a scale."""
        self._logic.ResizeSliceNode(*self._size)
        width, height = (mm_per_pixel * pixels for pixels in self._size)
        self.node.SetFieldOfView(width, height, 1.0)
        self.node.JumpSliceByCentering(-center_lps[0], -center_lps[1], center_lps[2])

    def pixel_of(self, point_lps: tuple[float, float, float]) -> tuple[int, int]:
        """Row and column of the picture at which a point appears."""
        to_xy = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetXYToRAS(), to_xy)
        x, y, _, _ = to_xy.MultiplyPoint((-point_lps[0], -point_lps[1], point_lps[2], 1.0))
        return round(self._size[1] - 1 - y), round(x)

    def pixels(self) -> Pixels:
        """Render; shape (height, width, 3), first row on top."""
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self._window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.ReadFrontBufferOff()
        grab.Update()
        image = grab.GetOutput()
        width, height, _ = image.GetDimensions()
        scalars = vtk_to_numpy(image.GetPointData().GetScalars())
        return scalars.reshape(height, width, -1)[::-1, :, :3].copy()


def _managers(host: Host, renderer: Any) -> Any:  # noqa: ANN401
    """Return the displayable managers that fill a slice view."""
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    factory.SetMRMLApplicationLogic(host.application_logic)
    for manager in DISPLAYABLE_MANAGERS:
        if not factory.IsDisplayableManagerRegistered(manager):
            factory.RegisterDisplayableManager(manager)
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    group.Initialize(factory, renderer)
    return group
