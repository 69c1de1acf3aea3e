"""How the views are arranged: four of one map, or two courses or two sums side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ReirradiationPlannerLib.Layouts import LEFT, RIGHT, Layouts

from .session import EQD2, PHYSICAL
from .view_set import PAIRED, SLICES, THREE_D

FOUR, RECOVERY = "four", "recovery"
WITHOUT, WITH = "cumulative_no_recovery", "cumulative_eqd2"
QUANTITIES = {EQD2: "EQD2", PHYSICAL: "physical dose"}


@dataclass(frozen=True)
class Arrangement:
    """One way to arrange the views.

    Parameters
    ----------
    key, title : str
        As the page lists it.
    sides : pair of str, optional
        Maps on the left and on the right; None for four views of the chosen map.
    titles : pair of str
        What stands on the left and on the right.
    course : str
        Prior course whose image and dose are on the left.
    kind : str
        Start of the names of the maps of courses.
    """

    key: str
    title: str
    sides: tuple[str, str] | None = None
    titles: tuple[str, str] = ("", "")
    course: str = ""
    kind: str = EQD2

    def fill(self, scene: Any, planned: str) -> list[Any]:  # noqa: ANN401
        """Fill the views of both sides and return their composite nodes."""
        layouts = Layouts(scene)
        if self.course:
            layouts.showPriorBesideCurrent(self.course, planned, self.kind)
        else:
            layouts.showRecoveryBesideNone()
        return [*layouts.compositesOf(LEFT), *layouts.compositesOf(RIGHT)]

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views it shows."""
        return (*SLICES, THREE_D) if self.sides is None else tuple(PAIRED)

    def heads(self) -> dict[str, str]:
        """Text over each view it shows."""
        if self.sides is None:
            return {**{name: name for name in SLICES}, THREE_D: "3D"}
        sides = dict(zip((LEFT, RIGHT), self.titles, strict=True))
        return {
            name: f"{orientation}: {sides[name.removesuffix(orientation)]}"
            for name, orientation in PAIRED.items()
        }


def arrangements(
    courses: Sequence[tuple[str, str]], maps: Collection[str]
) -> dict[str, Arrangement]:
    """Return the arrangements for which there are maps, by key, four views first.

    Parameters
    ----------
    courses : sequence of pairs of str
        Id and label of each course, the planned one last.
    maps : collection of str
        Names of the maps.
    """
    found = [Arrangement(FOUR, "four views")]
    *priors, (planned, planned_label) = courses
    for course, label in priors:
        for kind, quantity in QUANTITIES.items():
            titles = f"{quantity}, {label}", f"{quantity}, {planned_label}"
            sides, title = (f"{kind}{course}", f"{kind}{planned}"), f"{course} | {planned}, "
            key = f"{kind}{course}"
            found.append(Arrangement(key, title + quantity, sides, titles, course, kind))
    titles = "without recovery, cumulative EQD2", "with recovery, cumulative EQD2"
    found.append(Arrangement(RECOVERY, "without | with recovery", (WITHOUT, WITH), titles))
    return {one.key: one for one in found if not one.sides or set(one.sides) <= set(maps)}
