"""Choices made live, as the text of a case file that repeats them."""

from __future__ import annotations

import json
from dataclasses import replace

from .case import Case
from .case_file import case_to_json
from .case_history import changes_of, entry_now
from .case_record import case_record
from .live_result import LiveResult


def case_text(result: LiveResult, before: Case | None = None, author: str = "") -> str:
    """Return case.json with which ``evaluate --case`` gives the numbers of a live result.

    Contours that were changed live are no choices and are not in it. A transform that is no choice
    is named as ``transforms/<course>.h5``: the text belongs into the folder of the result.

    Parameters
    ----------
    result : LiveResult
        What is on the screen.
    before : Case, optional
        Choices the changes started from; what differs is added to the history.
    author : str
        Who made the changes; empty if nobody was named.
    """
    case, content = result.case, case_record(result)
    if before is not None:
        changes = changes_of(case_to_json(before), case_to_json(case))
        if changes:
            logged = replace(case, history=(*case.history, entry_now(author, changes)))
            content["history"] = case_to_json(logged)["history"]
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
