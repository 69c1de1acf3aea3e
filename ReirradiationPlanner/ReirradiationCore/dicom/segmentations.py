"""DICOM SEG: segments as structures, where highdicom is installed (Slicer brings it).

Contours follow the edges of the voxels, so that a structure has exactly the volume of its voxels.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..courses import Structure
from ..grids import Grid
from ..pixel_outlines import mask_contours
from .attributes import read_dataset, sequence, text, unreadable_errors
from .findings import Findings, some_of
from .index import Entry
from .structures import StructureSet, structure_kind

if TYPE_CHECKING:
    from highdicom import Volume as SegmentVolume
    from highdicom.seg import Segmentation

HALF = 0.5
COLOR_RGB = (0, 200, 255)


def referenced_series(entry: Entry) -> tuple[str, ...]:
    """Return the Series Instance UIDs of the images a SEG was drawn on.

    Raises
    ------
    RefusedError
        The file cannot be read.
    """
    dataset = read_dataset(entry.path, entry.name, pixels=False)
    return tuple(
        text(item, "SeriesInstanceUID") for item in sequence(dataset, "ReferencedSeriesSequence")
    )


def with_segments(
    drawn: StructureSet, entries: list[Entry], frame_uid: str, findings: Findings
) -> StructureSet:
    """Return a structure set with the segments of SEG objects added.

    Parameters
    ----------
    drawn : StructureSet
        Structures of the RTSTRUCT.
    entries : list of Entry
        SEG objects of the same images.
    frame_uid : str
        Frame of reference of the planning CT and dose.
    findings : Findings
        Receives what was left out and why.
    """
    if not entries:
        return drawn
    if importlib.util.find_spec("highdicom") is None:
        findings.warn(
            f"{some_of([entry.name for entry in entries])}: segmentations (DICOM SEG) are not "
            "read because highdicom is not installed; install the extra 'seg' or give the "
            "structures as RTSTRUCT"
        )
        return drawn
    structures, empty = list(drawn.structures), list(drawn.empty)
    for entry in entries:
        if entry.frame_uid != frame_uid:
            findings.warn(
                f"{entry.name}: the segmentation is in another frame of reference than planning "
                "CT and dose and is left out"
            )
            continue
        _add_segments(structures, empty, entry, findings)
    return StructureSet(tuple(structures), tuple(empty))


def _add_segments(
    structures: list[Structure], empty: list[str], entry: Entry, findings: Findings
) -> None:
    import highdicom  # noqa: PLC0415  (optional)

    try:
        segmentation = highdicom.seg.segread(entry.path)
        found = [_structure(segmentation, number) for number in segmentation.segment_numbers]
    except (*unreadable_errors(), AttributeError, KeyError, IndexError, RuntimeError) as error:
        findings.warn(
            f"{entry.name}: the segmentation cannot be read and is left out ({error}); give the "
            "structures as RTSTRUCT"
        )
        return
    if segmentation.segmentation_type.value == "FRACTIONAL":
        findings.warn(f"{entry.name}: fractional segments are taken where they are at least 0.5")
    for structure in found:
        named = _unique(structure, structures, entry, findings)
        if named.contours:
            structures.append(named)
        else:
            empty.append(named.name)


def _structure(segmentation: Segmentation, number: int) -> Structure:
    """Return a segment; without contours where it has no voxel."""
    label = str(segmentation.get_segment_description(number).segment_label)
    volume = segmentation.get_volume(segment_numbers=[number])
    mask = volume.array[..., 0] >= HALF
    contours = mask_contours(mask, _grid_of(volume))
    uid = str(segmentation.FrameOfReferenceUID)
    kind = structure_kind(label, "")
    return Structure(number, label, contours, uid, color_rgb=COLOR_RGB, kind=kind)


def _grid_of(volume: SegmentVolume) -> Grid:
    """Grid of an array whose index is plane, row, column."""
    steps = volume.affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    return Grid(
        tuple(int(n) for n in volume.array.shape[2::-1]),
        tuple(spacing.tolist()),
        tuple(volume.affine[:3, 3].tolist()),
        tuple((steps / spacing).ravel().tolist()),
    )


def _unique(
    structure: Structure, taken: list[Structure], entry: Entry, findings: Findings
) -> Structure:
    """Return the segment with a name and a number that no other structure has."""
    names = {other.name for other in taken}
    number = max((other.roi_number for other in taken), default=0) + 1
    name = structure.name or f"segment {structure.roi_number}"
    if name in names:
        unique, more = f"{name} (SEG {structure.roi_number})", 2
        while unique in names:
            unique, more = f"{name} (SEG {structure.roi_number}, {more})", more + 1
        findings.warn(
            f"{entry.name}: a structure has the name '{name}' already; the segment is called "
            f"'{unique}' here"
        )
        name = unique
    return replace(structure, roi_number=number, name=name)
