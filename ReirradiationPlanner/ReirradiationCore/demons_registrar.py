"""A second deformable engine, to see how far two engines disagree: symmetric forces demons.

It shares the rigid part with the first engine, so that what differs is the deformation. It is no
choice for the registration of a case: it smooths its field, and the inside of organs stays behind
their surface.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from .body_mask import body_mask, resample, shrink
from .built_in_registrar import combined
from .errors import RegistrationError
from .grids import Grid, Volume
from .progress import Progress
from .registration_result import RegistrationResult

SPACINGS_MM = (12.0, 6.0, 3.0)
ITERATIONS = (40, 40, 30)
SMOOTHING_VOXELS = 1.5
WINDOW_HU = (-200.0, 300.0)
OUTSIDE_HU = -1000.0


@dataclass(frozen=True)
class DemonsRegistrar:
    """Fast symmetric forces demons of SimpleITK, coarse to fine, after a given rigid transform.

    Parameters
    ----------
    rigid : sitk.Transform
        Reference to prior.

    References
    ----------
    Vercauteren et al., NeuroImage 45:S61 (2009).
    """

    rigid: sitk.Transform

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Return the deformable match.

        Raises
        ------
        RegistrationError
            A CT that is missing.
        """
        if reference is None or prior is None:
            msg = "demons need the CT of both courses"
            raise RegistrationError(msg)
        began, field, log = time.perf_counter(), None, []
        for number, spacing in enumerate(SPACINGS_MM):
            progress(f"Second engine (demons) at {spacing:g} mm", number / len(SPACINGS_MM))
            images = self._images(reference, prior, spacing)
            field, residual = _level(*images, field, ITERATIONS[number])
            log.append(f"{spacing:g} mm: {ITERATIONS[number]} iterations, metric {residual:.1f}")
        return RegistrationResult(
            mode="deformable",
            engine=f"demons (SimpleITK {sitk.Version.VersionString()})",
            transform=combined(self.rigid, sitk.Cast(field, sitk.sitkVectorFloat64)),
            rigid=self.rigid,
            seconds=time.perf_counter() - began,
            log=tuple(log),
            stop_reason=f"{ITERATIONS[-1]} iterations",
        )

    def _images(
        self, reference: Volume, prior: Volume, spacing_mm: float
    ) -> tuple[sitk.Image, sitk.Image]:
        """Both bodies on one even grid over the reference CT, prior moved by the rigid part."""
        grid = reference.grid.with_spacing(spacing_mm)
        fixed = _windowed(reference, grid).to_sitk()
        moving = _windowed(prior, prior.grid.with_spacing(spacing_mm)).to_sitk()
        return fixed, sitk.Resample(moving, fixed, self.rigid, sitk.sitkLinear, WINDOW_HU[0])


def _windowed(image: Volume, grid: Grid) -> Volume:
    body = resample(body_mask(shrink(image, 2.0)), grid, 0.0).array > 0.5
    hu = np.clip(resample(image, grid, OUTSIDE_HU).array, *WINDOW_HU)
    return Volume(np.where(body, hu, np.float32(WINDOW_HU[0])), grid)


def _level(
    fixed: sitk.Image, moving: sitk.Image, start: sitk.Image | None, iterations: int
) -> tuple[sitk.Image, float]:
    engine = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    engine.SetNumberOfIterations(iterations)
    engine.SetSmoothDisplacementField(True)
    engine.SetStandardDeviations(SMOOTHING_VOXELS)
    if start is None:
        return engine.Execute(fixed, moving), engine.GetMetric()
    still = sitk.Transform(3, sitk.sitkIdentity)
    onto = sitk.Resample(start, fixed, still, sitk.sitkLinear, 0.0, start.GetPixelID(), True)
    return engine.Execute(fixed, moving, onto), engine.GetMetric()
