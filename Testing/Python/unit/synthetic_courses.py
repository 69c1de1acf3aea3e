"""Courses of boxes and uniform doses, put together in memory: no file, every number by hand."""

from datetime import date

import numpy as np
import SimpleITK as sitk
from ReirradiationCore.assumptions import mapping_defaults, resolve_models
from ReirradiationCore.case import Case, OrganChoice
from ReirradiationCore.courses import Course, CourseRole, Patient, Phase, Structure
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.judgement import OrganJudge
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.names import match_name
from ReirradiationCore.organ_doses import sample_organs
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.registration import RegistrationResult

SPACING = 4.0


def box(name, low, high, y=(-10.0, 10.0), z=(-10.0, 10.0)):
    """A box from ``low`` to ``high`` along x, drawn every 4 mm."""
    planes = np.arange(z[0] + SPACING / 2, z[1], SPACING)
    corners = [(low, y[0]), (high, y[0]), (high, y[1]), (low, y[1])]
    contours = tuple(np.array([(*corner, plane) for corner in corners]) for plane in planes)
    kind = match_name(name, "", {}).kind
    return Structure(1, name, contours, kind=kind)


def dose(of_x, low=-152.0, high=152.0, side=60.0, width=None):
    """Dose by x, given from ``low`` to ``high`` mm; zero beyond ``width`` in y, z."""
    size = (int((high - low) / SPACING), int(2 * side / SPACING), int(2 * side / SPACING))
    origin = (low + SPACING / 2, -side + SPACING / 2, -side + SPACING / 2)
    grid = Grid(size, (SPACING,) * 3, origin)
    x = origin[0] + SPACING * np.arange(size[0])
    values = np.array([of_x(value) for value in x], dtype=np.float32)
    array = np.broadcast_to(values, grid.shape).copy()
    if width is not None:
        across = np.abs(origin[1] + SPACING * np.arange(size[1])) > width
        array[across], array[:, across] = 0.0, 0.0
    return Volume(array, grid)


def course(name, phases, structures, when=date(2020, 1, 1)):
    """A course; ``phases`` are (Volume, fractions, prescription or None)."""
    role = CourseRole.PLANNED if name == "planned" else CourseRole.PRIOR
    built = tuple(Phase(f"{name} {i}", d, n, n, px) for i, (d, n, px) in enumerate(phases))
    return Course(
        name, role, name, Patient("1"), built, tuple(structures),
        first_fraction_date=when, last_fraction_date=when,
    )  # fmt: skip


def shift(x_mm):
    return sitk.TranslationTransform(3, (float(x_mm), 0.0, 0.0))


def registered(priors, transform=None, rigid=None, mode="deformable"):
    """The same registration for every prior course; nothing moves by default."""
    transform = transform or shift(0)
    result = RegistrationResult(mode, "test", transform, rigid or transform)
    return {prior.id: RegisteredCourse(prior.id, result, {"structures": []}) for prior in priors}


def judges(planned, priors, case=None, match=None, constraints=()):
    """Every structure of the planned course, sampled as a run does."""
    case = case or Case()
    match = match or registered(priors)
    models = resolve_models(planned, priors, case, constraints, mapping_defaults(match))
    doses = sample_organs(models, planned, priors, match, case, silent)
    return {m.name: OrganJudge(m, d, planned.id) for m, d in zip(models, doses, strict=True)}


def rows(planned, priors, constraints, case=None, match=None):
    """Judged limits, by id and structure."""
    case = case or Case()
    organs = judges(planned, priors, case, match, constraints)
    applied = apply_limits(constraints, list(organs.values()))
    found = limit_rows(applied, planned, priors, case.confirmed)
    return {(row["id"], row["structure"]): row for row in found}


def mapped(name, strategy, reason=""):
    """Case in which one organ is mapped by one strategy."""
    choice = OrganChoice(mapping={"*": strategy}, mapping_reason={"*": reason} if reason else {})
    return Case(organs={name: choice})
