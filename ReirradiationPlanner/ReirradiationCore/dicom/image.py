"""CT series: slices in the order of their positions become one volume in Hounsfield units."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from ..grids import Grid, Volume
from ..progress import Progress
from .attributes import numbers, read_dataset
from .enhanced_ct import read_enhanced_ct
from .findings import Findings, some_of
from .hounsfield import hounsfield, limited
from .index import ENHANCED_CT, Entry
from .orientation import pixel_spacing, plane_axes
from .pixels import pixel_shape
from .slices import even_positions, planes_at
from .tilt import straightened, tilt_degrees

SAME_POSITION_MM = 0.01
_MOST_STRAY_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class _Stack:
    """Slices in ascending order along their normal.

    ``array`` (N, rows, columns) in HU; ``positions`` (N, 3) along the columns of ``axes``, mm;
    ``names`` of the slices in messages.
    """

    array: npt.NDArray[np.generic]
    positions: npt.NDArray[np.float64]
    axes: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float]
    names: list[str]

    def taking(self, index: npt.NDArray[np.integer] | list[int]) -> _Stack:
        """Return some slices, in the order of ``index``."""
        names = [self.names[k] for k in index]
        return replace(self, array=self.array[index], positions=self.positions[index], names=names)


def read_ct(entries: list[Entry], findings: Findings, progress: Progress) -> Volume | None:
    """Return the volume of a CT series in HU, or None where one slice cannot be a volume.

    Missing slices and uneven distances are filled by linear interpolation between neighbouring
    planes, and slices of a tilted gantry are made straight, both with a warning; the positions of
    all other planes stay what the files say.

    Parameters
    ----------
    entries : list of Entry
        All slices of one series.
    findings : Findings
        Receives warnings.
    progress : Progress
        Told the number of slices read.

    Returns
    -------
    Volume or None
        int16 where all values are whole numbers, else float32.

    Raises
    ------
    RefusedError
        A series whose geometry or values are not clear.
    """
    label = f"{entries[0].name} and the other slices of its CT series"
    is_enhanced = entries[0].sop_class_uid == ENHANCED_CT
    stack = _frames(entries, findings) if is_enhanced else _slices(entries, findings, progress)
    stack = _without_duplicates(stack, findings)
    if len(stack.names) < 2:
        findings.warn(f"{entries[0].name}: a CT of one slice is not used as planning CT")
        return None
    tilt = tilt_degrees(stack.positions, label)
    if tilt:
        array, positions = straightened(stack.array, stack.positions, stack.spacing_mm)
        stack = replace(stack, array=array, positions=positions)
        findings.warn(f"{label}: gantry tilt of {tilt:.1f} degrees; resampled to straight slices")
    return _volume(stack, label, findings)


def _frames(entries: list[Entry], findings: Findings) -> _Stack:
    """Return the frames of an enhanced CT, of which a series can have one."""
    if len(entries) > 1:
        msg = (
            f"{some_of([entry.name for entry in entries])}: {len(entries)} enhanced CT in one "
            "series; give only the planning CT"
        )
        raise RefusedError(msg)
    name = entries[0].name
    found = read_enhanced_ct(entries[0])
    axes = plane_axes(found.orientation.tolist(), name)
    positions = found.positions @ axes
    spacing = pixel_spacing(found.pixel_spacing, name)
    names = [f"{name} frame {k + 1}" for k in range(len(positions))]
    stack = _Stack(limited(found.hounsfield), positions, axes, spacing, names)
    return stack.taking(np.argsort(positions[:, 2], kind="stable"))


def _slices(entries: list[Entry], findings: Findings, progress: Progress) -> _Stack:
    """Return single slices, each a file."""
    entries = _of_one_orientation(entries, findings)
    axes = plane_axes(entries[0].orientation, entries[0].name)
    positions = np.array([entry.position for entry in entries]) @ axes
    order = np.argsort(positions[:, 2], kind="stable")
    ordered = [entries[k] for k in order]
    array, spacing = _read_slices(ordered, progress)
    return _Stack(array, positions[order], axes, spacing, [entry.name for entry in ordered])


def _of_one_orientation(entries: list[Entry], findings: Findings) -> list[Entry]:
    """Return the slices of the usual orientation; a few stray ones (scouts) are left out."""
    keys = [
        None if e.position is None or e.orientation is None else tuple(np.round(e.orientation, 3))
        for e in entries
    ]
    counts = Counter(key for key in keys if key is not None)
    if not counts:
        msg = f"{entries[0].name}: the slices of this CT have no position and orientation"
        raise RefusedError(msg)
    usual = counts.most_common(1)[0][0]
    stray = [entry.name for entry, key in zip(entries, keys, strict=True) if key != usual]
    if len(stray) > _MOST_STRAY_SHARE * len(entries):
        msg = (
            f"{some_of(stray)}: {len(stray)} of {len(entries)} slices of one CT series have "
            "another orientation or none; export the planning CT alone"
        )
        raise RefusedError(msg)
    if stray:
        findings.warn(f"{some_of(stray)}: left out of the CT, its orientation is not of the series")
    return [entry for entry, key in zip(entries, keys, strict=True) if key == usual]


def _read_slices(
    entries: list[Entry], progress: Progress
) -> tuple[npt.NDArray[np.generic], tuple[float, float]]:
    """Return HU of all slices (n, rows, columns), in order, and the spacing they share."""
    array, spacing = np.empty((0, 0, 0), np.int16), (0.0, 0.0)
    for k, entry in enumerate(entries):
        if k % 20 == 0:
            progress(f"Reading CT of {len(entries)} slices", k / len(entries))
        values, found = _read_slice(entry)
        if k == 0:
            array, spacing = np.empty((len(entries), *values.shape), values.dtype), found
        if values.shape != array.shape[1:] or not np.allclose(found, spacing, rtol=1e-4):
            msg = (
                f"{entry.name}: rows, columns or pixel spacing differ from {entries[0].name} of "
                "the same CT series; export the planning CT alone"
            )
            raise RefusedError(msg)
        if array.dtype != values.dtype:
            array = array.astype(np.float32)
        array[k] = values
    return array, spacing


def _read_slice(entry: Entry) -> tuple[npt.NDArray[np.generic], tuple[float, float]]:
    dataset = read_dataset(entry.path, entry.name)
    if pixel_shape(dataset, entry.name)[0] != 1:
        msg = f"{entry.name}: a CT slice with several frames is not read; export single slices"
        raise RefusedError(msg)
    spacing = pixel_spacing(numbers(dataset, "PixelSpacing"), entry.name)
    return hounsfield(dataset, entry), spacing


def _without_duplicates(stack: _Stack, findings: Findings) -> _Stack:
    """Use each position once; refuse different slices at one position."""
    keep = [0]
    for k in range(1, len(stack.names)):
        last = keep[-1]
        if stack.positions[k, 2] - stack.positions[last, 2] > SAME_POSITION_MM:
            keep.append(k)
        elif np.array_equal(stack.array[k], stack.array[last]):
            findings.warn(f"{stack.names[k]}: the same CT slice as {stack.names[last]}, left out")
        else:
            msg = (
                f"{stack.names[k]}: lies at the position of {stack.names[last]} of the same CT "
                "series with other content (4D CT or two scans in one series); give the planning "
                "CT alone"
            )
            raise RefusedError(msg)
    return stack if len(keep) == len(stack.names) else stack.taking(keep)


def _volume(stack: _Stack, label: str, findings: Findings) -> Volume:
    """Return straight slices as a volume of even spacing."""
    array, along = stack.array, even_positions(stack.positions[:, 2], label)
    if along.note:
        findings.warn(f"{label}: {along.note}")
        array = planes_at(array, stack.positions[:, 2], along.positions_mm)
    corner = np.array([*stack.positions[:, :2].mean(axis=0), along.positions_mm[0]])
    origin = stack.axes @ corner
    size = (array.shape[2], array.shape[1], array.shape[0])
    direction = tuple(stack.axes.ravel().tolist())
    spacing = (*stack.spacing_mm, along.spacing_mm)
    return Volume(array, Grid(size, spacing, tuple(origin.tolist()), direction))
