"""Who may import whom, and that nothing needs more than the core dependencies."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
ROOT = SOURCE / "mindferry"
EXTRAS = (
    "acl", "cryptography", "matplotlib", "mindcv", "mindspore", "onnxruntime", "openvino", "ray", "skimage", "sklearn", "tensorrt",
    "tensorrt_rtx", "torch",
)  # fmt: skip

FORBIDDEN = {
    "formats/mindir": ("onnx", "onnx_ir", "mindferry.lowering", "mindferry.runtimes", "mindferry.passes"),
    "formats/air": (
        "onnx",
        "onnx_ir",
        "mindferry.lowering",
        "mindferry.runtimes",
        "mindferry.passes",
        "mindferry.to_air",
    ),
    "formats/ckpt": ("onnx", "onnx_ir", "mindferry.lowering", "mindferry.runtimes", "mindferry.passes"),
    "formats/_wire.py": ("onnx", "onnx_ir", "numpy", "mindferry.graph", "mindferry.lowering"),
    "formats": ("mindferry.lowering", "mindferry.passes", "mindferry.runtimes", "mindferry.api", "mindferry.cli"),
    "graph.py": ("onnx", "onnx_ir", "mindferry.formats", "mindferry.lowering"),
    "passes": ("onnx", "onnx_ir", "mindferry.formats", "mindferry.lowering", "mindferry.runtimes"),
    "lowering": ("google", "mindspore", "mindferry.formats", "mindferry.runtimes", "mindferry.api", "mindferry.cli"),
    "optimize": ("mindspore", "mindferry.formats", "mindferry.lowering", "mindferry.runtimes"),
    "runtimes": (
        "mindferry.formats.mindir",
        "mindferry.lowering",
        "mindferry.passes",
        "mindferry.api",
        "mindferry.cli",
    ),
    "to_air": (
        "google",
        "mindspore",
        "mindferry.formats.mindir",
        "mindferry.runtimes",
        "mindferry.api",
        "mindferry.cli",
    ),
    "verification": ("mindferry.lowering", "mindferry.api", "mindferry.cli"),
    "api.py": ("mindferry.cli",),
    "platforms.py": ("numpy", "onnx", "onnx_ir", "mindferry.lowering"),
}
"""Folder or file -> what it must not import, at the top of a module or inside a function."""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, but for types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def offences(part: str) -> list[str]:
    place = ROOT / part
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files, f"{part} is gone"
    return [
        f"{path.relative_to(SOURCE)}:{line} imports {name}"
        for path in files
        for line, name in imports(path)
        for banned in FORBIDDEN[part]
        if f"{name}.".startswith(f"{banned}.")
    ]


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_go_in_one_direction(part: str) -> None:
    assert offences(part) == []


def test_an_import_against_the_direction_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORBIDDEN, "conversion.py", ("mindferry.lowering",))
    assert any("imports mindferry.lowering.lower.lower" in offence for offence in offences("conversion.py"))


def test_extras_are_imported_only_where_they_are_used() -> None:
    users = {
        (path.relative_to(ROOT).as_posix(), name.partition(".")[0])
        for path in ROOT.rglob("*.py")
        for _, name in imports(path)
        if name.partition(".")[0] in EXTRAS
    }
    assert users <= {
        ("formats/_encryption.py", "cryptography"),
        ("runtimes/acl.py", "acl"),
        ("runtimes/onnxruntime.py", "onnxruntime"),
        ("runtimes/openvino.py", "openvino"),
        ("batching.py", "onnxruntime"),
        ("benchmarking/plot.py", "matplotlib"),
        ("compilers/half.py", "onnxruntime"),
    }


def run(script: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False, cwd=SOURCE
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_every_module_imports_without_extras() -> None:
    script = f"""
import importlib, pkgutil, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
import mindferry
names = [item.name for item in pkgutil.walk_packages(mindferry.__path__, "mindferry.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
    assert int(run(script)) > 50


def test_the_package_itself_is_light() -> None:
    script = "import sys, mindferry; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = run(script).split()
    assert "mindferry" in loaded
    assert not {"numpy", "onnx", "onnx_ir", "PIL", "rich", "click", "safetensors"} & set(loaded)


def test_the_list_of_runtimes_imports_none() -> None:
    script = "import sys; from mindferry import runtimes; runtimes.available(); print('onnxruntime' in sys.modules)"
    assert run(script).strip() == "False"
