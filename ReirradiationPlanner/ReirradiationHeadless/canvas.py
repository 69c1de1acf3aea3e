"""Texts, colour bars and lines on black, beside and above the views."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

Pixels = npt.NDArray[np.uint8]
Color = tuple[float, float, float]
WHITE: Color = (1.0, 1.0, 1.0)
DOTS_PER_INCH = 72


class Canvas:
    """A black picture to draw on; positions are pixels from the upper left.

    Parameters
    ----------
    width, height : int
        Size in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.zeros((height, width, 3), dtype=np.uint8)

    def text(
        self, text: str, left: int, top: int, size: int, color: Color = WHITE, *, bold: bool = False
    ) -> None:
        """Write one line; what does not fit is cut off at the edge."""
        opacity = _rendered(text, size, bold=bold)
        height, width = self.pixels.shape[:2]
        opacity = opacity[: max(0, height - top), : max(0, width - left), None]
        rows, columns, _ = opacity.shape
        part = self.pixels[top : top + rows, left : left + columns]
        part[:] = part * (1 - opacity) + 255 * np.array(color) * opacity

    def box(self, left: int, top: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle; what lies outside the picture is left out."""
        rows = slice(max(0, top), max(0, top + height))
        columns = slice(max(0, left), max(0, left + width))
        self.pixels[rows, columns] = np.round(255 * np.array(color))

    def bar(self, left: int, top: int, width: int, colors: npt.NDArray[np.floating]) -> None:
        """Draw a vertical colour bar, one row for each colour (N, 3), the last on top."""
        rows = np.round(255 * np.asarray(colors)[::-1, None, :])
        self.pixels[top : top + len(rows), left : left + width] = rows


def _rendered(text: str, size: int, *, bold: bool) -> npt.NDArray[np.float64]:
    """Opacity 0..1 of a line of text, shape (rows, columns)."""
    font = vtk.vtkTextProperty()
    font.SetFontFamilyToArial()
    font.SetFontSize(size)
    font.SetBold(bold)
    image, used = vtk.vtkImageData(), [0, 0]
    vtk.vtkTextRenderer.GetInstance().RenderString(font, text, image, used, DOTS_PER_INCH)
    columns, rows, _ = image.GetDimensions()
    scalars = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
    return scalars[: used[1] + 1, : used[0] + 1, 3][::-1] / 255.0


def png_bytes(pixels: Pixels) -> bytes:
    """Return a picture, shape (height, width, 3), as the content of a PNG file."""
    height, width, _ = pixels.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    flat = np.ascontiguousarray(pixels[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(flat, deep=1))
    writer = vtk.vtkPNGWriter()
    writer.SetInputData(image)
    writer.SetCompressionLevel(9)  # the report carries all pictures
    writer.WriteToMemoryOn()
    writer.Write()
    return vtk_to_numpy(writer.GetResult()).tobytes()
