"""How good each registration is: the whole map, every structure, landmarks, and the levels used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .formatting import NOT_GIVEN, number, percent, point
from .markup import Column, Html, element, join, table
from .verdicts import facts_list, verdict

# Verdicts on a registration, in the words of results.json, as the verdicts of the report.
QUALITY = {
    "pass": "PASS",
    "marginal": "MARGINAL",
    "warn": "MARGINAL",
    "fail": "FAIL",
    "unknown": "NOT EVALUABLE",
    "not validated": "NOT VALIDATED",
}
WHOLE = 0.99
LEVELS = {
    "mda_mm": "MDA at most, mm",
    "mda_voxels": "or in largest voxel edges",
    "hd95_mm": "HD95 at most, mm",
    "dsc": "DSC at least",
    "dsc_from_cc": "DSC judged above, cc",
    "tre_mean_mm": "Mean TRE at most, mm",
    "tre_max_mm": "Largest TRE at most, mm",
    "jacobian": "Jacobian over volume ratio",
    "volume_ratio": "Volume ratio prior / today",
    "inverse_consistency_voxels": "Inverse consistency at most, largest voxel edges",
}


def registrations(results: Mapping[str, Any]) -> Html:
    """Return each registration with its quality, structure by structure, and its approval."""
    return join(_registration(r) for r in results.get("registrations", ()))


def _registration(registration: Mapping[str, Any]) -> Html:
    quality = registration.get("quality") or {}
    course, note = registration["course"], quality.get("note")
    return join(
        [
            element("h3", f"{course} to reference"),
            facts_list(_facts(registration, quality)),
            element("p", note) if note else "",
            _guided(quality.get("guided_by", ())),
            _pairs(course, quality),
            _alone(course, quality.get("not_paired", ())),
            _landmarks(quality.get("landmarks", ())),
            _levels(quality),
        ]
    )


def _facts(registration: Mapping[str, Any], quality: Mapping[str, Any]) -> list[tuple[str, object]]:
    error = quality.get("inverse_consistency_mm")
    consistency = number(error, 1, "mm")
    if error is None and quality.get("inverse_consistency_note"):
        consistency = element("small", quality["inverse_consistency_note"])
    facts = [
        ("Mode", registration["mode"]),
        ("Engine", registration.get("engine") or NOT_GIVEN),
        ("Time", number(registration.get("seconds"), 1, "s")),
        ("Folding", percent(quality.get("folding_fraction"), 2)),
        ("Jacobian", _range(quality)),
        ("Inverse consistency", consistency),
    ]
    near, strain = quality.get("near_target"), quality.get("bone_strain")
    if near:
        facts += [
            ("Folding within 2 cm of the target", percent(near["folding_fraction"], 2)),
            ("Jacobian there", _range(near)),
            ("CT correlation there", number(near["correlation"], 2)),
        ]
        if near.get("unknown_fraction"):
            facts.append(("Map unknown there in", percent(near["unknown_fraction"], 2)))
    if strain:
        facts.append(("Strain of bone, 95 %", number(strain["p95"], 3)))
    return [*facts, ("Approved by", registration.get("approved_by") or "nobody yet")]


def _range(entry: Mapping[str, Any], name: str = "jacobian") -> Html:
    low, high = entry.get(f"{name}_min"), entry.get(f"{name}_max")
    if low is None or high is None:
        return NOT_GIVEN
    return join([number(low, 2), " to ", number(high, 2)])


def _guided(names: Sequence[str]) -> Html:
    if not names:
        return Html()
    said = f"Steered by {', '.join(names)}: these cannot validate it."
    return element("p", said)


def _pairs(course: str, quality: Mapping[str, Any]) -> Html:
    structures = quality.get("structures", ())
    if not structures:
        return element("p", "No structure is drawn on both images to measure the quality with.")
    columns = [
        Column("Structure"), Column("DSC", "n"), Column("MDA", "n"), Column("HD95", "n"),
        Column("Volume ratio", "n"), Column("Jacobian", "n"), Column("Inverse consistency", "n"),
        Column("Gradient \N{MULTIPLICATION SIGN} MDA, EQD2", "n"), Column("Rigid part", "n"),
        Column("Verdict", "wrap"),
    ]  # fmt: skip
    rows = [_pair(s) for s in structures]
    said = (
        "MDA: mean distance to agreement; HD95: 95 % of the surface is nearer; volume ratio: prior "
        "over today; Jacobian: determinant inside the structure, and over the volume ratio, by "
        "which it is judged; gradient \N{MULTIPLICATION SIGN} MDA: steepest prior dose in it "
        f"({_alpha_beta(quality)}) times MDA; rigid part: MDA without the deformation."
    )
    title = f"Agreement of the structures of {course}, mapped, with today's"
    return join([table(title, columns, rows), element("p", said, class_="soft")])


def _alpha_beta(quality: Mapping[str, Any]) -> str:
    value = quality.get("gradient_alpha_beta_gy")
    return (
        "EQD2"
        if value is None
        else f"\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA} {value:g} Gy"
    )


def _pair(s: Mapping[str, Any]) -> list[object]:
    rigid = s.get("rigid") or {}
    return [
        s["structure"],
        _cell(s, "dsc", number(s.get("dsc"), 2)),
        _cell(s, "mda_mm", number(s.get("mda_mm"), 1, "mm")),
        _cell(s, "hd95_mm", number(s.get("hd95_mm"), 1, "mm")),
        _cell(s, "volume_ratio", number(s.get("volume_ratio"), 2)),
        _cell(s, "jacobian", _jacobian(s)),
        _cell(s, "inverse_consistency", number(s.get("inverse_consistency_mm"), 1, "mm")),
        number(s.get("relevance_eqd2_gy"), 1, "Gy"),
        number(rigid.get("mda_mm"), 1, "mm"),
        _verdict(s),
    ]


def _cell(s: Mapping[str, Any], metric: str, shown: Html) -> Html:
    """Return a number, bold where its metric failed."""
    return element("b", shown) if metric in s.get("failed", ()) else shown


def _jacobian(s: Mapping[str, Any]) -> Html:
    relative = _range(s, "jacobian_relative")
    if s.get("volume_ratio") is None or relative is NOT_GIVEN:
        return _range(s)
    return join([_range(s), element("div", element("small", "relative ", relative))])


def _verdict(s: Mapping[str, Any]) -> Html:
    word = s.get("verdict")
    if word is None:
        return NOT_GIVEN
    share = s.get("common_share", 1.0)
    cut = f"compared in the {100 * share:.0f} % that both CTs show" if share < WHOLE else ""
    guided = "its contours steered the registration" if s.get("guided") else ""
    said = [s.get("why"), guided, cut]
    reasons = "; ".join(text for text in said if text)
    shown = verdict(QUALITY.get(word.lower(), word))
    return join([shown, element("div", element("small", reasons)) if reasons else ""])


def _alone(course: str, structures: Sequence[Mapping[str, Any]]) -> Html:
    if not structures:
        return Html()
    columns = [
        Column("Structure"), Column("Folding", "n"), Column("Jacobian", "n"),
        Column("Inverse consistency", "n"), Column("Mean TRE", "n"), Column("Verdict", "wrap"),
    ]  # fmt: skip
    rows = [
        [
            s["structure"], percent(s.get("folding_fraction"), 2), _range(s),
            number(s.get("inverse_consistency_mm"), 1, "mm"),
            number(s.get("tre_mean_mm"), 1, "mm"), _verdict(s),
        ]
        for s in structures
    ]  # fmt: skip
    title = f"Structures that {course} has no contour of: not validated by contours"
    return table(title, columns, rows)


def _landmarks(landmarks: Sequence[Mapping[str, Any]]) -> Html:
    if not landmarks:
        return Html()
    columns = [
        Column("Landmark"), Column("Speaks for"), Column("Today", "n"), Column("Before", "n"),
        Column("TRE", "n"), Column("Remark", "wrap"),
    ]  # fmt: skip
    rows = [
        [
            mark["name"], mark.get("structure") or "structures within 2 cm",
            point(mark["reference_lps"]), point(mark["prior_lps"]),
            number(mark["error_mm"], 1, "mm"),
            "steered the registration, does not validate it" if mark["guided"] else "",
        ]
        for mark in landmarks
    ]  # fmt: skip
    said = (
        "A landmark of no structure validates only what is within 2 cm of it; its error counts "
        "against every structure."
    )
    shown = table("Landmarks: target registration error (TRE)", columns, rows)
    return join([shown, element("p", said, class_="soft")])


def _levels(quality: Mapping[str, Any]) -> Html:
    levels = quality.get("levels")
    if not levels:
        return Html()
    typed = [LEVELS.get(name, name) for name in quality.get("typed_levels", ())]
    said = element("p", f"Levels typed in the case file: {'; '.join(typed)}.") if typed else ""
    columns = [Column("Level"), Column("Pass", "n"), Column("Warn", "n"), Column("Source", "wrap")]
    rows = [
        [LEVELS.get(name, name), *_pass_and_warn(entry["levels"]), entry["source"]]
        for name, entry in levels.items()
    ]
    listed = table("Levels of the registration quality", columns, rows)
    return join([said, element("details", element("summary", "Levels"), listed)])


def _pass_and_warn(levels: Any) -> tuple[str, str]:  # noqa: ANN401
    if not isinstance(levels, Sequence):
        return f"{levels:g}", ""
    first, second = (
        " to ".join(f"{v:g}" for v in level) if isinstance(level, Sequence) else f"{level:g}"
        for level in levels
    )
    return first, second
