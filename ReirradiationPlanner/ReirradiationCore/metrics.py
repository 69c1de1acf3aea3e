"""Names of dose-volume metrics: what ``D0.1cc``, ``D95%``, ``V20Gy`` or ``CV15Gy`` ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .errors import ProtocolError


class MetricKind(Enum):
    """What a metric measures."""

    DOSE_AT_CC = "DxCC"
    DOSE_AT_PERCENT = "Dx%"
    MAXIMUM = "Dmax"
    MINIMUM = "Dmin"
    MEAN = "Dmean"
    VOLUME_AT_DOSE = "VxGy"
    SPARED_VOLUME = "CVxGy"


_PATTERNS = (
    (MetricKind.DOSE_AT_CC, re.compile(r"D(\d+(?:\.\d+)?)cc")),
    (MetricKind.DOSE_AT_PERCENT, re.compile(r"D(\d+(?:\.\d+)?)%")),
    (MetricKind.MAXIMUM, re.compile(r"Dmax")),
    (MetricKind.MINIMUM, re.compile(r"Dmin")),
    (MetricKind.MEAN, re.compile(r"Dmean")),
    (MetricKind.VOLUME_AT_DOSE, re.compile(r"V(\d+(?:\.\d+)?)Gy")),
    (MetricKind.SPARED_VOLUME, re.compile(r"CV(\d+(?:\.\d+)?)Gy")),
)
_DOSE_KINDS = {
    MetricKind.DOSE_AT_CC,
    MetricKind.DOSE_AT_PERCENT,
    MetricKind.MAXIMUM,
    MetricKind.MINIMUM,
    MetricKind.MEAN,
}


@dataclass(frozen=True)
class Metric:
    """A dose-volume metric.

    Parameters
    ----------
    name : str
        As written, for example ``D0.1cc``.
    kind : MetricKind
        What it measures.
    argument : float, optional
        cc, % or Gy as the kind says; None for Dmax, Dmin, Dmean.
    """

    name: str
    kind: MetricKind
    argument: float | None = None

    @classmethod
    def parse(cls, text: str) -> Metric:
        """Read a metric name (physics.md 3.1).

        Raises
        ------
        ProtocolError
            Text that is not a metric, a percentage outside 0..100, a volume or dose of zero.
        """
        name = text.strip()
        for kind, pattern in _PATTERNS:
            found = pattern.fullmatch(name)
            if found:
                argument = float(found.group(1)) if pattern.groups else None
                _require_sensible(name, kind, argument)
                return cls(name, kind, argument)
        msg = f"'{text}' is not a metric; known are D0.1cc, D95%, Dmax, Dmin, Dmean, V20Gy, CV15Gy"
        raise ProtocolError(msg)

    @property
    def is_dose(self) -> bool:
        """True if the result is a dose (Gy), False if it is a volume (cc or %)."""
        return self.kind in _DOSE_KINDS

    @property
    def is_near_maximum(self) -> bool:
        """True for Dmax and DxCC: metrics of the hottest part, which a sum of maxima bounds."""
        return self.kind in (MetricKind.MAXIMUM, MetricKind.DOSE_AT_CC)


def _require_sensible(name: str, kind: MetricKind, argument: float | None) -> None:
    if argument is None:
        return
    if kind is MetricKind.DOSE_AT_PERCENT and not 0 < argument <= 100:
        msg = f"'{name}' asks for a volume outside 0..100 %"
        raise ProtocolError(msg)
    if argument <= 0:
        msg = f"'{name}' needs a number above zero"
        raise ProtocolError(msg)
