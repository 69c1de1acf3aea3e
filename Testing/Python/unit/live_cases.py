"""Sampled cases of boxes and uniform doses, judged by the pipeline or live."""

from datetime import date

import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice
from ReirradiationCore.dicom import ReadResult
from ReirradiationCore.pipeline import judge_case, sample_case, with_choices

LATER = date(2024, 1, 1)
STRIDER = Case(protocols=("STRIDeR2025",))
SIDES = ((-6.0, 6.0), (-6.0, 6.0))


def box(name, low, high):
    """A bar along x, small enough to be sampled in no time."""
    return made.box(name, low, high, *SIDES)


def two_courses(old=40.0, new=30.0):
    """Prior 25 fractions everywhere, planned 5 fractions of 30 Gy prescription."""
    structures = [
        box("Bladder", 0, 40), box("Rectum", -50, -20), box("PTV", 10, 30),
    ]  # fmt: skip
    prior = made.course("prior-1", [(made.dose(lambda _x: old), 25, 50.0)], structures)
    planned = made.course("planned", [(made.dose(lambda _x: new), 5, 30.0)], structures, LATER)
    return planned, prior


def falling(planned_top=24.0):
    """Courses whose doses change along x, so that every point counts."""
    structures = [
        box("Bladder", 0, 40), box("Rectum", -50, -20),
        box("SacralPlex_L", 42, 60), box("PTV", 10, 30), box("loops", -18, -4),
    ]  # fmt: skip
    phases = [
        (made.dose(lambda x: 45 + 0.1 * x), 25, 50.0),
        (made.dose(lambda x: 10 - 0.05 * x), 5, 10.0),
    ]
    prior = made.course("prior-1", phases, structures[:-1])
    dose = made.dose(lambda x: planned_top * max(0.05, 1 - abs(x) / 160), width=30)
    planned = made.course("planned", [(dose, 5, 30.0)], structures, LATER)
    return planned, prior


def source(planned, priors, case=STRIDER):
    """Courses and choices as they come from reading."""
    return with_choices(ReadResult((*priors, planned), (), 0, ()), case)


def sampled(planned, priors, case=STRIDER, match=None):
    """The case sampled; nothing moves unless another registration is given."""
    match = made.registered(priors) if match is None else match
    return sample_case(source(planned, priors, case), match)


def evaluated(planned, priors, case=STRIDER, match=None):
    """The whole pipeline from the same courses."""
    return judge_case(sampled(planned, priors, case, match))


def mapped(name, strategy, course="prior-1", reason=""):
    reasons = {course: reason} if reason else {}
    return {name: OrganChoice(mapping={course: strategy}, mapping_reason=reasons)}


def row_of(result, structure, quantity="EQD2"):
    """The only row of a structure in a quantity."""
    rows = getattr(result, "rows", None) or result.constraints
    (found,) = (r for r in rows if (r["structure"], r["quantity"]) == (structure, quantity))
    return found


POINT_SUM, UNIFORM_BG = MappingStrategy.POINT_SUM, MappingStrategy.UNIFORM_BG
