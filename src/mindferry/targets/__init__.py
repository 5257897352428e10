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
from pathlib import Path
from typing import Any

import onnx_ir as ir

from mindferry.errors import ConvertError, OptionError

NAMES = ("ort", "openvino", "atc", "tensorrt")

_TABLES = Path(__file__).with_name("tables.json")
_MOST_PLACES = 3


@functools.cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(_TABLES.read_text("utf-8"))
    return tables


def check_name(target: str) -> None:
    """Raises OptionError where there is no such target."""
    if target not in NAMES:
        raise OptionError(f"there is no target {target!r}; choose {', '.join(NAMES)}")


def problems(model: ir.Model, target: str) -> list[str]:
    """Why the target would refuse the model: operators, opset and element types, each with its places."""
    check_name(target)
    table = _tables().get(target)
    if table is None:
        return []
    opset = model.graph.opset_imports[""]
    low, high = table["opsets"]
    if not low <= opset <= high:
        return [f"opset {opset} is outside {low} to {high}"]
    places: dict[str, list[str]] = {}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for reason in _refusals(node, opset, table):
            places.setdefault(reason, []).append(node.name or node.op_type)
    for value in (*model.graph.inputs, *model.graph.outputs):
        if value.dtype is not None and value.dtype.name in table.get("refused_types", ()):
            places.setdefault(f"element type {value.dtype.name}", []).append(str(value.name))
    return [f"{reason}: {_show(found)}" for reason, found in sorted(places.items())]


def _refusals(node: ir.Node, opset: int, table: dict[str, Any]) -> Iterator[str]:
    if node.domain:
        yield f"custom operator {node.domain}::{node.op_type}"
        return
    accepted = table.get("accepted")
    if accepted is not None and node.op_type != "Constant":
        if node.op_type not in accepted:
            yield f"operator {node.op_type}"
        elif not _in_range(accepted[node.op_type], opset):
            low, high = accepted[node.op_type][:2]
            yield f"operator {node.op_type} at opset {opset} (accepted from {low} to {high})"
    if node.op_type in table.get("refused", ()):
        yield f"operator {node.op_type}"
    for value in node.outputs:
        if value.dtype is not None and value.dtype.name in table.get("refused_types", ()):
            yield f"element type {value.dtype.name}"


def _in_range(row: list[Any], opset: int) -> bool:
    low, high, *gaps = row
    return low <= opset <= high and not (gaps and opset in gaps[0])


def _show(places: list[str]) -> str:
    shown = ", ".join(dict.fromkeys(places[:_MOST_PLACES]))
    return f"{shown} and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else shown


def require(model: ir.Model, target: str) -> None:
    """Raises ConvertError where the target would refuse the model, with every reason and its places."""
    if found := problems(model, target):
        raise ConvertError(f"{target} does not accept this model: {'; '.join(found)}")
