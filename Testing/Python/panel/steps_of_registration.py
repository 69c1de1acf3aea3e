"""Register with two prior courses, one start for one course, and engines of other modules."""

import json
import os
import types
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import slicer
import vtk
from panel_user import choose
from ReirradiationCore.errors import CancelledError, RefusedError
from ReirradiationPlannerLib import RegistrationSectionWidget
from ReirradiationPlannerLib.RegistrationEnginesInApplication import registrarFor
from ReirradiationPlannerLib.SceneNames import SceneNames
from ReirradiationPlannerLib.SelfTestInApplication import SelfTestInApplication
from slicer_stand_in import open_panel
from three_courses import save_two_priors


@pytest.fixture(scope="module")
def an_open_panel(a_module):
    return open_panel(a_module)


@pytest.fixture
def a_panel_of_three(an_open_panel, tmp_path):
    """Panel with two small prior courses and today's, none of them registered."""
    widget, user = an_open_panel, SelfTestInApplication(an_open_panel)
    slicer.mrmlScene.Clear(False)
    widget.enter()
    widget.ui.inputFolderPath.currentPath = str(save_two_priors(tmp_path))
    user._settle()
    user._press(widget.ui.readFolderButton)
    assert len(widget.form.session.priors) == 2, widget.ui.statusLabel.text
    return widget, user


def _linear(name):
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)


def _register(widget, user, engine, prior="prior-1"):
    choose(widget.ui.priorCourseComboBox, prior)
    choose(widget.ui.engineComboBox, engine)
    user._press(widget.ui.registerButton)


def test_a_start_is_of_the_chosen_course_alone(a_panel_of_three, monkeypatch):
    widget, user = a_panel_of_three
    session, used = widget.form.session, []
    start = session.settings.startTransform = _linear("fitted to prior-2")

    def note(engine, node, _session, prior):
        used.append((prior.id, node, engine))

    monkeypatch.setattr(RegistrationSectionWidget, "registrarFor", note)
    _register(widget, user, "identity", "prior-2")
    assert used == [("prior-1", None, "identity"), ("prior-2", start, "identity")]
    assert all(session.isRegistered(prior) for prior in session.priors)
    assert {session.case.registration_of(prior.id) for prior in session.priors} == {"identity"}


def test_a_registration_from_a_start_says_that_nothing_else_was_tried(a_panel_of_three):
    widget, _user = a_panel_of_three
    session = widget.form.session
    engine = registrarFor("rigid", _linear("by hand"), session, session.priors[0])
    assert engine.start.TransformPoint((1.0, 2.0, 3.0)) == pytest.approx((1.0, 2.0, 3.0))
    assert any("'by hand' alone" in text and "half turn" in text for text in engine.remarks)
    assert registrarFor("rigid", None, session, session.priors[0]) is None


def test_a_stopped_registration_leaves_choices_and_results_as_they_were(
    a_panel_of_three, monkeypatch
):
    widget, user = a_panel_of_three
    session = widget.form.session
    _register(widget, user, "identity")
    user._press(widget.ui.evaluateButton)
    before, choices = session.result, session.choices.text
    assert before is not None, widget.ui.statusLabel.text

    def stop(*_said):
        reason = "earlier results are as they were"
        raise CancelledError(reason)

    with monkeypatch.context() as patched:
        patched.setattr(type(widget.form.progress), "__call__", lambda _progress, *a: stop(*a))
        _register(widget, user, "rigid")
    assert widget.ui.statusLabel.text.startswith("Stopped")
    assert session.choices.text == choices
    assert not session.isStale
    user._press(widget.ui.evaluateButton)
    assert not widget.ui.statusLabel.text.startswith("Refused"), widget.ui.statusLabel.text


def test_one_transform_for_two_courses_is_copied_and_said(a_panel_of_three):
    widget, user = a_panel_of_three
    session = widget.form.session
    mine = session.settings.registrationTransform = _linear("mine")
    user._settle()
    _register(widget, user, "transform")
    assert session.priors[0].transformNode is mine
    _register(widget, user, "transform", "prior-2")
    assert "'mine for prior-2' is a copy" in widget.ui.statusLabel.text
    assert session.priors[0].transformNode is mine


def test_an_approval_of_a_scene_saved_earlier_is_shown_as_void(a_panel_of_three):
    widget, user = a_panel_of_three
    session = widget.form.session
    _register(widget, user, "identity")
    session.settings.approver = "A. Physicist"
    user._settle()
    user._press(widget.ui.approveButton)
    assert "Approved by A. Physicist" in widget.ui.approvalLabel.text
    node = session.priors[0].transformNode
    content = json.loads(node.GetAttribute(SceneNames.APPROVAL))
    del content["images"]
    node.SetAttribute(SceneNames.APPROVAL, json.dumps(content))
    widget.form.refresh()
    text = widget.ui.approvalLabel.text
    assert "is void" in text
    assert "Not approved" in text


def test_a_start_is_not_fitted_while_the_prior_ct_is_shown_elsewhere_than_its_points(
    a_panel_of_three,
):
    widget, user = a_panel_of_three
    session = widget.form.session
    lists = []
    for _ in range(2):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        for point in ((0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (0.0, 20.0, 0.0)):
            node.AddControlPoint(*point)
        lists.append(node)
    session.settings.referenceLandmarks, session.settings.priorLandmarks = lists
    choose(widget.ui.priorCourseComboBox, "prior-1")
    user._settle()
    shown = _linear("shown")
    session.priors[0].imageNode.SetAndObserveTransformNodeID(shown.GetID())
    user._press(widget.ui.landmarkStartButton)
    assert "under the same transform" in widget.ui.statusLabel.text
    assert session.settings.startTransform is None
    session.priors[0].imageNode.SetAndObserveTransformNodeID(None)
    user._press(widget.ui.landmarkStartButton)
    assert "0.0 mm apart" in widget.ui.statusLabel.text
    assert session.settings.startTransform is not None


def test_engines_of_other_modules_are_offered_only_where_they_are(monkeypatch):
    from ReirradiationPlannerLib.RegistrationEnginesInApplication import (  # noqa: PLC0415
        availableEngines,
    )

    assert "brains" not in dict(availableEngines())
    monkeypatch.setattr(slicer.modules, "brainsfit", types.SimpleNamespace(), raising=False)
    monkeypatch.setattr(slicer.modules, "elastix", types.SimpleNamespace(), raising=False)
    assert {"brains", "elastix"} <= set(dict(availableEngines()))


def test_parameters_of_brains_are_those_of_its_description():
    from ReirradiationPlannerLib.BrainsRegistrarInApplication import (  # noqa: PLC0415
        BrainsRegistrarInApplication,
    )

    path = Path(os.environ["SLICER_SOURCE_DIR"]) / "Docs" / "_extracli" / "BRAINSFit.xml"
    known = {node.text for node in ET.parse(path).iter("name")}
    engine = BrainsRegistrarInApplication(slicer.mrmlScene)
    assert set(engine._parameters(None, None, None)) <= known


def test_what_brains_writes_is_said_shortly():
    from ReirradiationPlannerLib import BrainsRegistrarInApplication as brains  # noqa: PLC0415

    output = (
        "Transform Estimations for Rigid(1 of 3).==\nTransform Estimations for Affine(2 of 3).=="
    )
    assert brains._stage(output) == "Affine(2 of 3)"
    assert brains._stage("Original Fixed image origin") == ""
    error = "itk::ERROR: : ITK ERROR: Metricv4(0x55e8): All samples map outside the image."
    assert brains._reason(error) == "All samples map outside the image."
    assert brains._reason("no such file") == "no such file"


def test_other_modules_get_no_start_that_they_would_see_otherwise(a_panel_of_three):
    session = a_panel_of_three[0].form.session
    start, above = _linear("Start"), _linear("Above")
    registrarFor("brains", start, session, session.priors[0])
    moved = vtk.vtkMatrix4x4()
    moved.SetElement(0, 3, 5.0)
    above.SetMatrixTransformToParent(moved)
    start.SetAndObserveTransformNodeID(above.GetID())
    with pytest.raises(RefusedError, match="'Start' is itself under the transform 'Above'"):
        registrarFor("brains", start, session, session.priors[0])
    start.SetAndObserveTransformNodeID(None)
    moved.SetElement(0, 0, 1.2)
    start.SetMatrixTransformToParent(moved)
    with pytest.raises(RefusedError, match=r"Start: .*scale"):
        registrarFor("elastix", start, session, session.priors[0])
