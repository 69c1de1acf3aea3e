"""The folder of a result: never over what a run reads, never over what no run wrote."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .case import Case
from .errors import RefusedError

RESULTS = "results.json"
RESULT_FILES = (
    RESULTS, "case.json", "metrics.csv", "dvh.csv", "report.html", "report.pdf", "scene.mrb",
    "samples.npz",
)  # fmt: skip
RESULT_FOLDERS = ("maps", "transforms", "dicom")
REFUSAL = "refused.json"
WRITTEN = "written"  # key of results.json: what a run wrote into the folders
MOST_NAMED = 3


def require_apart(output: Path, case: Case, *others: Path) -> None:
    """Refuse results inside the input or in the place of a file that the run reads.

    Parameters
    ----------
    output : Path
        Folder of the result.
    case : Case
        Choices; input, transforms and constraint sets among them are looked at.
    others : Path
        More files that are read, as the case file.

    Raises
    ------
    RefusedError
        An output folder that is an input folder or lies in one, where the next run would read
        the results as treatments; a file or folder that a result in ``output`` would replace.
    """
    for path in case.paths:
        if _lies_in(output, path):
            reason = f"{output} lies in the input folder {path}; name a folder outside it"
            raise RefusedError(reason)
    require_untouched(output, (*case.paths, *_files_of(case), *others))


def require_untouched(output: Path, read: Iterable[Path]) -> None:
    """Refuse a file or folder that is read and lies where a result in ``output`` goes.

    Raises
    ------
    RefusedError
        One reason for each.
    """
    places = [output / name for name in (*RESULT_FILES, *RESULT_FOLDERS)]
    reasons = [
        f"{path} is read by this run and would be replaced by its results in {output}; name "
        f"another folder, or give a copy that lies outside of {place}"
        for path in dict.fromkeys(read)
        for place in places
        if _lies_in(path, place)
    ]
    if reasons:
        raise RefusedError(*reasons)


def _files_of(case: Case) -> Iterator[Path]:
    """Yield the transforms and constraint sets among the choices that are files."""
    starts = (one.start for one in case.registration_options.values())
    named = (*case.registration.values(), *starts, *case.uncertainty.engine_files)
    for name in (*named, *case.protocols):
        if Path(name).is_file():
            yield Path(name)


def _lies_in(path: Path, place: Path) -> bool:
    """Tell whether a path is a place or below it, however the file system spells the two."""
    whole, wanted = path.resolve(), place.resolve()
    return any(_is_same(one, wanted) for one in (whole, *whole.parents))


def _is_same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    return one.exists() and other.exists() and one.samefile(other)


def require_no_results(output: Path, hint: str) -> None:
    """Refuse a folder that holds anything a result would replace; ``hint`` says what to do.

    Raises
    ------
    RefusedError
        Files or folders that have the names of those of a result.
    """
    found = _present(output)
    if found:
        reason = f"{output} holds {', '.join(found)} already; {hint}"
        raise RefusedError(reason)


def require_replaceable(output: Path) -> None:
    """Refuse a folder in which a result would replace what no run of this program wrote.

    Raises
    ------
    RefusedError
        Files with the names of a result without one, and files in its folders that are not of it.
    """
    found = _present(output)
    if found and RESULTS not in found:
        reason = (
            f"{output} holds {', '.join(found)}, but no {RESULTS}, so that they are of no earlier "
            "run and are not replaced; move them away, or name another folder"
        )
        raise RefusedError(reason)
    written = _written(output / RESULTS)
    foreign = [name for name in files_in_folders(output) if name not in written]
    if foreign:
        more = len(foreign) - MOST_NAMED
        named = ", ".join(foreign[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        reason = (
            f"{output} holds {named}, which the earlier run did not write, so that it is not "
            "replaced; move it away, or name another folder"
        )
        raise RefusedError(reason)


def files_in_folders(output: Path) -> list[str]:
    """Return the files in the folders of a result, as ``maps/alpha_beta.nrrd``."""
    return [
        path.relative_to(output).as_posix()
        for name in RESULT_FOLDERS
        for path in sorted((output / name).rglob("*"))
        if not path.is_dir()
    ]


def _present(output: Path) -> list[str]:
    return [name for name in (*RESULT_FILES, *RESULT_FOLDERS) if os.path.lexists(output / name)]


def _written(results: Path) -> list[str]:
    """Return what the run of a results.json says that it wrote into its folders."""
    try:
        content = json.loads(results.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    written = content.get(WRITTEN) if isinstance(content, dict) else None
    return written if isinstance(written, list) else []


def replace_results(folder: Path, output: Path) -> None:
    """Put the results in ``folder`` in the place of those of ``output``; other files there stay.

    The earlier results are moved aside first and come back if anything fails.

    Raises
    ------
    RefusedError
        What `require_replaceable` refuses, and files that cannot be moved.
    """
    output.mkdir(parents=True, exist_ok=True)
    require_replaceable(output)
    aside = Path(tempfile.mkdtemp(prefix=".earlier-", dir=output))
    earlier = [*_present(output), *([REFUSAL] if (output / REFUSAL).exists() else [])]
    moves = [(output / name, aside / name) for name in earlier]
    moves += [(item, output / item.name) for item in sorted(folder.iterdir())]
    done: list[tuple[Path, Path]] = []
    try:
        for origin, goal in moves:
            shutil.move(origin, goal)
            done.append((origin, goal))
    except OSError as error:
        for origin, goal in reversed(done):
            shutil.move(goal, origin)
        aside.rmdir()
        reason = (
            f"{error.filename or output} cannot be replaced ({error.strerror or error}); close "
            "what has it open, or name another folder"
        )
        raise RefusedError(reason) from error
    shutil.rmtree(aside)
