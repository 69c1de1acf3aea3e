"""The one warning: the same words in the panel, the report and the README."""

from __future__ import annotations

WARNING = (
    "Research and decision-support software. Not cleared as a medical device; results must be "
    "independently verified by a qualified medical physicist before any clinical use."
)
