"""samples.npz: the sampled doses of a result, so that it can be judged again without the DICOM.

One zip file of .npy arrays (`numpy.load` reads it; no pickle) and one JSON text that says what they
are. Physical doses and volumes are kept as they were computed, points to 0.0001 mm.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import RefusedError, ReirradiationError
from .pipeline_data import SampledCase
from .sample_pack import SamplePack, pack_samples, unpack_samples

FILE_NAME = "samples.npz"
FORMAT = "ReirradiationPlanner samples"
VERSION = 1
HEADER = "header"
FASTEST = 1
MOST_BYTES = 8_000_000_000
_TIME = (1980, 1, 1, 0, 0, 0)  # equal content makes an equal file
_BROKEN = (
    OSError, ValueError, KeyError, TypeError, IndexError, EOFError, AttributeError, MemoryError,
    OverflowError, RecursionError,
)  # fmt: skip


def write_samples(path: Path, sampled: SampledCase) -> None:
    """Write a sampled case; see `read_samples`."""
    write_pack(path, pack_samples(sampled))


def write_pack(path: Path, pack: SamplePack) -> None:
    """Write what `pack_samples` returned."""
    stamped = {"format": FORMAT, "version": VERSION, **pack.header}
    text = json.dumps(stamped, allow_nan=False, ensure_ascii=False)
    header = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST) as archive:
        for name, array in {HEADER: header, **pack.arrays}.items():
            member = zipfile.ZipInfo(f"{name}.npy", _TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)


def read_samples(path: Path) -> SampledCase:
    """Read a sampled case that can be judged but not sampled anew (``has_grids`` is False).

    Dose grids, images and transforms are not in the file: whatever asks for them finds every dose
    unknown.

    Raises
    ------
    RefusedError
        A file that is cut short or no file of samples, one of another version, or one that does
        not belong to the results.json beside it.
    """
    header, arrays = _read(path)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        reason = f"{path.name} is not a file of samples of this program"
        raise RefusedError(reason)
    if header.get("version") != VERSION:
        reason = (
            f"{path.name} is of version {header.get('version')}, this program reads version "
            f"{VERSION}; evaluate the case again"
        )
        raise RefusedError(reason)
    _require_same_run(path, str(header.get("input_hash")))
    try:
        return unpack_samples(SamplePack(header, arrays))
    except ReirradiationError as error:
        reason = f"{path.name}: {error}; evaluate the case again"
        raise RefusedError(reason) from error
    except _BROKEN as error:
        raise RefusedError(_broken(path, error)) from error


def _read(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MOST_BYTES:
            reason = f"{path.name} would take {size / 1e9:.0f} GB of memory; no case needs that"
            raise RefusedError(reason)
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        return json.loads(arrays.pop(HEADER).tobytes().decode("utf-8")), arrays
    except (*_BROKEN, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise RefusedError(_broken(path, error)) from error


def _broken(path: Path, error: Exception) -> str:
    return (
        f"{path.name} cannot be read as samples ({error}); the file is not whole: copy the result "
        "folder again or evaluate the case again"
    )


def _require_same_run(path: Path, input_hash: str) -> None:
    beside = path.parent / "results.json"
    if not beside.is_file():
        return
    try:
        results: Mapping[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
        expected = results["input_hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{beside.name} beside {path.name} cannot be read ({error})"
        raise RefusedError(reason) from error
    if expected != input_hash:
        reason = (
            f"{path.name} belongs to another run (input hash {input_hash[:19]}) than the "
            f"results.json beside it ({str(expected)[:19]}); copy both from the same result folder"
        )
        raise RefusedError(reason)
