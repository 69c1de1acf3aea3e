"""The tables behind the verdicts: courses, models, doses, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .data import FileLine, PatientLine, Source
from .formatting import ALPHA_BETA, NOT_GIVEN, interval, limit, number, percent, point, volume
from .markup import Column, Html, element, items, join, table
from .verdicts import facts_list

COMPLETE = ("RTPLAN", "RTDOSE", "RTSTRUCT", "CT")


def patient(line: PatientLine | None) -> Html:
    """Return the identity of the patient, or that it was left out."""
    if line is None:
        return element("p", "Patient identity left out.", class_="soft")
    facts = [
        ("Patient ID", line.patient_id or NOT_GIVEN),
        ("Name", line.name or NOT_GIVEN),
        ("Birth date", iso_date(line.birth_date) or NOT_GIVEN),
        ("Sex", line.sex or NOT_GIVEN),
    ]
    return facts_list(facts)


def iso_date(given: str) -> str:
    """Return a date of DICOM (YYYYMMDD) as ISO 8601; anything else as it is."""
    if len(given) == 8 and given.isdigit():
        return f"{given[:4]}-{given[4:6]}-{given[6:]}"
    return given


def courses(results: Mapping[str, Any]) -> Html:
    """Return the courses with their phases, oldest first."""
    columns = [
        Column("Course"), Column("Plan", "wrap"), Column("Prescribed", "n"),
        Column("Fractions", "n"), Column("Dose per fraction", "n"), Column("Dates"),
        Column("Interval", "n"), Column("Position"), Column("Data", "wrap"),
    ]  # fmt: skip
    files = results.get("files", ())
    rows = [[*_course(c), data_quality(c, files)] for c in results["courses"]]
    return table("Courses", columns, rows)


def data_quality(course: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> str:
    """Return what is known of a course: full DICOM-RT, parts of it, or a summary only."""
    if course.get("typed"):
        return "summary only, TYPED"
    held = {file["modality"] for file in files if file["course"] == course["id"]}
    missing = [kind for kind in COMPLETE if kind not in held]
    if not held:
        return ""
    return f"without {', '.join(missing)}" if missing else "full DICOM-RT"


def _course(course: Mapping[str, Any]) -> list[object]:
    phases = course.get("phases", ())
    label = course.get("label") if course.get("label") != course["id"] else ""
    return [
        join([course["id"], element("div", element("small", label))]),
        _stack(phase.get("plan_label", "") for phase in phases),
        _stack(number(phase.get("prescribed_dose_gy"), 1, "Gy") for phase in phases),
        _stack(_fractions(phase) for phase in phases),
        _stack(number(_dose_per_fraction(phase), 2, "Gy") for phase in phases),
        _dates(course),
        number(course.get("interval_months"), 1, "months"),
        course.get("patient_position") or NOT_GIVEN,
    ]


def _stack(lines: Iterable[object]) -> Html:
    return join(element("div", line) for line in lines)


def _fractions(phase: Mapping[str, Any]) -> str:
    planned, delivered = phase["fractions_planned"], phase["fractions_delivered"]
    return str(planned) if planned == delivered else f"{delivered} of {planned}"


def _dose_per_fraction(phase: Mapping[str, Any]) -> float | None:
    prescribed = phase.get("prescribed_dose_gy")
    return None if prescribed is None else prescribed / phase["fractions_planned"]


def _dates(course: Mapping[str, Any]) -> Html:
    first, last = course.get("first_fraction_date"), course.get("last_fraction_date")
    shown = f"{first} to {last}" if first and last and first != last else first or last
    source = course.get("date_source")
    return join([shown or NOT_GIVEN, element("div", element("small", source)) if source else ""])


def models(results: Mapping[str, Any]) -> Html:
    """Return for each structure how its doses were mapped and converted."""
    columns = [
        Column("Structure"), Column("Standard name", "name"), Column("Kind"), Column("Volume", "n"),
        Column(ALPHA_BETA, "n"), Column("Recovery"), Column("Mapping"),
        Column("Dose known", "line"),
    ]  # fmt: skip
    rows = [_model(s) for s in results["structures"]]
    unmatched = ", ".join(results.get("unmatched_structures", ()))
    return join(
        [
            table("Model of each structure", columns, rows) if rows else "",
            element("p", f"Without a standard name: {unmatched}.") if unmatched else "",
        ]
    )


def _model(s: Mapping[str, Any]) -> list[object]:
    source = s.get("alpha_beta_source")
    alpha_beta = number(s.get("alpha_beta_gy"), 1, "Gy")
    return [
        s["name"],
        s.get("standard_name") or NOT_GIVEN,
        s.get("kind", ""),
        volume(s.get("volume_cc")),
        join([alpha_beta, element("div", element("small", source)) if source else ""]),
        _per_course(s.get("recovery"), percent, s.get("recovery_source")),
        _per_course(s.get("mapping"), str, s.get("mapping_reason")),
        _per_course(_known(s), percent),
    ]


def _known(s: Mapping[str, Any]) -> dict[str, float | None]:
    planned = s.get("known_planned_dose_fraction")
    shares = dict(s.get("known_prior_dose_fraction") or {})
    return shares if planned is None else {**shares, "planned": planned}


def _per_course(
    values: Mapping[str, Any] | None,
    show: Callable[[Any], object],
    reasons: Mapping[str, str] | None = None,
) -> Html:
    if not values:
        return NOT_GIVEN
    reasons = reasons or {}
    return join(
        element(
            "div", f"{course}: ", show(value),
            element("small", f" {reasons[course]}") if reasons.get(course) else "",
        )
        for course, value in values.items()
    )  # fmt: skip


def doses(results: Mapping[str, Any], metrics: Sequence[str] = ("D0.1cc", "Dmean")) -> Html:
    """Return the EQD2 of all structures, course by course, with position of the hot spot."""
    ids = [c["id"] for c in results["courses"]]
    spots = {spot["structure"]: spot["point_lps"] for spot in results.get("hot_spots", ())}
    sums = ["cumulative_no_recovery", "cumulative"]
    titles = {"cumulative_no_recovery": "cumulative, no recovery"}
    columns = [Column("Structure"), Column("Metric")]
    columns += [Column(titles.get(c, c), "n") for c in ids + sums]
    columns.append(Column("Hottest point (LPS)", "line"))
    rows = [
        [s["name"], m, *(_dose(s, m, c) for c in ids + sums), _place(spots, s, m == metrics[0])]
        for s in results["structures"]
        for m in metrics
    ]
    caption = "EQD2 of all structures; the doses of single courses are before recovery"
    return table(caption, columns, rows) if rows else Html()


def _place(spots: Mapping[str, Any], structure: Mapping[str, Any], is_first: bool) -> Html:
    return point(spots.get(structure["name"])) if is_first else Html()


def _dose(structure: Mapping[str, Any], metric: str, course: str) -> Html:
    wanted = (metric, "EQD2", course)
    for m in structure["metrics"]:
        if (m["metric"], m["quantity"], m["course"]) == wanted:
            bounds = interval(m.get("interval"))
            value = number(m["value"], 1, m["unit"])
            why = m.get("note") if m["value"] is None else None
            lines = (element("div", element("small", x)) for x in (bounds, why) if x)
            return join([value, *lines])
    return NOT_GIVEN


def sources(lines: Sequence[Source], results: Mapping[str, Any]) -> Html:
    """Return where the numbers of the method and each limit come from."""
    columns = [
        Column("What"), Column("Value"), Column("Source", "wrap"), Column("Evidence", "wrap")
    ]  # fmt: skip
    used = [[s.what, s.value, s.citation, s.evidence] for s in lines]
    limits = [_limit_source(c) for c in results["constraints"]]
    return join(
        [
            table("Sources of sets, rules and models", columns, used) if used else "",
            table("Source of each limit", columns, limits) if limits else "",
        ]
    )


def _limit_source(c: Mapping[str, Any]) -> list[object]:
    value = limit(c["relation"], c["limit"], 1, c["unit"])
    return [f"{c['structure']} {c['metric']}", value, c.get("source", ""), c.get("evidence", "")]


def timings(results: Mapping[str, Any]) -> Html:
    """Return the time each stage took, and the memory."""
    facts = [(name, number(s, 1, "s")) for name, s in results.get("timings_s", {}).items()]
    if results.get("peak_memory_mb") is not None:
        facts.append(("peak memory", number(results["peak_memory_mb"], 0, "MB")))
    return facts_list(facts) if facts else Html()


def _protocol(entry: Mapping[str, Any]) -> str:
    said = (
        f"{key} {value}" for key, value in entry.items() if isinstance(value, str | int | float)
    )
    return f"Constraint set: {', '.join(said)}"


def provenance(results: Mapping[str, Any], files: Sequence[FileLine], created: str) -> Html:
    """Return what is needed to repeat the evaluation and to know what it was made from."""
    software = results["software"]
    libraries = ", ".join(f"{k} {v}" for k, v in results.get("libraries", {}).items())
    lines = [
        f"{software['name']} {software['version']}",
        join(["Input hash: ", element("span", results["input_hash"], class_="uid")]),
        f"Libraries: {libraries}" if libraries else None,
        *(_protocol(p) for p in results.get("protocols", ())),
        f"Written: {created}" if created else None,
    ]
    columns = [
        Column("Course"), Column("Modality"), Column("SOP Instance UID", "uid"),
        Column("File", "wrap"), Column("SHA-256", "uid"),
    ]  # fmt: skip
    rows = [[f.course, f.modality, f.sop_instance_uid, f.name, f.sha256] for f in files]
    listed = table("Files", columns, rows) if rows else ""
    return join([items(line for line in lines if line), listed])
