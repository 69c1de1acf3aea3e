"""The built-in engine: rigid, deformable after it, and a finer step around chosen structures."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
import SimpleITK as sitk

from .body_mask import body_mask, cut_by_field_of_view, shrink
from .deformable_steps import DeformableOptions
from .errors import RegistrationError
from .fine_region import FineRegion, refine_region
from .grids import Volume
from .progress import Progress
from .registration_choice import AUTO
from .registration_deformable import DeformableMatch, register_deformable
from .registration_guidance import GuidedOrgan
from .registration_result import RegistrationResult
from .registration_rigid import RigidMatch, register_rigid
from .registration_starts import StartChoice, as_rigid

WORKING_SPACING_MM = 2.0

Pair = tuple[Volume, Volume]


def engine_name() -> str:
    """Name and version of the built-in engine."""
    return f"built-in (SimpleITK {sitk.Version.VersionString()}, Gauss-Newton with curvature)"


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
        Rigid transform to start from instead of searching one.
    refine : bool
        False takes ``start`` as the rigid part, as it is; it must be rigid all the same.
    starts : StartChoice
        Where to begin if no ``start`` is given.
    guidance : tuple of GuidedOrgan
        Organs contoured in both courses that steer the deformable step.
    region : FineRegion, optional
        Where a finer step follows the deformable one.
    remarks : tuple of str
        What the result must warn of whatever is found.
    """

    deformable: bool = True
    options: DeformableOptions = field(default_factory=DeformableOptions)
    start: sitk.Transform | None = None
    refine: bool = True
    starts: StartChoice = field(default_factory=StartChoice)
    guidance: tuple[GuidedOrgan, ...] = ()
    region: FineRegion | None = None
    remarks: tuple[str, ...] = ()

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Register two CTs; see `register_rigid` and `register_deformable`.

        Raises
        ------
        RegistrationError
            A CT that is missing, a start that is not rigid, or what the steps refuse.
        CancelledError
            The user stopped it.
        """
        whole = _required(reference, "planned"), _required(prior, "prior")
        if self.start is not None:
            as_rigid(self.start, np.zeros(3))  # refused before the long steps
        began = time.perf_counter()
        progress("Finding the bodies", 0.0)
        finest = self.options.spacing_mm if self.deformable else WORKING_SPACING_MM
        spacing = min(WORKING_SPACING_MM, finest)
        images = shrink(whole[0], spacing), shrink(whole[1], spacing)
        bodies = body_mask(images[0]), body_mask(images[1])
        cut = cut_by_field_of_view(images[0], bodies[0], "reference")
        cut += cut_by_field_of_view(images[1], bodies[1], "prior")
        progress("Finding the bodies", 1.0)
        rigid = self._rigid(images, bodies, progress)
        found: dict[str, object] = {"start": rigid.start}
        match = None
        if self.deformable:
            match = self._bent(whole, images, bodies, rigid.transform, progress)
            found |= vars(self.options) | {"smallest_jacobian": match.smallest_jacobian}
        bent = match is not None and match.bent
        return RegistrationResult(
            mode="deformable" if bent else "rigid",
            engine=engine_name(),
            transform=combined(rigid.transform, match.field) if bent else rigid.transform,
            rigid=rigid.transform,
            seconds=time.perf_counter() - began,
            parameters=found,
            log=rigid.log + (match.log if match else ()),
            stop_reason=match.stop_reason if match else rigid.stop_reason,
            warnings=self.remarks + cut + rigid.warnings + (match.warnings if match else ()),
            guided=self._guided(bent),
        )

    def _rigid(self, images: Pair, bodies: Pair, progress: Progress) -> RigidMatch:
        if self.start is not None and not self.refine:
            taken = "rigid start taken as given"
            return RigidMatch(self.start, (taken,), taken, "the given transform")
        choice = self.starts if self.start is None else StartChoice(given=self.start)
        found = register_rigid(*images, bodies, progress, choice)
        transform = sitk.Transform(found.transform)
        return replace(found, transform=transform)

    def _bent(
        self, whole: Pair, images: Pair, bodies: Pair, rigid: sitk.Transform, progress: Progress
    ) -> DeformableMatch:
        match = register_deformable(*images, rigid, bodies, progress, self.options, self.guidance)
        if self.region is None or not match.bent:
            return match
        return refine_region(
            whole, bodies, match, self.region, progress, self.options, self.guidance
        )

    def _guided(self, bent: bool) -> tuple[str, ...]:
        organs = tuple(organ.name for organ in self.guidance) if bent else ()
        used = self.start is None and self.starts.kind in (AUTO, "landmarks")
        return organs + tuple(mark.name for mark in self.starts.landmarks if used)


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
