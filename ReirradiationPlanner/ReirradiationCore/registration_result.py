"""What every registration engine returns, and what an engine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import SimpleITK as sitk

from .grids import Volume
from .progress import Progress


@dataclass(frozen=True, eq=False)
class RegistrationResult:
    """How points of the reference image get to a prior image, and where that came from.

    Parameters
    ----------
    mode : str
        ``identity``, ``rigid``, ``deformable`` or ``file``.
    engine : str
        What computed it, with its version.
    transform : sitk.Transform
        Takes points of the reference image to the prior image, LPS, mm.
    rigid : sitk.Transform, optional
        The rigid part alone; None where it is not known (a file).
    seconds : float
        Time it took.
    parameters : mapping
        Settings and measured numbers (rotation_deg, shift_mm, body_dice, correlation).
    log : tuple of str
        One line per start and level.
    stop_reason : str
        Why the last optimisation ended.
    warnings : tuple of str
        What the user must be told.
    guided : tuple of str
        Organs and landmarks that steered it, and so cannot validate it.
    """

    mode: str
    engine: str
    transform: sitk.Transform
    rigid: sitk.Transform | None = None
    seconds: float = 0.0
    parameters: Mapping[str, object] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    stop_reason: str = ""
    warnings: tuple[str, ...] = ()
    guided: tuple[str, ...] = ()


class Registrar(Protocol):
    """An engine: built-in, a module of the application, or a file made elsewhere.

    An engine holds its own settings and needs nothing but the images. It calls ``progress`` at
    least between its steps and lets a `CancelledError` raised there through; it fills ``engine``,
    ``seconds``, ``log`` and ``stop_reason``. `registration.register` judges what it returns.
    """

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Return the transform from the reference to the prior image, not yet judged.

        Raises
        ------
        RegistrationError
            No transform was found.
        CancelledError
            The user stopped it.
        """
