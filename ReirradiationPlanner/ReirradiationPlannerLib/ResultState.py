"""Whether a result in the scene is of what the scene and the choices are now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResultState:
    """Answer of `PlannerLogic.resultState`.

    reasons: what changed since the result was made, one sentence each; empty if it is current
    """

    reasons: tuple[str, ...] = ()

    @property
    def isCurrent(self) -> bool:
        """Whether the result may be shown as current."""
        return not self.reasons
