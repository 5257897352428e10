"""The shape of the house: who may import whom, how long a file is, what the package shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mindferry

PACKAGE = Path(mindferry.__file__).parent
ROOT = PACKAGE.parents[1]
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 400

FORBIDDEN = {
    "formats": ("lowering", "runtimes", "conversion", "sessions", "api", "cli"),
    "lowering": ("formats", "runtimes", "conversion", "sessions", "api", "cli", "data"),
    "passes": ("formats", "runtimes", "lowering", "conversion", "api", "cli"),
    "runtimes": ("lowering", "formats.mindir", "conversion", "api", "cli", "data"),
    "verification": ("lowering", "formats", "api", "cli"),
    "data": ("lowering", "formats", "conversion", "api", "cli"),
    "optimize": ("formats", "runtimes", "api", "cli"),
    "graph.py": ("formats", "lowering", "runtimes", "api", "cli"),
    "types.py": ("formats", "lowering", "runtimes", "graph", "api", "cli"),
}
"""Part of the package -> parts that it does not import."""

EXTRAS = {
    "matplotlib",
    "onnxruntime",
    "openvino",
    "tensorrt_rtx",
    "mindspore",
    "mindcv",
    "cryptography",
    "acl",
    "skimage",
    "sklearn",
}
"""Packages outside the core dependencies, imported only inside functions."""


def imports(path: Path, *, top: bool = False) -> Iterator[str]:
    """The full names that a module imports; with top, only those that run when it is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = _running(tree) if top else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements outside functions and outside `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not checking and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from _running(node)


@pytest.mark.parametrize("part", FORBIDDEN)
def test_import_direction(part: str) -> None:
    paths = [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).rglob("*.py"))
    assert paths
    forbidden = tuple(f"mindferry.{name}" for name in FORBIDDEN[part])
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in paths
        for name in imports(path)
        if any(name == one or name.startswith(f"{one}.") for one in forbidden)
    ]
    assert not wrong


def test_extras_are_imported_when_they_are_used() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in MODULES
        for name in imports(path, top=True)
        if name.partition(".")[0] in EXTRAS
    ]
    assert not wrong


def test_the_command_line_imports_nothing_heavy_at_once() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted((PACKAGE / "cli").glob("*.py"))
        for name in imports(path, top=True)
        if name.partition(".")[0] in {"numpy", "onnx", "onnx_ir", "rich", "PIL"}
    ]
    assert not wrong


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_files_are_short(folder: str) -> None:
    lengths = {path: path.read_text("utf-8").count("\n") for path in (ROOT / folder).rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE}


def test_every_module_says_what_it_is() -> None:
    assert not [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]


def test_exports_are_sorted_and_there() -> None:
    assert list(mindferry.__all__) == sorted(mindferry.__all__)
    assert all(hasattr(mindferry, name) for name in mindferry.__all__)


def test_nothing_is_left_to_do() -> None:
    word = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
    sources = [*MODULES, *(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    assert not [path for path in sources if word.search(path.read_text("utf-8"))]
