"""Tutorial, module page and catalogue entry say what the panel has."""

import json
import re
import struct
from xml.etree import ElementTree as ET

import pytest
from source_tree import MODULE_FOLDER, REPOSITORY

PAGES = REPOSITORY / "Resources"
FORM = MODULE_FOLDER / "Resources" / "UI" / "ReirradiationPlanner.ui"
PICTURES = PAGES / "Screenshots"


def controls():
    """Texts and labels of everything in the form a user can act on."""
    root = ET.parse(FORM).getroot()
    buddies = {
        w.find("property[@name='buddy']/cstring").text: w.findtext("property[@name='text']/string")
        for w in root.iter("widget")
        if w.find("property[@name='buddy']") is not None
    }
    for widget in root.iter("widget"):
        text = widget.findtext("property[@name='text']/string")
        if widget.get("class") == "QLabel" or widget.get("name") in ("cancelButton",):
            continue
        label = text or buddies.get(widget.get("name"), "").rstrip(":")
        if label:
            tip = widget.findtext("property[@name='toolTip']/string")
            yield label, tip


def test_module_page_explains_every_control_as_its_tool_tip_does():
    page = " ".join((PAGES / "module.md").read_text(encoding="utf-8").split())
    missing = [label for label, tip in controls() if label not in page or tip not in page]
    assert len(list(controls())) > 60
    assert missing == []


def test_tutorial_has_numbered_steps_and_pictures_that_are_there():
    text = (PAGES / "tutorial.md").read_text(encoding="utf-8")
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    pictures = re.findall(r"\]\((Screenshots/panel-[^)]+)\)", text)
    assert len(pictures) == 8
    assert [name for name in pictures if not (PAGES / name).is_file()] == []


@pytest.mark.parametrize("number", range(1, 9))
def test_previews_of_the_panel_are_400_pixels_wide(number):
    (path,) = PICTURES.glob(f"panel-{number}-*.png")
    width, _height = struct.unpack(">II", path.read_bytes()[16:24])
    assert width == 400


@pytest.mark.parametrize("page", ["module.md", "tutorial.md"])
def test_pages_say_that_pictures_of_the_panel_are_previews(page):
    assert "made outside Slicer" in " ".join((PAGES / page).read_text(encoding="utf-8").split())


def test_catalogue_entry_agrees_with_the_extension():
    entry = json.loads((PAGES / "ReirradiationPlanner.json").read_text(encoding="utf-8"))
    cmake = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    fields = dict(re.findall(r'set\(EXTENSION_(\w+) "([^"]+)"\)', cmake))
    assert entry["category"] == fields["CATEGORY"]
    assert " ".join(entry["build_dependencies"]) == fields["DEPENDS"]
    assert entry["scm_url"] == fields["HOMEPAGE"] + ".git"
    assert entry["scm_url"].rsplit("/", 1)[1].startswith("Slicer")
