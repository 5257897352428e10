"""What the consumers of ONNX accept, as tables, and whether a graph stays inside.

| target | opsets | source of the table |
| --- | --- | --- |
| ort | 13 to 23 | ONNX Runtime takes every standard operator that MindFerry writes; its tests run it |
| openvino | 13 to 23 | as ort |
| atc | 8 to 18 | ATC looks up `ai.onnx::OPSET::OPERATOR` literally; registrations in CANN's ops-nn, ops-math and ops-cv (2026) |
| tensorrt | 9 to 23 | `OnnxParser.supports_operator` of TensorRT-RTX 1.7, and the element types that its parser refuses |

Passing is necessary, not sufficient: arguments and shapes are only judged by the consumer itself.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir

from mindferry.errors import ConvertError, OptionError

NAMES = ("ort", "openvino", "atc", "tensorrt")

_TABLES = Path(__file__).with_name("tables.json")
_MOST_PLACES = 3
_SAFE_OPSET = 17
_OLDEST_OPSET = 13
_OTHER_TYPE = "cast to a type that it takes"
_QUANTIZED = "quantize with Ascend's AMCT instead"
_CURES = {
    ("", "Loop"): "unroll the loop: export with a fixed number of steps",
    ("", "Scan"): "unroll the loop: export with a fixed number of steps",
    **dict.fromkeys(
        (
            ("atc", name)
            for name in ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul")
        ),
        _QUANTIZED,
    ),
}
"""(target or "", operator) -> what to do."""


@functools.cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(_TABLES.read_text("utf-8"))
    return tables


def check_name(target: str) -> None:
    """Raises OptionError where there is no such target."""
    if target not in NAMES:
        raise OptionError(f"there is no target {target!r}; choose {', '.join(NAMES)}")


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a target would refuse a model.

    Attributes:
        places: the nodes or values, in their order; () where it is the whole model.
        cure: what to do about it, or "" where nothing helps but another model.
    """

    reason: str
    places: tuple[str, ...] = ()
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.shown_places}" if self.places else self.reason

    @property
    def shown_places(self) -> str:
        """The first places, and how many more there are."""
        shown = ", ".join(dict.fromkeys(self.places[:_MOST_PLACES]))
        more = len(self.places) - _MOST_PLACES
        return f"{shown} and {more} more" if more > 0 else shown


def findings(model: ir.Model, target: str) -> list[Finding]:
    """Why the target would refuse the model: operators, opset and element types, each with its places."""
    check_name(target)
    table = _tables().get(target)
    if table is None:
        return []
    opset = model.graph.opset_imports.get("")
    low, high = table["opsets"]
    if opset is None:
        return [Finding("the model names no opset of ONNX's own operators", cure="write the file again")]
    if not low <= opset <= high:
        return [Finding(f"opset {opset} is outside {low} to {high}", cure=f"use opset {min(high, _SAFE_OPSET)}")]
    places: dict[tuple[str, str], list[str]] = {}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for refusal in _refusals(node, opset, target, table):
            places.setdefault(refusal, []).append(node.name or node.op_type)
    for value in (*model.graph.inputs, *model.graph.outputs):
        if value.dtype is not None and value.dtype.name in table.get("refused_types", ()):
            places.setdefault((f"element type {value.dtype.name}", _OTHER_TYPE), []).append(str(value.name))
    return [Finding(reason, tuple(found), cure) for (reason, cure), found in sorted(places.items())]


def problems(model: ir.Model, target: str) -> list[str]:
    """The findings as text."""
    return [str(finding) for finding in findings(model, target)]


def _refusals(node: ir.Node, opset: int, target: str, table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Reasons and cures."""
    if node.domain:
        yield f"custom operator {node.domain}::{node.op_type}", "lower it to standard operators"
        return
    accepted = table.get("accepted")
    if accepted is not None and node.op_type != "Constant":
        if node.op_type not in accepted:
            yield f"operator {node.op_type}", _cure(target, node.op_type, opset)
        elif not _in_range(accepted[node.op_type], opset):
            low, high, *gaps = accepted[node.op_type]
            better = [one for one in range(low, high + 1) if _in_range(accepted[node.op_type], one)]
            yield (
                f"operator {node.op_type} at opset {opset} (accepted from {low} to {high}"
                + (f", not at {', '.join(map(str, gaps[0]))})" if gaps else ")"),
                f"use opset {min(better, key=lambda one: (abs(one - opset), one))}",
            )
    if node.op_type in table.get("refused", ()):
        yield f"operator {node.op_type}", _cure(target, node.op_type, opset)
    for value in node.outputs:
        if value.dtype is not None and value.dtype.name in table.get("refused_types", ()):
            yield f"element type {value.dtype.name}", _OTHER_TYPE


def _cure(target: str, operator: str, opset: int) -> str:
    """What to do about an operator that a target takes at no opset."""
    if known := _CURES.get((target, operator)) or _CURES.get(("", operator)):
        return known
    first = next((one for one in range(_OLDEST_OPSET, opset + 1) if _exists(operator, one)), _OLDEST_OPSET)
    if first == _OLDEST_OPSET:
        return ""
    return f"use opset {min(first - 1, _SAFE_OPSET)}, where it is made of older operators"


def _exists(operator: str, opset: int) -> bool:
    try:
        onnx.defs.get_schema(operator, opset, "")
    except onnx.defs.SchemaError:
        return False
    return True


def _in_range(row: list[Any], opset: int) -> bool:
    low, high, *gaps = row
    return low <= opset <= high and not (gaps and opset in gaps[0])


def require(model: ir.Model, target: str) -> None:
    """Raises ConvertError where the target would refuse the model, with every reason and its places."""
    if found := problems(model, target):
        raise ConvertError(f"{target} does not accept this model: {'; '.join(found)}")
