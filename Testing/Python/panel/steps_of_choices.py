"""What a user chooses on the panel reaches the case and the verdicts, and can be taken back."""

import dataclasses

import pytest
import slicer
from panel_user import choose, numbers, type_text
from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.errors import RefusedError
from ReirradiationPlannerLib.CaseSettings import takeSettings
from ReirradiationPlannerLib.CoursesSectionWidget import CoursesSectionWidget
from ReirradiationPlannerLib.ScenePhase import ScenePhase

ALPHA_BETA = 4
LEVEL, TRE = 1, 5


def test_options_of_the_engine_reach_the_case_and_a_wrong_level_is_refused(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    ui.guideEdit.text = "Rectum, Bladder"
    ui.guideEdit.editingFinished.emit()
    ui.diffeomorphicCheckBox.checked = True
    user._settle()
    option = session.case.registration_choice("prior-1")
    assert (option.guide, option.diffeomorphic) == (("Rectum", "Bladder"), True)
    ui.levelsEdit.text = "mda_mm 3 1"
    ui.levelsEdit.editingFinished.emit()
    user._settle()
    assert ui.statusLabel.text.startswith("Refused:")
    assert ui.levelsEdit.text == ""
    ui.guideEdit.text = ""
    ui.guideEdit.editingFinished.emit()
    ui.diffeomorphicCheckBox.checked = False
    user._settle()
    assert session.case.registration_options == {}


def test_the_spacing_of_the_finer_step_waits_for_where_it_is(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    assert not ui.fineSpacingSpinBox.enabled
    type_text(ui.fineAroundEdit, "*")
    user._settle()
    assert ui.fineSpacingSpinBox.enabled
    ui.fineSpacingSpinBox.value = 1.0
    type_text(ui.fineAroundEdit, "")
    user._settle()
    assert "fine_mm is 1, but fine_around is empty" in ui.statusLabel.text
    option = session.case.registration_choice("prior-1")
    assert (option.fine_around, option.fine_mm) == (("*",), 1.0)
    ui.fineSpacingSpinBox.value = 1.25
    type_text(ui.fineAroundEdit, "")
    user._settle()
    assert session.case.registration_options == {}


def test_options_of_one_course_leave_the_common_ones(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    choose(ui.optionsCourseComboBox, "prior-1")
    ui.smoothnessSpinBox.value = 3.0
    choose(ui.startKindComboBox, "bone")
    user._settle()
    assert list(session.case.registration_options) == ["prior-1"]
    option = session.case.registration_choice("prior-1")
    assert (option.smoothness, option.start) == (3.0, "bone")
    choose(ui.optionsCourseComboBox, "*")
    user._settle()
    assert ui.smoothnessSpinBox.value == 1.0
    choose(ui.optionsCourseComboBox, "prior-1")
    user._settle()
    assert ui.smoothnessSpinBox.value == 3.0
    ui.smoothnessSpinBox.value = 1.0
    choose(ui.startKindComboBox, "auto")
    user._settle()
    choose(ui.optionsCourseComboBox, "*")
    assert session.case.registration_options == {}


def _points(*positions):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    for number, position in enumerate(positions):
        node.SetNthControlPointLabel(node.AddControlPoint(*position), f"point {number}")
    return node


def _given(session):
    return session.case.quality.landmarks["prior-1"]


def test_landmarks_measure_the_registration_at_once(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    lists = [_points((0.0, 0.0, 0.0), (30.0, 10.0, 20.0)) for _ in range(2)]
    session.settings.referenceLandmarks, session.settings.priorLandmarks = lists
    user._settle()
    user._press(ui.landmarkMeasureButton)
    user._wait(lambda: not session.isStale, "judged with landmarks")
    assert "point 0:" in ui.landmarksLabel.text, ui.statusLabel.text
    assert " mm" in ui.landmarksLabel.text
    assert float(ui.qualityTable.item(0, TRE).text()) > 0
    session.settings.autoUpdate = False
    kept = session.choices
    moved = [dataclasses.replace(one, prior_lps=(1.0, 2.0, 3.0)) for one in _given(session)]
    widget.form.change(kept.withLandmarks("prior-1", tuple(moved)))
    user._settle()
    assert ui.landmarksLabel.text == "point 0: not measured; point 1: not measured"
    widget.form.change(kept)
    session.settings.autoUpdate = True
    user._wait(lambda: not session.isStale, "judged as before")
    for node in lists:
        node.RemoveAllControlPoints()
    user._press(ui.landmarkMeasureButton)
    user._wait(lambda: not session.isStale, "judged without")
    assert session.case.quality.landmarks == {}
    assert ui.qualityTable.item(0, TRE).text() == ""
    for node in lists:
        slicer.mrmlScene.RemoveNode(node)


def test_levels_typed_after_the_evaluation_are_applied_at_once(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    before = numbers(widget)
    type_text(ui.levelsEdit, "mda_mm 0.001 0.002; mda_voxels 0.0001 0.0002")
    user._wait(lambda: not session.isStale, "judged with levels that nothing meets")
    rows = [row for row in session.result.rows if row["structure"] == "Rectum"]
    assert {row["verdict"] for row in rows if row["scope"] == "cumulative"} == {"NOT EVALUABLE"}
    levels = [ui.qualityTable.item(row, LEVEL).text() for row in range(ui.qualityTable.rowCount)]
    assert set(levels) <= {"fail", "not validated"}
    type_text(ui.levelsEdit, "")
    user._wait(lambda: not session.isStale, "judged with the default levels")
    assert numbers(widget) == pytest.approx(before, nan_ok=True)


def test_lql_asks_for_its_dose_and_judges_no_limit_of_lq(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    before = numbers(widget)
    ui.doseModelComboBox.setCurrentIndex(1)
    user._wait(lambda: "LQ-L needs" in ui.statusLabel.text, "asked for its dose")
    assert session.isStale
    ui.transitionDoseSpinBox.value = 6.0
    user._wait(lambda: not session.isStale, "judged with LQ-L")
    cumulative = [row for row in session.result.rows if row["quantity"] == "EQD2"]
    assert {row["verdict"] for row in cumulative} == {"NOT EVALUABLE"}
    ui.doseModelComboBox.setCurrentIndex(0)
    user._wait(lambda: not session.isStale, "judged with LQ")
    assert numbers(widget) == pytest.approx(before, nan_ok=True)
    ui.transitionDoseSpinBox.value = 0.0
    user._wait(lambda: not session.isStale, "as it was")


def test_recovery_is_typed_for_one_prior_course(a_panel):
    widget, user = a_panel
    ui, session = widget.ui, widget.form.session
    choose(ui.organCourseComboBox, "prior-1")
    row = [organ.name for organ in session.organs()].index("Rectum")
    ui.organTable.item(row, ALPHA_BETA + 1).setText("0.3")
    user._wait(lambda: not session.isStale, "typed")
    assert session.case.organs["Rectum"].recovery["prior-1"].value == 0.3
    assert "*" not in session.case.organs["Rectum"].recovery
    ui.organTable.item(row, ALPHA_BETA + 1).setText("")
    user._wait(lambda: not session.isStale, "taken back")
    assert session.case.organs == {}
    choose(ui.organCourseComboBox, "*")


def test_who_says_that_the_courses_are_of_one_patient_stands_in_the_choices(a_panel):
    widget, user = a_panel
    session = widget.form.session
    type_text(widget.ui.samePatientEdit, "checked by A")
    user._wait(lambda: not session.isStale, "found again")
    assert session.case.identity_override == "checked by A"
    type_text(widget.ui.samePatientEdit, "")
    user._wait(lambda: not session.isStale, "found again")
    assert session.case.identity_override is None


def test_a_registration_of_the_planning_system_that_is_not_there_is_refused(a_panel):
    widget, user = a_panel
    ui = widget.ui
    before = ui.engineComboBox.currentIndex
    choose(ui.engineComboBox, "tps")
    user._press(ui.registerButton)
    assert "found none" in ui.statusLabel.text
    ui.engineComboBox.setCurrentIndex(before)


def test_fractions_of_a_course_of_two_plans_are_typed_plan_by_plan(a_panel):
    widget, _user = a_panel
    session = widget.form.session
    before = session.found
    prior = before.byId("prior-1")
    plans = (ScenePhase("MAIN", 25, 25, 50.0), ScenePhase("BOOST", 8, 8, 16.0))
    rows = (dataclasses.replace(prior, phases=plans), before.planned)
    session.found = dataclasses.replace(before, courses=rows)
    section = next(s for _box, s in widget.form._sections if isinstance(s, CoursesSectionWidget))
    choices = section._withFractions("prior-1", "20 + 3")
    assert choices.case(session.settings).fractions == {"MAIN": 20, "BOOST": 3}
    with pytest.raises(RefusedError, match="has the plans MAIN, BOOST"):
        section._withFractions("prior-1", "20")
    with pytest.raises(RefusedError, match="has the plans MAIN, BOOST"):
        section._withFractions("prior-1", "20 +")
    session.found = before


def test_a_case_file_with_a_value_the_panel_cannot_show_changes_nothing(a_panel):
    widget, _user = a_panel
    settings = widget.form.session.settings
    before = settings.recovery
    case = Case(recovery=RecoveryChoice("umich"), prescription_gy=250.0)
    with pytest.raises(RefusedError, match="cannot show prescription = 250"):
        takeSettings(case, settings)
    assert (settings.recovery, settings.prescription) == (before, 0.0)


def test_a_second_engine_that_was_not_run_is_not_passed_over(a_panel):
    widget, user = a_panel
    widget.ui.secondEngineCheckBox.checked = True
    user._wait(lambda: "second engine" in widget.ui.statusLabel.text, "refused")
    assert widget.form.session.isStale
    widget.ui.secondEngineCheckBox.checked = False
    user._wait(lambda: not widget.form.session.isStale, "judged again")


def test_letters_are_added_and_removed(a_panel):
    widget, user = a_panel
    ui = widget.ui
    ui.letterSiteEdit.text, ui.letterDoseSpinBox.value = "Pelvis", 45.0
    ui.letterDateEdit.text = "2012-03-01"
    ui.letterPointDosesEdit.text = "Rectum D0.1cc 40"
    user._press(ui.addLetterButton)
    assert ui.courseTable.rowCount == 3, ui.statusLabel.text
    assert "letter-1" in widget.form.session.case.letters
    rows = [ui.courseTable.item(row, 0).text() for row in range(3)]
    ui.courseTable.selectRow(rows.index("letter-1"))
    user._press(ui.removeLetterButton)
    assert ui.courseTable.rowCount == 2
