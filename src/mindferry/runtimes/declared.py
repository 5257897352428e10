"""What an ONNX model says of its inputs and outputs, for runtimes that do not keep it."""

from __future__ import annotations

from dataclasses import dataclass

from mindferry.errors import FormatError
from mindferry.formats import onnx_outline
from mindferry.runtimes.base import Source
from mindferry.types import COMPLEX_INPUTS, DType, Shape, TensorSpec


@dataclass(frozen=True, slots=True)
class Declared:
    """Inputs and outputs, in order, and the inputs that take complex arrays as pairs of real numbers."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    complex_inputs: frozenset[str]


def declared(source: Source) -> Declared:
    """The inputs and outputs of the model in memory, else of the file; weights are not touched.

    Raises:
        FormatError: the file is not ONNX, or an input or output is no tensor of an element type that arrays have.
    """
    if source.model is not None:
        graph = source.model.graph
        inputs = [(str(value.name), _dtype_name(value.dtype), _shape(value.shape)) for value in graph.inputs]
        outputs = [(str(value.name), _dtype_name(value.dtype), _shape(value.shape)) for value in graph.outputs]
        metadata = source.model.metadata_props
    else:
        outline = onnx_outline.outline(source.path)
        inputs = [(item.name, item.dtype, item.shape) for item in outline.inputs]
        outputs = [(item.name, item.dtype, item.shape) for item in outline.outputs]
        metadata = outline.metadata
    names = frozenset(metadata.get(COMPLEX_INPUTS, "").splitlines())
    return Declared(_specs(inputs, source), _specs(outputs, source), names)


def _dtype_name(dtype: object) -> str:
    import onnx_ir as ir

    if dtype is ir.DataType.STRING:
        return "str"
    return str(dtype.numpy()) if isinstance(dtype, ir.DataType) else "unknown"


def _shape(shape: object) -> Shape | None:
    import onnx_ir as ir

    if not isinstance(shape, ir.Shape):
        return None
    return tuple(size if isinstance(size, int) else size.value for size in shape)


def _specs(ports: list[tuple[str, str, Shape | None]], source: Source) -> tuple[TensorSpec, ...]:
    known = {dtype.value for dtype in DType}
    if wrong := [f"{name} ({dtype})" for name, dtype, _ in ports if dtype not in known]:
        raise FormatError(f"no array can hold {', '.join(wrong)}", path=source.path)
    return tuple(TensorSpec(name, DType(dtype), shape) for name, dtype, shape in ports)
