"""What slice views show of a map, in real views: which pixels change, and where."""

import dataclasses

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationHeadless.scene import build_scene  # noqa: E402
from ReirradiationHeadless.views import SliceView  # noqa: E402
from ReirradiationPlannerLib.ColorTables import ColorTables  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import MAP_OPACITY, DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.MapStyle import MapStyle  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402

SIZE = (360, 360)
# water in the soft-tissue window 400/40: 255 * (0 - (-160)) / 400
WATER_GREY = 102


def colored(pixels):
    """Pixels that are not grey."""
    return np.ptp(pixels.astype(int), axis=-1) > 12


def opened(request, key, orientation="Axial"):
    case = build_scene(request)
    view = SliceView(case.host, "Test", orientation, SIZE)
    case.show(key, [view.composite])
    view.look_at((0.0, 0.0, 0.0), 0.5)
    return case, view


@pytest.fixture
def bare(a_request):
    """The request without structures and hot spots, whose colours would disturb."""
    return dataclasses.replace(a_request, structures=(), hot_spots=())


@pytest.mark.usefixtures("a_screen")
def test_the_ct_alone_is_grey_in_the_soft_tissue_window(bare):
    _, view = opened(bare, None)
    pixels = view.pixels()
    row, column = view.pixel_of((-30.0, 30.0, 0.0))
    assert pixels[row, column] == pytest.approx(WATER_GREY, abs=1)
    assert not colored(pixels[:300]).any()


@pytest.mark.usefixtures("a_screen")
@pytest.mark.parametrize(
    ("orientation", "point", "offset"),
    [
        ("Axial", (20.0, 30.0, 0.0), (60, 40)),
        ("Coronal", (20.0, 0.0, 30.0), (-60, 40)),
        ("Sagittal", (0.0, 20.0, 30.0), (-60, 40)),
    ],
)
def test_views_look_as_radiologists_expect(bare, orientation, point, offset):
    # patient's left on the right, anterior on top in axial and on the left in sagittal slices
    _, view = opened(bare, None, orientation)
    row, column = view.pixel_of(point)
    assert (row - 180, column - 180) == pytest.approx(offset, abs=1)


@pytest.mark.usefixtures("a_screen")
@pytest.mark.parametrize(
    ("orientation", "point"),
    [("Axial", (35.0, 5.0, 0.0)), ("Coronal", (35.0, 0.0, 5.0)), ("Sagittal", (0.0, 5.0, 5.0))],
)
def test_the_colour_at_a_point_is_that_of_its_dose_over_the_ct(bare, orientation, point):
    _, view = opened(bare, "cumulative_eqd2", orientation)
    row, column = view.pixel_of(point)
    dose = 100.0 - 2.0 * np.hypot(point[0] - 30.0, point[1])
    expected = MAP_OPACITY * 255 * np.array(ColorTables.colorAt("Dose", dose / 100.0))
    expected += (1 - MAP_OPACITY) * WATER_GREY
    assert view.pixels()[row, column] == pytest.approx(expected, abs=6)


@pytest.mark.usefixtures("a_screen")
def test_only_pixels_of_the_map_change(bare):
    case, view = opened(bare, None)
    before = view.pixels()
    case.show("cumulative_eqd2", [view.composite], legend=False)
    changed = np.any(view.pixels() != before, axis=-1)
    rows, columns = np.nonzero(changed)
    center = view.pixel_of((30.0, 0.0, 0.0))
    distance_mm = 0.5 * np.hypot(rows - center[0], columns - center[1])
    # coloured from 10 Gy, 45 mm from the axis of the cone
    assert distance_mm.max() < 47.0
    assert changed[center]


@pytest.mark.usefixtures("a_screen")
def test_unknown_dose_is_hatched_and_never_coloured(bare, a_cone_dose):
    array = a_cone_dose.array.copy()
    array[:, :30] = np.nan
    maps = {"cumulative_eqd2": Volume(array, a_cone_dose.grid)}
    case, view = opened(dataclasses.replace(bare, maps=maps), "cumulative_eqd2")
    case.show("cumulative_eqd2", [view.composite], legend=False)
    pixels = view.pixels()
    edge, _ = view.pixel_of((0.0, 0.0, 0.0))
    anterior = pixels[: edge - 4]
    assert not colored(anterior).any()
    inside = anterior[60:, 140:220]
    hatched = inside[..., 0] > WATER_GREY + 20
    assert 0.1 < hatched.mean() < 0.5
    assert colored(pixels[edge + 4 :]).any()


@pytest.mark.usefixtures("a_screen")
def test_an_isodose_line_runs_where_the_dose_has_its_level(bare):
    case, view = opened(bare, "cumulative_eqd2")
    case.show("cumulative_eqd2", [view.composite], legend=False)
    with_lines = view.pixels()
    models = case.scene.GetNodesByClass("vtkMRMLModelNode")
    for place in range(models.GetNumberOfItems()):
        models.GetItemAsObject(place).GetDisplayNode().SetVisibility(False)
    changed = np.any(view.pixels() != with_lines, axis=-1)
    rows, columns = np.nonzero(changed)
    center = view.pixel_of((30.0, 0.0, 0.0))
    distance_mm = 0.5 * np.hypot(rows - center[0], columns - center[1])
    # 20, 40, 60, 80 Gy are 40, 30, 20, 10 mm from the axis
    nearest = np.abs(distance_mm[:, None] - [10.0, 20.0, 30.0, 40.0]).min(axis=1)
    assert nearest.max() < 1.6
    assert {10, 20, 30, 40} <= set(np.round(distance_mm).astype(int).tolist())


@pytest.mark.usefixtures("a_screen")
def test_lines_and_legend_of_a_map_go_with_it(bare):
    case, view = opened(bare, "cumulative_eqd2")
    case.show("tolerance_percent", [view.composite])
    shown = {}
    models = case.scene.GetNodesByClass("vtkMRMLModelNode")
    for place in range(models.GetNumberOfItems()):
        model = models.GetItemAsObject(place)
        key = model.GetAttribute(VolumeNodes.MAP_ATTRIBUTE)
        shown.setdefault(key, set()).add(model.GetDisplayNode().GetVisibility())
    assert shown["tolerance_percent"] == {1}
    assert shown["cumulative_eqd2"] == {0}
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode
    assert legend(case.maps["tolerance_percent"]).GetVisibility()
    assert not legend(case.maps["cumulative_eqd2"]).GetVisibility()


@pytest.mark.usefixtures("a_screen")
def test_models_of_the_user_keep_their_visibility(bare):
    case, view = opened(bare, None)
    own = case.scene.AddNewNodeByClass("vtkMRMLModelNode", "own")
    own.CreateDefaultDisplayNodes()
    own.GetDisplayNode().SetVisibility(True)
    case.show("cumulative_eqd2", [view.composite])
    assert own.GetDisplayNode().GetVisibility()


@pytest.mark.usefixtures("a_screen")
def test_a_view_draws_the_legend_with_its_unit(a_host, a_cylinder_ct, a_cone_dose):
    view = SliceView(a_host, "Test", "Axial", SIZE)
    volumes, display = VolumeNodes(a_host.scene), DoseDisplay(a_host.scene)
    ct = volumes.addImage(a_cylinder_ct, "CT")
    dose = volumes.addMap(a_cone_dose, "Dose", "cumulative_eqd2", "Gy")
    display.styleImage(ct)
    display.styleMap(dose, MapStyle.forKey("cumulative_eqd2"))
    view.look_at((0.0, 0.0, 0.0), 0.5)
    display.show(ct, dose, [view.composite], legend=False)
    without = view.pixels()
    display.show(ct, dose, [view.composite])
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(dose)
    assert "Gy" in legend.GetTitleText()
    changed = np.any(view.pixels() != without, axis=-1)
    assert changed[:, 240:].sum() > 1000
    assert not changed[:, :200].any()


@pytest.mark.parametrize("name", ["Red", "Yellow", "Green"])
def test_a_jump_brings_the_point_to_the_middle_of_the_view(a_host, name):
    orientation = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}[name]
    node = a_host.add_slice_logic(name, orientation).GetSliceNode()
    DoseDisplay.jumpTo([node], (12.0, -34.0, 56.0))
    matrix = node.GetSliceToRAS()
    center = [matrix.GetElement(axis, 3) for axis in range(3)]
    assert center == pytest.approx([-12.0, 34.0, 56.0])
