"""The scene file: what it holds, and what it opens with."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

slicer = pytest.importorskip("slicer")

from ReirradiationCore.dvh import Dvh  # noqa: E402
from ReirradiationCore.errors import ReirradiationError  # noqa: E402
from ReirradiationCore.grids import Grid, Volume  # noqa: E402
from ReirradiationCore.pictures_data import (  # noqa: E402
    HotSpot,
    PictureRequest,
    PriorImage,
    ResultTable,
)
from ReirradiationCore.pipeline_data import DvhCurve  # noqa: E402
from ReirradiationHeadless.host import boot, read_mrb  # noqa: E402
from ReirradiationHeadless.scene import build_scene, write_scene  # noqa: E402
from ReirradiationHeadless.views import SliceView, ThreeDView  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.Navigation import Navigation  # noqa: E402
from ReirradiationPlannerLib.PlotNodes import seriesOf  # noqa: E402
from ReirradiationPlannerLib.SubjectHierarchy import SubjectHierarchy  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402
from scene_shapes import box_structure  # noqa: E402


@pytest.fixture(scope="module")
def reread(tmp_path_factory):
    """Scene of a case after a trip through its file, with the request it came from."""
    pytest.importorskip("slicer")
    request = _request()
    path = tmp_path_factory.mktemp("scene") / "scene.mrb"
    write_scene(path, request)
    host = boot()
    read_mrb(host, path)
    return request, host, path


def _request():
    grid = Grid((30, 28, 20), (3.0, 3.0, 3.0), (-45.0, -42.0, -30.0))
    random = np.random.default_rng(5)
    ct = Volume(random.integers(-200, 200, grid.shape).astype(np.int16), grid)
    dose = random.uniform(0, 90, grid.shape).astype(np.float32)
    dose[:3] = np.nan
    dvh = Dvh(np.array([0.0, 80.0]), np.array([5.0, 0.0]), 5.0)
    limit = {
        "structure": "Rectum", "metric": "D1cc", "quantity": "EQD2", "scope": "cumulative",
        "relation": "<=", "limit": 90.0, "unit": "Gy", "value": 80.0, "verdict": "PASS",
    }  # fmt: skip
    return PictureRequest(
        ct=ct,
        maps={
            "cumulative_eqd2": Volume(dose, grid),
            "eqd2_prior-1": Volume(dose / 2, grid),
            "tolerance_percent": Volume(dose / 0.9, grid),
        },
        structures=(box_structure(4, "Rectum", (-20, -20, -15), (20, 20, 15)),),
        hot_spots=(HotSpot("Rectum", (6.0, 9.0, -3.0), "80 Gy EQD2"),),
        course_labels={"prior-1": "Prostate 2021", "planned": "Node 2024"},
        patient_label="REIRR-DEMO-01",
        priors=(
            PriorImage(
                "prior-1", ct, sitk.TranslationTransform(3, (1.0, 2.0, 3.0)),
                (box_structure(9, "Bladder", (-20, -20, -15), (20, 20, 15)),),
            ),
        ),
        tables=(ResultTable("Limits", ("Structure", "Value"), (("Rectum", 80.25), ("x", None))),),
        dvh=(DvhCurve("Rectum", "cumulative", "EQD2", 3.0, dvh),),
        results={"hot_spots": [{"structure": "Rectum", "limit_gy": 90.0}], "constraints": [limit]},
    )  # fmt: skip


def named(host, name):
    node = host.scene.GetFirstNodeByName(name)
    assert node, f"{name} is not in the scene"
    return node


def test_voxels_come_back_as_they_were(reread):
    request, host, _ = reread
    ct = slicer.util.arrayFromVolume(named(host, "Reference CT"))
    dose = slicer.util.arrayFromVolume(named(host, "Cumulative EQD2"))
    assert np.array_equal(ct, request.ct.array)
    assert np.array_equal(dose, request.maps["cumulative_eqd2"].array, equal_nan=True)


def test_maps_are_named_after_their_course_and_keep_the_dose_attribute(reread):
    node = named(reread[1], "EQD2, Prostate 2021")
    assert node.GetAttribute(VolumeNodes.DOSE_ATTRIBUTE) == "1"
    assert node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) == "eqd2_prior-1"


def test_structures_come_back_with_a_surface_to_show(reread):
    node = named(reread[1], "Structures")
    segment = node.GetSegmentation().GetSegment("ROI_4")
    assert segment.GetName() == "Rectum"
    assert segment.GetRepresentation("Closed surface").GetNumberOfCells() > 0


def test_the_prior_image_and_its_structures_hang_under_their_transform(reread):
    host = reread[1]
    transform = named(host, "Prostate 2021 to reference")
    for name in ("CT, Prostate 2021", "Structures, Prostate 2021"):
        assert named(host, name).GetTransformNodeID() == transform.GetID()
    # a point of the prior image lies 1, 2, 3 mm further in L, P, S than on the reference
    to_parent = transform.GetTransformToParent()
    assert to_parent.TransformPoint(0.0, 0.0, 0.0) == pytest.approx((1.0, 2.0, -3.0))


def test_tables_keep_empty_cells_empty(reread):
    table = named(reread[1], "Limits").GetTable()
    assert [table.GetColumnName(n) for n in range(2)] == ["Structure", "Value"]
    assert [table.GetValue(n, 1).ToString() for n in range(2)] == ["80.25", ""]


def test_hot_spots_come_back_with_label_and_value(reread):
    node = named(reread[1], "Hot spots")
    assert node.GetNthControlPointPosition(0) == pytest.approx((-6.0, -9.0, -3.0))
    assert node.GetNthControlPointLabel(0) == "Rectum"
    assert node.GetNthControlPointDescription(0) == "80 Gy EQD2"


def test_it_opens_with_the_cumulative_map_over_the_reference_image(reread):
    host = reread[1]
    composites = host.scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    found = [composites.GetItemAsObject(n) for n in range(composites.GetNumberOfItems())]
    assert {node.GetLayoutName() for node in found} == {"Red", "Yellow", "Green"}
    for node in found:
        assert node.GetBackgroundVolumeID() == named(host, "Reference CT").GetID()
        assert node.GetForegroundVolumeID() == named(host, "Cumulative EQD2").GetID()
        assert node.GetForegroundOpacity() > 0


def test_it_opens_at_the_first_hot_spot(reread):
    host = reread[1]
    slices = host.scene.GetNodesByClass("vtkMRMLSliceNode")
    for place in range(slices.GetNumberOfItems()):
        matrix = slices.GetItemAsObject(place).GetSliceToRAS()
        center = [matrix.GetElement(axis, 3) for axis in range(3)]
        assert center == pytest.approx([-6.0, -9.0, -3.0])


@pytest.mark.usefixtures("a_screen")
def test_views_of_a_scene_from_a_file_are_its_own_and_follow_a_jump(reread):
    host = boot()
    read_mrb(host, reread[2])
    view = SliceView(host, "Red", "Axial", (120, 120))
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLSliceNode") == 3
    assert ThreeDView(host, "1", (60, 60)).node.GetScene() is host.scene
    Navigation(host.scene).jumpTo((3.0, 6.0, 9.0))
    assert view.pixel_of((3.0, 6.0, 9.0)) == pytest.approx((60, 60), abs=1)


def test_colours_come_back_with_the_map(reread):
    display = named(reread[1], "Cumulative EQD2").GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, 100.0)
    assert display.GetApplyThreshold()
    color = [0.0] * 4
    display.GetColorNode().GetColor(255, color)
    assert color == pytest.approx([0.70, 0.0, 0.08, 1.0], abs=0.01)


def test_prior_contours_organs_and_hatches_come_back(reread):
    nodes = CaseNodes(reread[1].scene)
    (contour,) = nodes.all(CaseNodes.PRIOR_CONTOUR, course="prior-1")
    assert contour.GetName() == "Bladder, Prostate 2021"
    (surface,) = nodes.all(CaseNodes.ORGAN_SURFACE)
    colors = surface.GetPolyData().GetPointData().GetArray("Colour by tolerance used")
    assert (colors.GetNumberOfComponents(), colors.GetDataTypeAsString()) == (4, "unsigned char")
    display = surface.GetDisplayNode()
    assert display.GetScalarRangeFlag() == display.UseDirectMapping
    assert CaseNodes.hatchOf(nodes.maps()["cumulative_eqd2"]).GetImageData() is not None


def test_charts_come_back_with_their_curves(reread):
    nodes = CaseNodes(reread[1].scene)
    charts = {chart.GetName(): chart for chart in nodes.all(CaseNodes.CHART)}
    assert list(charts) == ["Rectum: EQD2, a/b 3 Gy", "Tolerance used"]
    series = seriesOf(charts["Rectum: EQD2, a/b 3 Gy"])[0]
    table = series.GetTableNode().GetTable()
    assert table.GetColumnByName(series.GetYColumnName()).GetRange() == (0.0, 100.0)


def test_everything_stands_under_the_patient_in_the_subject_hierarchy(reread):
    host = reread[1]
    tree = SubjectHierarchy(host.scene)
    assert tree.path(named(host, "Reference CT"))[:2] == ["REIRR-DEMO-01", "Node 2024"]
    assert tree.path(named(host, "CT, Prostate 2021"))[:2] == ["REIRR-DEMO-01", "Prostate 2021"]
    folder = ["REIRR-DEMO-01", "Reirradiation results"]
    assert tree.path(named(host, "Cumulative EQD2"))[:2] == folder
    assert tree.path(named(host, "Limits"))[:2] == folder


def test_a_map_without_a_known_voxel_does_not_stop_the_scene(tmp_path):
    request = _request()
    nothing = np.full_like(request.maps["cumulative_eqd2"].array, np.nan)
    empty = dataclasses.replace(request.maps["cumulative_eqd2"], array=nothing)
    case = build_scene(dataclasses.replace(request, maps={"cumulative_eqd2": empty}))
    assert list(case.maps) == ["cumulative_eqd2"]


def test_a_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path):
    blocked = tmp_path / "scene.mrb"
    blocked.mkdir()
    (blocked / "inside").touch()
    with pytest.raises(ReirradiationError, match=r"scene\.mrb"):
        write_scene(blocked, _request())
