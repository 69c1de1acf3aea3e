"""What the page can do with the choices: change them, judge again, save."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ReirradiationCore.errors import ReirradiationError

from ..memory import give_back_memory
from .dvh_plot import dvh_drawing
from .later import Later
from .map_actions import MapActions
from .page_state import changed_choices_state, choices_state
from .session import ReviewSession
from .typed_input import number_of, refuse

REST_S = 0.1
NOT_A_NUMBER = "{} is not a number"
LARGEST_FOLLOWS = "Largest prescription: being calculated"


class ChoiceActions:
    """Changes choices; verdicts follow at once, maps and the largest prescription soon after.

    Parameters
    ----------
    server : trame server
        State of the page.
    session : ReviewSession
        Choices and verdicts.
    maps : MapActions
        What is shown of the maps.
    later : Later
        Does what takes longer.
    """

    TRIGGERS = (
        "set_rule", "set_scale", "set_alpha_beta", "set_recovery", "reset", "save", "case_text",
    )  # fmt: skip

    def __init__(
        self,
        server: Any,  # noqa: ANN401
        session: ReviewSession,
        maps: MapActions,
        later: Later,
    ) -> None:
        self._server, self._session, self._maps, self._later = server, session, maps, later
        self.state = server.state

    def set_alpha_beta(self, name: str, value: float | str) -> None:
        """Choose alpha/beta of a structure, Gy."""
        now = self._session.choices.alpha_beta_gy
        self._choose(value, lambda number: {"alpha_beta_gy": {**now, name: number}})

    def set_recovery(self, name: str, value: float | str) -> None:
        """Choose the recovery of a structure, per cent of every prior course."""
        now = self._session.choices.recovery
        self._choose(value, lambda number: {"recovery": {**now, name: number / 100}})

    def set_scale(self, value: float | str) -> None:
        """Choose the factor on the planned dose."""
        self._choose(value, lambda number: {"planned_scale": number})

    def set_rule(self, rule: str) -> None:
        """Choose the recovery rule."""
        self._change(recovery_rule=rule, recovery={})

    def reset(self) -> None:
        """Go back to the saved run."""
        self._change(alpha_beta_gy={}, recovery={}, recovery_rule=None, planned_scale=None)

    def _choose(self, value: float | str, changes: Callable[[float], dict[str, Any]]) -> None:
        number = number_of(value)
        if math.isnan(number):
            self._refuse(NOT_A_NUMBER.format(repr(value)))
            return
        self._change(**changes(number))

    def _change(self, **changes: Any) -> None:  # noqa: ANN401
        try:
            self._session.change(**changes)
        except ReirradiationError as error:
            self._refuse(str(error))
            return
        self.state.message = ""
        self.update_verdicts()
        self._later.soon("rest", self.follow_up, REST_S)

    def _refuse(self, reason: str) -> None:
        refuse(self._server, reason, "organs", "scale", "rule")

    def update_verdicts(self) -> None:
        """Bring everything that follows from the choices at once up to date."""
        self.state.update(choices_state(self._session))
        self.state.update(changed_choices_state(self._session))
        # these follow, see follow_up
        self.state.hot_spots, self.state.isotoxic = [], LARGEST_FOLLOWS
        self._maps.follow_choices()
        self.update_dvh()

    def update_dvh(self) -> None:
        """Draw the histogram of the selected structure."""
        name = self.state.selected
        self.state.dvh = dvh_drawing(self._session.current, name) if name else ""

    async def follow_up(self) -> None:
        """Paint the maps of the current choices and find the largest prescription."""
        result, keeper = self._session.current, self._maps.keeper
        self._maps.show_markers()
        if keeper.painter and keeper.is_any_stale():
            maps = await self._later.in_thread(partial(keeper.paint, result))
            if result is not self._session.current:
                return  # a later change is on its way
            with self.state:
                self._maps.replace(result, maps)
            del maps
            give_back_memory()
        with self.state:
            self.state.hot_spots = self._session.hot_spots()
        await self.find_largest()

    async def find_largest(self) -> None:
        """Give the largest prescription under the current choices."""
        result = self._session.current
        text = await self._later.in_thread(lambda: self._session.isotoxic_text(result))
        if result is self._session.current:
            with self.state:
                self.state.isotoxic = text

    def save(self) -> None:
        """Write the choices beside the result."""
        try:
            path = self._session.save(self.state.author)
        except ReirradiationError as error:
            self.state.message = str(error)
            return
        self.state.message = f"written: {path}"

    def case_text(self) -> str:
        """Return the case file, for the download."""
        return self._session.case_text(self.state.author)
