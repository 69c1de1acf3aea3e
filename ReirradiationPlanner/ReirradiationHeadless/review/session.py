"""A review of one result: choices, verdicts, what changed, and which maps still belong to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.comparison import what_changed
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.live_result import LiveResult
from ReirradiationCore.picture_request import course_label
from ReirradiationCore.saved_choices import case_text

from .choices import Choices
from .judging import keyed, open_live, rows_at_own_alpha_beta, saved_result
from .limit_table import ALPHA_BETA, counts, limit_table
from .result_folder import ResultFolder

SAVED_NAME = "case-review-{}.json"
MOST_SAVED = 999
PHYSICAL, EQD2 = "mapped_dose_", "eqd2_"


@dataclass(eq=False)
class ReviewSession:
    """The state of a review, without any page.

    Parameters
    ----------
    folder : ResultFolder
        The result.
    live : LiveEvaluation
        Its samples.
    saved, current : LiveResult
        Verdicts with the saved and with the current choices.
    choices : Choices
        What was changed.
    """

    folder: ResultFolder
    live: LiveEvaluation
    saved: LiveResult
    current: LiveResult
    choices: Choices = field(default_factory=Choices)

    @classmethod
    def open(cls, path: Path) -> ReviewSession:
        """Open a result folder for review.

        Raises
        ------
        ReirradiationError
            A folder that cannot be reviewed.
        """
        folder = ResultFolder.read(path)
        live = open_live(folder)
        saved = saved_result(live, folder)
        return cls(folder, live, saved, saved)

    @property
    def case(self) -> Case:
        """The current choices as a case."""
        return self.choices.applied_to(self.live.case)

    @property
    def is_changed(self) -> bool:
        """Whether the choices differ from those of the saved run."""
        return self.case != self.live.case

    def course_labels(self) -> list[tuple[str, str]]:
        """Return id and short label of each course, the planned one last."""
        return [(course.id, course_label(course)) for course in self.saved.courses]

    def choose(self, choices: Choices) -> None:
        """Judge with other choices; they are kept only if they can be judged.

        Raises
        ------
        ReirradiationError
            Choices that are not allowed.
        """
        case = choices.applied_to(self.live.case)
        self.current = self.saved if case == self.live.case else self.live.judge(case)
        self.choices = choices

    def change(self, **changes: Any) -> None:  # noqa: ANN401
        """Change some of the choices; see `choose`."""
        self.choose(replace(self.choices, **changes))

    def table(self) -> list[dict[str, Any]]:
        """Return the limits as the page lists them."""
        what_if = rows_at_own_alpha_beta(self.current, self.choices.alpha_beta_gy)
        return limit_table(self.current.rows, keyed(self.saved.rows), what_if)

    def counts(self) -> list[dict[str, Any]]:
        """Return how many limits have each verdict."""
        return counts(self.current.rows)

    def changes(self) -> dict[str, list[str]]:
        """Return what changed against the saved run, by kind, in sentences."""
        if not self.is_changed:
            return {}
        now = {"constraints": list(self.current.rows)}
        found = what_changed(self.folder.results, now, before=self.live.case, after=self.case)
        return {**found, "choices": self.choices.in_words(self.live.case)}

    def organs(self) -> list[dict[str, Any]]:
        """Return the structures whose choices can be changed, with what holds now."""
        return [self._organ(name) for name in self._judged_names()]

    def _judged_names(self) -> list[str]:
        limited = {row["structure"] for row in self.saved.rows}
        organs = [o.model for o in self.saved.organs if o.model.kind.value in ("oar", "target")]
        return [m.name for m in sorted(organs, key=lambda m: m.name not in limited)]

    def _organ(self, name: str) -> dict[str, Any]:
        now, before = self.current.organ(name).model, self.saved.organ(name).model
        return {
            "name": name,
            "is_target": now.kind.value == "target",
            "alpha_beta": now.alpha_beta_gy,
            "alpha_beta_saved": before.alpha_beta_gy,
            "source": now.alpha_beta_source,
            "recovery": _most(now.recovery_fractions),
            "recovery_saved": _most(before.recovery_fractions),
            "recovery_each": _each(now.recovery_fractions),
            "recovery_changed": now.recovery_fractions != before.recovery_fractions,
        }

    def is_stale(self, key: str) -> bool:
        """Tell whether a saved map no longer belongs to the current choices."""
        if not self.is_changed:
            return False
        now, before = self.case, self.live.case
        scaled = now.planned_scale != before.planned_scale
        planned = self.saved.planned.id
        if key.startswith(PHYSICAL):
            return scaled and key == f"{PHYSICAL}{planned}"
        if key.startswith(EQD2):
            return self._converts_otherwise() or (scaled and key == f"{EQD2}{planned}")
        return True

    def _converts_otherwise(self) -> bool:
        pairs = zip(self.current.organs, self.saved.organs, strict=True)
        return any(now.model.alpha_beta_gy != old.model.alpha_beta_gy for now, old in pairs)

    def hot_spots(self) -> list[dict[str, Any]]:
        """Return the hottest place of each organ under the current choices."""
        return [
            {
                "structure": spot["structure"],
                "point": list(spot["point_lps"]),
                "value": f"{spot['cumulative_eqd2_gy']:.1f} Gy EQD2",
                "alpha_beta": f"{ALPHA_BETA} {spot['alpha_beta_gy']:g}",
                "percent": _percent(spot.get("limit_percent")),
            }
            for spot in self.current.hot_spots
        ]

    def isotoxic_text(self, result: LiveResult) -> str:
        """Largest prescription under all limits, in words; takes up to a second."""
        answer, why = result.isotoxic
        if answer is None:
            return f"Largest prescription: not given ({why})" if why else ""
        largest = answer["max_prescription_gy"]
        if largest is None:
            said = "Largest prescription: none within the limits"
            return f"{said}. {why}" if why else said
        by = ", ".join(f"{limit['structure']} {limit['metric']}" for limit in answer["limiting"])
        said = f"Largest prescription {largest:.1f} Gy in {answer['fractions']} fractions"
        said = f"{said} ({by})" if by else said
        return f"{said}. WARNING: {why}" if why else said

    def case_text(self, author: str = "") -> str:
        """Return the current choices as the text of a case file."""
        return case_text(self.current, before=self.live.case, author=author.strip())

    def save(self, author: str = "") -> Path:
        """Write the current choices beside the result, under a name that is free.

        Raises
        ------
        RefusedError
            A folder that cannot be written to.
        """
        text = self.case_text(author)
        for path in self._names():
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                continue
            except OSError as error:
                reason = f"{path} cannot be written ({error.strerror}); download the file instead"
                raise RefusedError(reason) from error
            return path
        reason = f"{self.folder.path} holds {MOST_SAVED} reviewed cases; remove some"
        raise RefusedError(reason)

    def _names(self) -> Sequence[Path]:
        return [self.folder.path / SAVED_NAME.format(n) for n in range(1, MOST_SAVED + 1)]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0f} % of its limit"


def _most(fractions: Mapping[str, float]) -> float:
    """Largest recovery of prior courses, per cent."""
    return round(100 * max(fractions.values(), default=0.0), 1)


def _each(fractions: Mapping[str, float]) -> str:
    """Recovery of each prior course where they differ, which one number cannot say."""
    if len(set(fractions.values())) < 2:
        return ""
    return ", ".join(f"{course} {100 * part:.3g} %" for course, part in fractions.items())
