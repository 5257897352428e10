"""The source graph: what a reader makes of a model file, and what passes and lowerings work on.

Everything is frozen. A node has one result, which may be a tuple; operands are references to results, inputs and
parameters, or literals: None, bool, int, float, str, DType, Tensor, Closure, MONAD, and tuples of operands.
"""

from __future__ import annotations

import enum
import mmap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mindferry.types import DType, Shape, format_shape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Marker(enum.Enum):
    """Operands that only order side effects."""

    MONAD = "monad"


MONAD = Marker.MONAD


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a node's result, a graph input or a parameter, by its unique name."""

    name: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A function graph used as a value."""

    function: str


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A constant or parameter; the data stays where it is (usually a mapped file) until it is asked for.

    Attributes:
        name: the parameter's name as in a checkpoint, or "" for a constant.
        data: little-endian elements in C order, in one part or several; exactly prod(shape) x itemsize bytes. A string
            is its UTF-8 bytes.
        place: where it came from, for messages.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    data: memoryview | bytes | tuple[memoryview, ...]
    place: str = ""

    @property
    def nbytes(self) -> int:
        """Size of the data in bytes."""
        return sum(map(len, self.data)) if isinstance(self.data, tuple) else memoryview(self.data).nbytes

    def numpy(self) -> npt.NDArray[np.generic]:
        """The elements as a read-only array, which shares the data where that is in one part."""
        import numpy as np

        data = b"".join(self.data) if isinstance(self.data, tuple) else self.data
        if self.dtype is DType.STRING:
            array: npt.NDArray[np.generic] = np.full(self.shape, str(data, "utf-8"), dtype=object)
        else:
            array = np.frombuffer(data, dtype=self.dtype.numpy()).reshape(self.shape)
        array.flags.writeable = False
        return array

    def parts(self) -> tuple[memoryview, ...]:
        """The data as the pieces in which it lies in memory."""
        return self.data if isinstance(self.data, tuple) else (memoryview(self.data),)

    def release(self) -> None:
        """Gives the memory of a mapped file's pages back to the system; they are read again where they are used again."""
        import numpy as np

        for part in self.parts():
            if isinstance(part.obj, mmap.mmap) and part.nbytes:
                start = np.frombuffer(part, np.uint8).ctypes.data - np.frombuffer(part.obj, np.uint8).ctypes.data
                first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
                if (length := start + part.nbytes - first) > 0:
                    part.obj.madvise(mmap.MADV_DONTNEED, first, length)


@dataclass(frozen=True, slots=True)
class TensorType:
    """A tensor's element type and shape; shape None is an unknown rank, a None in it an unknown size."""

    dtype: DType
    shape: Shape | None

    def __str__(self) -> str:
        return f"{self.dtype}{format_shape(self.shape)}"


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A host scalar that is computed at run time, such as one dimension of a dynamic shape."""

    dtype: DType

    def __str__(self) -> str:
        return str(self.dtype)


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A tuple or list; items None is a length that is only known at run time."""

    items: tuple[Type, ...] | None

    def __str__(self) -> str:
        return "(...)" if self.items is None else f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class OtherType:
    """Anything that holds no tensor: "monad", "none", "string", "function"."""

    kind: str

    def __str__(self) -> str:
        return self.kind


Type: TypeAlias = "TensorType | ScalarType | SequenceType | OtherType"
Operand: TypeAlias = "Ref | Closure | Tensor | DType | Marker | bool | int | float | str | tuple[Operand, ...] | None"


@dataclass(frozen=True, slots=True)
class Node:
    """One primitive applied to operands; primitive "Call" applies inputs[0] (a Closure or Ref) to the rest.

    Attributes:
        name: the result's unique name.
        attributes: the primitive's attributes, literals only.
        type: the recorded type of the result, or None where the file has none.
        scope: the Cell's path, such as "Default/features/0-Conv2d", or "".
        writes: the file says that the primitive writes to one of its operands.
        names: the inputs' names, as many as inputs, where the file has them (AIR), else ().
        layouts: what the axes of the data inputs mean, such as "NCHW", where the file says it (AIR), else ().
    """

    name: str
    primitive: str
    inputs: tuple[Operand, ...]
    attributes: Mapping[str, Operand] = field(default_factory=dict)
    type: Type | None = None
    scope: str = ""
    writes: bool = False
    names: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()

    def __str__(self) -> str:
        arguments = [format_operand(operand) for operand in self.inputs]
        arguments += [f"{name}={format_operand(value)}" for name, value in self.attributes.items()]
        return f"{self.name}: {self.type} = {self.primitive}({', '.join(arguments)})"


@dataclass(frozen=True, slots=True)
class Input:
    """A graph input; title is the name that users see."""

    name: str
    type: Type
    title: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A function: inputs, parameters, nodes in an order in which every operand is defined before its use.

    Attributes:
        parameters: by unique name; a Tensor's own name is its checkpoint name.
        flags: the file's attributes of the graph, such as is_while_header.
    """

    name: str
    inputs: tuple[Input, ...]
    parameters: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    output: Operand
    output_type: Type | None = None
    flags: Mapping[str, Operand] = field(default_factory=dict)

    def __str__(self) -> str:
        inputs = ", ".join(f"{item.name}: {item.type}" for item in self.inputs)
        lines = [f"graph {self.name}({inputs})"]
        lines += [
            f"  parameter {tensor.name}: {tensor.dtype}{list(tensor.shape)}" for tensor in self.parameters.values()
        ]
        lines += [f"  {node}" for node in self.nodes]
        return "\n".join([*lines, f"  return {format_operand(self.output)}"])


@dataclass(frozen=True, slots=True)
class Model:
    """A model file's content.

    Attributes:
        format: such as "MindIR"; generation: such as "G3" (see formats.mindir), or "".
        main: the entry graph; functions: every other graph by name.
        metadata: what the exporting user recorded (user_info), as text.
        path: the file it came from, for messages.
        dialect: whose operators the nodes are: "mindspore", or "ge" for the graph engine of Ascend.
    """

    format: str
    generation: str
    producer: str
    producer_version: str
    main: Graph
    functions: Mapping[str, Graph] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    dialect: str = "mindspore"

    def graphs(self) -> Iterator[Graph]:
        """The entry graph, then the functions."""
        yield self.main
        yield from self.functions.values()

    def parameters(self) -> dict[str, Tensor]:
        """Every parameter by its checkpoint name."""
        return {tensor.name: tensor for graph in self.graphs() for tensor in graph.parameters.values()}

    def primitives(self) -> Counter[str]:
        """How often each primitive occurs, over all graphs."""
        return Counter(node.primitive for graph in self.graphs() for node in graph.nodes)


def format_operand(operand: Operand) -> str:
    """Short text of an operand, for printing and messages."""
    if isinstance(operand, Ref):
        return operand.name
    if isinstance(operand, Tensor):
        return f"{operand.dtype}{list(operand.shape)}"
    if isinstance(operand, Closure):
        return f"@{operand.function}"
    if isinstance(operand, tuple):
        return f"({', '.join(format_operand(item) for item in operand)})"
    return str(operand) if isinstance(operand, DType | Marker) else repr(operand)
