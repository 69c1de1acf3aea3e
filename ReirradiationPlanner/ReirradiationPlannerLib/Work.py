"""How much has to be done again after a change."""

from __future__ import annotations

import enum


class Work(enum.IntEnum):
    """What a change makes necessary; a higher level contains the lower ones."""

    NOTHING = 0
    JUDGE = 1
    ORGANS = 2
    SAMPLE = 3
    COURSES = 4
