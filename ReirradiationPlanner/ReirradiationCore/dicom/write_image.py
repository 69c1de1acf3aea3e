"""Writing a CT volume as one axial DICOM file per plane."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import RefusedError
from ..grids import Volume
from .write_common import SeriesInfo, StudyInfo, decimal, new_object, save, uid_from

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
LOWEST_HU, HIGHEST_HU = -1024, 3071


@dataclass(frozen=True)
class WrittenPlane:
    """A CT file: its SOP Instance UID, the height of its plane (LPS, mm) and its path."""

    sop_uid: str
    z_mm: float
    path: Path


def write_ct(
    folder: Path, volume: Volume, study: StudyInfo, series: SeriesInfo, position: str = "HFS"
) -> tuple[WrittenPlane, ...]:
    """Write ``volume`` (HU) to ``folder``, one file ``CT.<uid>.dcm`` per plane, from the feet up.

    Raises
    ------
    RefusedError
        A volume that is not axial, or a file that is there already.
    """
    if not np.allclose(volume.grid.axes, np.eye(3), atol=1e-6):
        msg = f"the CT for {folder} is not axial (direction {volume.grid.direction})"
        raise RefusedError(msg)
    heights = volume.grid.points_at(np.array([[0, 0, k] for k in range(volume.grid.size[2])]))[:, 2]
    return tuple(
        _write_plane(folder, volume, k, float(z), (study, series, position))
        for k, z in enumerate(heights)
    )


def _write_plane(
    folder: Path, volume: Volume, k: int, z: float, about: tuple[StudyInfo, SeriesInfo, str]
) -> WrittenPlane:
    study, series, position = about
    uid = uid_from(series.uid, "plane", k)
    dataset = new_object(CT_IMAGE, uid, "CT", study, series)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionDate = dataset.ContentDate = series.date
    dataset.AcquisitionTime = dataset.ContentTime = series.time
    dataset.AcquisitionNumber, dataset.InstanceNumber = 1, k + 1
    dataset.PatientPosition, dataset.KVP = position, "120"
    grid = volume.grid
    dataset.ImagePositionPatient = [decimal(v) for v in (*grid.origin_lps[:2], round(z, 4))]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [decimal(grid.spacing_mm[1]), decimal(grid.spacing_mm[0])]
    dataset.SliceThickness, dataset.SliceLocation = (
        decimal(grid.spacing_mm[2]),
        decimal(round(z, 4)),
    )
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.size[1], grid.size[0]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope = str(LOWEST_HU), "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"
    stored = np.clip(np.rint(volume.array[k]), LOWEST_HU, HIGHEST_HU) - LOWEST_HU
    dataset.PixelData = stored.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    return WrittenPlane(uid, z, save(dataset, folder / f"CT.{uid}.dcm"))
