"""What the two demo courses are: CT and dose grids, couches, structures, dates and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..courses import Patient
from ..grids import Grid
from . import doses, organs
from .body import body
from .shapes import Array, Shape, between

DEFAULT_SEED = 20260101
PATIENT = Patient("REIRR-DEMO-01", "DEMO^PHANTOM", "19500101", "M")
KNOWN_TOP_MM, KNOWN_BOTTOM_MM = 114.0, -50.0  # organs are contoured where both courses see them


@dataclass(frozen=True)
class Region:
    """A structure of the demo case.

    Parameters
    ----------
    name : str
        ROI Name, as a clinic would write it.
    shape : Shape
        The region in today's anatomy.
    interpreted_type : str
        RT ROI Interpreted Type.
    color_rgb : tuple of int
        Display colour.
    lattice_mm : float
        Spacing of the samples its outline is drawn from.
    """

    name: str
    shape: Shape
    interpreted_type: str
    color_rgb: tuple[int, int, int]
    lattice_mm: float = 1.0


@dataclass(frozen=True)
class Couch:
    """Treatment couch under the patient: a flat shell of carbon fibre filled with foam, LPS, mm."""

    middle_x: float
    top_y: float
    half_width: float
    thickness: float
    bevel: float

    def hounsfield(self, points: Array) -> tuple[Array, Array]:
        """Return the part of each point (3, N) that is couch (0..1) and its HU there."""
        x, y = np.abs(points[0] - self.middle_x), points[1] - self.top_y
        side = self.half_width - self.bevel * y / self.thickness - x
        depth = np.minimum(np.minimum(y, self.thickness - y), side)
        shell = np.clip((2.5 - depth) / 2 + 0.5, 0, 1)
        return np.clip(depth / 2 + 0.5, 0, 1), -930 + shell * 750


@dataclass(frozen=True)
class DemoCourse:
    """Everything about one of the two courses but its voxels.

    Parameters
    ----------
    key : str
        Short name, also the folder it is written to.
    label, description : str
        RT Plan Label and Study Description.
    ct_grid, dose_grid : Grid
        Grids in the frame of the course.
    plan_date : str
        Date the plan was made and approved (DICOM DA).
    prescriptions : tuple of (str, float)
        Name of a target region and its prescribed dose, Gy, the main target first.
    isocentre : tuple of float
        Isocentre of the arcs in today's anatomy, LPS, mm.
    """

    key: str
    label: str
    description: str
    ct_grid: Grid
    dose_grid: Grid
    couch: Couch
    noise_hu: float
    ct_date: str
    plan_date: str
    intent: str
    fractions: int
    regions: tuple[Region, ...]
    prescriptions: tuple[tuple[str, float], ...]
    isocentre: tuple[float, float, float]


def prior_course(spacing_factor: float = 1.0) -> DemoCourse:
    """Return the first course: prostate and pelvic nodes, thirty months ago."""
    names = (
        "Bladder",
        "Rectum",
        "Small Bowel",
        "Sigmoid",
        "Femoral Head Lt",
        "Femoral Head Rt",
        "sacral plexus left",
        "sacral plexus right",
        "CaudaEquina",
        "A_Iliac_L",
        "A_Iliac_R",
        "V_Iliac_L",
        "V_Iliac_R",
    )
    targets = (
        Region("CTV_7400", organs.prostate_target(0.0), "CTV", (255, 150, 150)),
        Region("PTV_7400", organs.prostate_target(), "PTV", (255, 0, 0)),
        Region("PTV_5200", organs.nodal_target(), "PTV", (255, 120, 0), 1.5),
    )
    return DemoCourse(
        key="course1_prostate",
        label="PROST74",
        description="Demo: prostate 74 Gy and nodes 52 Gy in 37 fractions",
        ct_grid=_grid((192, 150, 70), (2.2, 2.2, 3.0), (-236.2, -107.6, -24.0), spacing_factor),
        dose_grid=_grid((134, 88, 69), (3.0, 3.0, 3.0), (-226.0, -92.0, -22.5), spacing_factor),
        couch=Couch(-24.0, 162.0, 205.0, 46.0, 60.0),
        noise_hu=11.0,
        ct_date="20230130",
        plan_date="20230213",
        intent="CURATIVE",
        fractions=doses.PRIOR_FRACTIONS,
        regions=(_outer(), *_organs(names), *targets),
        prescriptions=(("PTV_7400", doses.PROSTATE_GY), ("PTV_5200", doses.NODES_GY)),
        isocentre=(0.0, 0.0, 10.0),
    )


def planned_course(spacing_factor: float = 1.0) -> DemoCourse:
    """Return the second course: SBRT of the recurrent node, planned on today's CT."""
    names = (
        "Bladder",
        "Rectum",
        "Bowel_Small",
        "Colon_Sigmoid",
        "Femur_Head_L",
        "Femur_Head_R",
        "SacralPlex_L",
        "SacralPlex_R",
        "CaudaEquina",
        "A_Iliac_L",
        "A_Iliac_R",
        "V_Iliac_L",
        "V_Iliac_R",
    )
    targets = (
        Region("GTV_Node", organs.node(), "GTV", (255, 200, 0), 0.8),
        Region("PTV_3000", organs.node_target(), "PTV", (255, 0, 0), 0.8),
    )
    return DemoCourse(
        key="course2_node_sbrt",
        label="NODE_SBRT30",
        description="Demo: SBRT of a left iliac node, 30 Gy in 5 fractions",
        ct_grid=_grid((208, 160, 80), (2.0, 2.0, 2.5), (-206.6, -141.3, -57.5), spacing_factor),
        dose_grid=_grid((152, 100, 79), (2.5, 2.5, 2.5), (-190.0, -121.0, -56.0), spacing_factor),
        couch=Couch(6.0, 124.0, 188.0, 22.0, 8.0),
        noise_hu=13.0,
        ct_date="20250801",
        plan_date="20250814",
        intent="CURATIVE",
        fractions=doses.NODE_FRACTIONS,
        regions=(_outer(), *_organs(names), *targets),
        prescriptions=(("PTV_3000", doses.NODE_GY),),
        isocentre=organs.NODE_CENTER,
    )


def _outer() -> Region:
    return Region("BODY", body(), "EXTERNAL", (0, 220, 0), 3.0)


def _organs(names: tuple[str, ...]) -> tuple[Region, ...]:
    """Organs at risk under the names of one clinic."""
    rows = (
        (organs.bladder(), (255, 255, 0), 1.5),
        (organs.rectum(), (160, 82, 45), 1.0),
        (organs.small_bowel(), (255, 165, 79), 1.5),
        (organs.colon(), (139, 115, 85), 1.5),
        (organs.femoral_head(left=True), (100, 149, 237), 1.5),
        (organs.femoral_head(left=False), (70, 110, 200), 1.5),
        (organs.plexus(left=True), (0, 255, 127), 0.8),
        (organs.plexus(left=False), (0, 180, 90), 0.8),
        (organs.thecal_sac(), (255, 0, 255), 0.8),
        (organs.artery(left=True), (220, 20, 60), 0.8),
        (organs.artery(left=False), (180, 20, 60), 0.8),
        (organs.vein(left=True), (65, 105, 225), 0.8),
        (organs.vein(left=False), (30, 70, 180), 0.8),
    )
    return tuple(
        Region(name, between(shape, KNOWN_BOTTOM_MM, KNOWN_TOP_MM), "ORGAN", color, lattice)
        for name, (shape, color, lattice) in zip(names, rows, strict=True)
    )


def _grid(
    size: tuple[int, int, int],
    spacing: tuple[float, float, float],
    origin: tuple[float, float, float],
    factor: float,
) -> Grid:
    """Axial grid over the same box with spacings ``factor`` times as large."""
    coarse = tuple(max(2, round(n / factor)) for n in size)
    wide = tuple(s * n / m for s, n, m in zip(spacing, size, coarse, strict=True))
    start = tuple(o + (w - s) / 2 for o, w, s in zip(origin, wide, spacing, strict=True))
    return Grid(coarse, tuple(round(w, 4) for w in wide), tuple(round(v, 4) for v in start))


def wide_grid(grid: Grid, size: tuple[int, int, int], field_of_view_mm: float = 500.0) -> Grid:
    """Return a grid of another size around the same centre, over the same slices."""
    height = grid.size[2] * grid.spacing_mm[2]
    spacing = (field_of_view_mm / size[0], field_of_view_mm / size[1], round(height / size[2], 4))
    center = grid.points_at((np.array([grid.size]) - 1) / 2)[0]
    origin = center - (np.array(size) - 1) / 2 * spacing
    return Grid(size, spacing, tuple(round(float(v), 4) for v in origin))
