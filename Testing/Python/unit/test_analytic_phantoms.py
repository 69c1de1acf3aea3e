"""The analytic phantoms: nine shapes, five doses, three slice spacings, against closed forms.

Exact values are of the shapes, not of the sampled contours: the error of drawing a shape in
slices and a dose on a grid is part of what is tested (physics.md 6.4).
"""

import csv
from functools import cache

import pytest
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.dvh import SortedDose
from ReirradiationCore.grids import sample_volume
from ReirradiationCore.metrics import Metric
from ReirradiationCore.sampling import refine_hot, sample_structure
from shared_data import shared

SLICES = ("1mm", "2mm", "3mm")
METRICS = {
    "mean": "Dmean",
    "D95pct": "D95%",
    "D50pct": "D50%",
    "D2pct": "D2%",
    "D0p03cc": "D0.03cc",
    "D0p1cc": "D0.1cc",
    "D1cc": "D1cc",
}
SHAPES = (
    "Sphere_R12",
    "Sphere_R20",
    "Sphere_R4",
    "CylAxial_R12_H24",
    "CylRotX_R12_H24",
    "ConeAxial_R12_H24",
    "Box_30x20x24",
    "HollowSphere_R20_R12",
    "TwinSpheres_R8",
)


@cache
def exact_values():
    with shared("data/analytic/exact_values.csv").open() as file:
        return {(row["dose"], row["structure"]): row for row in csv.DictReader(file)}


@cache
def phantom(slices):
    folder = shared(f"data/analytic/ANA_{slices}")
    return read_courses([folder], ReadOptions(images=False)).courses[0]


@cache
def samples_of(slices, name):
    found = {s.name: s for s in phantom(slices).structures}
    return sample_structure(found[name])


def allowed_volume(exact_cc):
    return 0.005 if exact_cc >= 5 else 0.02 if exact_cc >= 0.5 else 0.05


@pytest.mark.parametrize("slices", SLICES)
@pytest.mark.parametrize("name", SHAPES)
def test_volume_of_a_phantom(slices, name):
    exact = float(exact_values()["LIN_SI", name]["vol_cc"])
    found = samples_of(slices, name).volume_cc
    assert found == pytest.approx(exact, rel=allowed_volume(exact))


@pytest.mark.parametrize("slices", SLICES)
def test_an_inner_loop_gives_the_volume_of_a_keyhole(slices):
    exact = float(exact_values()["LIN_SI", "HollowSphere_R20_R12"]["vol_cc"])
    assert samples_of(slices, "HollowSphere_XOR").volume_cc == pytest.approx(exact, rel=0.005)


@pytest.mark.parametrize("slices", SLICES)
@pytest.mark.parametrize("name", SHAPES)
def test_metrics_of_a_phantom_are_within_1_percent(slices, name):
    """The benchmark asks for 3 % or 0.5 Gy at 1 mm; 1 % is what is held at 3 mm too."""
    samples = samples_of(slices, name)
    for phase in phantom(slices).phases:
        row = exact_values().get((phase.plan_label, name))
        if row is None:
            continue
        dose = sample_volume(phase.dose, samples.points_lps)
        refined = refine_hot(samples, dose)
        ranked = SortedDose(sample_volume(phase.dose, refined.points_lps), refined.volumes_cc)
        for column, metric in METRICS.items():
            if row[column]:
                found = ranked.metric(Metric.parse(metric)).value
                assert found == pytest.approx(float(row[column]), rel=0.01), (phase, metric)


def structures_of_bad(folder):
    course = read_courses([shared(f"data/bad/{folder}")], ReadOptions(images=False)).courses[0]
    return {s.name: s for s in course.structures}


def test_a_structure_of_one_slice_has_the_volume_of_a_slab():
    one = structures_of_bad("11_empty_contours")["OneSlice"]
    assert sample_structure(one, slice_spacing_mm=3.0).volume_cc == pytest.approx(0.3, rel=0.01)


@pytest.mark.parametrize("name", ["Hole_keyhole", "Hole_XOR"])
def test_a_shell_cut_by_the_image_is_a_shell(name):
    """Between 25.8 cc (cut half a slice beyond the last contour) and 26.27 cc (closed)."""
    samples = sample_structure(structures_of_bad("14_holes_keyhole_xor")[name])
    assert 25.7 < samples.volume_cc < 26.3


def test_contours_off_the_slices_are_sampled_where_they_are():
    good = sample_structure(structures_of_bad("00_good_reference")["Sphere_R12"])
    shifted = sample_structure(structures_of_bad("20_rtstruct_off_slice")["Sphere_R12"])
    centers = [s.volumes_cc @ s.points_lps / s.volume_cc for s in (good, shifted)]
    assert abs(centers[1][2] - centers[0][2]) == pytest.approx(1.2, abs=0.01)
    assert shifted.volume_cc == pytest.approx(good.volume_cc, rel=1e-3)
