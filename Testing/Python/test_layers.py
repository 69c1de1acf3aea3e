"""Imports go one way: module file -> Lib -> Core, and Headless -> Lib -> Core."""

import ast
import sys
from pathlib import Path

import pytest
from source_tree import (
    CORE,
    DOORWAY,
    HEADLESS,
    LIB,
    imports,
    imports_of,
    is_application_file,
    module_name,
    name_of,
    parsed,
    product_files,
    sources,
)

LAZY = {"pydicom", "highdicom"}
NUMERIC = {"numpy", "scipy", "SimpleITK", "vtk"}
ALLOWED = {
    CORE: NUMERIC | {CORE, *LAZY},
    LIB: NUMERIC | {CORE, LIB, "slicer"},
    "application": NUMERIC | {CORE, LIB, "slicer", "qt", "ctk", "SampleData", "Elastix"},
    HEADLESS: NUMERIC
    | {CORE, LIB, HEADLESS, "slicer", "aiohttp", "trame", "trame_server", "trame_slicer"},
    "doorway": {CORE, LIB, "slicer", "vtk", "qt", "ctk"},
}
APPLICATION_ONLY = {"app", "mrmlScene", "modules", "parameterNodeWrapper", "packaging", "i18n"}
APPLICATION_ONLY |= {"ScriptedLoadableModule"}


def layer_of(path: Path) -> str:
    if path == DOORWAY:
        return "doorway"
    if is_application_file(path):
        return "application"
    return module_name(path).split(".")[0]


def forbidden_imports(found, layer: str) -> list[str]:
    allowed = ALLOWED[layer] | sys.stdlib_module_names
    return [f"line {i.line}: {i.name}" for i in found if i.top not in allowed]


def application_names(tree: ast.Module) -> list[str]:
    """Names of ``slicer`` that only the application has, as attributes or imports."""
    used = [
        f"line {node.lineno}: slicer.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in APPLICATION_ONLY
        and ast.unparse(node.value) == "slicer"
    ]
    found = [i for i in imports(tree, "x") if i.top == "slicer" and "." in i.name]
    return used + [f"line {i.line}: {i.name}" for i in found if _second(i.name) in APPLICATION_ONLY]


def _second(name: str) -> str:
    return name.split(".")[1]


@pytest.mark.parametrize("path", product_files(), ids=name_of)
def test_file_imports_only_what_its_layer_may(path):
    assert forbidden_imports(imports_of(path), layer_of(path)) == []


@pytest.mark.parametrize(
    "path", [p for p in product_files() if layer_of(p) != HEADLESS], ids=name_of
)
def test_third_party_imports_at_file_scope_are_those_slicer_ships(path):
    lazy_only = [i for i in imports_of(path) if i.at_file_scope and i.top in LAZY]
    assert [f"line {i.line}: {i.name}" for i in lazy_only] == []


@pytest.mark.parametrize("path", sources(CORE), ids=name_of)
def test_core_file_imports_vtk_only_where_it_is_used(path):
    eager = [f"line {i.line}" for i in imports_of(path) if i.at_file_scope and i.top == "vtk"]
    assert eager == []


@pytest.mark.parametrize(
    "path", [p for p in sources(LIB) if not is_application_file(p)], ids=name_of
)
def test_scene_file_takes_the_scene_as_argument(path):
    assert application_names(parsed(path)) == []


@pytest.mark.parametrize(
    "path",
    [p for p in (*sources(LIB), *sources(HEADLESS)) if not is_application_file(p)],
    ids=name_of,
)
def test_scene_file_and_headless_do_not_import_application_files(path):
    application = {module_name(p) for p in sources(LIB) if is_application_file(p)}
    found = [i.name for i in imports_of(path)]
    assert [n for n in found if any(n == a or n.startswith(f"{a}.") for a in application)] == []


def test_report_knows_plain_data_only():
    allowed = tuple(f"{CORE}.{name}" for name in ("report", "warning", "version", "metrics"))
    for path in sources(f"{CORE}/report"):
        own = [i.name for i in imports_of(path) if i.top == CORE]
        assert [n for n in own if not n.startswith(allowed)] == [], name_of(path)


@pytest.mark.parametrize(
    ("code", "layer"),
    [
        ("import slicer", CORE),
        ("def f():\n    from qt import QLabel", CORE),
        ("from ReirradiationPlannerLib import nodes", CORE),
        ("import importlib\nimportlib.import_module('ReirradiationHeadless.cli')", CORE),
        ("from ..ReirradiationPlannerLib import nodes", CORE),
        ("import qt", LIB),
        ("from ReirradiationHeadless.host import boot", LIB),
        ("import ctk", HEADLESS),
        ("import ReirradiationPlanner", HEADLESS),
        ("import matplotlib", HEADLESS),
    ],
)
def test_an_import_against_the_arrows_is_seen(code, layer):
    assert len(forbidden_imports(imports(ast.parse(code), f"{layer}.x"), layer)) == 1


@pytest.mark.parametrize(
    "code",
    ["slicer.mrmlScene.Clear()", "from slicer.i18n import tr", "import slicer.modules"],
)
def test_a_use_of_the_application_is_seen(code):
    assert len(application_names(ast.parse(code))) == 1
