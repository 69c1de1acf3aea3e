"""The errors of the method: each message is one sentence a physicist can act on."""

from __future__ import annotations


class ReirradiationError(ValueError):
    """Base of all errors that tell the user about the input, not about a defect of the program."""


class RefusedError(ReirradiationError):
    """Input or options that must not be evaluated.

    Parameters
    ----------
    reasons : list of str
        One sentence per reason: what (with the file), what is wrong, what to do.
    """

    def __init__(self, *reasons: str) -> None:
        self.reasons: tuple[str, ...] = tuple(reasons)
        super().__init__("; ".join(reasons))


class GeometryError(ReirradiationError):
    """Two grids, frames of reference or patient positions that do not belong together."""


class RadiobiologyError(ReirradiationError):
    """A dose, number of fractions or alpha/beta outside what the model accepts."""


class ProtocolError(ReirradiationError):
    """A constraint set, metric or recovery rule that is not well formed or has no source."""


class RegistrationError(ReirradiationError):
    """A registration that could not be computed or does not cover what it must."""


class CancelledError(ReirradiationError):
    """The user asked a long step to stop."""
