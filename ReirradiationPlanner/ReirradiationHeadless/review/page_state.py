"""What the page shows, made from the review: plain values under the names the page uses."""

from __future__ import annotations

from typing import Any

from ReirradiationCore.heatmaps import OVERLAP_THRESHOLD_EQD2_GY
from ReirradiationCore.recovery_rules import built_in_rules
from ReirradiationCore.warning import WARNING
from ReirradiationPlannerLib.CaseNodes import CaseNodes

from .arrangement import FOUR, arrangements
from .review_scene import ReviewScene
from .session import ReviewSession
from .view_set import ORIENTATIONS, SLICES, THREE_D, Point, SlicePosition

OPACITY = 0.5
NOT_OFFERED = ("custom",)
TABS = (
    ("limits", "Limits"),
    ("dvh", "DVH"),
    ("choices", "Choices"),
    ("structures", "Structures and hot spots"),
    ("changed", "What changed, save"),
)
# sides of the patient towards which the offsets of the views grow and fall
SIDES = {"Axial": ("S", "I"), "Coronal": ("A", "P"), "Sagittal": ("L", "R")}
# sides of the patient at the left, right, upper and lower edge of the views
EDGES = {"Axial": "RLAP", "Coronal": "RLSI", "Sagittal": "APSI"}
CHANGE_TITLES = {
    "choices": "Choices",
    "verdicts": "Verdicts",
    "isotoxic": "Largest prescription",
    "values": "Values",
}


def fixed_state(session: ReviewSession, scene: ReviewScene, notice: str) -> dict[str, Any]:
    """Return what stays the same during a review, and where the page starts."""
    folder = session.folder
    labels = " + ".join(label for _course, label in session.course_labels())
    unapproved = ", ".join(folder.unapproved)
    arranged = arrangements(session.course_labels(), scene.maps)
    return {
        "trame__title": f"Review: {folder.name}",
        "title": f"Review of {folder.name}: {labels}",
        "warning": WARNING,
        "open_to_network": notice,
        "unapproved": f"REGISTRATION NOT APPROVED: {unapproved}. Draft only." if unapproved else "",
        "maps": [{"key": key, "title": node.GetName()} for key, node in scene.maps.items()],
        "map_key": scene.first_map,
        "opacity": OPACITY,
        "lines": True,
        "prior_contours": False,
        "has_prior_contours": scene.has(CaseNodes.PRIOR_CONTOUR),
        "surfaces": False,
        "has_surfaces": scene.has(CaseNodes.ORGAN_SURFACE),
        "arrangements": [{"key": one.key, "title": one.title} for one in arranged.values()],
        "arrangement": FOUR,
        "heads": arranged[FOUR].heads(),
        "drawn": [FOUR, scene.first_map],
        "views": _views(),
        "large": "",
        "help": False,
        "overlap_prior": OVERLAP_THRESHOLD_EQD2_GY,
        "overlap_planned": OVERLAP_THRESHOLD_EQD2_GY,
        "tabs": [{"key": key, "title": title} for key, title in TABS],
        "tab": TABS[0][0],
        "rules": [
            {"id": rule.id, "title": f"{rule.title}; {rule.source}"}
            for rule in built_in_rules().values()
            if rule.id not in NOT_OFFERED
        ],
        "author": "",
        "message": "",
        "isotoxic": "",
        "legends": [],
        "stale": False,
        "stale_surfaces": False,
        "why_stale": "",
        "dvh": "",
        "readout": [],
        "point_text": "",
        "selected": "",
        "hot_spots": [],
    }


def _views() -> list[dict[str, Any]]:
    slices = [
        {"name": name, "template": SLICES.get(name, name), "slice": True, "edges": EDGES[side]}
        for name, side in ORIENTATIONS.items()
    ]
    return [*slices, {"name": THREE_D, "template": THREE_D, "slice": False, "edges": ""}]


def choices_state(session: ReviewSession) -> dict[str, Any]:
    """Return verdicts and choices as they are now."""
    planned = session.current.planned
    doses = [phase.prescribed_dose_gy for phase in planned.phases]
    total = None if None in doses else sum(dose for dose in doses if dose is not None)
    fractions = planned.fractions_delivered
    return {
        "table": session.table(),
        "counts": session.counts(),
        "organs": session.organs(),
        "rule": session.case.recovery.rule,
        "scale": session.case.planned_scale,
        "prescription": "" if total is None else f"{total:.1f} Gy in {fractions} fractions",
    }


def changed_choices_state(session: ReviewSession) -> dict[str, Any]:
    """Return what differs from the saved run."""
    changes = session.changes()
    said = changes.get("choices", [])
    return {
        "is_changed": session.is_changed,
        "what_if": f"CHANGED CHOICES, not the saved run: {'; '.join(said)}" if said else "",
        "changes": [
            {"title": title, "texts": changes[kind]}
            for kind, title in CHANGE_TITLES.items()
            if kind in changes
        ],
    }


def position_state(orientation: str, place: SlicePosition) -> dict[str, Any]:
    """Return a slice position as the page shows it."""
    towards = SIDES[orientation][0 if place.value >= 0 else 1]
    return {
        "value": round(place.value, 2),
        "lowest": round(place.lowest, 2),
        "highest": round(place.highest, 2),
        "step": place.step,
        "text": f"{towards} {abs(place.value):.1f} mm",
    }


def point_text(point: Point) -> str:
    """Return a point (LPS, mm) with the sides of the patient."""
    names = ("LR", "PA", "SI")
    parts = [
        f"{sides[0 if x >= 0 else 1]} {abs(x):.1f}" for x, sides in zip(point, names, strict=True)
    ]
    return f"{', '.join(parts)} mm"
