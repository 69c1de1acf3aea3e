"""What can be changed during a review, as a case of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ReirradiationCore.case import Case, OrganChoice, RecoveryChoice

from .limit_table import ALPHA_BETA

REASON = "tried during a review"


@dataclass(frozen=True)
class Choices:
    """Choices that differ from those of the saved run; empty is the saved run.

    Parameters
    ----------
    alpha_beta_gy : mapping
        Structure to alpha/beta, Gy.
    recovery : mapping
        Structure to the part 0..1 of every prior course that is recovered.
    recovery_rule : str, optional
        Rule for all organs without a choice of their own.
    planned_scale : float, optional
        Factor on the planned dose.
    reason : str
        Why these recoveries; a recovery by hand must have one.
    """

    alpha_beta_gy: Mapping[str, float] = field(default_factory=dict)
    recovery: Mapping[str, float] = field(default_factory=dict)
    recovery_rule: str | None = None
    planned_scale: float | None = None
    reason: str = ""

    def in_words(self, saved: Case) -> list[str]:
        """Return one phrase for each choice that differs from the saved run."""
        said = [f"{name} {ALPHA_BETA} {value:g} Gy" for name, value in self.alpha_beta_gy.items()]
        if self.recovery_rule not in (None, saved.recovery.rule):
            said.append(f"recovery rule {self.recovery_rule} instead of {saved.recovery.rule}")
        said += [f"{name} recovers {100 * part:g} %" for name, part in self.recovery.items()]
        if self.planned_scale not in (None, saved.planned_scale):
            said.append(f"planned dose multiplied by {self.planned_scale:g}")
        return said

    def applied_to(self, saved: Case) -> Case:
        """Return the saved case with these choices in place of its own."""
        organs = dict(saved.organs)
        for name, value in self.alpha_beta_gy.items():
            organs[name] = replace(organs.get(name, OrganChoice()), alpha_beta_gy=value)
        for name, value in self.recovery.items():
            chosen = {"*": RecoveryChoice("custom", value, self.reason.strip() or REASON)}
            organs[name] = replace(organs.get(name, OrganChoice()), recovery=chosen)
        case = replace(saved, organs=organs)
        if self.recovery_rule is not None:
            case = replace(case, recovery=RecoveryChoice(self.recovery_rule))
        if self.planned_scale is not None:
            case = replace(case, planned_scale=self.planned_scale)
        return case
