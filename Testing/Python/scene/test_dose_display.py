"""What slice views show of a map, in real views: which pixels change, and where."""

import dataclasses

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationHeadless.scene import build_scene  # noqa: E402
from ReirradiationHeadless.views import SliceView, ThreeDView  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.ColorTables import ColorTables  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import MAP_OPACITY, DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.MapStyle import MapStyle  # noqa: E402
from ReirradiationPlannerLib.ResultNodes import ResultNodes  # noqa: E402
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


@pytest.mark.usefixtures("a_screen")
def test_the_opacity_that_the_user_chose_stays_between_maps(bare):
    case, view = opened(bare, "cumulative_eqd2")
    assert view.composite.GetForegroundOpacity() == MAP_OPACITY
    DoseDisplay.setOpacity([view.composite], 0.2)
    case.show("eqd2_planned", [view.composite])
    assert view.composite.GetForegroundOpacity() == 0.2


@pytest.mark.usefixtures("a_screen")
def test_a_map_shows_over_an_image_that_had_another_volume_over_it(bare):
    case, view = opened(bare, None)
    view.composite.SetForegroundVolumeID(CaseNodes(case.scene).first(CaseNodes.IMAGE).GetID())
    view.composite.SetForegroundOpacity(0.0)
    case.show("cumulative_eqd2", [view.composite])
    assert view.composite.GetForegroundOpacity() == MAP_OPACITY


@pytest.mark.usefixtures("a_screen")
def test_only_values_between_the_thresholds_are_coloured(bare):
    case, view = opened(bare, "cumulative_eqd2")
    DoseDisplay(case.scene).setLevels(case.maps["cumulative_eqd2"], ())
    case.show("cumulative_eqd2", [view.composite], legend=False)
    DoseDisplay.setThreshold(case.maps["cumulative_eqd2"], 40.0, 80.0)
    rows, columns = np.nonzero(colored(view.pixels()))
    center = view.pixel_of((30.0, 0.0, 0.0))
    distance_mm = 0.5 * np.hypot(rows - center[0], columns - center[1])
    # 40 and 80 Gy are 30 and 10 mm from the axis
    assert distance_mm.min() == pytest.approx(10.0, abs=1.6)
    assert distance_mm.max() == pytest.approx(30.0, abs=1.6)


@pytest.mark.usefixtures("a_screen")
def test_chosen_levels_replace_the_lines_of_a_map(bare):
    case, _ = opened(bare, "cumulative_eqd2")
    node, display = case.maps["cumulative_eqd2"], DoseDisplay(case.scene)
    count = case.scene.GetNumberOfNodesByClass("vtkMRMLModelDisplayNode")
    models = display.setLevels(node, (30.0, 200.0))
    assert [model.GetName() for model in models] == ["Cumulative EQD2 30 Gy"]
    assert display.isodoses(node) == models
    assert models[0].GetDisplayNode().GetVisibility()
    # four lines with their display nodes have gone, one has come
    assert case.scene.GetNumberOfNodesByClass("vtkMRMLModelDisplayNode") == count - 3


def test_lines_of_a_map_that_no_view_shows_are_not_drawn(bare):
    case = build_scene(bare)
    logic = case.host.add_slice_logic("Red", "Axial")
    display, maps = DoseDisplay(case.scene), case.maps
    assert not any(
        m.GetDisplayNode().GetVisibility() for m in display.isodoses(maps["eqd2_planned"])
    )
    case.show("cumulative_eqd2", [logic.GetSliceCompositeNode()])
    for key, drawn in (("cumulative_eqd2", True), ("eqd2_planned", False)):
        (model,) = display.setLevels(maps[key], (30.0,))
        assert bool(model.GetDisplayNode().GetVisibility()) == drawn


@pytest.mark.usefixtures("a_screen")
def test_isodoses_are_lines_in_slices_or_surfaces_in_3d_or_both(bare):
    case, view = opened(bare, "cumulative_eqd2")
    space = ThreeDView(case.host, "1", (200, 200))
    space.look_from((0.0, -1.0, 0.0))
    assert space.pixels().min() > 250
    node, display = case.maps["cumulative_eqd2"], DoseDisplay(case.scene)
    case.show("cumulative_eqd2", [view.composite], legend=False)
    with_lines = view.pixels()
    display.showIsodoses(node, lines=False, surfaces=True)
    space.look_from((0.0, -1.0, 0.0))
    assert colored(space.pixels()).sum() > 2000
    assert np.any(view.pixels() != with_lines, axis=-1).sum() > 200


@pytest.mark.usefixtures("a_screen")
def test_doses_can_be_shown_in_per_cent_of_a_prescription(a_host, a_cylinder_ct, a_cone_dose):
    view = SliceView(a_host, "Test", "Axial", SIZE)
    ct = VolumeNodes(a_host.scene).addImage(a_cylinder_ct, "CT")
    dose = VolumeNodes(a_host.scene).addMap(a_cone_dose, "Dose", "eqd2_planned", "Gy")
    display = DoseDisplay(a_host.scene)
    display.styleImage(ct)
    style = MapStyle.forKey("eqd2_planned")
    display.styleRelative(dose, style, prescriptionGy=50.0)
    names = [model.GetName() for model in display.isodoses(dose)]
    assert names == [f"Dose {gy:g} Gy" for gy in (10, 25, 40, 45, 47.5, 50, 53.5, 60)]
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(dose)
    assert legend.GetTitleText() == "% of 50 Gy"
    colors = dose.GetDisplayNode().GetColorNode()
    labels = [colors.GetColorName(n) for n in range(256) if colors.GetColorDefined(n)]
    assert (labels[0], labels[5]) == ("20 % (10 Gy)", "100 % (50 Gy)")
    view.look_at((0.0, 0.0, 0.0), 0.5)
    display.show(ct, dose, [view.composite], legend=False)
    without = view.pixels()
    display.show(ct, dose, [view.composite])
    assert np.any(view.pixels() != without, axis=-1)[:, 200:].sum() > 1000
    display.styleMap(dose, style)
    assert not legend.GetUseColorNamesForLabels()
    assert len(display.isodoses(dose)) == 4


@pytest.mark.parametrize(("key", "gy"), [("tolerance_percent", 50.0), ("eqd2_planned", 0.0)])
def test_what_has_no_prescription_is_not_shown_relative_to_one(a_host, a_cone_dose, key, gy):
    style = MapStyle.forKey(key)
    node = VolumeNodes(a_host.scene).addMap(a_cone_dose, "Map", key, style.unit)
    with pytest.raises(ValueError, match="needs doses"):
        DoseDisplay(a_host.scene).styleRelative(node, style, gy)


@pytest.mark.usefixtures("a_screen")
def test_over_the_limit_is_hatched_dark_and_told_in_grey(bare, a_cone_dose):
    # 140 % on the axis at L 30, 100 % at 14.3 mm from it
    case, view = opened(bare, "tolerance_percent")
    case.show("tolerance_percent", [view.composite], legend=False)
    grey = view.pixels() @ np.array([0.299, 0.587, 0.114])
    row, column = view.pixel_of((30.0, 0.0, 0.0))
    over = grey[row - 16 : row + 17, column - 16 : column + 17]
    below = grey[row - 4 : row + 5, column - 60 : column - 44]
    dark = over < 0.75 * np.median(over)
    assert 0.1 < dark.mean() < 0.5
    assert np.median(over) > 1.3 * np.median(below)
    assert below.std() < 0.2 * over.std()


def test_the_legend_says_what_the_hatch_means_where_one_is_shown(a_host, bare):
    cut = bare.maps["cumulative_eqd2"].array.copy()
    cut[:, :30] = np.nan
    maps = {key: bare.maps[key] for key in ("cumulative_eqd2", "eqd2_planned", "tolerance_percent")}
    maps["cumulative_eqd2"] = Volume(cut, bare.ct.grid)
    ResultNodes(a_host.scene).addCase(dataclasses.replace(bare, maps=maps))
    display, nodes = DoseDisplay(a_host.scene), CaseNodes(a_host.scene).maps()
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode
    for key, said in (
        ("cumulative_eqd2", "EQD2 (Gy)\nhatched: not known"),
        ("tolerance_percent", "% of limit\nhatched: not known"),
        ("eqd2_planned", "EQD2 (Gy)"),
    ):
        for _ in range(2):
            display.showMap(key, [])
            assert legend(nodes[key]).GetTitleText() == said
