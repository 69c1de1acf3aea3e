"""Slice and 3D views of a scene, rendered off screen by Slicer's own displayable managers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from .host import Host

SAMPLES_PER_PIXEL = 4
SLICE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)
THREE_D_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
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
        self._window = _window(size, self._renderer, SAMPLES_PER_PIXEL)
        self._interactor = _interactor(self._window)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self._group = _managers(host, self._renderer, factory, SLICE_MANAGERS)
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
        return grabbed(self._window)


class ThreeDView:
    """An off-screen 3D view on white.

    Parameters
    ----------
    host : Host
        Scene to show.
    name : str
        Layout name of the view.
    size : tuple of int
        Width and height, pixels.
    """

    def __init__(self, host: Host, name: str, size: tuple[int, int]) -> None:
        self._renderer = vtk.vtkRenderer()
        # translucent surfaces need depth peeling, which goes without multisampling
        self._renderer.SetUseDepthPeeling(True)
        self._window = _window(size, self._renderer, samples=0)
        self._interactor = _interactor(self._window)
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self._group = _managers(host, self._renderer, factory, THREE_D_MANAGERS)
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(host.application_logic)
        self._logic.SetMRMLScene(host.scene)
        host.application_logic.GetViewLogics().AddItem(self._logic)
        self.node = host.scene.GetSingletonNode(name, "vtkMRMLViewNode")
        if self.node:
            self._logic.SetViewNode(self.node)
        else:
            self.node = self._logic.AddViewNode(name)
        self.node.SetMappedInLayout(1)
        self.node.SetBoxVisible(False)
        self.node.SetAxisLabelsVisible(False)
        self.node.SetBackgroundColor(1.0, 1.0, 1.0)
        self.node.SetBackgroundColor2(1.0, 1.0, 1.0)
        self._group.SetMRMLDisplayableNode(self.node)

    def look_from(self, direction_lps: tuple[float, float, float], nearer: float = 1.0) -> None:
        """Look at everything shown from a direction, superior on top; ``nearer`` enlarges."""
        camera = self._renderer.GetActiveCamera()
        self._renderer.ResetCamera()
        center, distance = np.array(camera.GetFocalPoint()), camera.GetDistance()
        toward = np.array(direction_lps) * [-1.0, -1.0, 1.0]
        camera.SetPosition(*(center + toward / np.linalg.norm(toward) * distance))
        camera.SetViewUp(0.0, 0.0, 1.0)
        self._renderer.ResetCameraScreenSpace()
        camera.Zoom(nearer)
        self._renderer.ResetCameraClippingRange()

    def pixels(self) -> Pixels:
        """Render; shape (height, width, 3), first row on top."""
        return grabbed(self._window)


def grabbed(window: Any) -> Pixels:  # noqa: ANN401
    """Render a window; shape (height, width, 3), first row on top."""
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    scalars = vtk_to_numpy(image.GetPointData().GetScalars())
    return scalars.reshape(height, width, -1)[::-1, :, :3].copy()


def _window(size: tuple[int, int], renderer: Any, samples: int) -> Any:  # noqa: ANN401
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(samples)
    window.SetSize(*size)
    window.AddRenderer(renderer)
    return window


def _interactor(window: Any) -> Any:  # noqa: ANN401
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    interactor.Initialize()
    return interactor


def _managers(host: Host, renderer: Any, factory: Any, managers: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return the displayable managers that fill a view."""
    factory.SetMRMLApplicationLogic(host.application_logic)
    for manager in managers:
        if not factory.IsDisplayableManagerRegistered(manager):
            factory.RegisterDisplayableManager(manager)
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    group.Initialize(factory, renderer)
    return group
