"""PySide6 with the conventions of PythonQt: a TEST stand-in for the 'qt' and 'ctk' of Slicer.

Properties are attributes (``label.text``), signals are connected by signature
(``button.connect('clicked(bool)', f)``). It is an emulation: it shows that the module's own code
is wired correctly, not how the widgets of Slicer behave.
"""

import types
from functools import cache
from typing import ClassVar

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

VIRTUAL = {"sizeHint", "minimumSizeHint"}
LIBRARIES = (QtCore, QtGui, QtWidgets)
HEADER_PX = 24


def _property(name):
    def read(self):
        return QtCore.QObject.property(self, name)

    def write(self, value):
        if not QtCore.QObject.setProperty(self, name, value):
            reason = f"{type(self).__name__} has no property {name}"
            raise AttributeError(reason)

    return property(read, write)


class Connections:
    """What every QObject of PythonQt has beside its properties."""

    @property
    def name(self):
        return self.objectName

    def className(self):
        return type(self).__name__

    def connect(self, signature, slot):
        self._signal(signature).connect(slot)

    def disconnect(self, signature, slot):
        self._signal(signature).disconnect(slot)

    def _signal(self, signature):
        if signature not in signals_of(self.metaObject()):
            reason = f"{type(self).__name__} has no signal {signature}"
            raise AttributeError(reason)
        return getattr(self, signature.partition("(")[0])


def signals_of(meta):
    """Signatures of the signals of a class, as PythonQt wants them."""
    methods = (meta.method(i) for i in range(meta.methodCount()))
    kind = QtCore.QMetaMethod.MethodType.Signal
    return {bytes(m.methodSignature()).decode() for m in methods if m.methodType() == kind}


@cache
def as_python_qt(base):
    """Class of PySide6 whose properties are attributes."""
    meta = base.staticMetaObject
    names = {meta.property(i).name() for i in range(meta.propertyCount())} - VIRTUAL
    own = {name for cls in base.__mro__ for name, v in vars(cls).items() if _is_own(v)}
    members = {name: _property(name) for name in names - own}
    for name in ("connect", "disconnect", "_signal", "className", "name"):
        members[name] = vars(Connections)[name]
    return type(base.__name__, (base,), members)


def _is_own(value):
    return isinstance(value, QtCore.Property)


class Library(types.ModuleType):
    """Module 'qt': classes of PySide6, converted when they are asked for."""

    def __getattr__(self, name):
        if name == "QUiLoader":
            return Loader
        for library in LIBRARIES:
            found = getattr(library, name, None)
            if found is not None:
                is_object = isinstance(found, type) and issubclass(found, QtCore.QObject)
                made = as_python_qt(found) if is_object else found
                setattr(self, name, made)
                return made
        raise AttributeError(name)


class StandIns(types.ModuleType):
    """Module 'ctk': the widgets the form uses; any other name is an empty widget."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        base = STAND_INS.get(name)
        made = as_python_qt(base or type(name, (QtWidgets.QWidget,), {}))
        setattr(self, name, made)
        return made


class ctkCollapsibleButton(QtWidgets.QWidget):
    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._text, self._collapsed = "", False
        self.setContentsMargins(0, HEADER_PX, 0, 0)

    text = QtCore.Property(
        str, lambda self: self._text, lambda self, text: setattr(self, "_text", text)
    )

    def _read(self):
        return self._collapsed

    def _write(self, value):
        changed = value != self._collapsed
        self._collapsed = value
        self.arrange()
        if changed:
            self.contentsCollapsed.emit(value)

    collapsed = QtCore.Property(bool, _read, _write)

    def arrange(self):
        """Show or hide what is inside."""
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.setVisible(not self._collapsed)
        self.setMaximumHeight(HEADER_PX if self._collapsed else 16777215)

    def mousePressEvent(self, event):
        if event.position().y() < HEADER_PX:
            self.collapsed = not self.collapsed

    def paintEvent(self, _event):
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        width = QtWidgets.QWidget.width(self)
        option.rect = QtCore.QRect(0, 0, width, HEADER_PX - 2)
        painter.drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option)
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(6, 5, 12, 12)
        style = QtWidgets.QStyle
        kind = style.PE_IndicatorArrowRight if self._collapsed else style.PE_IndicatorArrowDown
        painter.drawPrimitive(kind, arrow)
        color = QtWidgets.QWidget.palette(self).color(
            QtGui.QPalette.Active if self.isEnabled() else QtGui.QPalette.Disabled,
            QtGui.QPalette.ButtonText,
        )
        painter.setPen(color)
        place = QtCore.QRect(24, 0, width - 24, HEADER_PX - 2)
        painter.drawText(place, QtCore.Qt.AlignVCenter | QtCore.Qt.AlignLeft, self._text)


class ctkPathLineEdit(QtWidgets.QWidget):
    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._edit, self._browse = QtWidgets.QLineEdit(), QtWidgets.QToolButton()
        self._browse.setText("…")
        row.addWidget(self._edit)
        row.addWidget(self._browse)
        self._edit.textChanged.connect(self.currentPathChanged)
        self.setFocusProxy(self._edit)

    currentPath = QtCore.Property(
        str, lambda self: self._edit.text(), lambda self, path: self._edit.setText(path)
    )


STAND_INS = {c.__name__: c for c in (ctkCollapsibleButton, ctkPathLineEdit)}
qt, ctk = Library("qt"), StandIns("ctk")


class Loader(QtUiTools.QUiLoader):
    """Makes the widgets of a .ui file of the classes of this file."""

    extra: ClassVar[dict] = {}
    alive: ClassVar[list] = []

    def createWidget(self, class_name, parent=None, name=""):
        made = self._class(class_name)(parent) if parent else self._class(class_name)()
        made.setObjectName(name)
        self.alive.append(made)
        return made

    def _class(self, name):
        if name in self.extra:
            return self.extra[name]
        return getattr(ctk if name.startswith("ctk") else qt, name)

    def createLayout(self, class_name, parent=None, name=""):
        made = getattr(qt, class_name)(parent) if isinstance(parent, QtWidgets.QWidget) else None
        made = made or getattr(qt, class_name)()
        made.setObjectName(name)
        self.alive.append(made)
        return made

    def load(self, file, parent=None):
        made = super().load(file, parent)
        for section in made.findChildren(QtWidgets.QWidget):
            if isinstance(section, ctkCollapsibleButton):
                section.arrange()
        return made
