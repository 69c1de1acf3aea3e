"""Which other objects an RT object refers to, by SOP Instance UID."""

from __future__ import annotations

from pathlib import Path

from .attributes import read_dataset, referenced_uids, text

_SEQUENCES = {
    "RTDOSE": ("ReferencedRTPlanSequence", "ReferencedStructureSetSequence"),
    "RTPLAN": ("ReferencedStructureSetSequence",),
}


def referenced_by(path: Path) -> tuple[str, ...]:
    """Return what a plan or dose refers to; nothing for other objects.

    Raises
    ------
    RefusedError
        The file cannot be read.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return ()
    dataset = read_dataset(path, path.name, pixels=False)
    keywords = _SEQUENCES.get(text(dataset, "Modality"), ())
    return tuple(uid for keyword in keywords for uid in referenced_uids(dataset, keyword))
