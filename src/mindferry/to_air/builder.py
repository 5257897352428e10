"""Appends checked GE ops to a graph: `op.Relu(x)`, `op.Conv2D(x, weight, bias, strides=[1, 1, 2, 2], ...)`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.formats.air.model import Attribute
from mindferry.to_air.schema import Operator, SchemaError, Slot, attributes, operator
from mindferry.to_air.values import Value, broadcast, of_tensor
from mindferry.types import DType


@dataclass(slots=True, eq=False)
class Draft:
    """An op that is not yet frozen.

    Attributes:
        name: "" until the ONNX node that it stands for is done.
        inputs: name, value and whether it is optional.
    """

    definition: Operator
    inputs: list[tuple[str, Value | None, bool]]
    attributes: dict[str, Attribute]
    results: list[Value] = field(default_factory=list)
    name: str = ""


class Builder:
    """One GE graph under construction.

    Any GE operator is a method: inputs positional in the order of its definition (values; None for an absent one; a list for
    a dynamic input; Python ints and lists of them are int32 constants), attributes as keywords. `gives` and `shape` say what
    the results are: by default the first input's element type, and its shape broadcast with the others'. `outputs=n` is the
    number of results of a dynamic output.

    Attributes:
        opset: of the ONNX model.
        results: what the ONNX node at hand gives, None for a result that is not used.
        drafts: the ops so far, each after those that it reads.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.results: tuple[Value | None, ...] = ()
        self.drafts: list[Draft] = []
        self._names: dict[str, int] = {}
        self._constants: dict[tuple[Any, ...], Value] = {}
        self._inputs = 0

    @property
    def result(self) -> Value:
        """Element type and shape of what the ONNX node at hand gives first."""
        first = self.results[0]
        assert first is not None
        return first

    def unique(self, name: str) -> str:
        """The name, with a number behind it where it is taken."""
        count = self._names.get(name)
        self._names[name] = 0 if count is None else count + 1
        return name if count is None else self.unique(f"{name}_{count + 1}")

    def data(self, name: str, dtype: DType, shape: tuple[int, ...] | None) -> Value:
        """A new graph input."""
        draft = Draft(operator("Data"), [("x", None, False)], {"index": Attribute("Int", self._inputs)})
        draft.name = self.unique(name)
        self._inputs += 1
        return self._add(draft, [Value(dtype, shape)])[0]

    def constant(self, array: Any, dtype: DType | None = None) -> Value:
        """A constant; equal ones are one op. Without a dtype an array keeps its own."""
        values = np.asarray(array, None if dtype is None else dtype.numpy())
        values = np.ascontiguousarray(values).reshape(values.shape)
        key = (values.dtype.name, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = of_tensor(ir.tensor(values), "const")
        return self._constants[key]

    def like(self, number: float, value: Value) -> Value:
        """A scalar constant of the value's element type."""
        return self.constant(number, value.dtype)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name[:1].isupper():
            raise AttributeError(f"the builder has no attribute {name!r}")
        return functools.partial(self.call, name)

    def call(
        self, name: str, /, *inputs: Any, gives: DType | None = None,
        shape: Sequence[int] | EllipsisType | None = ..., outputs: int = 1, **given: Any,
    ) -> Any:  # fmt: skip
        """One op; its results are a value, or a tuple where the operator can have more than one.

        Raises:
            SchemaError: the call breaks the operator's definition.
        """
        definition = operator(name)
        draft = Draft(definition, self._slots(definition, inputs), attributes(definition, given))
        values = [value for _, value, _ in draft.inputs if value is not None]
        if gives is None and not values:
            raise SchemaError(f"{name} without inputs needs to be told what it gives")
        kind = values[0].dtype if gives is None else gives
        size = broadcast(values) if isinstance(shape, EllipsisType) else shape
        size = None if size is None else tuple(size)
        several = len(definition.outputs) > 1 or definition.outputs[0].dynamic
        for slot in (*definition.inputs, *definition.outputs):
            if slot.dynamic:
                draft.attributes.update(_count(slot, definition, inputs, outputs))
        count = outputs if definition.outputs[0].dynamic else len(definition.outputs)
        results = self._add(draft, [Value(kind, size) for _ in range(count)])
        return tuple(results) if several else results[0]

    def _slots(self, definition: Operator, inputs: Sequence[Any]) -> list[tuple[str, Value | None, bool]]:
        if len(inputs) > len(definition.inputs):
            raise SchemaError(f"{definition.name} has {len(definition.inputs)} inputs, got {len(inputs)}")
        given = [*inputs, *[None] * (len(definition.inputs) - len(inputs))]
        found: list[tuple[str, Value | None, bool]] = []
        for slot, item in zip(definition.inputs, given, strict=True):
            if slot.dynamic:
                found += [(f"{slot.name}{index}", self._value(one), False) for index, one in enumerate(item or ())]
            elif item is None and not slot.optional:
                raise SchemaError(f"{definition.name} needs the input {slot.name}")
            else:
                found.append((slot.name, None if item is None else self._value(item), slot.optional))
        return found

    def _value(self, item: Any) -> Value:
        if isinstance(item, Value):
            value = item
        elif isinstance(item, int | list | tuple) and not isinstance(item, bool):
            value = self.constant(item, DType.INT32)
        else:
            raise SchemaError(f"{item!r} is neither a value nor a list of integers")
        if value.draft is None:
            self._add(Draft(operator("Const"), [], {}, name=self.unique(value.name)), [value])
        return value

    def _add(self, draft: Draft, results: list[Value]) -> list[Value]:
        for index, value in enumerate(results):
            value.draft, value.index = draft, index
        draft.results = results
        self.drafts.append(draft)
        return results

    def name(self, drafts: Iterable[Draft], result: Draft | None, name: str) -> None:
        """Names the ops of one ONNX node: that of its result as the node, the others after it."""
        for draft in drafts:
            if not draft.name:
                draft.name = self.unique(name if draft is result else f"{name}/{draft.definition.name}")


def _count(slot: Slot, definition: Operator, inputs: Sequence[Any], outputs: int) -> dict[str, Attribute]:
    """The attribute that says how many tensors a dynamic input or output has."""
    if slot in definition.inputs:
        place = definition.inputs.index(slot)
        given = inputs[place] if place < len(inputs) else ()
        return {f"__dynamic_input_{slot.name}_cnt": Attribute("Int", len(given))}
    return {f"__dynamic_output_{slot.name}_cnt": Attribute("Int", outputs)}
