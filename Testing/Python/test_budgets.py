"""Sizes and habits: what keeps the code readable, and errors visible."""

import ast
import re
from pathlib import Path
from statistics import median, quantiles

import pytest
from source_tree import (
    CORE,
    DOORWAY,
    HEADLESS,
    MODULE_FOLDER,
    PACKAGES,
    REPOSITORY,
    name_of,
    parsed,
    product_files,
    sources,
)

FILE_LINES, FILE_LINES_HARD, DOORWAY_LINES = 300, 400, 120
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_HARD = 10, 25, 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def python_test_files() -> list[Path]:
    return sorted((REPOSITORY / "Testing").rglob("*.py"))


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def code_lines(function: ast.FunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring: documentation is not to be saved on."""
    text = ast.get_docstring(function, clean=False)
    first = function.body[0]
    own = first.end_lineno - first.lineno + 1 if text is not None else 0
    return function.end_lineno - function.lineno + 1 - own


def functions(paths) -> dict[str, int]:
    return {
        f"{name_of(path)}:{node.lineno} {node.name}": code_lines(node)
        for path in paths
        for node in ast.walk(parsed(path))
        if isinstance(node, FUNCTIONS)
    }


def habits(tree: ast.Module) -> list[str]:
    """Bad habits in a file, with their lines."""
    return [
        f"line {node.lineno}: {habit}"
        for node in ast.walk(tree)
        for habit, is_bad in HABITS.items()
        if is_bad(node)
    ]


def _is_broad(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        names = "" if node.type is None else ast.unparse(node.type)
        return node.type is None or bool(re.search(r"\b(Base)?Exception\b", names))
    suppress = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress")
    return suppress and any(re.search(r"\b(Base)?Exception\b", ast.unparse(a)) for a in node.args)


def _is_swallowing(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass) for s in node.body)


def _is_star(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _is_style_sheet(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("setStyleSheet", "styleSheet")


HABITS = {
    "broad except": _is_broad,
    "swallowed exception": _is_swallowing,
    "star import": _is_star,
    "style sheet": _is_style_sheet,
}


def _writes(tree: ast.AST) -> bool:
    """Something is printed or written to a standard stream."""
    return any(
        (isinstance(n, ast.Call) and ast.unparse(n.func) == "print")
        or (isinstance(n, ast.Attribute) and ast.unparse(n) in ("sys.stdout", "sys.stderr"))
        for n in ast.walk(tree)
    )


def _is_documented(node: ast.AST) -> bool:
    """The first line of the docstring is a sentence."""
    text = ast.get_docstring(node, clean=False) or ""
    first = text.split("\n")[0].strip()
    return len(first) > 10 and first.endswith((".", ":"))


def _is_typed(function: ast.FunctionDef) -> bool:
    a = function.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    named = [arg for arg in named if arg.arg not in ("self", "cls")]
    return function.returns is not None and all(arg.annotation is not None for arg in named)


def public_names(tree: ast.Module):
    """Public functions, classes and their public methods."""
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            members = node.body if isinstance(node, ast.ClassDef) else ()
            for member in members:
                if isinstance(member, FUNCTIONS) and not member.name.startswith("_"):
                    yield f"{node.name}.{member.name}", member


@pytest.mark.parametrize("path", [*product_files(), *python_test_files()], ids=name_of)
def test_file_is_not_longer_than_the_hard_limit(path):
    assert line_count(path) <= FILE_LINES_HARD


def test_nine_files_of_ten_are_within_the_budget():
    long = [name_of(p) for p in product_files() if line_count(p) > FILE_LINES]
    assert len(long) <= len(product_files()) / 10, long


def test_module_file_is_a_doorway():
    assert line_count(DOORWAY) <= DOORWAY_LINES


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_of_a_package_are_short(package):
    lengths = functions(sources(package))
    if len(lengths) < 2:
        pytest.skip(f"{package} has no functions yet")
    longest = sorted(lengths, key=lengths.get, reverse=True)[:15]
    assert median(lengths.values()) <= FUNCTION_MEDIAN, longest
    assert quantiles(lengths.values(), n=10)[-1] <= FUNCTION_P90, longest


def test_no_function_is_longer_than_the_hard_limit():
    lengths = functions([*product_files(), *python_test_files()])
    assert {name: n for name, n in lengths.items() if n > FUNCTION_HARD} == {}


@pytest.mark.parametrize("path", product_files(), ids=name_of)
def test_file_has_no_bad_habits(path):
    assert habits(parsed(path)) == []
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", [p for p in product_files() if HEADLESS not in p.parts], ids=name_of
)
def test_only_headless_writes_to_the_terminal(path):
    assert not _writes(parsed(path))


def test_headless_prints_through_one_writer():
    calls = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(HEADLESS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert len({call.split(":")[0] for call in calls}) <= 1, calls


@pytest.mark.parametrize("path", sorted(MODULE_FOLDER.rglob("*.ui")), ids=name_of)
def test_form_has_no_style_sheet(path):
    assert "styleSheet" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sources(CORE), ids=name_of)
def test_public_names_of_core_are_documented_and_typed(path):
    tree = parsed(path)
    names = list(public_names(tree))
    assert _is_documented(tree), "the file itself has no docstring with a first sentence"
    assert [name for name, node in names if not _is_documented(node)] == []
    typed = [(name, node) for name, node in names if isinstance(node, FUNCTIONS)]
    assert [name for name, node in typed if not _is_typed(node)] == []


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    f()\nexcept Exception:\n    raise",
        "try:\n    f()\nexcept:\n    raise",
        "try:\n    f()\nexcept (OSError, BaseException):\n    raise",
        "contextlib.suppress(Exception)",
        "try:\n    f()\nexcept OSError:\n    pass",
        "from os import *",
        "label.setStyleSheet('color: red')",
    ],
)
def test_a_bad_habit_is_seen(code):
    assert len(habits(ast.parse(code))) == 1


def test_docstrings_do_not_count_as_code():
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert code_lines(ast.parse(text).body[0]) == 2


def test_an_untyped_or_undocumented_name_is_seen():
    node = ast.parse("def f(a, *b: int) -> None:\n    return a").body[0]
    assert not _is_typed(node)
    assert not _is_documented(node)
