"""Appends checked, typed and shape-inferred ONNX nodes to a graph: `op.Conv(x, weight, strides=[2, 2])`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.lowering.inference import Inference
from mindferry.lowering.schema import attributes_of, check_inputs, formal_type, schema_of


class Builder:
    """One ONNX graph under construction.

    Any ONNX operator is a method: inputs positional (values, numpy arrays, Python numbers, None for an omitted one),
    attributes as keywords, `outputs=n` for more than one result. Python numbers take the element type of their peers.

    Attributes:
        opset: the ONNX opset of every node.
        prefix: put before the names of new nodes.
    """

    def __init__(self, opset: int, *, name: str = "main", outer: Builder | None = None) -> None:
        self.opset = opset
        self.graph = ir.Graph([], [], nodes=[], opset_imports={"": opset}, name=name)
        self._root: Builder = outer._root if outer else self
        self.prefix: str = outer.prefix if outer else ""
        if outer is None:
            self._inference = Inference(opset)
            self._constants: dict[tuple[ir.DataType, tuple[int, ...], bytes], ir.Value] = {}
            self._names: dict[str, int] = {}

    def inner(self, name: str) -> Builder:
        """A builder for a sub-graph (a branch or a loop body); it sees the values of this one."""
        inner = Builder(self.opset, name=self.unique(name), outer=self)
        inner.prefix = self.prefix
        return inner

    def unique(self, name: str) -> str:
        """The name, with a number behind it where it is taken."""
        names = self._root._names
        count = names.get(name)
        names[name] = 0 if count is None else count + 1
        return name if count is None else self.unique(f"{name}_{count + 1}")

    def input(
        self, name: str, dtype: ir.DataType | None, shape: Sequence[int | str | None] | ir.Shape | None
    ) -> ir.Value:
        """A new graph input.

        Raises:
            LoweringError: the element type is unknown.
        """
        if dtype is None:
            raise LoweringError(f"the element type of {name} is unknown")
        value = ir.Value(
            name=self.unique(name), type=ir.TensorType(dtype), shape=None if shape is None else ir.Shape(shape)
        )
        self.graph.inputs.append(value)
        return value

    def initializer(self, name: str, tensor: ir.TensorProtocol) -> ir.Value:
        """A named constant of the model; the tensor is kept as it is."""
        value = ir.Value(
            name=self.unique(name),
            type=ir.TensorType(tensor.dtype),
            shape=ir.Shape([size for size in tensor.shape if isinstance(size, int)]),
            const_value=tensor,
        )
        self._root.graph.register_initializer(value)
        return value

    def constant(self, value: Any, dtype: ir.DataType | None = None) -> ir.Value:
        """A constant; equal bytes of one type and shape share one initializer.

        Without a dtype, Python integers become int64, Python floats float32, bools bool, arrays keep their type.
        """
        array = np.asarray(value)
        if dtype is None:
            dtype = _natural_dtype(value, array)
        array = np.ascontiguousarray(array.astype(dtype.numpy())).reshape(array.shape)
        key = (dtype, array.shape, array.tobytes())
        known = self._root._constants
        if key not in known:
            known[key] = self.initializer("const", ir.Tensor(array, dtype=dtype))
        return known[key]

    def __getattr__(self, operator: str) -> Callable[..., Any]:
        if not operator[:1].isupper():
            raise AttributeError(f"the builder has no attribute {operator!r}")
        return functools.partial(self._call, operator)

    def _call(self, operator: str, /, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        schema = schema_of(operator, self.opset)
        values = self._values(schema, list(inputs))
        check_inputs(schema, len(values))
        if outputs > schema.max_output:
            raise LoweringError(f"{operator} has at most {schema.max_output} outputs, asked for {outputs}")
        name = self.unique(f"{self.prefix}{operator}")
        node = ir.Node(
            "",
            operator,
            values,
            attributes=attributes_of(schema, attributes),
            num_outputs=outputs,
            name=name,
            version=self.opset,
        )
        for index, output in enumerate(node.outputs):
            output.name = name if index == 0 else f"{name}:{index}"
        self.graph.append(node)
        self._root._inference.apply(node, schema)
        return node.outputs[0] if outputs == 1 else tuple(node.outputs)

    def custom(
        self, domain: str, operator: str, *inputs: ir.Value, version: int = 1,
        results: Sequence[tuple[ir.DataType, Sequence[int | str | None] | None]], **attributes: Any,
    ) -> Any:  # fmt: skip
        """A node of an operator that ONNX does not define.

        Args:
            domain: the operator's domain, such as "com.example"; version: that domain's opset.
            results: element type and shape of each result; ONNX cannot infer them.
            attributes: numbers, strings, or lists of them.
        """
        name = self.unique(f"{self.prefix}{operator}")
        given = ir.convenience.convert_attributes(attributes)
        node = ir.Node(domain, operator, inputs, attributes=given, num_outputs=len(results), name=name, version=version)
        for index, (output, (dtype, shape)) in enumerate(zip(node.outputs, results, strict=True)):
            output.name = name if index == 0 else f"{name}:{index}"
            output.type, output.shape = ir.TensorType(dtype), None if shape is None else ir.Shape(shape)
        self.graph.append(node)
        self._root.graph.opset_imports[domain] = version
        return node.outputs[0] if len(results) == 1 else tuple(node.outputs)

    def _values(self, schema: Any, inputs: list[Any]) -> list[ir.Value | None]:
        while inputs and inputs[-1] is None:
            inputs.pop()
        peers: dict[str, ir.DataType] = {}
        for index, item in enumerate(inputs):
            if isinstance(item, ir.Value) and item.dtype is not None:
                kind = formal_type(schema, index)
                if peers.setdefault(kind, item.dtype) != item.dtype and not _heterogeneous(schema, index):
                    raise LoweringError(
                        f"{schema.name} wants one element type for its inputs, got {peers[kind]} and {item.dtype}"
                    )
        return [self._value(schema, index, item, peers) for index, item in enumerate(inputs)]

    def _value(self, schema: Any, index: int, item: Any, peers: dict[str, ir.DataType]) -> ir.Value | None:
        if item is None or isinstance(item, ir.Value):
            return item
        if isinstance(item, np.ndarray | np.generic):
            return self.constant(item)
        if not isinstance(item, bool | int | float | list | tuple):
            raise LoweringError(f"{schema.name} cannot take {type(item).__name__} {item!r} as input {index}")
        kind = formal_type(schema, index)
        dtype = ir.DataType.INT64 if kind == "tensor(int64)" else peers.get(kind)
        if dtype is not None and not dtype.is_floating_point() and np.any(np.asarray(item) % 1):
            raise LoweringError(f"{schema.name} cannot take {item!r} as input {index}, which is {dtype}")
        return self.constant(item, dtype)


def _natural_dtype(value: Any, array: np.ndarray[Any, Any]) -> ir.DataType:
    if isinstance(value, np.ndarray | np.generic):
        return ir.DataType.from_numpy(array.dtype)
    if array.size == 0 or array.dtype.kind == "i":
        return ir.DataType.INT64
    return ir.DataType.BOOL if array.dtype.kind == "b" else ir.DataType.FLOAT


def _heterogeneous(schema: Any, index: int) -> bool:
    return not schema.inputs[min(index, len(schema.inputs) - 1)].is_homogeneous
