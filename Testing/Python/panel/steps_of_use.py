"""What a user can do to the panel without an error: edit, undo, delete, close, open twice."""

import pytest
import slicer
from panel_user import choose, numbers
from ReirradiationCore.errors import CancelledError
from ReirradiationPlannerLib.SelfTestInApplication import moveContours
from ReirradiationPlannerLib.Work import Work
from slicer_stand_in import open_panel

ALPHA_BETA = 4


def _rectum(widget):
    session = widget.form.session
    organ = next(o for o in session.organs() if o.name == "Rectum")
    return session.found.planned.segmentationNode, organ.segmentId


def test_three_clicks_give_results(a_panel):
    widget, _user = a_panel
    assert widget.ui.protocolFilePath.currentPath == ""
    assert widget.ui.verdictTable.rowCount == len(widget.form.session.result.rows) > 0


def test_an_edit_that_is_undone_gives_the_numbers_of_before(a_panel):
    widget, user = a_panel
    before = numbers(widget)
    node, segment = _rectum(widget)
    moveContours(node, segment, 8.0)
    user._wait(lambda: not widget.form.session.isStale, "edited")
    assert numbers(widget) != before
    moveContours(node, segment, -8.0)
    user._wait(lambda: not widget.form.session.isStale, "undone")
    assert numbers(widget) == pytest.approx(before, nan_ok=True)


def test_without_automatic_update_results_are_only_marked_as_stale(a_panel):
    widget, user = a_panel
    before = widget.form.session.result
    widget.ui.autoUpdateCheckBox.checked = False
    user._settle()
    moveContours(*_rectum(widget), 2.0)
    widget.form.refresh()
    font = widget.ui.verdictTable.item(0, 0).font()
    assert widget.ui.resultState.text.startswith("STALE")
    assert font.italic()
    assert not widget.ui.verdictTable.enabled
    assert not widget.ui.reportButton.enabled
    assert "stale" in widget.ui.reportButton.toolTip
    assert widget.form.session.result is before
    widget.ui.autoUpdateCheckBox.checked = True
    moveContours(*_rectum(widget), -2.0)
    user._wait(lambda: not widget.form.session.isStale, "updated")


@pytest.mark.parametrize("typed", ["much", "-1"])
def test_a_refused_value_is_said_in_the_panel_and_not_kept(a_panel, typed):
    widget, user = a_panel
    session = widget.form.session
    before = session.choices.text
    keys = [organ.name for organ in session.organs()]
    item = widget.ui.organTable.item(keys.index("Rectum"), ALPHA_BETA)
    item.setText(typed)
    user._settle()
    assert widget.ui.statusLabel.text.startswith("Refused:")
    assert session.choices.text == before
    assert widget.ui.organTable.item(keys.index("Rectum"), ALPHA_BETA).text() != typed


def test_a_typed_value_is_in_italics_and_can_be_taken_back(a_panel):
    widget, user = a_panel
    keys = [organ.name for organ in widget.form.session.organs()]
    row = keys.index("Rectum")
    widget.ui.organTable.item(row, ALPHA_BETA).setText("2.5")
    user._wait(lambda: not widget.form.session.isStale, "typed")
    assert widget.ui.organTable.item(row, ALPHA_BETA).font().italic()
    widget.ui.organTable.selectRow(row)
    user._press(widget.ui.resetOrganButton)
    user._wait(lambda: not widget.form.session.isStale, "taken back")
    assert not widget.ui.organTable.item(row, ALPHA_BETA).font().italic()


def test_a_what_if_factor_moves_the_verdicts_and_comes_back(a_panel):
    widget, user = a_panel
    before = numbers(widget)
    widget.ui.plannedScaleSpinBox.value = 120
    user._wait(lambda: not widget.form.session.isStale, "scaled")
    user._settle()
    assert numbers(widget) != before
    widget.ui.plannedScaleSpinBox.value = 100
    user._wait(lambda: numbers(widget) == before, "as it was")


def test_views_are_arranged_and_show_the_maps_of_their_side(a_panel):
    widget, user = a_panel
    user._press(widget.ui.showMapsButton)
    box = widget.ui.layoutComboBox
    assert box.enabled, box.toolTip
    box.setCurrentIndex(1)
    box.activated.emit(1)
    user._settle()
    shown = {
        node.GetLayoutName(): slicer.mrmlScene.GetNodeByID(node.GetForegroundVolumeID())
        for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        if node.GetLayoutName().startswith("Reirr")
    }
    keys = {name: node.GetAttribute("ReirradiationPlanner.Map") for name, node in shown.items()}
    assert keys == {
        "ReirrLeftAxial": "eqd2_prior-1", "ReirrRightAxial": "eqd2_planned",
        "ReirrLeftCoronal": "eqd2_prior-1", "ReirrRightCoronal": "eqd2_planned",
    }  # fmt: skip


def test_the_overlap_is_coloured_from_the_chosen_doses_on(a_panel):
    widget, user = a_panel
    user._press(widget.ui.showMapsButton)
    node = _map("overlap_eqd2")
    widget.ui.overlapPriorSpinBox.value = 30
    widget.ui.overlapPriorSpinBox.editingFinished.emit()
    values = slicer.util.arrayFromVolume(node)
    prior = slicer.util.arrayFromVolume(_map("eqd2_prior-1"))
    assert (values > 0).any()
    assert not (values[prior < 30] > 0).any()
    widget.ui.overlapPriorSpinBox.value = 5


def _map(key):
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next(n for n in nodes if n.GetAttribute("ReirradiationPlanner.Map") == key)


def test_a_removed_segment_may_come_back(a_panel):
    widget, user = a_panel
    session = widget.form.session
    before = {(r["id"], r["structure"]): r["value"] for r in session.result.rows}
    node, segment = _rectum(widget)
    segmentation = node.GetSegmentation()
    kept = slicer.vtkSegment()
    kept.DeepCopy(segmentation.GetSegment(segment))
    segmentation.RemoveSegment(segment)
    user._wait(lambda: not session.isStale, "judged without it")
    gone = [row for row in session.result.rows if row["structure"] == "Rectum"]
    assert {row["verdict"] for row in gone} <= {"NOT EVALUABLE"}
    segmentation.AddSegment(kept, segment)
    user._wait(lambda: not session.isStale, "judged with it again")
    after = {(r["id"], r["structure"]): r["value"] for r in session.result.rows}
    assert after == pytest.approx(before, nan_ok=True)


def test_the_registration_may_be_deleted(a_panel):
    widget, user = a_panel
    session = widget.form.session
    slicer.mrmlScene.RemoveNode(session.priors[0].transformNode)
    assert session.isStale
    user._wait(lambda: not session.isStale, "registered again")
    assert session.isRegistered(session.priors[0])


def test_cancel_leaves_earlier_results_as_they_were(a_panel, monkeypatch):
    widget, user = a_panel
    session = widget.form.session
    before = session.result

    def stop(message, fraction=None):
        raise CancelledError("stopped")

    monkeypatch.setattr(type(widget.form.progress), "__call__", lambda s, *a: stop(*a))
    user._press(widget.ui.evaluateButton)
    assert widget.ui.statusLabel.text.startswith("Stopped")
    assert session.result is before
    assert widget.ui.evaluateSection.enabled


def test_a_refusal_outlives_the_update_that_was_due(a_panel):
    widget, user = a_panel
    session, ui = widget.form.session, widget.ui
    session.invalidate(Work.JUDGE)
    widget.form._schedule()
    choose(ui.engineComboBox, "transform")
    session.settings.registrationTransform = None
    user._press(ui.registerButton)
    refused = ui.statusLabel.text
    assert refused.startswith("Refused:")
    user._wait(lambda: not session.isStale, "judged again")
    assert ui.statusLabel.text == refused
    choose(ui.engineComboBox, "auto")
    session.invalidate(Work.JUDGE)
    widget.form._schedule()
    user._wait(lambda: not session.isStale, "judged once more")
    assert not ui.statusLabel.text.startswith("Refused:")


def test_two_panels_of_one_scene_do_not_disturb_each_other(a_panel, a_module):
    widget, user = a_panel
    second = open_panel(a_module)
    second.ui.authorEdit.text = "Somebody"
    user._settle()
    assert widget.ui.authorEdit.text == "Somebody"
    second.cleanup()
    widget.ui.authorEdit.text = ""
    user._settle()
    assert widget.form.session.settings.author == ""


def test_results_follow_while_another_module_is_shown(a_panel):
    widget, user = a_panel
    widget.exit()
    before = widget.form.session.result
    moveContours(*_rectum(widget), 3.0)
    user._wait(lambda: widget.form.session.result is not before, "followed")
    moveContours(*_rectum(widget), -3.0)
    user._wait(lambda: not widget.form.session.isStale, "and back")
    widget.enter()


def test_a_node_in_use_may_be_deleted(a_panel):
    widget, user = a_panel
    node = widget.form.session.found.planned.doseNodes[0]
    slicer.mrmlScene.RemoveNode(node)
    user._wait(lambda: not widget.form.session.isReady, "found to be missing")
    widget.form.refresh()
    assert not widget.ui.evaluateButton.enabled
    assert "is not in the scene" in widget.ui.evaluateButton.toolTip


def test_the_scene_may_be_closed_and_the_module_reloaded(a_loaded_panel, a_module):
    widget, user = a_loaded_panel
    slicer.mrmlScene.Clear(False)
    user._settle()
    assert widget.form.session.found is None
    assert widget.ui.courseTable.rowCount == 0
    assert not widget.ui.evaluateButton.enabled
    assert "find the courses first" in widget.ui.evaluateButton.toolTip
    widget.cleanup()
    again = open_panel(a_module)
    again.exit()
    again.enter()
    assert again.ui.statusLabel.text.startswith("Next: 1.")
    again.cleanup()
