"""Other mappings of the prior dose of one organ: searched, displaced, rigid, point sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from .accumulation import CourseDose, OrganDoses
from .case import MappingStrategy
from .courses import Course
from .dose_mapping import dose_at_points
from .ellipsoid_points import EllipsoidNeighbours, points_around
from .grids import Grid, Volume
from .organ_doses import transform_for
from .perturbation import axis_shifts, displace, random_displacement
from .pipeline_data import RegisteredCourse
from .uncertainty_choice import Triple, UncertaintyChoice

FloatArray = npt.NDArray[np.floating]
MAPPED = (MappingStrategy.DIR, MappingStrategy.RIGID)
MOST_POINTS = 1_000_000
TOWARDS = ("right", "left", "front", "back", "feet", "head")


@dataclass(frozen=True, eq=False)
class SearchedCourse(CourseDose):
    """A course whose EQD2 at a point is the largest within an ellipsoid around it.

    Parameters
    ----------
    search : EllipsoidNeighbours, optional
        Of the organ's sample points, followed by those of ``outside``.
    outside : CourseDose, optional
        The same course at points around the organ, for the unrestricted search.
    """

    search: EllipsoidNeighbours | None = None
    outside: CourseDose | None = None
    _found: dict[float, FloatArray] = field(default_factory=dict, init=False, repr=False)

    @property
    def is_pointwise(self) -> bool:
        """False: the EQD2 of a point is that of its surroundings."""
        return False

    def eqd2(self, alpha_beta_gy: float) -> FloatArray:
        """Largest EQD2 within the ellipsoid (N,), Gy; NaN where any dose it needs is unknown."""
        if alpha_beta_gy not in self._found:
            self._found[alpha_beta_gy] = self._search(super().eqd2(alpha_beta_gy), alpha_beta_gy)
        return self._found[alpha_beta_gy]

    def _search(self, own: FloatArray, alpha_beta_gy: float) -> FloatArray:
        if self.search is None:
            return own
        if self.outside is None:
            return self.search.largest(own)
        around = self.outside.eqd2(alpha_beta_gy)
        found = self.search.largest(np.concatenate([own, around]))[: len(own)]
        unknown = np.concatenate([np.zeros(len(own)), np.isnan(around)])
        if unknown.any():
            found[self.search.largest(unknown)[: len(own)] > 0] = np.nan
        return found


@dataclass(frozen=True, eq=False)
class MappingContext:
    """What other mappings are made from.

    Parameters
    ----------
    priors : sequence of Course
        Prior courses.
    registered : mapping
        Course id to registration.
    choice : UncertaintyChoice
        Which scenarios, how large.
    fields : sequence of mapping
        For each random scenario the displacement (LPS, mm) of each course.
    """

    priors: Sequence[Course]
    registered: Mapping[str, RegisteredCourse]
    choice: UncertaintyChoice
    fields: Sequence[Mapping[str, Volume]] = ()


@dataclass(frozen=True, eq=False)
class MappingScenario:
    """The doses of one organ under another mapping."""

    group: str
    name: str
    doses: OrganDoses


def random_fields(
    points_lps: FloatArray, priors: Sequence[Course], choice: UncertaintyChoice
) -> tuple[dict[str, Volume], ...]:
    """Return the displacement of each course in each random scenario, around all ``points_lps``.

    Every course has a field of its own; the same seed and points give the same fields.
    """
    if choice.fields_mm is None or not len(points_lps):
        return ()
    margin, spacing = 2 * choice.correlation_mm, choice.correlation_mm / 3
    low = points_lps.min(axis=0) - margin
    size = np.ceil((points_lps.max(axis=0) + margin - low) / spacing).astype(int) + 1
    grid = Grid(tuple(size.tolist()), (spacing,) * 3, tuple(low.tolist()))
    seeds = np.random.SeedSequence(choice.seed).generate_state(choice.fields * max(1, len(priors)))
    numbers = iter(seeds.tolist())
    return tuple(
        {
            prior.id: random_displacement(
                grid, choice.fields_mm, choice.correlation_mm, next(numbers)
            )
            for prior in priors
        }
        for _ in range(choice.fields)
    )


def geometric_scenarios(doses: OrganDoses, context: MappingContext) -> Iterator[MappingScenario]:
    """Yield the ellipsoid search, the shifts and the random displacements that were chosen.

    Only prior doses mapped point by point (DIR, RIGID) are searched or displaced. A shift is the
    same for all prior courses; without such a course there is nothing to yield.
    """
    choice = context.choice
    if not any(dose.strategy in MAPPED for dose in doses.priors.values()):
        return
    points = doses.samples.points_lps
    if choice.ellipsoid_mm is not None:
        kind = "unrestricted ellipsoid" if choice.unrestricted else "ellipsoid within the organ"
        name = f"{kind}, {_millimetres(choice.ellipsoid_mm)}"
        yield MappingScenario("ellipsoid", name, searched(doses, choice.ellipsoid_mm, context))
    if choice.shifts_mm is not None:
        sizes = np.repeat(choice.shifts_mm, 2)
        pairs = [(n, s) for n, s in enumerate(axis_shifts(choice.shifts_mm)) if any(s)]
        names = [f"{sizes[n]:g} mm towards the {TOWARDS[n]}" for n, _ in pairs]
        moves = [lambda _, s=shift: points + np.array(s) for _, shift in pairs]
        yield from _displaced("shifts", names, moves, doses, context)
    if context.fields:
        names = [f"random displacement {n}" for n in range(1, len(context.fields) + 1)]
        moves = [lambda course, f=one: displace(points, f[course]) for one in context.fields]
        yield from _displaced("fields", names, moves, doses, context)


def _millimetres(size: Triple) -> str:
    return f"{size[0]:g} mm" if len(set(size)) == 1 else " x ".join(f"{a:g}" for a in size) + " mm"


def searched(doses: OrganDoses, semi_axes_mm: Triple, context: MappingContext) -> OrganDoses:
    """Return the doses with every mapped prior course replaced by its ellipsoid search."""
    samples = doses.samples
    spacing = samples.finest_spacing_mm or samples.spacing_mm
    points, around = samples.points_lps, None
    if context.choice.unrestricted:
        around = points_around(points, semi_axes_mm, samples.spacing_mm)
        points = np.concatenate([points, around])
    search = EllipsoidNeighbours(points, semi_axes_mm, spacing)
    priors = dict(doses.priors)
    for prior in context.priors:
        dose = priors[prior.id]
        if dose.strategy in MAPPED:
            outside = None if around is None else _mapped(prior, dose, around, context)
            known = {one.name: getattr(dose, one.name) for one in fields(CourseDose)}
            priors[prior.id] = SearchedCourse(**known, search=search, outside=outside)
    return replace(doses, priors=priors)


def _mapped(
    prior: Course, dose: CourseDose, points: FloatArray, context: MappingContext
) -> CourseDose:
    transform = transform_for(dose.strategy, context.registered[prior.id])
    return replace(dose, phase_doses_gy=dose_at_points(prior, points, transform))


def _displaced(
    group: str,
    names: Sequence[str],
    moves: Sequence[Callable[[str], FloatArray]],
    doses: OrganDoses,
    context: MappingContext,
) -> Iterator[MappingScenario]:
    """Yield one scenario per move; several moves are mapped together, which is faster."""
    count = max(1, len(doses.samples.volumes_cc))
    together = max(1, MOST_POINTS // count)
    for start in range(0, len(moves), together):
        part = moves[start : start + together]
        priors: list[dict[str, CourseDose]] = [dict(doses.priors) for _ in part]
        for prior in context.priors:
            dose = doses.priors[prior.id]
            if dose.strategy not in MAPPED:
                continue
            moved = np.concatenate([move(prior.id) for move in part])
            mapped = _mapped(prior, dose, moved, context).phase_doses_gy
            for number, one in enumerate(priors):
                rows = slice(number * count, (number + 1) * count)
                one[prior.id] = replace(dose, phase_doses_gy=tuple(d[rows] for d in mapped))
        for name, one in zip(names[start : start + together], priors, strict=True):
            yield MappingScenario(group, name, replace(doses, priors=one))


def mapping_triplet(
    doses: OrganDoses, native: Mapping[str, CourseDose], context: MappingContext
) -> Iterator[MappingScenario]:
    """Yield the organ's doses mapped rigidly, deformably and as point sum, where each is possible.

    Parameters
    ----------
    doses : OrganDoses
        As the strategies of the organ say.
    native : mapping
        Course id to the dose in the organ as contoured on the prior image, where it is.
    """
    mapped = [prior for prior in context.priors if doses.priors[prior.id].strategy in MAPPED]
    for strategy in MAPPED:
        if mapped and all(_offers(context.registered[prior.id], strategy) for prior in mapped):
            yield MappingScenario("mapping", strategy.value, _remapped(doses, strategy, context))
    if native and all(prior.id in native for prior in context.priors):
        name = MappingStrategy.POINT_SUM.value
        yield MappingScenario("mapping", name, replace(doses, priors=dict(native)))


def engine_scenarios(doses: OrganDoses, context: MappingContext) -> Iterator[MappingScenario]:
    """Yield the organ's doses under each other map of ``uncertainty.engines``.

    Courses that lack a map of that name keep their own.
    """
    mapped = [prior for prior in context.priors if doses.priors[prior.id].strategy in MAPPED]
    names = dict.fromkeys(
        name for prior in mapped for name in context.registered[prior.id].alternatives
    )
    for name in names:
        priors = dict(doses.priors)
        for prior in mapped:
            other = context.registered[prior.id].alternatives.get(name)
            if other is not None:
                points = doses.samples.points_lps
                moved = dose_at_points(prior, points, other.transform)
                priors[prior.id] = replace(priors[prior.id], phase_doses_gy=moved)
        yield MappingScenario("engines", name, replace(doses, priors=priors))


def _offers(registered: RegisteredCourse, strategy: MappingStrategy) -> bool:
    if strategy is MappingStrategy.RIGID:
        return registered.result.rigid is not None
    return registered.result.mode in ("deformable", "file")


def _remapped(doses: OrganDoses, strategy: MappingStrategy, context: MappingContext) -> OrganDoses:
    points, priors = doses.samples.points_lps, dict(doses.priors)
    for prior in context.priors:
        dose = priors[prior.id]
        if dose.strategy in MAPPED and dose.strategy is not strategy:
            priors[prior.id] = _mapped(prior, replace(dose, strategy=strategy), points, context)
    return replace(doses, priors=priors)
