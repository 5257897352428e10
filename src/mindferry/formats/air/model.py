"""What is written as AIR: a model of graphs of GE operators, all of it frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mindferry.formats._wire import Stored
from mindferry.types import DType

UNKNOWN_RANK = (-2,)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A tensor's element type and shape; an unknown size is -1, an unknown rank `UNKNOWN_RANK`.

    Attributes:
        format: the meaning of the dimensions, a name of `fields.FORMATS`.
    """

    dtype: DType
    shape: tuple[int, ...]
    format: str = "ND"


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A tensor with its elements, little-endian and in C order, where they are until they are written."""

    descriptor: Descriptor
    data: bytes | memoryview | Stored


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value and its kind as operator definitions name it.

    Attributes:
        kind: `Int Float Bool String Type Tensor`, or a list of them: `ListInt` and so on, and `ListListInt`.
        value: of the Python type; a DType for Type, a `Constant` for Tensor, a tuple for a list.
    """

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Input:
    """One input of an op.

    Attributes:
        name: as the operator's definition has it; those of a dynamic input x are x0, x1 and so on.
        source: "op:output", or "" where it is not connected.
        descriptor: of the tensor, or None where it is not connected.
        optional: the definition allows it to be absent.
    """

    name: str
    source: str = ""
    descriptor: Descriptor | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One output of an op."""

    name: str
    descriptor: Descriptor


@dataclass(frozen=True, slots=True)
class Op:
    """A GE operator applied to inputs; its name is unique in the graph."""

    name: str
    type: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """Ops in an order in which every op comes after those that it reads.

    Attributes:
        outputs: "op:output" of each result.
    """

    name: str
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """An AIR file's content."""

    graph: Graph
