"""RTDOSE: what the object says it is, and its physical dose on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from ..grids import Volume, require_same_grid
from .attributes import number, read_dataset, referenced_uids, sequence, show, text
from .dose_grid import dose_grid, plane_of, plane_offsets, stacked_grid
from .findings import Findings
from .index import Entry
from .pixels import stored_values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NOISE_GY = 0.1
NEGATIVE_LIMIT_GY = 1.0

_SUMMATIONS = {
    "": "has no Dose Summation Type, so it is not known what it is the dose of",
    "FRACTION": "is the dose of a fraction group (FRACTION), not of a whole plan",
    "BEAM": "is the dose of single beams (BEAM), not of a whole plan",
    "MULTI_PLAN": "is the sum of several plans (MULTI_PLAN), which cannot be converted to EQD2",
    "CONTROL_POINT": "is the dose of control points (CONTROL_POINT), not of a whole plan",
    "RECORD": "is the dose of treatment records (RECORD), not of a plan",
}
_TYPES = {
    "": "has no Dose Type, so it is not known whether it is physical dose",
    "EFFECTIVE": "is of Dose Type EFFECTIVE: a biologically weighted dose must not be converted "
    "to EQD2 again",
    "ERROR": "is of Dose Type ERROR: a difference of doses, not a dose",
}


@dataclass(frozen=True, eq=False)
class DoseFile:
    """Header of an RTDOSE."""

    entry: Entry
    plan_uids: tuple[str, ...]
    structure_set_uid: str
    units: str
    dose_type: str
    summation: str
    beam_numbers: tuple[int, ...]
    frames: int

    @property
    def name(self) -> str:
        """File name in messages."""
        return self.entry.name

    @property
    def is_plan_dose(self) -> bool:
        """Whether it says it is the physical dose of one whole plan."""
        return self.dose_type == "PHYSICAL" and self.summation == "PLAN"

    @property
    def is_beam_dose(self) -> bool:
        """Whether it says it is the physical dose of beams of a plan."""
        return self.dose_type == "PHYSICAL" and self.summation == "BEAM"

    @property
    def why_not_plan_dose(self) -> str:
        """Say what it is instead of the physical dose of a plan."""
        if self.dose_type != "PHYSICAL":
            return _TYPES.get(self.dose_type, f"is of Dose Type {self.dose_type[:20]}")
        unknown = f"has Dose Summation Type {self.summation[:20]}, not PLAN"
        return _SUMMATIONS.get(self.summation, unknown)


def read_dose_file(entry: Entry) -> DoseFile:
    """Read the header of an RTDOSE.

    Raises
    ------
    RefusedError
        The file cannot be read.
    """
    dataset = read_dataset(entry.path, entry.name, pixels=False)
    structure_sets = referenced_uids(dataset, "ReferencedStructureSetSequence")
    return DoseFile(
        entry,
        referenced_uids(dataset, "ReferencedRTPlanSequence"),
        structure_sets[0] if structure_sets else "",
        text(dataset, "DoseUnits").upper(),
        text(dataset, "DoseType").upper(),
        text(dataset, "DoseSummationType").upper(),
        _beam_numbers(dataset),
        int(number(dataset, "NumberOfFrames") or 1),
    )


def _beam_numbers(dataset: Dataset) -> tuple[int, ...]:
    found = [
        number(beam, "ReferencedBeamNumber")
        for plan in sequence(dataset, "ReferencedRTPlanSequence")
        for group in sequence(plan, "ReferencedFractionGroupSequence")
        for beam in sequence(group, "ReferencedBeamSequence")
    ]
    return tuple(int(value) for value in found if value is not None)


def read_plan_dose(doses: list[DoseFile], findings: Findings) -> Volume:
    """Return the physical dose of a plan, Gy, float32.

    Parameters
    ----------
    doses : list of DoseFile
        The one RTDOSE of the plan; or those of all its beams, which are summed; or those of all
        planes where each plane is a file.
    findings : Findings
        Receives warnings.

    Raises
    ------
    RefusedError
        A dose that cannot be read exactly or is not a physical dose in Gy.
    GeometryError
        Beams on different grids.
    """
    if len(doses) > 1 and doses[0].is_plan_dose:
        return _read_planes(doses, findings)
    total = read_dose(doses[0], findings)
    for dose in doses[1:]:
        volume = read_dose(dose, findings)
        require_same_grid(total.grid, volume.grid, f"{doses[0].name} and {dose.name}")
        total.array[...] += volume.array
    return total


def read_dose(dose: DoseFile, findings: Findings) -> Volume:
    """Return the dose of one RTDOSE, Gy, float32, planes ascending along the normal.

    Raises
    ------
    RefusedError
        With every reason why the numbers of this file are not a physical dose in Gy.
    """
    dataset = read_dataset(dose.entry.path, dose.name)
    local = Findings()
    scaling = grid = offsets = stored = None
    with local.collecting():
        scaling = _scaling(dataset, dose)
    with local.collecting():
        offsets = plane_offsets(dataset, dose.name)
    with local.collecting():
        stored = stored_values(dataset, dose.name)
    if offsets is not None:
        with local.collecting():
            grid = dose_grid(dataset, dose.name, offsets)
    local.raise_if_refused()
    array = np.multiply(stored, np.float32(scaling), dtype=np.float32)
    if offsets[0] > offsets[-1]:
        array = np.ascontiguousarray(array[::-1])
    check_dose_values(array, dose.name, findings)
    return Volume(array, grid)


def _read_planes(doses: list[DoseFile], findings: Findings) -> Volume:
    """Return the dose of files of one plane each."""
    planes, arrays = [], []
    for dose in doses:
        dataset = read_dataset(dose.entry.path, dose.name)
        scaling = np.float32(_scaling(dataset, dose))
        stored = stored_values(dataset, dose.name)[0]
        arrays.append(np.multiply(stored, scaling, dtype=np.float32))
        planes.append(plane_of(dataset, dose.name))
    grid, order = stacked_grid(planes, doses[0].name)
    array = np.stack([arrays[k] for k in order])
    check_dose_values(array, doses[0].name, findings)
    findings.warn(f"{doses[0].name}: the dose is put together from {len(doses)} files of one plane")
    return Volume(array, grid)


def _scaling(dataset: Dataset, dose: DoseFile) -> float:
    problems = []
    if dose.units != "GY":
        problems.append(
            f"{dose.name}: Dose Units are {dose.units[:20] or 'missing'}, not GY; export the dose "
            "in Gy"
        )
    scaling = number(dataset, "DoseGridScaling")
    if scaling is None or not 0 < scaling < np.inf:
        problems.append(
            f"{dose.name}: Dose Grid Scaling is {show(dataset, 'DoseGridScaling')}; without a "
            "positive number the values are no dose; export the dose again"
        )
    if problems:
        raise RefusedError(*problems)
    return scaling


def check_dose_values(array: npt.NDArray[np.float32], name: str, findings: Findings) -> None:
    """Set noise below zero to 0 in place; refuse doses that are not finite, negative or all zero.

    References
    ----------
    Limits of 0.1 Gy (warning) and 1 Gy (refused) as for the rest of the input checks.
    """
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        msg = f"{name}: the dose has values that are not numbers; export the dose again"
        raise RefusedError(msg)
    if low < -NEGATIVE_LIMIT_GY or high <= 0:
        msg = (
            f"{name}: the dose reaches from {low:.2f} to {high:.2f} Gy; a physical dose is not "
            "negative and not all zero; export the dose of the plan"
        )
        raise RefusedError(msg)
    if low < 0:
        count = int(np.count_nonzero(array < 0))
        size = "more than noise" if low < -NOISE_GY else "noise"
        findings.warn(
            f"{name}: {count} voxels with negative dose down to {low:.3g} Gy ({size}) were set to 0"
        )
        np.maximum(array, 0, out=array)
