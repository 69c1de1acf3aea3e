"""The one warning: the same words in the panel, the report and the README."""

from __future__ import annotations

WARNING = (
    "Research and decision-support software. Not cleared as a medical device; results must be "
    "independently verified by a qualified medical physicist before any clinical use."
)


def scale_warning(factor: float) -> str:
    """Return what a reader must know before any number; empty for the dose as planned."""
    if factor == 1.0:
        return ""
    return (
        f"WHAT-IF: the planned dose was multiplied by {factor:g}; these are not the numbers of the "
        "plan, no such plan was calculated and no DICOM dose is exported"
    )
