"""What the report is made from: plain data, nothing that computes.

``results`` is the content of ``results.json``. Beyond its documented keys the report shows these
where they are given, and leaves them out where not:

- a constraint: ``value_no_recovery``, ``verdict_no_recovery``, ``interval`` (two numbers around
  ``value``), ``note``, ``evidence`` (tag of the source), ``course_values`` (course id to value in
  the quantity and alpha/beta of the limit; else the metrics of the structure are shown where their
  alpha/beta is the same); ``limit`` may be text where the source gives no single number;
- a structure: ``alpha_beta_source``, ``recovery_source`` and ``mapping_reason`` (text per course),
  ``known_planned_dose_fraction``;
- a course: ``last_fraction_date``, ``date_source``;
- a registration: ``quality["note"]``;
- ``uncertainty``: tables of each structure under other mappings and assumptions;
- ``hot_spots``: list of mappings with ``structure`` and ``point_lps`` (three numbers, mm);
- ``patient_check``, ``approvals``, ``unconfirmed_matches``, ``files``, ``de_identified``;
- ``unmatched_structures``: names; ``protocols``: mappings of text; ``libraries``: name to version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PatientLine:
    """Identity as read from the files; empty text where absent or left out on purpose."""

    patient_id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True)
class DvhCurve:
    """A cumulative dose-volume histogram of one structure.

    Parameters
    ----------
    structure : str
        Name as in ``results["structures"]``.
    course : str
        Course id, ``cumulative`` or ``cumulative_no_recovery``.
    dose_gy, volume_percent : sequence of float
        Ascending doses, and the volume in % of the structure that receives at least that dose.
    quantity : str
        ``EQD2`` or ``PHYSICAL``; curves of one chart share it.
    """

    structure: str
    course: str
    dose_gy: Sequence[float]
    volume_percent: Sequence[float]
    quantity: str = "EQD2"


@dataclass(frozen=True)
class Picture:
    """A picture with what is to be seen on it; ``png`` is the whole file."""

    title: str
    caption: str
    png: bytes = field(repr=False)


@dataclass(frozen=True)
class HandCheck:
    """One voxel that can be followed with a pocket calculator.

    Parameters
    ----------
    structure : str
        Organ the voxel lies in.
    point_lps_mm : sequence of float
        Position in the reference image, LPS, mm.
    lines : sequence of str
        The formula with its numbers, one step a line.
    result_gy : float
        Cumulative EQD2 the lines arrive at, Gy.
    """

    structure: str
    point_lps_mm: Sequence[float]
    lines: Sequence[str]
    result_gy: float


@dataclass(frozen=True)
class Source:
    """Where a number of the method comes from."""

    what: str
    value: str
    citation: str
    evidence: str = ""


@dataclass(frozen=True)
class FileLine:
    """A file the evaluation was made from."""

    course: str
    modality: str
    sop_instance_uid: str
    name: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    Parameters
    ----------
    results : mapping
        Content of ``results.json``.
    patient : PatientLine, optional
        None leaves the identity out.
    dvh : sequence of DvhCurve
        Curves; one chart per structure and quantity.
    pictures : sequence of Picture
        In the order they are to be shown.
    hand_checks : sequence of HandCheck
        Usually one an organ.
    sources : sequence of Source
        Of alpha/beta, recovery rules and limits.
    files : sequence of FileLine
        Files by SOP Instance UID.
    created : str
        ISO 8601 date and time; empty where runs are to be equal bit for bit.
    choices : sequence of pairs of str
        What was chosen or typed instead of a default: name and value.
    """

    results: Mapping[str, Any]
    patient: PatientLine | None = None
    dvh: Sequence[DvhCurve] = ()
    pictures: Sequence[Picture] = ()
    hand_checks: Sequence[HandCheck] = ()
    sources: Sequence[Source] = ()
    files: Sequence[FileLine] = ()
    created: str = ""
    choices: Sequence[tuple[str, str]] = ()
