"""A TEST stand-in for the Slicer application around the module file, which stays as it is.

ScriptedLoadableModule.py, i18n.py and parameterNodeWrapper come unmodified from a checkout of
Slicer's sources (SLICER_SOURCE_DIR); scene, nodes and logics are those of the slicer-core wheel.
"""

import importlib.util
import os
import sys
import tempfile
import types
from pathlib import Path
from xml.etree import ElementTree as ET

import slicer
import slicer.util
from PySide6 import QtCore, QtWidgets
from qt_conventions import Loader, as_python_qt, ctk, qt
from ReirradiationHeadless.host import boot

MODULE = "ReirradiationPlanner"


class qMRMLWidget(QtWidgets.QWidget):
    mrmlSceneChanged = QtCore.Signal(object)
    isEntered = True

    def setMRMLScene(self, scene):
        self.mrmlSceneChanged.emit(scene)


class qMRMLNodeComboBox(QtWidgets.QComboBox):
    """Nodes of a scene by their classes; follows nodes that come and go."""

    currentNodeChanged = QtCore.Signal(object)
    nodeTypes = QtCore.Property(
        "QStringList", lambda s: s._types, lambda s, types_: s._setTypes(types_)
    )
    noneEnabled = QtCore.Property(bool, lambda s: True, lambda s, v: None)
    addEnabled = QtCore.Property(bool, lambda s: False, lambda s, v: None)
    removeEnabled = QtCore.Property(bool, lambda s: False, lambda s, v: None)
    renameEnabled = QtCore.Property(bool, lambda s: False, lambda s, v: None)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._types, self._scene, self._nodes = [], None, [None]
        self.currentIndexChanged.connect(lambda _i: self.currentNodeChanged.emit(None))
        self._fill()

    def setMRMLScene(self, scene):
        self._scene = scene
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent):
                scene.AddObserver(event, lambda *_: self._fill())
        self._fill()

    def currentNode(self):
        return self._nodes[self.currentIndex]

    def setCurrentNode(self, node):
        self._fill()
        self.setCurrentIndex(self._nodes.index(node) if node in self._nodes else 0)

    def _setTypes(self, names):
        self._types = list(names)
        self._fill()

    def _fill(self):
        found = [] if self._scene is None else list(self._classes())
        if [None, *found] == self._nodes and self.count:
            return
        current = self._nodes[self.currentIndex] if self.count else None
        was_blocked = self.blockSignals(True)
        self.clear()
        self._nodes = [None, *found]
        for node in self._nodes:
            self.addItem("None" if node is None else node.GetName())
        self.setCurrentIndex(self._nodes.index(current) if current in self._nodes else 0)
        self.blockSignals(was_blocked)

    def _classes(self):
        for name in self._types:
            yield from slicer.util.getNodesByClass(name, self._scene)


class LayoutManager:
    """Arrangements of views by Slicer's own layout logic, which makes the view nodes."""

    def __init__(self, host):
        self._host = host
        self._views = []
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(host.scene)

    def layoutLogic(self):
        return self._logic

    def setLayout(self, layout):
        self._logic.GetLayoutNode().SetViewArrangement(layout)
        nodes = self._logic.GetViewNodes()
        known = {logic.GetSliceNode() for logic in self._views}
        for place in range(nodes.GetNumberOfItems()):
            node = nodes.GetItemAsObject(place)
            if node.IsA("vtkMRMLSliceNode") and node not in known:
                logic = slicer.vtkMRMLSliceLogic()
                logic.SetMRMLApplicationLogic(self._host.application_logic)
                logic.SetMRMLScene(self._host.scene)
                logic.SetSliceNode(node)
                self._views.append(logic)


class Application:
    """The part of slicer.app that the module and Slicer's Python files use."""

    applicationName = "Slicer stand-in"
    documentationBaseUrl = ""

    def __init__(self, host, slices):
        self.host = host
        self.slices = slices
        self.startup = []
        self._layouts = None
        self._folder = tempfile.TemporaryDirectory()
        self.temporaryPath = self._folder.name
        self.manager = types.SimpleNamespace(
            connect=lambda *_: None,
            disconnect=lambda *_: None,
            module=lambda name: getattr(slicer.modules, name.lower(), None),
        )

    def connect(self, signature, slot):
        self.startup.append((signature, slot))

    def moduleManager(self):
        return self.manager

    def processEvents(self):
        QtWidgets.QApplication.processEvents()

    def pauseRender(self):
        """Nothing is drawn here."""

    def resumeRender(self):
        """Nothing is drawn here."""

    def testingEnabled(self):
        return True

    def applicationLogic(self):
        return self.host.application_logic

    def mrmlScene(self):
        return self.host.scene

    def layoutManager(self):
        if self._layouts is None:
            self._layouts = LayoutManager(self.host)
        return self._layouts

    def translate(self, _context, text):
        return text

    def userSettings(self):
        return QtCore.QSettings()

    def setOverrideCursor(self, _cursor):
        return None

    def restoreOverrideCursor(self):
        return None


class ModuleParent:
    """What the application hands to the module's class."""

    def __init__(self, path):
        self.path = str(path)


class qSlicerScriptedLoadableModuleWidget:
    """Widget representation of the module, which `slicer.util` asks for the panel."""

    def __init__(self, widget):
        self._widget = widget

    def self(self):
        return self._widget


class qSlicerScriptedLoadableModule:
    def __init__(self, path, name):
        self.path, self.name, self.widget = str(path), name, None

    def widgetRepresentation(self):
        return qSlicerScriptedLoadableModuleWidget(self.widget)


def start(source_folder, doorway):
    """Return the application stand-in; `qt`, `ctk` and Slicer's Python files can be imported."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if QtWidgets.QApplication.instance() is None:
        qt.application = QtWidgets.QApplication(["panel"])
    QtCore.QLoggingCategory.setFilterRules("*.warning=false")
    sys.modules.update({"qt": qt, "ctk": ctk})
    python = str(Path(source_folder) / "Base" / "Python" / "slicer")
    if python not in slicer.__path__:
        slicer.__path__.append(python)
    host = boot()
    slices = [_slice_view(host, name) for name in ("Red", "Yellow", "Green")]
    slicer.mrmlScene = host.scene
    slicer.app = Application(host, slices)
    slicer.dicomDatabase = None
    for widget in (qMRMLWidget, qMRMLNodeComboBox):
        setattr(slicer, widget.__name__, as_python_qt(widget))
        Loader.extra[widget.__name__] = getattr(slicer, widget.__name__)
    for name in ("qMRMLSliderWidget", "qMRMLSpinBox", "qMRMLRangeWidget"):
        setattr(slicer, name, getattr(ctk, name))
    slicer.qSlicerScriptedLoadableModule = qSlicerScriptedLoadableModule
    slicer.qSlicerScriptedLoadableModuleWidget = qSlicerScriptedLoadableModuleWidget
    module = qSlicerScriptedLoadableModule(doorway, MODULE)
    slicer.modules = types.SimpleNamespace(**{MODULE.lower(): module})
    slicer.util.loadUI = load_form
    return slicer.app


def _slice_view(host, name):
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(host.application_logic)
    logic.SetMRMLScene(host.scene)
    logic.AddSliceNode(name)
    return logic


def load_form(path):
    """Load a form and make its scene connections, which PySide6 cannot make by signature."""
    file = qt.QFile(str(path))
    file.open(QtCore.QFile.ReadOnly)
    form = Loader().load(file)
    for connection in ET.parse(path).iter("connection"):
        receiver = form.findChild(QtWidgets.QWidget, connection.findtext("receiver"))
        form.mrmlSceneChanged.connect(receiver.setMRMLScene)
    return form


def load_module(doorway):
    """Execute the module file as the application does; return it."""
    sys.path.insert(0, str(Path(doorway).parent))
    spec = importlib.util.spec_from_file_location(MODULE, doorway)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    return module


def open_panel(module):
    """Make the panel as the application does when the user opens the module."""
    parent = slicer.qMRMLWidget()
    parent.setLayout(qt.QVBoxLayout())
    parent.resize(400, 1200)
    widget = getattr(module, f"{MODULE}Widget")(parent)
    slicer.modules.reirradiationplanner.widget = widget
    widget.setup()
    return widget
