"""ONNX's operator schemas, looked up once per operator and opset."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from mindferry.errors import LoweringError, OpsetTooLow


@functools.cache
def schema_of(operator: str, opset: int) -> onnx.defs.OpSchema:
    """The operator's schema in an opset.

    Raises:
        LoweringError: ONNX has no such operator.
        OpsetTooLow: it exists only from a newer opset.
    """
    try:
        return onnx.defs.get_schema(operator, opset, "")
    except onnx.defs.SchemaError:
        versions = _first_versions()
        if operator in versions:
            raise OpsetTooLow(
                f"{operator} exists from opset {versions[operator]}, the target is {opset}", needed=versions[operator]
            ) from None
        near = ", ".join(difflib.get_close_matches(operator, versions, 3)) or "none"
        raise LoweringError(f"ONNX has no operator {operator}; nearest: {near}") from None


@functools.cache
def _first_versions() -> dict[str, int]:
    versions: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            versions[schema.name] = min(schema.since_version, versions.get(schema.name, schema.since_version))
    return versions


def formal_type(schema: onnx.defs.OpSchema, index: int) -> str:
    """The type variable or fixed type of the input at index; a variadic last input covers all that follow."""
    return schema.inputs[min(index, len(schema.inputs) - 1)].type_str


def check_inputs(schema: onnx.defs.OpSchema, count: int) -> None:
    """Raises LoweringError where the operator takes fewer or more inputs than count."""
    if not schema.min_input <= count <= schema.max_input:
        raise LoweringError(f"{schema.name} takes {schema.min_input} to {schema.max_input} inputs, got {count}")


def attributes_of(schema: onnx.defs.OpSchema, given: Mapping[str, Any]) -> list[ir.Attr]:
    """The given attributes in ONNX's types, without those that are None.

    Raises:
        LoweringError: an unknown attribute, a missing required one, or a value of the wrong type.
    """
    present = {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(present.keys() - schema.attributes.keys()):
        raise LoweringError(
            f"{schema.name} has no attribute {', '.join(unknown)}; it has {', '.join(sorted(schema.attributes))}"
        )
    if missing := [name for name, row in schema.attributes.items() if row.required and name not in present]:
        raise LoweringError(f"{schema.name} needs attribute {', '.join(missing)}")
    return [_attribute(schema, name, value) for name, value in sorted(present.items())]


def _attribute(schema: onnx.defs.OpSchema, name: str, value: Any) -> ir.Attr:
    kind = ir.AttributeType(int(schema.attributes[name].type.value))  # type: ignore[attr-defined]
    try:
        return ir.Attr(name, kind, _CONVERTERS[kind](value))
    except (TypeError, ValueError):
        raise LoweringError(f"{schema.name}.{name} should be {kind.name}, got {value!r}") from None


def _integer(value: Any) -> int:
    if isinstance(value, float | np.floating):
        raise TypeError("a float")
    return int(value)


def _tensor(value: Any) -> Any:
    return value if isinstance(value, ir.TensorProtocol) else ir.tensor(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _graph(value: Any) -> ir.Graph:
    if not isinstance(value, ir.Graph):
        raise TypeError("not a graph")
    return value


_CONVERTERS: dict[ir.AttributeType, Callable[[Any], Any]] = {
    ir.AttributeType.FLOAT: float,
    ir.AttributeType.INT: _integer,
    ir.AttributeType.STRING: _text,
    ir.AttributeType.TENSOR: _tensor,
    ir.AttributeType.GRAPH: _graph,
    ir.AttributeType.FLOATS: lambda value: [float(item) for item in value],
    ir.AttributeType.INTS: lambda value: [_integer(item) for item in value],
    ir.AttributeType.STRINGS: lambda value: [_text(item) for item in value],
}
