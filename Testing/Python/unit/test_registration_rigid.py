"""The rigid step finds a known movement from CTs of different grids."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.errors import CancelledError
from ReirradiationCore.grids import Grid
from ReirradiationCore.registration_images import lps_grid
from ReirradiationCore.registration_rigid import register_rigid

BONE = np.array([[-85.0, 10, -30], [85, 10, -30], [-75, 25, 40], [75, 25, 40], [0, 62, 20]])


def error_mm(found, move, points=BONE):
    mapped = np.array([found.TransformPoint(p) for p in points.tolist()])
    return np.linalg.norm(mapped - move(points), axis=1)


def moved_by(transform):
    matrix, offset = phantom.matrix_of(transform)
    return lambda points: points @ matrix.T + offset


def pair(transform, reference=None, prior=None):
    """Reference CT on its couch, prior CT without."""
    reference = reference or phantom.grid()
    prior = prior or phantom.grid(shift=(9.0, -12.0, 15.0))
    move = moved_by(transform)
    return phantom.render(reference, move, with_couch=True), phantom.render(prior), move


@pytest.fixture(scope="module")
def usual():
    reference, prior, move = pair(phantom.rigid())
    return register_rigid(reference, prior), reference, prior, move


def test_bone_is_matched_within_half_a_millimetre(usual):
    match, _, _, move = usual
    assert error_mm(match.transform, move).max() < 0.5


def test_the_log_tells_every_start_and_level(usual):
    log = "\n".join(usual[0].log)
    assert "start from overlap of intensities" in log
    assert "mutual information at 6 mm" in log
    assert "bone at 3 mm" in log


def test_a_second_run_gives_the_same_bits(usual):
    match, reference, prior, _ = usual
    again = register_rigid(reference, prior)
    assert again.transform.GetParameters() == match.transform.GetParameters()


def test_a_short_ct_in_a_long_one_is_found_although_the_bodies_centres_are_far_apart():
    move = phantom.rigid((0.0, 3.0, -4.0), (-30.0, 25.0, 10.0))
    short = phantom.grid((64, 48, 24), shift=(0.0, 0.0, -20.0))
    long = phantom.grid((70, 56, 70), shift=(-30.0, 25.0, 90.0))
    reference, prior, truth = pair(move, short, long)
    near = BONE[BONE[:, 2] < 0]
    assert error_mm(register_rigid(reference, prior).transform, truth, near).max() < 1.5


def test_progress_rises_and_ends_at_one(usual):
    told = []
    register_rigid(usual[1], usual[2], progress=lambda _, fraction=None: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_cancelling_stops_the_optimiser(usual):
    told = []

    def cancel(message, fraction=None):
        told.append(message)
        if len(told) == 5:
            raise CancelledError

    with pytest.raises(CancelledError):
        register_rigid(usual[1], usual[2], progress=cancel)
    assert len(told) == 5


def test_a_turned_grid_is_boxed_along_lps():
    turned = Grid((10, 20, 30), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0), (0, 0, 1, 1, 0, 0, 0, 1, 0))
    box = lps_grid(turned, 1.0)
    corners = turned.points_at(np.array([[-0.5, -0.5, -0.5], [9.5, 19.5, 29.5]]))
    low = np.array(box.origin_lps) - 0.5
    assert low == pytest.approx(corners.min(axis=0))
    assert low + box.size == pytest.approx(corners.max(axis=0))
    assert sitk.Euler3DTransform().GetDimension() == len(box.size)
