"""The nodes of a case in a scene that the user works in already."""

import dataclasses

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from ReirradiationCore.dvh import Dvh  # noqa: E402
from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationCore.pictures_data import PriorImage, ResultTable  # noqa: E402
from ReirradiationCore.pipeline_data import DvhCurve  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.DvhPlots import DvhPlots  # noqa: E402
from ReirradiationPlannerLib.ResultNodes import ResultNodes  # noqa: E402
from ReirradiationPlannerLib.SubjectHierarchy import RESULTS, SubjectHierarchy  # noqa: E402
from ReirradiationPlannerLib.UnknownRegion import (  # noqa: E402
    NOT_KNOWN,
    OVER_LIMIT,
    UnknownRegion,
)
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402
from scene_shapes import box_structure  # noqa: E402

HOT = {"hot_spots": [{"structure": "Cube", "limit_gy": 70.0}]}


@pytest.fixture
def a_full_request(a_request):
    """With a prior course, a table, and the cube as an organ with a limit."""
    target = box_structure(9, "PTV", (-20, -20, -15), (20, 20, 15))
    return dataclasses.replace(
        a_request,
        priors=(PriorImage("prior-1", a_request.ct, None, (target,)),),
        tables=(ResultTable("Limits", ("Structure", "Verdict"), (("Cube", "PASS"),)),),
        results=HOT,
    )


@pytest.fixture
def users_scene(a_host, a_cylinder_ct):
    """A scene with a patient, a CT, a dose, a model, a segmentation, a table, a view."""
    scene, tree = a_host.scene, SubjectHierarchy(a_host.scene)
    volumes = VolumeNodes(scene)
    ct = volumes.addImage(a_cylinder_ct, "2: CT pelvis")
    dose = volumes.addImage(a_cylinder_ct, "Cumulative EQD2")
    patient = tree.patient("DEMO^PELVIS")
    study = tree.study(patient, "Course 1")
    for node in (ct, dose):
        tree.place(node, study)
    for name in ("vtkMRMLModelNode", "vtkMRMLSegmentationNode", "vtkMRMLMarkupsFiducialNode"):
        node = scene.AddNewNodeByClass(name, "Hot spots")
        node.CreateDefaultDisplayNodes()
        tree.place(node, study)
    scene.AddNewNodeByClass("vtkMRMLTableNode", "Limits")
    return scene, ct, patient


def state_of(scene, nodes):
    """What a user sees of nodes: name, attributes, display, place in the hierarchy."""
    tree = SubjectHierarchy(scene)
    found = {}
    for node in nodes:
        attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        seen = [
            (d.GetVisibility(), d.GetOpacity(), d.GetColor(), d.GetColorNodeID())
            for d in _displays(node)
        ]
        windows = [
            (d.GetWindow(), d.GetLevel()) for d in _displays(node) if hasattr(d, "GetWindow")
        ]
        found[node.GetID()] = (node.GetName(), attributes, seen, windows, tree.path(node))
    return found


def _displays(node):
    if not hasattr(node, "GetNumberOfDisplayNodes"):
        return []
    return [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]


def everything(host, request):
    nodes = ResultNodes(host.scene)
    nodes.addCase(request)
    nodes.addPriors(request)
    nodes.updatePlotsAndTables(request)
    return nodes


def test_nothing_of_the_user_is_renamed_hidden_moved_or_deleted(
    users_scene, a_host, a_full_request
):
    scene, _, patient = users_scene
    own = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    own = [node for node in own if not node.GetClassName().endswith("SubjectHierarchyNode")]
    before = state_of(scene, own)
    nodes = everything(a_host, a_full_request)
    nodes.arrange(a_full_request, patient)
    view = a_host.add_slice_logic("Red", "Axial")
    DoseDisplay(scene).showMap("cumulative_eqd2", [view.GetSliceCompositeNode()])
    assert state_of(scene, own) == before
    nodes.clear()
    assert state_of(scene, own) == before


def test_showing_a_case_again_leaves_no_empty_folders_behind(users_scene, a_full_request):
    scene, ct, patient = users_scene
    tree = scene.GetSubjectHierarchyNode()
    for _time in range(2):
        nodes = ResultNodes(scene)
        nodes.clear()
        nodes.addCase(a_full_request, ct)
        nodes.arrange(a_full_request, patient)
    items = vtk.vtkIdList()
    tree.GetItemChildren(patient, items)
    names = [tree.GetItemName(items.GetId(place)) for place in range(items.GetNumberOfIds())]
    assert names.count(RESULTS) == 1
    assert SubjectHierarchy(scene).path(CaseNodes(scene).maps()["cumulative_eqd2"])[1] == RESULTS


def test_clearing_leaves_a_scene_as_it_was(users_scene, a_host, a_full_request):
    scene = users_scene[0]
    before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
    everything(a_host, a_full_request).clear()
    left = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    # colour tables are shared by later cases and show nothing by themselves
    kept = {"vtkMRMLColorTableNode", "vtkMRMLColorTableStorageNode"}
    assert {n.GetID() for n in left if n.GetClassName() not in kept} - before == set()


def test_the_users_own_image_is_used_and_stays_in_its_place(users_scene, a_host, a_full_request):
    scene, ct, patient = users_scene
    display = ct.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(1500.0, 300.0)
    nodes, path = ResultNodes(scene), SubjectHierarchy(scene).path(ct)
    nodes.addCase(a_full_request, imageNode=ct)
    nodes.arrange(a_full_request, patient)
    assert CaseNodes(scene).all(CaseNodes.IMAGE) == [ct]
    assert (display.GetWindow(), display.GetLevel()) == (1500.0, 300.0)
    assert SubjectHierarchy(scene).path(ct) == path
    nodes.clear()
    assert scene.GetNodeByID(ct.GetID()) is ct


def test_results_stand_in_folders_in_order_under_the_patient(users_scene, a_host, a_full_request):
    scene, _, patient = users_scene
    everything(a_host, a_full_request).arrange(a_full_request, patient)
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    results = tree.GetItemChildWithName(patient, RESULTS)
    items = []
    tree.GetItemChildren(results, items)
    assert [tree.GetItemName(item) for item in items] == [
        "Maps", "Hot spots", "Isodoses", "Contours of prior courses", "Organs by tolerance used",
        "Tables", "Unknown dose",
    ]  # fmt: skip
    node = CaseNodes(scene).first(CaseNodes.PRIOR_IMAGE)
    assert SubjectHierarchy(scene).path(node)[:2] == ["DEMO^PELVIS", "first course"]


def test_an_updated_map_is_repainted_with_its_lines(a_host, a_full_request):
    nodes = everything(a_host, a_full_request)
    map_node = CaseNodes(a_host.scene).maps()["cumulative_eqd2"]
    display = DoseDisplay(a_host.scene)
    assert len(display.isodoses(map_node)) == 4
    old = a_full_request.maps["cumulative_eqd2"]
    nodes.updateMap("cumulative_eqd2", Volume(old.array / 2, old.grid))
    nodes.redraw("cumulative_eqd2")
    assert slicer.util.arrayFromVolume(map_node).max() == pytest.approx(old.array.max() / 2)
    # 20 and 40 Gy of at most 50; the colours stay those of 0 to 100 Gy
    names = [model.GetName() for model in display.isodoses(map_node)]
    assert names == ["Cumulative EQD2 20 Gy", "Cumulative EQD2 40 Gy"]
    assert map_node.GetDisplayNode().GetWindowLevelMax() == 100.0


def test_the_hatch_of_a_map_follows_what_is_known_of_it_in_the_views_that_show_it(
    a_host, a_full_request
):
    nodes, scene = everything(a_host, a_full_request), a_host.scene
    shown = a_host.add_slice_logic("Red", "Axial").GetSliceCompositeNode()
    DoseDisplay(scene).showMap("cumulative_eqd2", [shown])
    map_node = CaseNodes(scene).maps()["cumulative_eqd2"]
    assert CaseNodes.hatchOf(map_node) is None
    known = a_full_request.maps["cumulative_eqd2"]
    half = known.array.copy()
    half[:, :30] = np.nan
    for array, rows in ((half, slice(0, 30)), (known.array, slice(0, 0))):
        nodes.updateMap("cumulative_eqd2", Volume(array, known.grid))
        nodes.redraw("cumulative_eqd2")
        hatch = CaseNodes.hatchOf(map_node)
        assert shown.GetLabelVolumeID() == (hatch.GetID() if hatch else None)
        points = hatched_points(hatch) if hatch else np.empty((0, 3))
        # row 30 is the first that is known, at P 0; its voxels reach 1.5 mm further
        assert bool(len(points)) == bool(rows.stop)
        assert (points[:, 1] < -1.5 + 0.01).all()
    assert set(CaseNodes(scene).all(CaseNodes.HATCH)) == hatches_in_use(scene)


def hatched_points(hatch_node):
    volume = VolumeNodes.toVolume(hatch_node)
    return volume.grid.centers_lps()[volume.array.ravel() > 0]


def hatches_in_use(scene):
    return set(map(CaseNodes.hatchOf, CaseNodes(scene).maps().values())) - {None}


def test_the_hatch_over_the_limit_follows_the_tolerance_map(a_host, a_full_request):
    nodes = everything(a_host, a_full_request)
    map_node = CaseNodes(a_host.scene).maps()["tolerance_percent"]
    hatch = CaseNodes.hatchOf(map_node)
    found = [UnknownRegion.isHatched(hatch, label) for label in (NOT_KNOWN, OVER_LIMIT)]
    assert found == [False, True]
    old = a_full_request.maps["tolerance_percent"]
    nodes.updateMap("tolerance_percent", Volume(old.array / 2, old.grid))
    nodes.redraw("tolerance_percent")
    # 140 % at most before, so 70 % now
    assert CaseNodes.hatchOf(map_node) is None


def test_a_map_of_planes_at_uneven_distances_is_updated_too(a_host, a_full_request):
    even = a_full_request.maps["cumulative_eqd2"]
    offsets = (0.0, 3.0, *(6.0 * n for n in range(1, 20)))
    grid = dataclasses.replace(
        even.grid, size=(*even.grid.size[:2], len(offsets)), plane_offsets_mm=offsets
    )
    values = Volume(np.full(grid.shape, 50.0, np.float32), grid)
    maps = {**a_full_request.maps, "cumulative_eqd2": values}
    nodes = everything(a_host, dataclasses.replace(a_full_request, maps=maps))
    nodes.updateMap("cumulative_eqd2", Volume(values.array / 2, grid))
    array = slicer.util.arrayFromVolume(CaseNodes(a_host.scene).maps()["cumulative_eqd2"])
    # planes every 3 mm from 0 to 114 mm, the smallest distance of the uneven ones
    assert array.shape == (39, 61, 61)
    assert (array == 25.0).all()


def test_the_histogram_of_an_organ_that_is_gone_is_taken_away(a_host, a_full_request):
    dose = np.linspace(0.0, 50.0, 11)
    one, other = (
        DvhCurve(organ, "planned", "EQD2", 3.0, Dvh(dose, 50.0 - dose, 50.0))
        for organ in ("Cord", "Rectum")
    )
    nodes = ResultNodes(a_host.scene)
    nodes.updatePlotsAndTables(dataclasses.replace(a_full_request, dvh=(one, other)))
    assert DvhPlots(a_host.scene).organs() == {"Cord", "Rectum"}
    nodes.updatePlotsAndTables(dataclasses.replace(a_full_request, dvh=(one,)))
    assert DvhPlots(a_host.scene).organs() == {"Cord"}


def test_a_map_of_another_grid_is_refused(a_host, a_full_request):
    nodes = everything(a_host, a_full_request)
    old = a_full_request.maps["cumulative_eqd2"]
    cut = dataclasses.replace(old.grid, size=(*old.grid.size[:2], 5))
    with pytest.raises(ValueError, match=r"5, 61, 61.*41, 61, 61"):
        nodes.updateMap("cumulative_eqd2", Volume(np.zeros(cut.shape, np.float32), cut))
