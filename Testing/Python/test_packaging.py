"""What is shipped is what is in the tree, says the same everywhere, and does nothing on import."""

import ast
import fnmatch
import json
import os
import re
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from ReirradiationCore import warning
from ReirradiationCore.version import __version__
from source_tree import (
    CORE,
    DOORWAY,
    HEADLESS,
    LIB,
    MODULE_FOLDER,
    PACKAGES,
    REPOSITORY,
    imports_of,
    is_application_file,
    module_name,
    name_of,
    parsed,
    product_files,
    sources,
)

MODULE_CMAKE = MODULE_FOLDER / "CMakeLists.txt"
ICONS = (
    REPOSITORY / "ReirradiationPlanner.png",
    MODULE_FOLDER / "Resources" / "Icons" / "ReirradiationPlanner.png",
)
WARNING = (
    "Research and decision-support software. Not cleared as a medical device; results must be "
    "independently verified by a qualified medical physicist before any clinical use."
)
SHIPPED_BY_SLICER = {"slicer", "vtk", "qt", "ctk", "SimpleITK", "numpy", "scipy"}


# --- lists of files ---------------------------------------------------------------------------


def cmake_list(variable: str) -> set[str]:
    text = MODULE_CMAKE.read_text(encoding="utf-8").replace(
        "${MODULE_NAME}", "ReirradiationPlanner"
    )
    body = re.search(rf"set\({variable}\s+(.*?)\)", text, re.DOTALL).group(1)
    return set(re.sub(r"#.*", "", body).split())


def tree_files(is_wanted) -> set[str]:
    """Files of the module folder that the extension ships."""
    return {
        path.relative_to(MODULE_FOLDER).as_posix()
        for path in MODULE_FOLDER.rglob("*")
        if path.is_file() and is_wanted(path) and _is_shipped(path)
    }


def _is_shipped(path: Path) -> bool:
    skipped = {HEADLESS, "__pycache__"}
    parts = path.relative_to(MODULE_FOLDER).parts
    generated = any(part.endswith(".egg-info") for part in parts)
    return not generated and not skipped & set(parts) and path.name != "CMakeLists.txt"


@pytest.mark.parametrize(
    ("variable", "is_wanted"),
    [
        ("MODULE_PYTHON_SCRIPTS", lambda path: path.suffix == ".py"),
        ("MODULE_PYTHON_RESOURCES", lambda path: path.suffix != ".py"),
    ],
    ids=["scripts", "resources"],
)
def test_cmake_lists_every_file_of_the_module(variable, is_wanted):
    listed, there = cmake_list(variable), tree_files(is_wanted)
    assert {"add to CMake": sorted(there - listed), "not there": sorted(listed - there)} == {
        "add to CMake": [],
        "not there": [],
    }


def test_wheel_carries_every_data_file_of_the_packages():
    globs = _project()["tool"]["setuptools"]["package-data"]
    missing = []
    for package in PACKAGES:
        folder = MODULE_FOLDER / package
        data = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc"))
        for path in data:
            relative = path.relative_to(folder).as_posix()
            if not any(fnmatch.fnmatch(relative, glob) for glob in globs.get(package, ())):
                missing.append(f"{package}/{relative}")
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_a_package_is_a_package(package):
    folders = {path.parent for path in sources(package)}
    assert [name_of(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def _project() -> dict:
    tomllib = pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


# --- the catalogue ----------------------------------------------------------------------------


def test_extension_says_what_the_catalogue_asks_for():
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    fields = dict(re.findall(r'set\(EXTENSION_(\w+) "([^"]+)"\)', text.replace(") #", ")\n#")))
    assert re.search(r"^project\(ReirradiationPlanner\b", text, re.MULTILINE)
    assert fields["CATEGORY"] == "Radiotherapy"
    assert fields["DEPENDS"] == "SlicerRT"
    assert {"HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS"} <= set(fields)


@pytest.mark.parametrize("path", ICONS, ids=name_of)
def test_icon_is_a_png_of_128_by_128(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (128, 128)


def test_icon_of_catalogue_and_module_are_the_same():
    assert ICONS[0].read_bytes() == ICONS[1].read_bytes()


def test_licence_is_apache_2():
    text = (REPOSITORY / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


# --- one text, one version --------------------------------------------------------------------


def test_warning_stands_in_the_readme():
    text = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
    assert WARNING in text


def test_warning_is_written_once_in_the_code_and_used_by_panel_and_report():
    assert warning.WARNING == WARNING
    quoting = [name_of(p) for p in product_files() if "Not cleared as" in _text(p)]
    assert quoting == [f"ReirradiationPlanner/{CORE}/warning.py"]
    users = [
        DOORWAY,
        MODULE_FOLDER / LIB / "PlannerWidget.py",
        MODULE_FOLDER / CORE / "report/page.py",
        MODULE_FOLDER / HEADLESS / "review/page_state.py",
    ]
    for path in users:
        assert f"{CORE}.warning.WARNING" in [i.name for i in imports_of(path)], name_of(path)


def test_version_is_the_same_everywhere():
    cmake = _text(REPOSITORY / "CMakeLists.txt")
    assert re.search(r"project\(\w+ VERSION ([\d.]+)\)", cmake).group(1) == __version__
    assert _project()["project"]["version"] == __version__


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_texts_have_line_feeds_and_no_paths_of_somebodys_machine():
    kinds = {".py", ".md", ".txt", ".toml", ".json", ".ui", ".yml", ".yaml", ".cmake", ""}
    local = re.compile(rb"/(?:home|Users|root|work)/\w|[A-Z]:\\Users")
    offenders = []
    for path in _tracked_files():
        if path.suffix in kinds and path != Path(__file__).resolve():
            content = path.read_bytes()
            if b"\r\n" in content or local.search(content):
                offenders.append(name_of(path))
    assert offenders == []


def _tracked_files() -> list[Path]:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git clone")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
    paths = (REPOSITORY / os.fsdecode(name) for name in names.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


# --- nothing runs at import -------------------------------------------------------------------

DECLARATIONS = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign,
    ast.AnnAssign, getattr(ast, "TypeAlias", ast.Assign),
)  # fmt: skip


def statements_that_run(tree: ast.Module) -> list[str]:
    """Statements at file scope that do more than declare."""
    return [
        f"line {node.lineno}: {ast.unparse(node)[:60]}"
        for node in tree.body
        if not isinstance(node, DECLARATIONS) and not _is_harmless(node)
    ]


def _is_harmless(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    guard = ast.unparse(node.test) if isinstance(node, ast.If) else ""
    return "TYPE_CHECKING" in guard or guard == "__name__ == '__main__'"


@pytest.mark.parametrize("path", product_files(), ids=name_of)
def test_file_only_declares_at_file_scope(path):
    assert statements_that_run(parsed(path)) == []


@pytest.mark.parametrize("code", ["f()", "for i in x:\n    pass", "with f():\n    x = 1"])
def test_a_statement_that_runs_at_import_is_seen(code):
    assert len(statements_that_run(ast.parse(code))) == 1


@pytest.mark.parametrize(
    "path", [p for p in product_files() if HEADLESS not in p.parts], ids=name_of
)
def test_imports_at_file_scope_are_those_the_catalogue_accepts(path):
    accepted = SHIPPED_BY_SLICER | {CORE, LIB} | sys.stdlib_module_names
    found = [i.name for i in imports_of(path) if i.at_file_scope and i.top not in accepted]
    assert found == []


# Imports modules one by one with some packages blocked, and notes everything that leaves the
# process: output, files opened for writing, folders, processes, connections.
WATCHED_IMPORT = r"""
import contextlib, importlib, io, json, os, sys

blocked, first, modules = (json.loads(a) for a in sys.argv[1:4])
sys.dont_write_bytecode = True
for name in first:
    importlib.import_module(name)
for name in blocked:
    sys.modules[name] = None
done, watching = [], False


def watch(event, args):
    if not watching:
        return
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        done.append(f"opens {args[0]}")
    if event in ("os.mkdir", "os.remove", "os.rename", "subprocess.Popen", "socket.connect"):
        done.append(f"{event} {args[0]}")


sys.addaudithook(watch)
offences = {}
for name in modules:
    done.clear()
    text = io.StringIO()
    watching = True
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            importlib.import_module(name)
    except ImportError as error:
        done.append(f"cannot be imported: {error}")
    watching = False
    if text.getvalue():
        done.append(f"writes {text.getvalue()[:80]!r}")
    if done:
        offences[name] = list(done)
print(json.dumps(offences))
"""


def offences_of_import(modules, blocked, first=(), folder=MODULE_FOLDER) -> dict:
    arguments = [json.dumps(list(a)) for a in (blocked, first, modules)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT, *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_importing_core_does_nothing_and_needs_no_slicer_vtk_qt_or_pydicom():
    modules = [module_name(p) for p in sources(CORE)]
    blocked = ["slicer", "vtk", "qt", "ctk", "pydicom", LIB, HEADLESS]
    assert offences_of_import(modules, blocked, ["numpy", "scipy", "SimpleITK"]) == {}


def test_core_modules_can_be_imported_in_any_order():
    modules = [module_name(p) for p in sources(CORE)][::-1]
    assert offences_of_import(modules, ["slicer"], ["numpy", "scipy", "SimpleITK"]) == {}


def test_importing_scene_files_does_nothing_and_needs_no_qt():
    if find_spec("slicer") is None:
        pytest.skip("slicer-core is not installed")
    modules = [module_name(p) for p in sources(LIB) if not is_application_file(p)]
    assert offences_of_import(modules, ["qt", "ctk", HEADLESS], ["slicer"]) == {}


def test_importing_headless_does_nothing_and_needs_no_qt():
    if find_spec("slicer") is None or find_spec("trame_slicer") is None:
        pytest.skip("slicer-core and trame-slicer are not installed")
    modules = [module_name(p) for p in sources(HEADLESS) if p.stem != "__main__"]
    assert offences_of_import(modules, ["qt", "ctk"], ["slicer"]) == {}


@pytest.mark.parametrize(
    ("code", "offence"),
    [
        ("print('hello')", "writes 'hello\\n'"),
        ("open('left_behind', 'w').close()", "opens left_behind"),
        ("import qt", "cannot be imported"),
    ],
)
def test_an_import_that_does_something_is_seen(code, offence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sinner.py").write_text(code, encoding="utf-8")
    found = offences_of_import(["sinner"], ["qt"], folder=tmp_path)
    assert found["sinner"][0].startswith(offence)
