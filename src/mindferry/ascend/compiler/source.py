"""The model that ATC is given, and whether ATC would take it for a processor."""

from __future__ import annotations

import re
from pathlib import Path

import onnx_ir as ir

from mindferry.ascend.compiler.arguments import Failure
from mindferry.ascend.compiler.profiles import Shapes
from mindferry.ascend.socs import Soc
from mindferry.errors import MindFerryError
from mindferry.formats import onnx
from mindferry.targets import Finding
from mindferry.targets.ascend import findings_for

AIR, ONNX = "1", "5"
_OPSET = 17
"""In which AIR is computed."""

_PATH = re.compile(r"[\w./\u4e00-\u9fa5-]+", re.ASCII)
_OPERATOR = re.compile(r"(?:custom )?operator (?:(\S+)::)?(\w+)")


def check_path(name: str, text: str) -> Path:
    """A path in the characters that ATC takes.

    Raises:
        Failure: it has others.
    """
    if not _PATH.fullmatch(text):
        raise Failure(
            "E10001",
            f"Value {text} for parameter --{name} is invalid. Reason: paths are of a-z A-Z 0-9 _ - . / and Chinese.",
        )
    return Path(text)


def load(path: Path, framework: str) -> ir.Model:
    """The graph in a file.

    Raises:
        Failure: the file is missing or broken, or the framework is not simulated.
    """
    if framework not in (AIR, ONNX):
        raise Failure("E10007", f"Value {framework} for parameter --framework: 1 (AIR) and 5 (ONNX) are simulated.")
    if not path.is_file():
        raise Failure("E10410", f"File {path} does not exist.")
    try:
        return onnx.load(path) if framework == ONNX else _lowered(path)
    except MindFerryError as error:
        code = "E10041" if framework == AIR else "E13005"
        raise Failure(code, f"Failed to load the model from {path}: {error}") from error


def _lowered(path: Path) -> ir.Model:
    from mindferry import conversion

    return conversion.to_onnx(path, opset=_OPSET)[0]


def check(model: ir.Model, shapes: Shapes, soc: Soc) -> None:
    """Raises Failure for the first thing that ATC refuses about a model."""
    if len(model.graph.opset_imports) > 1:
        raise Failure(
            "E16005", f"The model has several opset imports: {', '.join(map(str, model.graph.opset_imports))}."
        )
    given = {name: tuple(size if size >= 0 else None for size in shape) for name, shape in shapes.inputs.items()}
    for finding in findings_for(model, soc, given, profiles=shapes.profiles.kind > 0):
        raise _failure(finding, model)


def _failure(finding: Finding, model: ir.Model) -> Failure:
    text = f"{finding}{f' ({finding.cure})' if finding.cure else ''}"
    opset = model.graph.opset_imports.get("", 0)
    if found := _OPERATOR.match(finding.reason):
        domain, name = found[1] or "ai.onnx", found[2]
        return Failure("E16002", f"No ONNX parser is registered for optype {domain}::{opset}::{name}. {text}")
    if finding.reason.startswith("opset"):
        name = next(iter(model.graph)).op_type
        return Failure("E16002", f"No ONNX parser is registered for optype ai.onnx::{opset}::{name}. {text}")
    if finding.reason.startswith("the model has no"):
        return Failure("E16001", f"{text}.")
    if "free dimensions" in finding.reason:
        return Failure("EZ3002", f"Dynamic shape is not supported on this chip: {text}")
    return Failure("EZ3003", f"No supported engine: {text}")


def own_shapes(model: ir.Model) -> dict[str, tuple[int, ...] | None]:
    """The shapes of a model's inputs, -1 for what is free."""
    return {
        str(value.name): None
        if value.shape is None
        else tuple(size if isinstance(size, int) else -1 for size in value.shape)
        for value in model.graph.inputs
    }
