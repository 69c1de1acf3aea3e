"""Two plans with DVHs of their planning systems: read, evaluated, and as rows of a table."""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.dvh import SortedDose
from ReirradiationCore.grids import sample_volume
from ReirradiationCore.sampling import refine_hot, sample_structure

SLICE_SPACING_MM = {"EclipseProstate": 2.5, "dicompyler_breast": 3.0}
SOURCE = {"EclipseProstate": "Eclipse", "dicompyler_breast": "tps"}
METRICS = ("volume", "mean", "D0.03cc", "D0.1cc", "D95%")
KEYS = {
    "volume": "vol_cc",
    "mean": "mean",
    "D0.03cc": "D0p03cc",
    "D0.1cc": "D0p1cc",
    "D95%": "D95pct",
}


@dataclass(frozen=True)
class Row:
    """One structure: what we find and what the planning system printed."""

    case: str
    name: str
    ours: dict
    planning_system: dict
    known_share: float
    without_ends: dict

    def deviation(self, metric):
        """Relative deviation from the planning system."""
        return self.ours[metric] / self.planning_system[metric] - 1


def table_of(case, folder):
    """DVH values of the planning system by ROI name without spaces."""
    found = json.loads((folder / f"{case}_dvh.json").read_text(encoding="utf-8"))
    source = SOURCE[case]
    values = found[source] if source in found else {k: v[source] for k, v in found.items()}
    return {
        name.replace(" ", ""): {metric: row.get(key) for metric, key in KEYS.items()}
        for name, row in values.items()
    }


def metrics_of(dose, volumes):
    known = ~np.isnan(dose)
    ranked = SortedDose(dose[known], volumes[known])
    total = float(volumes.sum())
    values = {"volume": total, "mean": ranked.mean_gy()}
    for metric in ("D0.03cc", "D0.1cc"):
        values[metric] = ranked.dose_at_volume(float(metric[1:-2]))
    values["D95%"] = ranked.dose_at_volume(0.95 * ranked.known_cc)
    return values


def evaluate(case, structure, dose, planning_system):
    samples = sample_structure(structure, slice_spacing_mm=SLICE_SPACING_MM[case])
    samples = refine_hot(samples, sample_volume(dose, samples.points_lps))
    doses = sample_volume(dose, samples.points_lps)
    heights = np.array([contour[0, 2] for contour in structure.contours])
    z = samples.points_lps[:, 2]
    between = (z >= heights.min()) & (z <= heights.max())
    return Row(
        case,
        structure.name,
        metrics_of(doses, samples.volumes_cc),
        planning_system,
        float(samples.volumes_cc[~np.isnan(doses)].sum() / samples.volume_cc),
        metrics_of(doses[between], samples.volumes_cc[between]),
    )


@cache
def rows_of(case, folder):
    """All structures of a case that the planning system has a DVH of."""
    course = read_courses([folder / f"{case}_dicom"], ReadOptions(images=False)).courses[0]
    tables = table_of(case, folder)
    return tuple(
        evaluate(case, s, course.phases[0].dose, tables[s.name.replace(" ", "")])
        for s in course.structures
        if s.name.replace(" ", "") in tables
    )
