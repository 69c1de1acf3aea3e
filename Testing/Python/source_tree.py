"""The source files of the repository, parsed: what the tests of the house look at."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE_FOLDER = REPOSITORY / "ReirradiationPlanner"
DOORWAY = MODULE_FOLDER / "ReirradiationPlanner.py"
CORE = "ReirradiationCore"
LIB = "ReirradiationPlannerLib"
HEADLESS = "ReirradiationHeadless"
PACKAGES = (CORE, LIB, HEADLESS)

# Files of Lib that meet Qt, the parameter node or services of the application say so in their name.
APPLICATION_SUFFIXES = ("Widget", "ParameterNode", "Dialog", "InApplication")


@dataclass(frozen=True)
class Import:
    """One imported module; ``name`` is absolute and dotted."""

    name: str
    line: int
    at_file_scope: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]


def sources(package: str) -> list[Path]:
    """Python files of a package, sorted."""
    return sorted(
        p for p in (MODULE_FOLDER / package).rglob("*.py") if "__pycache__" not in p.parts
    )


def product_files() -> list[Path]:
    """Every Python file that is shipped."""
    return [DOORWAY, *(path for package in PACKAGES for path in sources(package))]


def name_of(path: Path) -> str:
    """Path inside the repository, for test ids and messages."""
    return path.relative_to(REPOSITORY).as_posix()


def module_name(path: Path) -> str:
    """Dotted name under which a file of the module folder is imported."""
    parts = path.relative_to(MODULE_FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_application_file(path: Path) -> bool:
    """True for files of Lib that need the Slicer application."""
    return LIB in path.parts and path.stem.endswith(APPLICATION_SUFFIXES)


@cache
def parsed(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(tree: ast.Module, module: str, is_package: bool = False) -> list[Import]:
    """Every import of a file, also those inside functions and by a literal name."""
    return list(_imports(tree, module.split(".") if is_package else module.split(".")[:-1], True))


def imports_of(path: Path) -> list[Import]:
    """Every import of a file of the module folder."""
    return imports(parsed(path), module_name(path), path.stem == "__init__")


def _imports(node: ast.AST, package: list[str], file_scope: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for name in _imported_names(child, package):
            yield Import(name, child.lineno, file_scope)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(child, package, file_scope and not inside and not typing_only)


def _imported_names(node: ast.AST, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        stem = ".".join([*base, *filter(None, [node.module])])
        return [f"{stem}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        return [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
    return []
