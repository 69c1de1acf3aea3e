"""Bring a prior CT and today's CT together: one typed result, whatever engine made it.

The reference image (fixed) is the CT of the planned course, the prior image (moving) that of an
earlier course. The transform of a result takes points of the reference to the prior image, so a
prior dose is pulled back through it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import SimpleITK as sitk

from .body_mask import body_mask, shrink
from .errors import RegistrationError
from .grids import Volume
from .point_transforms import read_transform
from .progress import Progress, silent
from .registration_checks import plausible_overlap, plausible_rotation, position_warnings
from .registration_deformable import DeformableOptions, register_deformable
from .registration_rigid import register_rigid

MODES = ("identity", "rigid", "deformable")
WORKING_SPACING_MM = 2.0


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


class Registrar(Protocol):
    """An engine: built-in, a module of the application, or a file made elsewhere."""

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


def choose_mode(same_frame: bool) -> str:
    """Return what ``auto`` stands for: identity in one frame of reference, else deformable."""
    return "identity" if same_frame else "deformable"


def engine_name() -> str:
    """Name and version of the built-in engine."""
    return f"built-in (SimpleITK {sitk.Version.VersionString()}, Gauss-Newton with curvature)"


@dataclass(frozen=True)
class IdentityRegistrar:
    """Both images share a frame of reference: nothing moves."""

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Return the identity."""
        del reference, prior
        progress("Registration: identity", 1.0)
        still = sitk.Transform(3, sitk.sitkIdentity)
        return RegistrationResult("identity", "none", still, still)


@dataclass(frozen=True)
class FileRegistrar:
    """A transform made elsewhere: ITK file or image of displacement vectors."""

    path: Path

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Read the file; see `point_transforms.read_transform` for what is refused."""
        del reference, prior
        progress(f"Reading {Path(self.path).name}", 0.0)
        return RegistrationResult("file", f"file {self.path.name}", read_transform(self.path))


@dataclass(frozen=True)
class BuiltInRegistrar:
    """Rigid, and deformable after it, with SimpleITK and numpy.

    Parameters
    ----------
    deformable : bool
        False stops after the rigid step.
    options : DeformableOptions
        Settings of the deformable step.
    start : sitk.Transform, optional
        Rigid transform to take instead of searching one.
    """

    deformable: bool = True
    options: DeformableOptions = field(default_factory=DeformableOptions)
    start: sitk.Transform | None = None

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Register two CTs; see `register_rigid` and `register_deformable`."""
        fixed, moving = _required(reference, "planned"), _required(prior, "prior")
        began = time.perf_counter()
        progress("Finding the bodies", 0.0)
        spacing = min(WORKING_SPACING_MM, self.options.spacing_mm)
        fixed, moving = shrink(fixed, spacing), shrink(moving, spacing)
        bodies = body_mask(fixed), body_mask(moving)
        rigid, log, reason = self.start, (), "rigid start given"
        if rigid is None:
            match = register_rigid(fixed, moving, bodies, progress)
            rigid, log, reason = sitk.Transform(match.transform), match.log, match.stop_reason
        transform = rigid
        if self.deformable:
            bent = register_deformable(fixed, moving, rigid, bodies, progress, self.options)
            transform = combined(rigid, bent.field)
            log, reason = log + bent.log, bent.stop_reason
        return RegistrationResult(
            mode="deformable" if self.deformable else "rigid",
            engine=engine_name(),
            transform=transform,
            rigid=rigid,
            seconds=time.perf_counter() - began,
            parameters=vars(self.options).copy() if self.deformable else {},
            log=log,
            stop_reason=reason,
        )


def _required(image: Volume | None, which: str) -> Volume:
    if image is None:
        msg = (
            f"the {which} course has no CT to register; give its planning CT, or the "
            "transform between the two frames of reference as a file"
        )
        raise RegistrationError(msg)
    return image


def combined(rigid: sitk.Transform, displacement: sitk.Image) -> sitk.Transform:
    """Return the composite that moves a point by the displacement, then by the rigid transform."""
    composite = sitk.CompositeTransform(3)
    composite.AddTransform(rigid)
    composite.AddTransform(sitk.DisplacementFieldTransform(sitk.Image(displacement)))
    return sitk.Transform(composite)


def registrar_for(mode: str | Path) -> Registrar:
    """Return the engine for ``identity``, ``rigid``, ``deformable`` or a transform file."""
    if mode == "identity":
        return IdentityRegistrar()
    if mode in MODES:
        return BuiltInRegistrar(deformable=mode == "deformable")
    return FileRegistrar(Path(mode))


def register(
    reference: Volume | None,
    prior: Volume | None,
    mode: str | Path | Registrar,
    progress: Progress = silent,
    positions: tuple[str, str] = ("", ""),
) -> RegistrationResult:
    """Register a prior CT to the reference CT and refuse a result that cannot be right.

    Parameters
    ----------
    reference, prior : Volume, optional
        CT in HU; only ``identity`` and a file do without.
    mode : str, Path or Registrar
        ``identity``, ``rigid``, ``deformable``, a transform file, or an engine.
    progress : Progress
        May raise `CancelledError`, which stops the engine.
    positions : tuple of str
        Patient Position (0018,5100) of both images. Patient coordinates already turn a prone or
        feet-first patient, so a difference is told as a warning and judged by the result.

    Raises
    ------
    RegistrationError
        No transform was found, or it turns by more than 30 degrees, or the bodies overlap by less
        than 0.5 (Dice) where both CTs see.
    GeometryError
        A patient position that DICOM does not define.
    CancelledError
        The user stopped it.
    """
    warnings = position_warnings(positions)
    engine = registrar_for(mode) if isinstance(mode, (str, Path)) else mode
    result = engine.register(reference, prior, progress)
    numbers: dict[str, object] = dict(result.parameters)
    if result.mode != "identity":
        numbers |= plausible_rotation(result.rigid or result.transform)
        if reference is not None and prior is not None:
            numbers |= plausible_overlap(result.transform, reference, prior)
    return replace(result, parameters=numbers, warnings=result.warnings + warnings)


def register_backward(
    reference: Volume, prior: Volume, result: RegistrationResult, progress: Progress = silent
) -> RegistrationResult:
    """Register the other way round (prior to reference), to measure inverse consistency.

    The rigid start is the inverse of that of ``result``; the deformable step is independent.
    """
    if result.rigid is None:
        msg = "a transform from a file has no rigid part from which to register backwards"
        raise RegistrationError(msg)
    engine = BuiltInRegistrar(result.mode == "deformable", start=result.rigid.GetInverse())
    return engine.register(prior, reference, progress)
