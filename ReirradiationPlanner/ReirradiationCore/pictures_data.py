"""What is shown and what comes back: plain data between the method, the display and the report.

The display layer needs Slicer's libraries; the report and the pipeline do not, so both sides meet
in these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import SimpleITK as sitk

from .courses import Structure
from .grids import Volume
from .pipeline_data import DvhCurve


@dataclass(frozen=True)
class Picture:
    """A rendered picture.

    Parameters
    ----------
    key : str
        Unique in a list of pictures, fit for a file name, for example ``hot-spot-1-axial``.
    title, caption : str
        One line above, one or two sentences below the picture.
    png : bytes
        The picture as a PNG file.
    width, height : int
        Size in pixels.
    """

    key: str
    title: str
    caption: str
    png: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True)
class Unavailable:
    """No pictures can be made here; ``reason`` is one sentence that says what to install."""

    reason: str


@dataclass(frozen=True)
class HotSpot:
    """A place worth looking at, such as the hottest 0.1 cc of an organ.

    Parameters
    ----------
    label : str
        Name of the organ as shown to the user.
    point_lps : tuple of float
        Position on the reference image, LPS, mm.
    value_text : str
        Value with unit, for example ``D0.1cc 116.1 Gy EQD2 (a/b 3), 129 % of the limit``.
    marker_text : str
        Short value shown beside the marker, for example ``D0.1cc 116.1 Gy``.
    """

    label: str
    point_lps: tuple[float, float, float]
    value_text: str = ""
    marker_text: str = ""


@dataclass(frozen=True, eq=False)
class PriorImage:
    """Planning image of a prior course, with the way onto the reference image.

    Parameters
    ----------
    course_id : str
        For example ``prior-1``.
    image : Volume
        CT as acquired, HU.
    transform : sitk.Transform, optional
        Maps points of the reference image to points of the prior image (LPS, mm), as in ITK; None
        where both share one frame of reference.
    structures : tuple of Structure
        Structures as contoured on the prior image.
    """

    course_id: str
    image: Volume
    transform: sitk.Transform | None = None
    structures: tuple[Structure, ...] = ()


@dataclass(frozen=True)
class ResultTable:
    """Rows of texts and numbers under a header; empty text or None where there is no value."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True, eq=False)
class PictureRequest:
    """Everything the display needs of an evaluated case.

    Parameters
    ----------
    ct : Volume
        Reference image, HU.
    maps : mapping of str to Volume
        Maps on any grid in the frame of the reference image, NaN where unknown; names as in the
        output folder: ``cumulative_eqd2``, ``tolerance_percent``, ``overlap_eqd2``,
        ``remaining_dose``, ``eqd2_<course>``, ``mapped_dose_<course>``. Other names are kept in
        the scene and not drawn.
    structures : tuple of Structure
        Structures of the reference image, drawn in their own colours.
    hot_spots : tuple of HotSpot
        Most important first.
    course_labels : mapping of str to str
        Course id to the text under which the user knows the course.
    patient_label : str
        Shown in the subject hierarchy of the scene.
    priors : tuple of PriorImage
        Prior images for the scene.
    tables : tuple of ResultTable
        Metrics and verdicts for the scene.
    dvh : tuple of DvhCurve
        Dose-volume histograms for the plots.
    results : mapping
        Content of results.json; the plots draw its ``constraints``, ``isotoxic``, ``structures``,
        the organs in 3D are those of its ``hot_spots`` that have a limit.
    """

    ct: Volume
    maps: Mapping[str, Volume]
    structures: tuple[Structure, ...] = ()
    hot_spots: tuple[HotSpot, ...] = ()
    course_labels: Mapping[str, str] = field(default_factory=dict)
    patient_label: str = ""
    priors: tuple[PriorImage, ...] = ()
    tables: tuple[ResultTable, ...] = ()
    dvh: tuple[DvhCurve, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
