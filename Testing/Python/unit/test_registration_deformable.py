"""The deformable step finds a known smooth deformation, without folding, and stops when told."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore import registration_images
from ReirradiationCore.body_mask import body_mask
from ReirradiationCore.curvature_solver import (
    block_mean,
    penalty_eigenvalues,
    smallest_jacobian,
    solve,
    upsample,
)
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.errors import CancelledError
from ReirradiationCore.grids import Volume
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration import combined
from ReirradiationCore.registration_deformable import register_deformable

TURN = phantom.rigid((1.0, -2.0, 2.0), (4.0, -6.0, 8.0))
QUICK = DeformableOptions(iterations=(6, 5, 4))
BLADDER = np.array([0.0, -20.0, -25.0])


def truth(points):
    matrix, offset = phantom.matrix_of(TURN)
    return (points + phantom.bump(points)) @ matrix.T + offset


def run(reference, prior, **keywords):
    bodies = body_mask(reference), body_mask(prior)
    return register_deformable(reference, prior, TURN, bodies, **keywords)


@pytest.fixture(scope="module")
def pair():
    reference = phantom.render(phantom.grid(), truth, with_couch=True)
    return reference, phantom.render(phantom.grid(shift=(4.0, -6.0, 8.0)))


@pytest.fixture(scope="module")
def found(pair):
    return run(*pair, options=QUICK)


def points_inside(reference, margin_mm=20.0):
    points = reference.grid.centers_lps()
    inside = (reference.array.ravel() > -200) & (points[:, 1] < 95)
    return points[inside & (np.abs(points[:, 2]) < 100 - margin_mm)]


def errors(field, points, expected=truth):
    mapped, known = map_points(combined(TURN, field), points)
    assert known.all()
    return np.linalg.norm(mapped - expected(points), axis=1)


def test_a_smooth_deformation_is_found_within_a_fraction_of_a_voxel(pair, found):
    points = points_inside(pair[0])
    still = np.linalg.norm(phantom.bump(points), axis=1)
    left = errors(found.field, points)
    assert still.max() > 9.0
    assert left.mean() < 0.2 * still.mean() + 0.3
    assert left.mean() < 0.8
    assert np.percentile(left, 95) < 2.5


def test_the_surface_of_the_moved_organ_is_followed(found):
    turns = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([32 * np.cos(turns), -20 + 26 * np.sin(turns), np.full(60, -25.0)], axis=1)
    matrix, offset = phantom.matrix_of(TURN)
    onto = ring.copy()
    for _ in range(50):
        onto += ring - (onto + phantom.bump(onto))
    expected = ring @ matrix.T + offset
    mapped = map_points(combined(TURN, found.field), onto)[0]
    assert np.linalg.norm(mapped - expected, axis=1).mean() < 1.2


def test_the_field_does_not_fold(found):
    jacobian = sitk.DisplacementFieldJacobianDeterminant(found.field)
    assert sitk.GetArrayFromImage(jacobian).min() > 0.3


def test_the_field_covers_the_whole_reference_image(pair, found):
    corners = pair[0].grid.points_at(np.array([[-0.5] * 3, np.array(phantom.SIZE) - 0.5]))
    transform = sitk.DisplacementFieldTransform(sitk.Image(found.field))
    assert map_points(transform, corners)[1].all()


def test_a_second_run_gives_the_same_bits(pair, found):
    again = sitk.GetArrayFromImage(run(*pair, options=QUICK).field)
    assert again.tobytes() == sitk.GetArrayFromImage(found.field).tobytes()


def test_images_that_match_stay_where_they_are(pair):
    matrix, offset = phantom.matrix_of(TURN)
    reference = phantom.render(phantom.grid(), lambda points: points @ matrix.T + offset)
    field = sitk.GetArrayFromImage(run(reference, pair[1], options=QUICK).field)
    assert np.linalg.norm(field, axis=-1).mean() < 0.4


def test_the_cut_edge_of_a_shorter_prior_ct_does_not_pull(pair):
    short = phantom.grid((64, 48, 22), shift=(4.0, -6.0, 3.0))
    field = run(pair[0], phantom.render(short), options=QUICK).field
    points = points_inside(pair[0], 45.0)
    assert errors(field, points).mean() < 1.2
    everywhere = np.linalg.norm(sitk.GetArrayFromImage(field), axis=-1)
    assert everywhere.max() < 20.0


def test_gas_without_a_counterpart_moves_little(pair):
    gas = pair[0].array.copy()
    points = pair[0].grid.centers_lps()
    pocket = np.linalg.norm(points - np.array([5.0, 22.0, 10.0]), axis=1) < 13
    gas.ravel()[pocket] = -1000.0
    field = run(Volume(gas, pair[0].grid), pair[1], options=QUICK).field
    assert errors(field, points_inside(pair[0])).mean() < 1.0


def lung_ct(points, seed):
    """HU of a chest: muscle, one lung with vessels, noise of 20 HU."""
    rng = np.random.default_rng(4)
    centers, widths = rng.uniform(-60, 60, (80, 3)), rng.uniform(3, 6, 80)
    x, y, z = points.T
    lung = np.full(len(points), -850.0)
    for (a, b, c), width in zip(centers, widths, strict=True):
        square = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2
        lung = np.maximum(lung, -850 + 800 * np.exp(-square / (2 * width**2)))
    muscle = np.where(np.hypot(x, y) < 92, 40.0, -1000.0)
    hu = np.where(np.hypot(x, y) < 68, lung, muscle)
    return hu + np.random.default_rng(seed).normal(0, 20, len(points))


def test_vessels_inside_the_lung_are_followed():
    where = phantom.grid((66, 66, 46), 3.0)
    points = where.centers_lps()
    still = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    bump = {"height": 12.0, "center": (0.0, 0.0, 0.0), "width": 22.0}
    images = [
        Volume(lung_ct(at, seed).reshape(where.shape).astype(np.float32), where)
        for seed, at in enumerate((points + phantom.bump(points, **bump), points))
    ]
    bodies = body_mask(images[0]), body_mask(images[1])
    match = register_deformable(*images, still, bodies, options=QUICK)
    near = points[np.linalg.norm(points, axis=1) < 45]
    mapped = map_points(combined(still, match.field), near)[0]
    before = np.linalg.norm(phantom.bump(near, **bump), axis=1)
    after = np.linalg.norm(mapped - near - phantom.bump(near, **bump), axis=1)
    assert before.mean() > 4.5
    assert after.mean() < 0.45 * before.mean()


def noisy(image, sigma_hu, seed):
    noise = np.random.default_rng(seed).normal(0, sigma_hu, image.array.shape)
    return Volume((image.array + noise).astype(np.float32), image.grid)


def test_another_calibration_of_the_scanner_changes_little(pair, found):
    brighter = np.where(pair[1].array > -500, pair[1].array + 35.0, pair[1].array)
    match = run(pair[0], Volume(brighter.astype(np.float32), pair[1].grid), options=QUICK)
    points = points_inside(pair[0])
    assert match.log[0].startswith("prior HU moved")
    assert errors(match.field, points).mean() < errors(found.field, points).mean() + 0.2


@pytest.mark.parametrize("shift_hu", [-100.0, 100.0])
def test_hu_that_differ_all_over_the_body_are_warned_of(pair, found, shift_hu):
    wrong = Volume(pair[1].array + np.float32(shift_hu), pair[1].grid)
    match = run(pair[0], wrong, options=DeformableOptions(iterations=(2, 1)))
    assert "rescale slope" in " ".join(match.warnings)
    assert found.warnings == ()


def test_contrast_medium_in_the_bladder_of_one_ct_changes_little(pair, found):
    gap = pair[1].grid.centers_lps() - BLADDER
    bright = pair[1].array.copy()
    bright.ravel()[np.linalg.norm(gap / np.array([32.0, 26.0, 28.0]), axis=1) < 1] += 150.0
    match = run(pair[0], Volume(bright, pair[1].grid), options=QUICK)
    points = points_inside(pair[0])
    near = points[np.linalg.norm(truth(points) - BLADDER, axis=1) < 45]
    assert "prior: contrast medium shown as in the other CT" in match.log[0]
    assert errors(match.field, near).mean() < errors(found.field, near).mean() + 0.3


def with_bright_bladder(image, move, added_hu):
    gap = move(image.grid.centers_lps()) - BLADDER
    inside = np.linalg.norm(gap / np.array([32.0, 26.0, 28.0]), axis=1) < 1
    bright = image.array + np.float32(added_hu) * inside.reshape(image.grid.shape)
    return Volume(bright.astype(np.float32), image.grid)


@pytest.mark.parametrize(("added_hu", "changed"), [((150, 150), ""), ((250, 120), "reference: ")])
def test_contrast_medium_in_both_cts_is_changed_where_there_is_more_of_it(pair, added_hu, changed):
    images = [
        with_bright_bladder(image, move, added)
        for image, move, added in zip(pair, (truth, np.array), added_hu, strict=True)
    ]
    bodies = [body_mask(image) for image in images]
    _, said = registration_images.prepare(phantom.grid(), images, bodies, TURN)
    assert said.count("contrast medium") == bool(changed)
    assert f"{changed}contrast medium" in said or not changed


def test_thirty_hu_of_noise_leave_the_field_unfolded(pair):
    match = run(noisy(pair[0], 30, 1), noisy(pair[1], 30, 2), options=QUICK)
    left = errors(match.field, points_inside(pair[0]))
    assert left.mean() < 1.2
    assert np.percentile(left, 95) < 3.0
    assert match.smallest_jacobian > 0.2


def test_smoothing_keeps_noise_out_of_the_field(pair, monkeypatch):
    images = noisy(pair[0], 30, 1), noisy(pair[1], 30, 2)
    points = points_inside(pair[0])
    smooth = errors(run(*images, options=QUICK).field, points)
    monkeypatch.setattr(registration_images, "SMOOTHING_VOXELS", 0.0)
    rough = errors(run(*images, options=QUICK).field, points)
    assert smooth.mean() < 0.9 * rough.mean()
    assert np.percentile(smooth, 95) < 0.9 * np.percentile(rough, 95)


def test_a_field_that_would_fold_is_stiffened_and_said_so(pair):
    soft = DeformableOptions(iterations=(10, 10, 10), curvature=1e-5, membrane=0.0, robust=6.0)
    match = run(noisy(pair[0], 120, 1), noisy(pair[1], 120, 2), options=soft)
    assert any("against folding" in line or "around folds" in line for line in match.log)
    assert match.smallest_jacobian > 0
    assert match.warnings == ()


def test_cancelling_stops_between_two_steps(pair):
    told = []

    def cancel(message, fraction=None):
        told.append(fraction)
        if len(told) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        run(*pair, progress=cancel, options=QUICK)
    assert len(told) == 3


def test_progress_rises(pair):
    told = []
    options = DeformableOptions(iterations=(2, 2))
    run(*pair, progress=lambda _, fraction=None: told.append(fraction), options=options)
    assert told == sorted(told)
    assert 0.5 < told[-1] <= 1.0


def test_the_solver_solves_the_equations():
    rng = np.random.default_rng(2)
    shape = (6, 7, 8)
    slope = rng.normal(size=(3, *shape))
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    a = np.stack([slope[m] * slope[n] for m, n in pairs]).astype(np.float32)
    truth_nodes = rng.normal(size=(3, *shape)).astype(np.float32)
    start = rng.normal(size=(3, *shape)).astype(np.float32)
    penalty = penalty_eigenvalues(shape, 0.5, 0.2)
    b = (_product(a, truth_nodes) + _penalised(truth_nodes + start)).astype(np.float32)
    assert solve(a, b, start, penalty, 400) == pytest.approx(truth_nodes, abs=0.05)


def _penalised(nodes):
    """Penalty by differences instead of cosines: mirrored Laplacian, once and twice."""

    def laplace(u):
        out = np.zeros_like(u)
        for axis in range(3):
            edge = np.pad(u, [(1, 1) if k == axis else (0, 0) for k in range(3)], mode="edge")
            out -= np.diff(edge, 2, axis=axis)
        return out

    return np.stack([0.5 * laplace(laplace(u)) + 0.2 * laplace(u) for u in nodes])


def _product(a, nodes):
    full = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])
    return np.stack([sum(a[full[m, n]] * nodes[n] for n in range(3)) for m in range(3)])


def test_the_smallest_determinant_of_a_linear_field_is_its_own():
    k, j, i = np.indices((5, 6, 7)).astype(np.float32)
    nodes = np.stack([0.0 * k, -0.05 * j, 0.1 * i])
    assert smallest_jacobian(nodes) == pytest.approx(1.045, abs=1e-5)
    assert smallest_jacobian(np.stack([0 * k, 0 * j, -1.2 * i])) == pytest.approx(-0.2, abs=1e-5)


def test_a_ramp_survives_halving_and_doubling():
    ramp = np.indices((8, 8, 8))[2].astype(np.float32)
    back = upsample(block_mean(ramp), (8, 8, 8))
    assert back[:, :, 1:-1] == pytest.approx(ramp[:, :, 1:-1])
