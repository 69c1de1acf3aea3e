"""Makes the pictures of the panel in Resources/Screenshots: previews, made outside Slicer.

``SLICER_SOURCE_DIR=... python make_previews.py FOLDER`` needs PySide6 and the fonts of the system.
"""

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2] / "ReirradiationPlanner")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

WIDTH_PX = 400
CAPTION_PX = 18
CAPTION = "Preview made outside Slicer"


def main(folder: Path):
    """Drive the panel with the demo case and save a picture of each section."""
    import vtk  # noqa: PLC0415
    from slicer_stand_in import load_module, open_panel, start  # noqa: PLC0415
    from source_tree import DOORWAY  # noqa: PLC0415

    vtk.vtkOutputWindow.SetInstance(vtk.vtkStringOutputWindow())
    start(os.environ["SLICER_SOURCE_DIR"], DOORWAY)
    widget = open_panel(load_module(DOORWAY))
    evaluate_demo(widget)
    boxes = [name for name in vars(widget.ui) if name.endswith("Section")]
    boxes = [b for b in boxes if getattr(widget.ui, b).text[:1].isdigit()]
    for name in boxes:
        for other in boxes:
            getattr(widget.ui, other).collapsed = other != name
        number = getattr(widget.ui, name).text[0]
        save(widget, folder / f"panel-{number}-{name.removesuffix('Section')}.png")


def evaluate_demo(widget):
    """Load, register, approve and evaluate the demo case."""
    from ReirradiationCore.demo import write_demo_case  # noqa: PLC0415
    from ReirradiationPlannerLib.SelfTestInApplication import (  # noqa: PLC0415
        SelfTestInApplication,
    )

    user, ui = SelfTestInApplication(widget), widget.ui
    with tempfile.TemporaryDirectory() as case:
        write_demo_case(Path(case))
        ui.inputFolderPath.currentPath = case
        user._settle()
        user._press(ui.readFolderButton)
    ui.inputFolderPath.currentPath = ""
    user.confirmNames()
    user._press(ui.registerButton)
    ui.approverEdit.text = "Your name"
    user._settle()
    user._press(ui.approveButton)
    ui.ellipsoidCheckBox.checked = True
    user._settle()
    user._press(ui.evaluateButton)


def save(widget, path: Path):
    """Save the panel at its width, with a caption that says what it is."""
    import slicer  # noqa: PLC0415
    from PySide6 import QtCore, QtGui, QtWidgets  # noqa: PLC0415

    panel = widget.parent
    panel.setFixedWidth(WIDTH_PX)
    panel.show()
    widget.form.refresh()
    for _ in range(4):
        slicer.app.processEvents()
    needed = QtWidgets.QWidget.minimumSizeHint(panel)
    assert needed.width() <= WIDTH_PX, f"{path.name} needs {needed.width()} px"
    panel.resize(WIDTH_PX, panel.layout().totalHeightForWidth(WIDTH_PX))
    slicer.app.processEvents()
    seen = panel.grab()
    picture = QtGui.QPixmap(WIDTH_PX, seen.height() + CAPTION_PX)
    picture.fill(QtGui.QColor("white"))
    painter = QtGui.QPainter(picture)
    painter.drawPixmap(0, 0, seen)
    place = QtCore.QRect(4, seen.height(), WIDTH_PX - 8, CAPTION_PX)
    painter.drawText(place, QtCore.Qt.AlignVCenter, CAPTION)
    painter.end()
    picture.save(str(path))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
