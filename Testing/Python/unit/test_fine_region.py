"""Around chosen structures a finer step follows, which fades out at the border of its box."""

from dataclasses import replace

import numpy as np
import pytest
import registration_phantom as phantom
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.courses import Structure
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.errors import CancelledError, RegistrationError
from ReirradiationCore.fine_region import FineRegion
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration_guidance import GuidedOrgan

STILL = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
CENTER = (0.0, -20.0, -25.0)
COARSE = DeformableOptions(spacing_mm=5.0, iterations=(6, 5))


def truth(points):
    return points + phantom.bump(points, 9.0, CENTER, 16.0)


def cube(half_mm, center=CENTER):
    x, y, z = center
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return Structure(1, "PTV", tuple(
        np.array([(x + half_mm * a, y + half_mm * b, z + h) for a, b in corners])
        for h in (-half_mm, half_mm)
    ))  # fmt: skip


@pytest.fixture(scope="module")
def pair():
    where = phantom.grid((116, 84, 44), 2.5)
    return phantom.render(where, truth), phantom.render(where)


def run(pair, region, progress=lambda *_: None):
    engine = BuiltInRegistrar(start=STILL, refine=False, options=COARSE, region=region)
    return engine.register(*pair, progress)


@pytest.fixture(scope="module")
def both(pair):
    return run(pair, None), run(pair, FineRegion((cube(24.0),), 2.5))


def points_within(half_mm):
    axis = np.linspace(-half_mm, half_mm, 15)
    return np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3) + CENTER


def error(result, points):
    mapped, known = map_points(result.transform, points)
    assert known.all()
    return np.linalg.norm(mapped - truth(points), axis=1)


def test_the_error_inside_the_region_falls(both):
    coarse, fine = (error(result, points_within(24.0)).mean() for result in both)
    assert fine < 0.75 * coarse
    assert fine < 1.25


def test_far_from_the_region_nothing_changes(both):
    far = points_within(20.0) + np.array([0.0, 40.0, 62.0])
    coarse, fine = (map_points(result.transform, far)[0] for result in both)
    assert fine == pytest.approx(coarse, abs=0.05)


def test_the_result_is_still_one_field_that_tells_what_was_done(both):
    fine = both[1]
    assert any("region of" in line for line in fine.log)
    assert fine.parameters["smallest_jacobian"] > 0.2
    assert fine.rigid is not None


def test_the_field_covers_the_whole_reference_image(pair, both):
    corners = pair[0].grid.points_at(np.array([[-0.5] * 3, np.array(pair[0].grid.size) - 0.5]))
    assert map_points(both[1].transform, corners)[1].all()


def test_a_ct_without_finer_voxels_is_not_refined_and_the_log_says_so(pair):
    engine = BuiltInRegistrar(
        start=STILL, refine=False, options=replace(COARSE, spacing_mm=2.5),
        region=FineRegion((cube(24.0),), 1.0),
    )  # fmt: skip
    found = engine.register(*pair, lambda *_: None)
    assert found.log[-1] == "region not refined: the reference CT has no voxels finer than 2.5 mm"


def test_an_organ_outside_the_region_guides_the_coarse_step_alone(pair):
    far = replace(cube(14.0, (60.0, 20.0, 20.0)), name="Bowel")
    organ = GuidedOrgan("Bowel", far, far)
    region = FineRegion((cube(10.0),), 2.5)
    engine = BuiltInRegistrar(
        start=STILL, refine=False, options=COARSE, region=region, guidance=(organ,)
    )
    found = engine.register(*pair, lambda *_: None)
    assert found.guided == ("Bowel",)
    assert any("region of" in line for line in found.log)


def test_a_region_outside_the_body_is_refused_by_name(pair):
    outside = FineRegion((cube(10.0, (0.0, 400.0, 0.0)),), 2.5)
    with pytest.raises(RegistrationError, match="region around PTV has less than 30 mm inside"):
        run(pair, outside)


def test_cancelling_stops_while_the_region_is_refined(pair):
    told = []

    def cancel(message, fraction=None):
        told.append(message)
        if told.count("Refining the region"):
            raise CancelledError

    with pytest.raises(CancelledError):
        run(pair, FineRegion((cube(24.0),), 2.5), cancel)
    assert told[-1] == "Refining the region"


def test_the_diffeomorphic_variant_is_as_close_and_does_not_fold(pair):
    options = replace(COARSE, diffeomorphic=True)
    engine = BuiltInRegistrar(start=STILL, refine=False, options=options)
    found = engine.register(*pair, lambda *_: None)
    plain = error(run(pair, None), points_within(24.0)).mean()
    assert error(found, points_within(24.0)).mean() < 1.15 * plain
    assert found.parameters["smallest_jacobian"] > 0
    assert found.parameters["diffeomorphic"] is True
