"""The form of the panel as data: widgets, labels, connections; no Qt."""

import ast
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from source_tree import LIB, MODULE_FOLDER, parsed, sources

FORM = MODULE_FOLDER / "Resources" / "UI" / "ReirradiationPlanner.ui"
PARAMETER_NODE = MODULE_FOLDER / LIB / "PlannerParameterNode.py"
PASSIVE = {"QLabel", "QWidget", "qMRMLWidget", "QProgressBar"}
SAYS_ITSELF = {"QPushButton", "QCheckBox", "ctkCollapsibleButton"}


@dataclass(frozen=True)
class Widget:
    """A widget of the form with what is asked about it."""

    name: str
    kind: str
    properties: dict

    @property
    def is_control(self) -> bool:
        return self.kind not in PASSIVE


class Form:
    """A .ui file.

    Parameters
    ----------
    text : str
        Its XML.
    """

    def __init__(self, text: str):
        self.root = ET.fromstring(text)
        self.widgets = [
            Widget(node.get("name"), node.get("class"), _properties(node))
            for node in self.root.iter("widget")
        ]

    @property
    def names(self) -> list[str]:
        layouts = [node.get("name") for node in self.root.iter("layout")]
        return [widget.name for widget in self.widgets] + layouts

    @property
    def controls(self) -> list[Widget]:
        return [widget for widget in self.widgets if widget.is_control]

    @property
    def bound(self) -> dict[str, Widget]:
        """Parameter to the widget that is bound to it."""
        pairs = ((w.properties.get("SlicerParameterName"), w) for w in self.widgets)
        return {name: widget for name, widget in pairs if name}

    @property
    def buddies(self) -> set[str]:
        return {w.properties["buddy"] for w in self.widgets if w.properties.get("buddy")}

    @property
    def tab_stops(self) -> list[str]:
        return [node.text for node in self.root.iter("tabstop")]

    @property
    def custom_classes(self) -> set[str]:
        return {node.findtext("class") for node in self.root.iter("customwidget")}

    @property
    def scene_receivers(self) -> set[str]:
        return {
            c.findtext("receiver")
            for c in self.root.iter("connection")
            if c.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
            and c.findtext("slot") == "setMRMLScene(vtkMRMLScene*)"
        }


def _properties(node) -> dict:
    return {p.get("name"): _value(p) for p in node.findall("property")}


def _value(node):
    child = node[0]
    if child.tag == "stringlist":
        return [item.text for item in child]
    return "".join(child.itertext())


def read_form(path: Path = FORM) -> Form:
    return Form(path.read_text(encoding="utf-8"))


def parameter_fields() -> dict[str, str]:
    """Field of the parameter node to its annotation, as written."""
    tree = parsed(PARAMETER_NODE)
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef))
    fields = (s for s in node.body if isinstance(s, ast.AnnAssign))
    return {s.target.id: ast.unparse(s.annotation) for s in fields}


def constant(name: str):
    """Literal constant of the parameter node's file."""
    assigned = (n for n in parsed(PARAMETER_NODE).body if isinstance(n, ast.Assign))
    return ast.literal_eval(next(n.value for n in assigned if n.targets[0].id == name))


def used_widgets() -> set[str]:
    """Names of widgets that the code of the panel asks the form for."""
    used = set()
    for path in sources(LIB):
        for node in ast.walk(parsed(path)):
            is_form = isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
                "ui", "self.ui", "self._ui", "panel.ui",
            )  # fmt: skip
            if is_form:
                used.add(node.attr)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SECTIONS":
                used |= {pair.elts[0].value for pair in node.value.elts}
    return used
