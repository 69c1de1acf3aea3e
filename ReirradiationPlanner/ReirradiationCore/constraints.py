"""Dose constraints: what a limit says, about which dose and organ, and when it applies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from .errors import ProtocolError
from .metrics import Metric


class Quantity(Enum):
    """What kind of dose a limit is written in; never guessed from the number."""

    PHYSICAL = "PHYSICAL"
    EQD2 = "EQD2"
    BED = "BED"
    EQDX = "EQDx"
    UNKNOWN = "UNKNOWN"


class Scope(Enum):
    """Which courses a limit speaks about."""

    CUMULATIVE = "cumulative"
    RERT_ONLY = "rert_only"
    SINGLE_COURSE = "single_course"


class Relation(Enum):
    """Which side of the limit is allowed; a value equal to the limit counts as met."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"

    @property
    def is_upper(self) -> bool:
        """True if values above the limit break it."""
        return self in (Relation.AT_MOST, Relation.BELOW)


class Hardness(Enum):
    """How much a limit binds: hard limits stop the isotoxic search, advisory ones are shown."""

    HARD = "hard"
    ADVISORY = "advisory"


class Measure(Enum):
    """What is compared with the limit: a metric, or one of the cord criteria (physics.md 2.3)."""

    METRIC = "METRIC"
    RERT_SHARE = "RERT_SHARE"
    INTERVAL = "INTERVAL"


RADIOBIOLOGICAL = (Quantity.EQD2, Quantity.BED, Quantity.EQDX)


@dataclass(frozen=True)
class Condition:
    """When a limit applies; None means that it does not matter.

    Parameters
    ----------
    min_interval_months, max_interval_months : float, optional
        Months from the last prior course to the planned one, bounds included.
    min_fractions, max_fractions : int, optional
        Fractions of the planned course.
    min_dose_per_fraction_gy, max_dose_per_fraction_gy : float, optional
        Prescribed dose per fraction of the planned course, Gy.
    max_prior_courses : int, optional
        Most prior courses the limit was found with.
    max_course_gy : float, optional
        The same metric of each single course, in the quantity of the limit, Gy.
    confirm : str
        What only a person can tell; the limit is not judged before it is confirmed.
    """

    min_interval_months: float | None = None
    max_interval_months: float | None = None
    min_fractions: int | None = None
    max_fractions: int | None = None
    min_dose_per_fraction_gy: float | None = None
    max_dose_per_fraction_gy: float | None = None
    max_prior_courses: int | None = None
    max_course_gy: float | None = None
    confirm: str = ""

    def describe(self) -> str:
        """Return the condition as the grammar writes it; empty if there is none."""
        clauses = [
            f"{words} {sign} {getattr(self, name):g}{unit}"
            for name, (words, sign, unit) in CLAUSES.items()
            if getattr(self, name) is not None
        ]
        return " and ".join(clauses + ([f'confirmed "{self.confirm}"'] if self.confirm else []))


CLAUSES = {
    "min_interval_months": ("interval", ">=", " months"),
    "max_interval_months": ("interval", "<=", " months"),
    "min_fractions": ("fractions", ">=", ""),
    "max_fractions": ("fractions", "<=", ""),
    "min_dose_per_fraction_gy": ("dose per fraction", ">=", " Gy"),
    "max_dose_per_fraction_gy": ("dose per fraction", "<=", " Gy"),
    "max_prior_courses": ("prior courses", "<=", ""),
    "max_course_gy": ("each course", "<=", " Gy"),
}


@dataclass(frozen=True)
class Constraint:
    """One limit of a constraint set.

    Parameters
    ----------
    id : str
        Unique within its set.
    set_name : str
        Name of the constraint set.
    organ : str
        Standard name, or several separated by ``|``; see ``names.applies_to``.
    metric : Metric
        What is measured (for ``Measure.INTERVAL``: the metric whose limit it accompanies).
    limit : float, optional
        Gy, cc, %, ratio or months as ``unit`` says; None while ``limit_range`` or ``limit_model``
        awaits a choice or a calculation.
    unit : str
        ``Gy``, ``cc``, ``%``, ``ratio`` or ``months``.
    alpha_beta_gy : float, optional
        Gy, of the limit itself (not the organ's display value); None for physical dose, and for
        EQD2 or BED limits whose source does not state it.
    eqd_x_gy : float
        X of EQDx, Gy per fraction; 2 otherwise.
    n_fractions : int, optional
        Fractions of the planned course that a physical limit holds for.
    recovery_contained : bool
        True if recovery is already contained in the limit, or excluded by its source: it may only
        be compared with a dose without recovery.
    recovery_rule : str
        Recovery that the source used together with the limit.
    unusable : str
        Why the entry must not be judged although a publication prints it; empty if it may.
    """

    id: str
    set_name: str
    organ: str
    metric: Metric
    relation: Relation
    limit: float | None
    unit: str
    quantity: Quantity
    alpha_beta_gy: float | None = None
    eqd_x_gy: float = 2.0
    n_fractions: int | None = None
    scope: Scope = Scope.CUMULATIVE
    measure: Measure = Measure.METRIC
    limit_range: tuple[float, float] | None = None
    limit_model: str = ""
    condition: Condition = field(default_factory=Condition)
    hardness: Hardness = Hardness.ADVISORY
    recovery_contained: bool = False
    recovery_rule: str = "none"
    source: str = ""
    evidence: str = ""
    note: str = ""
    unusable: str = ""

    @property
    def organs(self) -> tuple[str, ...]:
        """Standard names the limit is written for."""
        return tuple(self.organ.split("|"))

    @property
    def metric_name(self) -> str:
        """What is measured, as shown to the user."""
        names = {
            Measure.METRIC: self.metric.name,
            Measure.RERT_SHARE: f"planned share of cumulative {self.metric.name}",
            Measure.INTERVAL: "interval",
        }
        return names[self.measure]

    @property
    def limit_text(self) -> str:
        """Limit with its unit, also where a choice is open."""
        if self.limit is not None:
            return f"{self.limit:g} {self.unit}"
        if self.limit_range:
            return f"{self.limit_range[0]:g}-{self.limit_range[1]:g} {self.unit}"
        return f"as {self.limit_model} gives, {self.unit}"

    @property
    def quantity_text(self) -> str:
        """Quantity with its alpha/beta, for example ``EQD2(ab=3)``."""
        if self.quantity not in RADIOBIOLOGICAL:
            return self.quantity.value
        name = f"EQD{self.eqd_x_gy:g}" if self.quantity is Quantity.EQDX else self.quantity.value
        alpha_beta = "not stated" if self.alpha_beta_gy is None else f"{self.alpha_beta_gy:g}"
        return f"{name}(ab={alpha_beta})"

    @property
    def open_question(self) -> str:
        """Why the limit cannot be judged as it stands; empty if it can."""
        if self.unusable:
            return f"not judged: {self.unusable}"
        if self.quantity is Quantity.UNKNOWN:
            return "the source does not say whether the limit is physical dose, EQD2 or BED"
        if self.limit_range and self.limit is None:
            return f"the source gives the range {self.limit_text}; choose one number in the case"
        if self.limit_model and self.limit is None:
            return f"the limit depends on the prior dose and has to come from {self.limit_model}"
        if self.quantity in RADIOBIOLOGICAL and self.alpha_beta_gy is None:
            return f"the source does not state the alpha/beta of its {self.quantity.value} limit; \
choose one in the case"
        return ""

    def describe(self) -> str:
        """Return the limit as one line of the grammar."""
        line = f"{self.organ} {self.metric_name} {self.relation.value} {self.limit_text}"
        condition = self.condition.describe()
        if self.n_fractions:
            condition = f"fractions = {self.n_fractions}" + (condition and f" and {condition}")
        if self.measure is not Measure.INTERVAL:
            line += f" @{self.quantity_text}"
        return line + (condition and f" if {condition}")

    def with_choice(
        self, *, limit: float | None = None, alpha_beta_gy: float | None = None
    ) -> Constraint:
        """Return the limit with what the source leaves open chosen by the user.

        Parameters
        ----------
        limit : float, optional
            Within the range of the source, or the result of ``limit_model``.
        alpha_beta_gy : float, optional
            Gy; only where the source states none.

        Raises
        ------
        ProtocolError
            A number outside the published range, or a choice where the source leaves none.
        """
        low, high = self.limit_range or (0.0, float("inf"))
        if limit is not None and not (self.limit_range or self.limit_model):
            msg = f"{self.id}: the limit is {self.limit_text}; its source leaves no choice"
            raise ProtocolError(msg)
        if limit is not None and not low <= limit <= high:
            msg = f"{self.id}: {limit:g} {self.unit} is outside the range {self.limit_text}"
            raise ProtocolError(msg)
        if alpha_beta_gy is not None and (
            self.alpha_beta_gy is not None or self.quantity not in RADIOBIOLOGICAL
        ):
            msg = f"{self.id}: the limit is in {self.quantity_text}; alpha/beta is not open"
            raise ProtocolError(msg)
        return replace(
            self,
            limit=self.limit if limit is None else limit,
            alpha_beta_gy=self.alpha_beta_gy if alpha_beta_gy is None else alpha_beta_gy,
        )
