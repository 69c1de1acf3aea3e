"""Bring a prior CT and today's CT together: one typed result, whatever engine made it.

The reference image (fixed) is the CT of the planned course, the prior image (moving) that of an
earlier course. The transform of a result takes points of the reference to the prior image, so a
prior dose is pulled back through it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import SimpleITK as sitk

from .built_in_registrar import BuiltInRegistrar, combined, engine_name
from .deformable_steps import DeformableOptions
from .errors import RegistrationError
from .grids import Volume
from .point_transforms import read_transform
from .progress import Progress, silent
from .registration_checks import plausible_overlap, plausible_rotation, position_warnings
from .registration_likeness import require_direction, unlike_after_deformation
from .registration_result import Registrar, RegistrationResult

__all__ = [
    "MODES", "BuiltInRegistrar", "FileRegistrar", "IdentityRegistrar", "Registrar",
    "RegistrationResult", "choose_mode", "combined", "engine_name", "register",
    "register_backward", "registrar_for",
]  # fmt: skip

MODES = ("identity", "rigid", "deformable")


def choose_mode(same_frame: bool) -> str:
    """Return what ``auto`` stands for: identity in one frame of reference, else deformable."""
    return "identity" if same_frame else "deformable"


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
        reason = "one frame of reference"
        return RegistrationResult("identity", "none", still, still, stop_reason=reason)


@dataclass(frozen=True)
class FileRegistrar:
    """A transform made elsewhere: ITK file or image of displacement vectors."""

    path: Path

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Read the file; see `point_transforms.read_transform` for what is refused."""
        del reference, prior
        began, name = time.perf_counter(), Path(self.path).name
        progress(f"Reading {name}", 0.0)
        transform = read_transform(self.path)
        seconds, kind = time.perf_counter() - began, transform.GetName()
        return RegistrationResult(
            "file", f"file {name}", transform, seconds=seconds,
            log=(f"{name}: {kind}",), stop_reason="read from a file",
        )  # fmt: skip


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
        No transform was found, it is not plausible (see `plausible_rotation`), one that was not
        found here points the wrong way (see `require_direction`), or the bodies overlap by less
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
        numbers |= plausible_rotation(result.transform)
        numbers |= plausible_rotation(result.rigid) if result.rigid is not None else {}
        if not isinstance(engine, BuiltInRegistrar):
            warnings += require_direction(result.transform, reference, prior)
        if reference is not None and prior is not None:
            numbers |= plausible_overlap(result.transform, reference, prior)
        warnings += unlike_after_deformation(result.mode, numbers)
    return replace(result, parameters=numbers, warnings=result.warnings + warnings)


def register_backward(
    reference: Volume,
    prior: Volume,
    result: RegistrationResult,
    progress: Progress = silent,
    options: DeformableOptions | None = None,
) -> RegistrationResult:
    """Register the other way round (prior to reference), to measure inverse consistency.

    A rigid registration is searched anew. Of a deformable one the rigid start is the inverse of
    that of ``result``, and the deformable step is independent; ``options`` may make it coarser.
    """
    if result.rigid is None:
        msg = "a transform from a file has no rigid part from which to register backwards"
        raise RegistrationError(msg)
    deformable = result.mode == "deformable"
    start = result.rigid.GetInverse() if deformable else None
    engine = BuiltInRegistrar(deformable, options or DeformableOptions(), start, refine=False)
    return engine.register(prior, reference, progress)
