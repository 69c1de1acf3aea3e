"""The form and the code of the panel agree; checked without Qt, so everywhere."""

import json

import pytest
from form import FORM, SAYS_ITSELF, Form, constant, parameter_fields, read_form, used_widgets
from ReirradiationCore.recovery_rules import built_in_rules
from source_tree import LIB, MODULE_FOLDER

ROW = '<widget class="{kind}" name="{name}">{inside}</widget>'


def problems(form: Form) -> list[str]:
    """Everything that is wrong with the form alone."""
    return [
        *_names(form),
        *_tips_and_labels(form),
        *_keyboard(form),
        *_classes(form),
        *(f"{w.name} has a style sheet" for w in form.widgets if "styleSheet" in w.properties),
    ]


def _names(form):
    names = form.names
    return [f"{name} stands twice" for name in set(names) if names.count(name) > 1]


def _tips_and_labels(form):
    for widget in form.controls:
        if not widget.properties.get("toolTip"):
            yield f"{widget.name} has no tool tip"
        if not widget.properties.get("text") and widget.name not in form.buddies:
            yield f"{widget.name} has no label"
        if not widget.properties.get("accessibleName") and widget.kind not in SAYS_ITSELF:
            yield f"{widget.name} has no accessible name"
    for buddy in form.buddies - {w.name for w in form.widgets}:
        yield f"a label belongs to {buddy}, which is not there"


def _keyboard(form):
    order = [widget.name for widget in form.controls]
    stops = [name for name in form.tab_stops if name in set(order)]
    if stops != order:
        yield "the keyboard does not go from top to bottom"


def _classes(form):
    custom = {w.kind for w in form.widgets if w.kind.startswith(("qMRML", "ctk"))}
    yield from (f"{name} is not declared" for name in custom - form.custom_classes)
    scene = {w.name for w in form.controls if w.kind.startswith("qMRML")}
    yield from (f"{name} gets no scene" for name in scene - form.scene_receivers)


def test_form_is_in_order():
    assert problems(read_form()) == []


def test_every_widget_the_code_uses_is_in_the_form():
    assert used_widgets() - set(read_form().names) == set()


def test_every_control_of_the_form_is_used_or_bound():
    form, used = read_form(), used_widgets()
    bound = {widget.name for widget in form.bound.values()}
    groups = {"letterSection", "startSection"}
    unused = {w.name for w in form.controls} - used - bound - groups
    assert unused == set()


def test_every_parameter_has_its_widget_and_every_widget_its_parameter():
    fields = set(parameter_fields()) - set(constant("WITHOUT_WIDGET"))
    assert set(read_form().bound) == fields


def test_node_selectors_offer_the_class_of_their_parameter():
    fields, bound = parameter_fields(), read_form().bound
    nodes = {name: w for name, w in bound.items() if w.kind == "qMRMLNodeComboBox"}
    offered = {name: " | ".join(w.properties["nodeTypes"]) for name, w in nodes.items()}
    assert offered
    assert offered == {name: fields[name].removesuffix(" | None") for name in nodes}


@pytest.mark.parametrize(
    ("annotation", "kinds"),
    [
        ("bool", {"QCheckBox"}),
        ("str", {"QLineEdit", "QComboBox"}),
        ("float", {"QDoubleSpinBox"}),
        ("int", {"QSpinBox"}),
        ("Path", {"ctkPathLineEdit"}),
    ],
)
def test_widgets_can_show_the_type_of_their_parameter(annotation, kinds):
    bound = read_form().bound
    found = {
        bound[name].kind
        for name, kind in parameter_fields().items()
        if kind.removeprefix("Annotated[").partition(",")[0] == annotation and name in bound
    }
    assert found
    assert found <= kinds


def test_combo_boxes_that_are_bound_have_their_choices_in_the_parameter():
    boxes = [name for name, w in read_form().bound.items() if w.kind == "QComboBox"]
    assert [name for name in boxes if "Choice(" not in parameter_fields()[name]] == []


def test_recovery_rules_of_the_panel_are_those_of_the_method():
    assert set(constant("RECOVERY_RULES")) == set(built_in_rules()) - {"custom"} | {"none"}


def test_maps_of_the_panel_are_those_that_are_drawn():
    maps = json.loads((MODULE_FOLDER / LIB / "Display" / "maps.json").read_text(encoding="utf-8"))
    assert set(constant("MAPS")) == set(maps["maps"])


def seeded(before: str, after: str) -> list[str]:
    text = FORM.read_text(encoding="utf-8")
    assert before in text
    return problems(Form(text.replace(before, after, 1)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('name="registerButton"', 'name="evaluateButton"', "evaluateButton stands twice"),
        ("<cstring>authorEdit</cstring>", "<cstring>nobody</cstring>", "authorEdit has no label"),
        ("<tabstop>evaluateButton</tabstop>", "", "the keyboard does not go"),
        ("<class>ctkPathLineEdit</class>", "<class>x</class>", "ctkPathLineEdit is not declared"),
        ("<receiver>transformSelector</receiver>", "<receiver>x</receiver>", "gets no scene"),
        (
            '<widget class="QPushButton" name="evaluateButton">',
            '<widget class="QPushButton" name="evaluateButton">'
            '<property name="styleSheet"><string>a</string></property>',
            "evaluateButton has a style sheet",
        ),
    ],
)
def test_a_fault_in_the_form_is_seen(before, after, said):
    assert any(said in problem for problem in seeded(before, after))


def test_a_control_without_tool_tip_is_seen():
    text = ROW.format(kind="QLineEdit", name="a", inside="")
    assert "a has no tool tip" in problems(Form(f"<ui>{text}</ui>"))
